"""Where haystacks begin: in strata of the corpus, apart as long as there is room."""

from __future__ import annotations

from itertools import combinations, islice

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nihbench.text.sentences import boundaries
from nihbench.text.source import Ring, haystack_starts, layout_for

SENTENCE = st.lists(st.sampled_from(["rain", "fell", "on", "the", "old", "harbour"]), min_size=1, max_size=12)


def ring_of(text):
    """A ring with a token a character, so that tokens and characters can be compared by eye."""
    return Ring(text=text, starts=np.arange(len(text)), boundaries=boundaries(text, "en"))


def characters(start, reach, around):
    return {(start + step) % around for step in range(reach)}


@settings(max_examples=60, deadline=None)
@given(st.lists(SENTENCE, min_size=4, max_size=60), st.integers(20, 400), st.integers(0, 9))
@example([["rain"] * words for words in (1, 1, 1, 14, 2, 20, 20, 12)], 24, 2)  # one of them is most of a stratum
def test_as_many_as_there_are_strata_are_disjoint_and_all_begin_with_a_sentence(sentences, longest, seed):
    text = " ".join(" ".join(words).capitalize() + "." for words in sentences)
    ring = ring_of(text)
    layout = layout_for(ring, longest)
    starts = list(islice(haystack_starts(ring, layout, str(seed)), layout.strata + 3))
    assert starts[0] == 0
    assert all(start == 0 or (text[start - 1] == " " and text[start].isupper()) for start in starts)
    read = [characters(start, min(longest, len(text)), len(text)) for start in starts[: layout.strata]]
    assert not any(one & other for one, other in combinations(read, 2))
    assert len(set(starts)) == min(len(starts), len(boundaries(text, "en")) + 1)


def test_there_are_as_many_strata_as_fit_and_where_a_repeat_begins_does_not_depend_on_how_many_there_are():
    text = " ".join(f"Number {n:04}." for n in range(1000))  # sentences of 13 characters, 12,999 in all
    ring = ring_of(text)
    for longest, room in ((1000, 12), (3200, 4), (6400, 2), (6600, 1), (13_000, 1), (99_999, 1)):
        assert layout_for(ring, longest).strata == room
    layout = layout_for(ring, 3200)
    few, many = (list(islice(haystack_starts(ring, layout, "0:x"), count)) for count in (3, 16))
    other = list(islice(haystack_starts(ring, layout, "1:x"), 16))
    assert few == many[:3] and many[0] == other[0] == 0 and many != other
    # Four in each quarter, half a stratum apart at first, then a quarter.
    assert sorted(start // 3250 for start in many) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    gaps = np.diff(sorted([*many[4:], 13_000 + min(many[4:])]))
    assert gaps.max() < 2 * 3250 / 4 + 30


@pytest.mark.parametrize("text", ["One.", "One. Two.", "no end " * 50])
def test_a_corpus_of_few_sentences_is_begun_where_it_can_be(text):
    ring = ring_of(text)
    starts = list(islice(haystack_starts(ring, layout_for(ring, 3), "0"), 5))
    assert all(0 <= start < len(text) for start in starts)


def test_what_a_corpus_says_twice_comes_last():
    """Six strata, of which 1 and 2 share all and 3 and the first a tenth: these come after the others."""
    ring = ring_of("".join(f"This is sentence number {number} of it. " for number in range(600)))
    layout = layout_for(ring, ring.tokens // 6 - 40)
    assert layout.strata == 6
    shared, by_place = np.eye(6), []
    shared[1, 2] = shared[2, 1] = 1.0
    shared[0, 3] = shared[3, 0] = 0.1

    def shares(starts):
        at = [by_place.index(start) for start in starts]
        return shared[np.ix_(at, at)]

    for key in ("x", "y", "z"):
        by_place = sorted(islice(haystack_starts(ring, layout, key), 6))
        starts = islice(haystack_starts(ring, layout, key, shares), 6)
        at = [by_place.index(start) for start in starts]
        assert at[0] == 0 and set(at[1:4]) in ({1, 4, 5}, {2, 4, 5}) and at[4:] in ([3, 1], [3, 2])
