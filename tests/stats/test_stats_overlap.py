"""Overlap and clusters of haystacks, against sets of characters that are counted one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.stats import Trials, by_length, headline, one_text, overlaps

AROUND = st.integers(1, 60)


def characters(start, reach, around):
    return {(start + step) % around for step in range(reach)}


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


@settings(max_examples=200)
@given(st.data(), st.integers(20, 60))
def test_one_text_is_what_is_linked_by_more_than_a_tenth(data, around):
    starts = data.draw(st.lists(st.integers(0, around - 1), min_size=1, max_size=7, unique=True))
    reach = [data.draw(st.integers(1, around + 5)) for _ in starts]
    found = one_text(np.array(starts), np.array(reach), around)
    groups = grown([characters(start, each, around) for start, each in zip(starts, reach, strict=True)])
    assert [[a == b for b in found] for a in found] == [[a == b for b in groups] for a in groups]


def test_a_haystack_is_as_long_as_its_longest_trial_and_unknown_places_are_one():
    starts = np.array([0, 0, 50, 50, -1, -1])
    reach = np.array([10, 60, 10, 60, 0, 0])
    texts = one_text(starts, reach, 200)
    assert texts[0] == texts[1] == texts[2] == texts[3] != texts[4] == texts[5]
    assert len(np.unique(one_text(starts[[0, 2]], reach[[0, 2]], 200))) == 2


def test_three_haystacks_that_are_one_text_where_they_are_long_are_three_where_they_are_short():
    """paul-graham-en as it was drawn until now: 77 to 99% in common at 32K, and all three apart at 2K."""
    rng = np.random.default_rng(1)
    starts, reaches, repeats, depths = (0, 30_000, 60_000), (8_000, 140_000), 3, 10
    at = np.stack(np.meshgrid(np.arange(repeats), np.arange(2), np.arange(depths), indexing="ij"), -1).reshape(-1, 3)
    value = (rng.random(len(at)) < 0.8).astype(float)
    trials = Trials(
        value=value,
        found=value > 0,
        haystack=np.array(starts)[at[:, 0]],
        length=at[:, 1],
        depth=at[:, 2],
        reach=np.array(reaches)[at[:, 1]],
        around=643_928,
    )
    whole, rows = headline(trials).found, by_length(trials)
    assert (whole.haystacks, whole.interval.this_haystack) == (1, True)
    assert [(row.found.haystacks, row.found.interval.this_haystack) for row in rows] == [(3, False), (1, True)]
