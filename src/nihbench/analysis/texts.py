"""Which text each record's haystack is part of at its length: haystacks that overlap by more than a tenth are one.

By what run.json says that every two have in common; older runs don't say it, and then by where the haystacks stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from nihbench.run.stored import corpus_characters, told_overlaps
from nihbench.stats.overlap import ONE_TEXT, linked, overlaps
from nihbench.text.source import GLUE
from nihbench.types import Record

Haystack = tuple[int, int]
"""A length, and the character of the corpus at which the haystack begins."""


def text_numbers(records: Sequence[Record], content: Mapping[str, Any] | None) -> dict[Haystack, int]:
    """Number the texts of every length, each number once.

    Args:
        records: those of one run.
        content: its run.json; None: nothing is known but what records say.
    """
    placed = [(record.trial, record.placement) for record in records if record.placement]
    reach: dict[int, dict[int, int]] = {}
    for trial, place in placed:
        here = reach.setdefault(trial.length, {})
        here[place.source_start] = max(here.get(place.source_start, 0), place.end)
    begins = {trial.repeat: place.source_start for trial, place in placed if trial.control is None}
    told = told_overlaps(content) if content else {}
    around = _around(records, content)
    numbers, fresh = {}, count()
    for length, ends in reach.items():
        joined = _joined(ends, around, {
            (begins[one], begins[other]): share
            for (one, other), share in told.get(length, {}).items()
            if one in begins and other in begins
        })  # fmt: skip
        known: dict[int, int] = {}
        for start, group in zip(ends, joined, strict=True):
            numbers[length, start] = known[group] if group in known else known.setdefault(group, next(fresh))
    return numbers


def _joined(ends: Mapping[int, int], around: int, told: Mapping[tuple[int, int], float]) -> list[int]:
    """Return the group of each haystack of one length, which are given by their beginnings and ends."""
    starts = list(ends)
    shares = overlaps(starts, list(ends.values()), around)
    at = {start: number for number, start in enumerate(starts)}
    for (one, other), share in told.items():
        if one in at and other in at and one != other:
            shares[at[one], at[other]] = shares[at[other], at[one]] = share
    groups: list[int] = linked(shares > ONE_TEXT).tolist()
    return groups


def _around(records: Iterable[Record], content: Mapping[str, Any] | None) -> int:
    """Return the characters from the corpus's beginning to where it begins again.

    Where its length is not known no haystack is taken to go round its end; but a corpus that is repeated to fill the
    longest haystack is one text there, and is taken to be as short as that tells.
    """
    known = corpus_characters(content) if content else None
    if known:
        return known + len(GLUE)
    places = [record.placement for record in records if record.placement]
    repeated = [place for place in places if place.source_copies > 1]
    if repeated:
        return max(max(place.source_start + 1, math.ceil(place.end / place.source_copies)) for place in repeated)
    return max((place.source_start + place.end for place in places), default=1) or 1
