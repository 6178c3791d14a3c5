"""What has to be followed: referrals from one thing to the next, a family tree, the edges of a graph.

After RULER's variable tracing (Hsieh et al., 2024), NeedleBench's ancestral trace (Li et al., 2024) and GraphWalks
(OpenAI, 2025), in words of its own. What leads on stands in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks import words
from nihbench.tasks.family import Answer, Axis, Draw, Grade, Insert, Item, Planted
from nihbench.tasks.planting import CONDITIONS, Cast, Shared, depths_from, whole_row

_SENT_ON = {"en": "Whoever asks at the {0} is sent on to the {1}.", "zh": "到{0}打听的人会被打发到{1}去。"}
_GIVEN = {"en": "Whoever asks at the {0} is given the number {1}.", "zh": "到{0}打听的人会得到号码{1}。"}
_FOLLOW = {
    "en": "Somebody asks at the {0} and goes wherever they are sent on to. Which number are they given in the "
    "end? Answer "
    "with the number alone.",
    "zh": "有人到{0}打听，被打发到哪里就去哪里，最后得到的号码是什么？只回答号码。",
}
_KIN = {
    "en": ("father", "mother", "grandfather", "grandmother", "grandfather", "grandmother"),
    "zh": ("父亲", "母亲", "爷爷", "奶奶", "外公", "外婆"),
}
"""The Chinese words say by which parent; even ones are men."""
_IS_KIN = {"en": "The {2} of {0} is {1}.", "zh": "{0}的{2}是{1}。"}
_ELDEST = {
    "en": "Going back from {0} as far as the text says, who is the earliest ancestor? Answer with the name alone.",
    "zh": "从{0}往上数，文中说到的最早的祖先是谁？只回答姓名。",
}
_EDGE = {"en": "Node {0} leads to {1}.", "zh": "节点{0}通往{1}。"}
_REACHED = {
    "en": "Edges lead one way. Which nodes are reached from node {0} in exactly {1}, and in no fewer? End "
    "with a last "
    "line of this form: Answer: NODE, NODE, ...",
    "zh": "边是单向的。从节点{0}出发恰好走 {1} 步能到达、更少步数到不了的节点有哪些？最后一行请写成：答案：节点"
    ", 节点, ……",
}
_PARENTS = {
    "en": "Edges lead one way. Which nodes lead to node {0} in one step? End with a last line of this form: "
    "Answer: NODE, "
    "NODE, ...",
    "zh": "边是单向的。哪些节点一步就能通往节点{0}？最后一行请写成：答案：节点, 节点, ……",
}
_HEX = 10


class Chain(Shared):
    """Things that refer to each other, the last to a number; other chains of the same length stand beside them."""

    name = "chain"
    version = "1"
    title = Note("task_chain")
    axis = Axis(name="hops", title=Note("task_chain_axis"), values=(1, 2, 4, 8))
    options = {"chains": "1", **CONDITIONS}

    def does(self, row: float) -> Note:
        """Say how many hops."""
        return Note("does_chain", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the asked chain, then the others."""
        hops, chains = whole_row(self.axis, draw, most=64), self.whole("chains", least=0, most=16)
        cast, place, rest = Cast(draw), draw.stream("places"), self.asked_distractors(draw)
        several = Cast(draw, "chains", beside=cast)
        depths = depths_from(place.uniform(0, 100), (hops + 1) * (1 + chains) + rest, place)
        at = iter(depths)
        start, inserts = self._chain(several, hops, at, asked=True)
        for _ in range(chains):
            inserts += self._chain(several, hops, at, asked=False)[1]
        number = inserts[0].value
        return self.finished(
            draw,
            cast,
            inserts,
            list(at),
            question=_FOLLOW[self.language].format(start),
            items=[Item(name="value", text=number)],
            expected=number,
        )

    def _chain(self, cast: Cast, hops: int, at: Iterator[float], *, asked: bool) -> tuple[str, list[Insert]]:
        """Return where a chain begins and its inserts, the one with the number first."""
        things = [words.thing(cast.thing(), self.language) for _ in range(hops + 1)]
        number = cast.number()
        end = Insert(
            text=_GIVEN[self.language].format(things[-1], number),
            depth_percent=next(at),
            role="needle" if asked else "distractor",
            value=number,
        )
        links = [
            Insert(
                text=_SENT_ON[self.language].format(one, other),
                depth_percent=next(at),
                role="link" if asked else "distractor",
                value=other,
            )
            for one, other in zip(things, things[1:], strict=False)
        ]
        return things[0], [end, *links]

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return where another number is given."""
        number = cast.number()
        return _GIVEN[self.language].format(words.thing(cast.thing(), self.language), number), number


class Kinship(Shared):
    """A family tree, told person by person: who is the earliest ancestor?"""

    name = "kinship"
    version = "1"
    title = Note("task_kinship")
    axis = Axis(name="generations", title=Note("task_kinship_axis"), values=(1, 2, 4, 8))
    options = {"families": "1", **CONDITIONS}

    def does(self, row: float) -> Note:
        """Say over how many generations."""
        return Note("does_kinship", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw the asked family, then the others."""
        steps, families = whole_row(self.axis, draw, most=64), self.whole("families", least=0, most=8)
        cast, place, rest = Cast(draw), draw.stream("places"), self.asked_distractors(draw)
        people = Cast(draw, "people", beside=cast)
        at = iter(depths_from(place.uniform(0, 100), steps * (1 + families) + rest, place))
        child, inserts = self._family(people, steps, at, asked=True)
        for _ in range(families):
            inserts += self._family(people, steps, at, asked=False)[1]
        eldest = inserts[0].value
        return self.finished(
            draw,
            people,
            inserts,
            list(at),
            question=_ELDEST[self.language].format(child),
            items=[Item(name="eldest", text=eldest)],
            expected=eldest,
        )

    def _family(self, cast: Cast, steps: int, at: Iterator[float], *, asked: bool) -> tuple[str, list[Insert]]:
        """Return the youngest of a family and its inserts, the one about the eldest first."""
        young = words.person(cast.person(), self.language)
        youngest, inserts = young, list[Insert]()
        for _ in range(steps):
            text, old = self._parent(cast, young)
            role = "link" if asked else "distractor"
            inserts.insert(0, Insert(text=text, depth_percent=next(at), role=role, value=old))
            young = old
        if asked:
            first = inserts[0]
            inserts[0] = Insert(text=first.text, depth_percent=first.depth_percent, value=first.value)
        return youngest, inserts

    def _parent(self, cast: Cast, young: str) -> tuple[str, str]:
        kin = cast.random.randrange(len(_KIN["zh"]))
        old = words.person(cast.person(man=kin % 2 == 0), self.language)
        return _IS_KIN[self.language].format(young, old, _KIN[self.language][kin]), old

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return somebody else's parent or grandparent."""
        return self._parent(cast, words.person(cast.person(), self.language))


