"""Which of several versions each cell of a grid has, so that all come equally often everywhere: a Latin square by lot.

Cells are the edges between rows and columns, versions their colours. Every bipartite graph has a colouring in which
each of its vertices has every colour as often as any other, or once more (de Werra, 1971): a vertex is split into some
of as many edges as there are colours, and König's theorem (1916) colours these with no two alike. So it holds for any
number of rows, columns, repeats and versions, where a cyclic square would ask for numbers that fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random

Vertex = tuple[int, int, int]
"""Its side (0 or 1), what it stands for, and which part of that it is."""


@lru_cache(maxsize=8)
def square(seed: str, rows: int, columns: int, repeats: int, versions: int) -> tuple[int, ...]:
    """Return the version of every cell, row by row, column by column, repeat by repeat: [(row * columns + column) ...].

    In each row, in each column, in each repeat and in all, no version comes more than once more often than another.
    """
    random = Random(seed)
    cells = [(row, column) for row in range(rows) for column in range(columns) for _ in range(repeats)]
    drawn = coloured(cells, versions, random)
    # Which of a cell's repeats has which of its versions: edges between cells and versions, repeats their colours.
    between = [(at // repeats, version) for at, version in enumerate(drawn)]
    turns = coloured(between, repeats, random)
    found = [0] * len(cells)
    for at, (version, turn) in enumerate(zip(drawn, turns, strict=True)):
        found[at // repeats * repeats + turn] = version
    return tuple(found)


@lru_cache(maxsize=8)
def wordings(seed: str, rows: int, columns: int, repeats: int, versions: int, several: int) -> tuple[int, ...]:
    """Return the wording of every cell of `square`: each version has them equally often, or once more.

    Rows, columns and repeats have them as nearly equally often as exchanges between two cells of a version bring it.
    """
    drawn, random = square(seed, rows, columns, repeats, versions), Random(f"{seed}|wordings")
    between = [(version, at // repeats % columns) for at, version in enumerate(drawn)]
    found = coloured(between, several, random)
    sums: list[list[int]] = [[0] * several for _ in range(rows + columns + repeats)]
    groups = [
        (at // repeats // columns, rows + at // repeats % columns, rows + columns + at % repeats)
        for at in range(len(drawn))
    ]
    for at, wording in enumerate(found):
        for group in groups[at]:
            sums[group][wording] += 1
    cells: dict[int, list[int]] = {}
    often = [drawn.count(version) for version in range(versions)]
    for at, version in enumerate(drawn):  # those that come once may exchange with each other
        cells.setdefault(version if often[version] > 1 else -1, []).append(at)
    for _ in range(_PASSES):
        if not sum(_exchanged(each, found, groups, sums) for each in cells.values()):
            break
    return tuple(found)


_PASSES = 4


def _exchanged(
    cells: Sequence[int], found: list[int], groups: Sequence[tuple[int, ...]], sums: Sequence[list[int]]
) -> int:
    """Exchange the wordings of two cells wherever groups come nearer to equal by it; return how often."""
    count = 0
    for one in cells:
        if all(max(sums[group]) - min(sums[group]) <= 1 for group in groups[one]):
            continue
        for other in cells:
            first, second = found[one], found[other]
            if first == second:
                continue
            # What the sum of squares grows by, halved, where a group gives away one wording and gets another.
            lost = [sums[group] for group in groups[one] if group not in groups[other]]
            won = [sums[group] for group in groups[other] if group not in groups[one]]
            gain = sum(each[second] - each[first] + 1 for each in lost)
            gain += sum(each[first] - each[second] + 1 for each in won)
            if gain < 0:
                for each in lost:
                    each[first], each[second] = each[first] - 1, each[second] + 1
                for each in won:
                    each[first], each[second] = each[first] + 1, each[second] - 1
                found[one], found[other] = second, first
                count += 1
    return count


def coloured(edges: Sequence[tuple[int, int]], colours: int, random: Random) -> list[int]:
    """Return a colour for every edge of a bipartite graph, equally often at every vertex, or once more, and in all."""
    if colours == 1:
        return [0] * len(edges)
    order, names = list(range(len(edges))), list(range(colours))
    random.shuffle(order)
    random.shuffle(names)
    graph = _Graph(_split((edges[at] for at in order), colours), colours)
    for edge in range(len(order)):
        graph.colour(edge)
    graph.level()
    found = [0] * len(edges)
    for at, edge in enumerate(order):
        found[edge] = names[graph.of[at]]
    return found


def _split(edges: Iterable[tuple[int, int]], most: int) -> list[tuple[Vertex, Vertex]]:
    """Return the ends of edges, each vertex being parted so that none has more than `most` of them."""
    seen: dict[tuple[int, int], int] = {}

    def part(side: int, name: int) -> Vertex:
        number = seen[side, name] = seen.get((side, name), -1) + 1
        return side, name, number // most

    return [(part(0, one), part(1, other)) for one, other in edges]


class _Graph:
    """Edges that get their colours one after the other, no two alike at a vertex."""

    def __init__(self, edges: list[tuple[Vertex, Vertex]], colours: int) -> None:
        self._edges, self._used = edges, [0] * colours
        self._at: dict[Vertex, list[int | None]] = {end: [None] * colours for ends in edges for end in ends}
        self.of = [-1] * len(edges)

    def colour(self, edge: int) -> None:
        """Give an edge a colour that is free at both its ends; where there is none one is made free."""
        one, other = self._edges[edge]
        free, theirs = self._free(one), self._free(other)
        both = [colour for colour in free if self._at[other][colour] is None]
        if not both:
            wanted = min(free, key=self._used.__getitem__)
            self._swap(other, wanted, min(theirs, key=self._used.__getitem__))
            both = [wanted]
        self._put(edge, min(both, key=self._used.__getitem__))

    def level(self) -> None:
        """Exchange two colours along paths until no colour has two edges more than another."""
        while max(self._used) - min(self._used) > 1:
            most, least = (self._used.index(pick(self._used)) for pick in (max, min))
            ends = (
                vertex
                for vertex, edges in self._at.items()
                if edges[most] is not None and edges[least] is None and self._ends_in(vertex, most, least) == most
            )
            self._swap(next(ends), most, least)

    def _free(self, vertex: Vertex) -> list[int]:
        return [colour for colour, edge in enumerate(self._at[vertex]) if edge is None]

    def _put(self, edge: int, colour: int) -> None:
        self.of[edge] = colour
        self._used[colour] += 1
        for end in self._edges[edge]:
            self._at[end][colour] = edge

    def _path(self, vertex: Vertex, first: int, second: int) -> list[int]:
        """Return the edges of the path from a vertex whose colours are the first, the second, the first, ..."""
        found: list[int] = []
        while (edge := self._at[vertex][first]) is not None:
            found.append(edge)
            one, other = self._edges[edge]
            vertex = other if vertex == one else one
            first, second = second, first
        return found

    def _ends_in(self, vertex: Vertex, first: int, second: int) -> int:
        return first if len(self._path(vertex, first, second)) % 2 else second

    def _swap(self, vertex: Vertex, first: int, second: int) -> None:
        """Exchange two colours along the path from a vertex that lacks the second."""
        path = self._path(vertex, first, second)
        colours = [self.of[edge] for edge in path]
        for edge, colour in zip(path, colours, strict=True):
            self._used[colour] -= 1
            for end in self._edges[edge]:
                self._at[end][colour] = None
        for edge, colour in zip(path, colours, strict=True):
            self._put(edge, second if colour == first else first)
