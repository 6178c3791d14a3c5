"""Lengths in the model's own tokens where no tokenizer of the model is at hand: a fit between two ways to count.

A server that only says how many tokens it counted can't tell where to cut a text. So a few beginnings of the very text
that will be sent are counted by the server, each as a whole request, and by the reference tokenizer; between these
points the two counts are taken to grow in proportion. A text's density is never even: a fit through two far points is
off by up to 3% in between, for novels, essays and manuals alike. Therefore every length of the plan up to `CHEAP` is a
point itself, for that costs little, then the longest; and a gap between dear ones is halved until what the fit foretold
for its middle is within `RESIDUAL` of what the server counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import TYPE_CHECKING, Any, Literal

from nihbench.errors import EndpointError
from nihbench.lang.messages import t
from nihbench.run.haystacks import laid_out
from nihbench.text.prompt import render
from nihbench.text.turns import in_turns
from nihbench.types import Message, Trial

if TYPE_CHECKING:
    from nihbench.run.setup import Setup

CHEAP = 32_000
"""Up to this length every length of a plan is measured, unless it lies within `_STEP` of the one before."""
RESIDUAL = 0.003
"""A gap is halved while its middle is off by more: a third of the 1% that every length in it must keep."""
WINDOW_SLACK = 0.005
"""Share of the window that calibrated lengths leave free."""
_STEP = 1.2
_NEAR, _NEAR_DEAR = 0.03, 0.05
"""How near to its nominal length a point must lie for the fit to be good there; else it is aimed at again."""
_AIMS = 4
_WHOLE_SHARE = 0.7
_RESERVE_TOKENS = 16
_BELOW_WINDOW = 0.97
_BARE_TOKENS = 100  # about what a prompt has without its haystack

Measure = Callable[[Sequence[Message]], Awaitable[int | None]]
"""Returns the server's count of a request; None where it tells none."""
_Ask = Callable[[Sequence[Message]], Awaitable[int]]
Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LaterFit:
    """Points of a text that was decided on later (see `Calibration.further`), for its trials of these `lengths`."""

    lengths: tuple[int, ...]
    points: Points


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How the reference tokenizer's tokens and the server's go together, for one run.

    `bases` are the server's counts of each prompt without a haystack; `overheads` what they exceed the reference
    tokenizer's counts of the same contents by. `curves` has for each repeat, that is for each text, points of haystack
    tokens by the reference and by the server, both rising from (0, 0); `further` has them for repeats that were decided
    on later (an adaptive run's), by number: a length that is added to such a repeat once more has a fit of its own, so
    that what was sent by an earlier one stays what it was. `residuals` are the server's counts at which the fit was
    tried, and by what share of the whole request it was off. `requests` and `tokens` are what it took.
    """

    reference: str
    source: Literal["counting endpoint", "usage"]
    bases: Mapping[str, int]
    overheads: Mapping[str, int]
    curves: tuple[Points, ...]
    further: Mapping[int, tuple[LaterFit, ...]] = field(default_factory=dict)
    residuals: tuple[tuple[int, float], ...] = ()
    requests: int = 0
    tokens: int = 0

    @property
    def ratio(self) -> float:
        """The server's tokens for one of the reference tokenizer's, over the longest text that was counted."""
        local, server = self.curves[0][-1]
        return server / local

    def local_length(self, length: int, prompt: str, repeat: int) -> int:
        """Return the length in local tokens (`Placement.total_tokens`) that the server counts as `length`."""
        base = self.bases[prompt]
        return base + int(_along(_swapped(self._points(repeat, length)), length - base))

    def server_length(self, local: int, trial: Trial) -> int:
        """Return what the server counts for `local` tokens of a trial's prompt (see `local_length`)."""
        base = self.bases[trial.prompt]
        return base + round(_along(self._points(trial.drawn, trial.length), local - base))

    def server_text(self, local: int) -> int:
        """Return about how many tokens the server counts in `local` tokens of bare text."""
        return int(_along(self.curves[0], local))

    def identity(self) -> dict[str, Any]:
        """Return what of it decides the prompts of the plan; those of a later repeat are decided by `further`, too."""
        return {"bases": dict(self.bases), "curves": [[list(point) for point in points] for points in self.curves]}

    def later_fit(self, repeat: int, length: int) -> LaterFit | None:
        """Return the fit of a repeat that was decided on later, for one of its lengths; None where there is none."""
        return next((fit for fit in self.further.get(repeat, ()) if length in fit.lengths), None)

    def _points(self, repeat: int, length: int) -> Points:
        later = self.later_fit(repeat, length)
        return later.points if later else self.curves[min(repeat, len(self.curves) - 1)]


def first_points(lengths: Sequence[int], window: int | None) -> tuple[int, ...]:
    """Return the nominal lengths that are measured in any case, rising: the cheap ones and the longest."""
    points: list[int] = []
    for length in lengths:
        if length <= CHEAP and (not points or length >= _STEP * points[-1]):
            points.append(length)
    if not points and lengths[0] > 1000:
        points.append(1000)  # a cheap look at the ratio, so that the dear point is aimed well
    longest = lengths[-1] if window is None else min(lengths[-1], int(_BELOW_WINDOW * window))
    return tuple(points) if longest <= points[-1] else (*points, longest)


def likely_prompts(setup: Setup) -> tuple[int, ...]:
    """Return about how long the prompts of a calibration are: the first points, and the middle of the dear gap."""
    return (_BARE_TOKENS,) * len(setup.prompts) + likely_points(setup.lengths, setup.window) * setup.haystacks


def likely_points(lengths: Sequence[int], window: int | None) -> tuple[int, ...]:
    """Return about how long the prompts are that fit one text."""
    points = first_points(lengths, window)
    middle = _middle(lengths, points[-2], points[-1]) if len(points) > 1 and points[-1] > CHEAP else None
    return points if middle is None else (*points, middle)


async def calibrate(
    setup: Setup, measure: Measure, source: Literal["counting endpoint", "usage"]
) -> Calibration | None:
    """Fit the reference tokenizer's counts to the server's, over the texts that the run will send.

    Args:
        setup: the run, resolved without a calibration.
        measure: has the server count a request.
        source: how it does so, for the record.

    Returns:
        The fit; None where the server tells no counts.

    Raises:
        EndpointError: the server cuts prompts.
    """
    asked = _Asked(measure)
    try:
        return await _calibration(setup, asked, source)
    except _NoCountError:
        return None


async def calibrate_further(setup: Setup, trials: Sequence[Trial], measure: Measure) -> Calibration:
    """Fit the text of an adaptive run's further trials; return the run's calibration with it.

    Args:
        setup: the calibrated run.
        trials: of one repeat, which the plan has not; only those of their lengths are fitted that have no fit yet.
        measure: has the server count a request.

    Returns:
        The calibration, as it was where the server tells no counts any more.

    Raises:
        EndpointError: the server cuts prompts.
    """
    known, asked = setup.calibration, _Asked(measure)
    assert known is not None
    repeat = trials[0].repeat
    earlier = known.further.get(repeat, ())
    lengths = sorted({t.length for t in trials if known.later_fit(repeat, t.length) is None})
    fit = _Fit(setup, trials[0], known.bases, asked.ask, lengths=lengths, like=known)
    fit.points.update(point for each in earlier for point in each.points)
    try:
        await fit.run()
    except _NoCountError:
        return known
    if len(fit.points) == 1:  # the text is too short to be counted
        return known
    return replace(
        known,
        further={
            **known.further,
            repeat: (*earlier, LaterFit(lengths=tuple(lengths), points=tuple(sorted(fit.points.items())))),
        },
        residuals=(*known.residuals, *fit.residuals),
        requests=known.requests + len(asked.counts),
        tokens=known.tokens + sum(asked.counts),
    )


class CutError(EndpointError):
    """A count can't belong to the whole prompt, of which about `expected_tokens` were expected."""

    def __init__(self, message: str, *, expected_tokens: int) -> None:
        super().__init__(message)
        self.expected_tokens = expected_tokens


class _NoCountError(Exception):
    """The server tells no counts."""


class _Asked:
    """Asks for counts and keeps what it was told."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self.counts: list[int] = []

    async def ask(self, messages: Sequence[Message]) -> int:
        count = await self._measure(messages)
        if not count:
            raise _NoCountError
        self.counts.append(count)
        return count


async def _calibration(setup: Setup, asked: _Asked, source: Literal["counting endpoint", "usage"]) -> Calibration:
    bases, overheads = {}, {}
    for trial in {trial.prompt: trial for trial in reversed(setup.grid)}.values():
        planted = setup.planted(trial)
        put, texts = (in_turns, "".join(planted.texts)) if planted.turned else (render, " ".join(planted.texts))
        bare = put(setup.prompts[trial.prompt], texts, planted.question)
        bases[trial.prompt] = await asked.ask(bare)
        turns = setup.exchange_tokens * len(planted.inserts)
        overheads[trial.prompt] = bases[trial.prompt] - sum(setup.tokenizer.count(m.content) for m in bare) - turns
    measured = replace(setup, overheads=overheads)
    found = Calibration(reference=setup.tokenizer.name, source=source, bases=bases, overheads=overheads, curves=())
    # One after the other, for a source takes long to compose; repeats over the same text share a fit.
    by_start: dict[int, _Fit] = {}
    for repeat in range(setup.haystacks):
        start = measured.start_of(repeat)
        if start not in by_start:
            first = next(trial for trial in setup.grid if trial.repeat == repeat)
            by_start[start] = _Fit(measured, first, bases, asked.ask, lengths=setup.lengths)
            await by_start[start].run()
        found = replace(found, curves=(*found.curves, tuple(sorted(by_start[start].points.items()))))
        if not repeat:
            measured = laid_out(measured, found)  # how long the longest haystack is, is known only now
    return replace(
        found,
        residuals=tuple(residual for fit in by_start.values() for residual in fit.residuals),
        requests=len(asked.counts),
        tokens=sum(asked.counts),
    )


class _Fit:
    """The points of one text, found by asking. `points` maps local haystack tokens to the server's.

    `trial` says which text, `like` is a fit of another one that tells where to look first.
    """

    def __init__(
        self,
        setup: Setup,
        trial: Trial,
        bases: Mapping[str, int],
        ask: _Ask,
        *,
        lengths: Sequence[int],
        like: Calibration | None = None,
    ) -> None:
        # With the needle at the end, the text before it is what later prompts begin with: it may be cached by then.
        self._trial = replace(trial, depth_percent=100.0) if trial.point is None else trial
        self._setup, self._base, self._ask, self._lengths = setup, bases[trial.prompt], ask, lengths
        self._capacity = len(setup.source_of(trial.repeat).starts) - _RESERVE_TOKENS
        self._like: Points = like.curves[0] if like else ((0, 0),)
        self.points: dict[int, int] = {0: 0}
        self.residuals: list[tuple[int, float]] = []

    async def run(self) -> None:
        lengths = self._lengths
        first = first_points(lengths, self._setup.window)
        for length in first:
            await self._aim(length)
        gaps = list(zip(first, first[1:], strict=False))
        while gaps:
            low, high = gaps.pop()
            middle = _middle(lengths, low, high) if high > CHEAP else None
            if middle is not None and await self._aim(middle) > RESIDUAL:
                gaps += [(low, middle), (middle, high)]

    async def _aim(self, length: int) -> float:
        """Measure at about `length` server tokens; return by what share of it the fit before was off."""
        near = _NEAR if length <= CHEAP else _NEAR_DEAR
        first_residual = 0.0
        for turn in range(_AIMS):
            points = tuple(sorted(self.points.items()))
            guess = points if len(points) > 1 else self._like
            local = min(int(_along(_swapped(guess), length - self._base)), self._capacity)
            if local < 1 or local in self.points:
                break
            local, server = await self._measure(local)
            if local < 1 or local in self.points:
                break
            residual = abs(_along(points, local) - server) / (server + self._base)
            first_residual = first_residual if turn else residual
            if len(points) > 1:
                self.residuals.append((server + self._base, round(residual, 5)))
            self._check(points, local, server)
            self.points[local] = server
            if abs(server + self._base - length) <= near * length:
                break
        return first_residual

    async def _measure(self, local: int) -> tuple[int, int]:
        messages, placement = self._setup.build_local(self._trial, self._base + local)
        return placement.total_tokens - self._base, await self._ask(messages) - self._base

    def _check(self, points: Points, local: int, server: int) -> None:
        """Refuse a count that can't belong to the whole prompt: a fit over cut prompts would be nonsense."""
        at = bisect_left(points, (local, 0)) - 1
        below_local, below = points[at]
        cut = below_local > 0 and server / local < _WHOLE_SHARE * below / below_local
        turned = server <= below or (at + 1 < len(points) and server >= points[at + 1][1])
        if cut or turned or server < 1:
            expected = self._base + round(_along(points, local))
            raise CutError(
                t("run.server_counted_tokens_prompt", server=server + self._base, expected=expected),
                expected_tokens=expected,
            )


def _middle(lengths: Sequence[int], low: int, high: int) -> int | None:
    """Return the length between two that lies nearest to their geometric mean; None where there is none."""
    inner = [length for length in lengths if low < length < high]
    return min(inner, key=lambda length: abs(log(length) - (log(low) + log(high)) / 2), default=None)


def _swapped(points: Points) -> Points:
    return tuple((y, x) for x, y in points)


def _along(points: Points, x: float) -> float:
    """Return the broken line's value at `x`; behind its end it goes on at its mean slope (1 where it is a point)."""
    last_x, last_y = points[-1]
    if x >= last_x:
        return last_y + (x - last_x) * (last_y / last_x if last_x else 1.0)
    at = max(bisect_left(points, (x, float("-inf"))), 1)
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
