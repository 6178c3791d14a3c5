"""Overlap and clusters of haystacks, against sets of characters that are counted one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.stats.headline import Headline, Trials, by_length
from nihbench.stats.overlap import (
    ONE_TEXT,
    WINDOW,
    Repeated,
    linked,
    one_text,
    overlaps,
    repeated_windows,
    text_overlaps,
)

AROUND = st.integers(1, 60)


def characters(start, reach, around):
    return {(start + step) % around for step in range(reach)}


@settings(deadline=None)
@given(st.data(), AROUND)
def test_overlaps_are_those_of_characters_counted_one_by_one(data, around):
    stretch = st.tuples(st.integers(0, around - 1), st.integers(1, 2 * around))
    stretches = data.draw(st.lists(stretch, min_size=1, max_size=6))
    found = overlaps(*np.array(stretches).T, around)
    texts = [characters(*each, around) for each in stretches]
    counted = [[len(one & other) / min(len(one), len(other)) for other in texts] for one in texts]
    assert np.allclose(found, counted)


def grown(texts, limit=0.1):
    """The groups of texts that share more than `limit`, grown one by one from each text."""
    groups = []
    for at in range(len(texts)):
        group, todo = set(), [at]
        while todo:
            one = todo.pop()
            group.add(one)
            todo += [
                other
                for other in range(len(texts))
                if other not in group
                and len(texts[one] & texts[other]) / min(len(texts[one]), len(texts[other])) > limit
            ]
        groups.append(frozenset(group))
    return groups


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(20, 60))
def test_groups_are_what_is_linked_by_more_than_a_tenth(data, around):
    starts = data.draw(st.lists(st.integers(0, around - 1), min_size=1, max_size=7, unique=True))
    reach = [data.draw(st.integers(1, around + 5)) for _ in starts]
    found = linked(overlaps(starts, reach, around) > ONE_TEXT)
    groups = grown([characters(start, each, around) for start, each in zip(starts, reach, strict=True)])
    assert [[a == b for b in found] for a in found] == [[a == b for b in groups] for a in groups]


@settings(max_examples=50)
@given(st.data())
def test_text_in_common_is_that_of_windows_counted_one_by_one(data):
    """Texts made of a few passages that come again, and stretches that begin anywhere in them."""
    passages = ["".join(data.draw(st.lists(st.sampled_from("ab \n汉𠀀"), min_size=85, max_size=120))) for _ in range(3)]
    text = "".join(passages[n] for n in data.draw(st.lists(st.integers(0, 2), min_size=2, max_size=6)))
    stretch = st.tuples(st.integers(0, len(text) - WINDOW), st.integers(WINDOW, len(text)))
    stretches = [(a, min(n, len(text) - a)) for a, n in data.draw(st.lists(stretch, min_size=1, max_size=4))]
    places, groups = repeated_windows(text)
    # Far beyond its end the ring begins again: no stretch goes round.
    found = text_overlaps(*np.array(stretches).T, 10 * len(text), Repeated(places=places, groups=groups))
    read = [{text[at : at + WINDOW] for at in range(a, a + n - WINDOW + 1)} for a, n in stretches]
    assert np.allclose(found, [[len(one & other) / min(len(one), len(other)) for other in read] for one in read])


def test_without_repetition_text_in_common_is_where_stretches_overlap():
    none = Repeated(places=np.zeros(0, dtype=int), groups=np.zeros(0, dtype=int))
    starts, reach, around = [0, 30_000, 60_000, 610_000], [140_000] * 4, 643_928
    assert np.allclose(text_overlaps(starts, reach, around, none), overlaps(starts, reach, around), atol=0.001)
    assert repeated_windows("short").shape == (2, 0) and not repeated_windows("0123456789" * 8 + "x").size


def test_haystacks_are_one_that_are_one_text_at_any_length_at_hand():
    haystack = np.array([0, 50, 90, 0, 50, 90, -1, -1])
    text = np.array([0, 1, 2, 3, 3, 4, -1, -1])
    found = np.unique(one_text(haystack, text), return_inverse=True)[1]
    assert found.tolist() == [1, 1, 2, 1, 1, 2, 0, 0]
    assert len(np.unique(one_text(haystack[:3], text[:3]))) == 3


def test_three_haystacks_that_are_one_text_where_they_are_long_are_three_where_they_are_short():
    rng = np.random.default_rng(1)
    at = np.stack(np.meshgrid(np.arange(3), np.arange(2), np.arange(10), indexing="ij"), -1).reshape(-1, 3)
    value = (rng.random(len(at)) < 0.8).astype(float)
    trials = Trials(
        value=value,
        found=value > 0,
        haystack=at[:, 0] * 30_000,
        length=at[:, 1],
        depth=at[:, 2],
        text=np.where(at[:, 1] == 1, 3, at[:, 0]),
    )
    whole, rows = Headline(trials).found, by_length(trials)
    assert (whole.haystacks, whole.interval.this_haystack) == (1, True)
    assert [(row.found.haystacks, row.found.interval.this_haystack) for row in rows] == [(3, False), (1, True)]