class Graph(Shared):
    """The edges of a graph fill the text: which nodes are so many steps away, or lead to one?"""

    name = "graph"
    version = "1"
    title = Note("task_graph")
    axis = Axis(name="steps", title=Note("task_graph_axis"), values=(1, 2, 3))
    options = {"ask": "reached"}
    metric = "f1"
    characters = {"en": 3, "zh": 3}

    def does(self, row: float) -> Note:
        """Say how many steps."""
        return Note("does_graph", count=int(row))

    def plant(self, draw: Draw) -> Planted:
        """Draw what is asked about; all edges that the answer depends on are inserts, the others fill the text."""
        steps, random, ask = whole_row(self.axis, draw, most=5), draw.stream("graph"), self.chosen["ask"]
        if ask not in ("reached", "parents"):
            raise UsageError(t("tasks.no_choice", name="ask", value=ask, known=("reached", "parents")))
        start, seen = node(random), set[str]()
        edges = _tree(start, steps, random, seen) if ask == "reached" else _into(start, 2**steps, random, seen)
        place = draw.stream("places")
        depths = depths_from(place.uniform(0, 100), len(edges), place)
        inserts = tuple(
            Insert(text=_EDGE[self.language].format(one, other), depth_percent=at, role=role, value=value)
            for (one, other, role, value), at in zip(edges, depths, strict=True)
        )
        asked = sorted({insert.value for insert in inserts if insert.role == "needle"})
        said = (_REACHED if ask == "reached" else _PARENTS)[self.language]
        return Planted(
            inserts=inserts,
            question=said.format(start, self._steps(steps)),
            items=tuple(Item(name=str(at), text=name) for at, name in enumerate(asked, 1)),
            expected=_LAST_LINE[self.language].format(", ".join(asked)),
            haystack=self._joined(self._edges(draw, {start, *seen})),
            apart=True,
        )

    def _steps(self, steps: int) -> str:
        if self.language != "en":
            return str(steps)
        return "1 step" if steps == 1 else f"{steps} steps"

    def _edges(self, draw: Draw, asked: set[str]) -> Iterator[str]:
        """Give edges between nodes that the question is not about."""
        random, made, characters = draw.stream("edges"), 0, self.size(draw)
        size = len(_EDGE[self.language]) + 2 * _HEX - 5
        nodes = [name for name in (node(random) for _ in range(characters // size // 2 + 8)) if name not in asked]
        while made < characters:
            one, other = random.choice(nodes), random.choice(nodes)
            if one != other:
                made += size
                yield _EDGE[self.language].format(one, other)

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return an edge that leads nowhere near."""
        one, other = node(cast.random), node(cast.random)
        return _EDGE[self.language].format(one, other), other

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade what the fixed last line says."""
        from nihbench.tasks.grading import grade_last_line  # who only plans loads no scorer

        return grade_last_line(
            planted, self.key(planted), answer.text, answer.finish_reason, marks=_MARKS, **self.reading(planted)
        )

    def reading(self, planted: Planted) -> Mapping[str, Any]:
        """Return what a node looks like."""
        return {**super().reading(planted), "pattern": rf"(?<![0-9a-z])[0-9a-f]{{{_HEX}}}(?![0-9a-z])"}


_LAST_LINE = {"en": "Answer: {}", "zh": "答案：{}"}
_MARKS = r"(?:answer|答案)\W{0,4}[:：]"


def node(random: Random) -> str:
    """Draw a node: hexadecimal digits, letters among them and others."""
    while True:
        name = f"{random.getrandbits(4 * _HEX):0{_HEX}x}"
        if not (name.isdigit() or name.isalpha()):
            return name


def _tree(start: str, steps: int, random: Random, seen: set[str]) -> list[tuple[str, str, str, str]]:
    """Return the edges up to one step too far, each with its role and the node that it gives as an answer."""
    edges, layer = list[tuple[str, str, str, str]](), [start]
    for step in range(1, steps + 2):
        role = "link" if step < steps else "needle" if step == steps else "distractor"
        further = list[str]()
        for name in layer:
            for _ in range(2 if step <= steps else 1):
                other = node(random)
                edges.append((name, other, role, other))
                further.append(other)
        seen.update(further)
        layer = further
    return edges


def _into(end: str, count: int, random: Random, seen: set[str]) -> list[tuple[str, str, str, str]]:
    """Return the edges into a node, and one out of it and into each of its parents."""
    edges = list[tuple[str, str, str, str]]()
    for _ in range(count):
        parent, before = node(random), node(random)
        seen.update((parent, before))
        edges += [(parent, end, "needle", parent), (before, parent, "distractor", before)]
    after = node(random)
    seen.add(after)
    return [*edges, (end, after, "distractor", after)]
