"""Several inserts in one haystack: the count is exact, each stands where the placement says, none within another."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import DamagedDataError, UsageError
from nihbench.run.records import placement_of
from nihbench.text.prompt import around, build_prompt, rebuild
from nihbench.text.sentences import boundaries
from nihbench.text.source import make_source
from nihbench.types import Insert, Message, Placement, Planted, PromptTemplate, Tokenizer
from tests.text.test_fit import EN, ZH, toy
from tests.wording import wording

__all__ = ["toy"]

TEMPLATE = PromptTemplate(
    name="p",
    messages=(
        Message(role="system", content="Be brief."),
        Message(role="user", content="<d>{haystack}</d> {question}"),
    ),
)
OVERHEAD = 7


def texts_of(language: str, count: int) -> list[str]:
    said = "The code of gate {0} is {1}" if language == "en" else "{0}号门的密码是{1}"
    ends = ("", ".", "!") if language == "en" else ("", "。", "！")
    return [said.format(number, 48_271 + 7 * number) + ends[number % 3] for number in range(count)]


def check(source, tokenizer, planted: Planted, length: int, shortfall: int = 24) -> Placement:
    """Check a prompt; a toy vocabulary of bytes takes up to 9 for a character and what closes the text."""
    messages, place = build_prompt(source, planted, TEMPLATE, length=length, overhead=OVERHEAD, tokenizer=tokenizer)
    whole = [message.content for message in messages]
    assert OVERHEAD + sum(map(tokenizer.count, whole)) == place.total_tokens
    assert length - shortfall <= place.total_tokens <= length
    haystack = whole[1].removeprefix("<d>").partition("</d>")[0]
    made, at, cut = [], place.start, source.text
    for each in place.inserts:
        # By the placement alone, piece by piece: what stands before it, its marks, itself.
        made += [cut[at : each.at], each.before]
        assert haystack.startswith("".join(made)) and haystack[len("".join(made)) :].startswith(
            planted.texts[each.index]
        )
        made += [planted.texts[each.index], each.after]
        at = each.at
        off = abs(each.achieved_depth_percent - planted.inserts[each.index].depth_percent) / 100
        assert off * place.haystack_tokens <= each.sentence_tokens / 2 + 0.01
        assert each.needle_token == source.token_at(each.at) - source.token_at(place.start)
    assert "".join([*made, cut[at : place.end], place.tail]) == haystack
    assert sorted(each.index for each in place.inserts) == list(range(len(planted.inserts)))
    assert [haystack.count(text) for text in planted.texts] == [1] * len(planted.texts)
    assert [haystack.index(text) for text in planted.texts] == sorted(haystack.index(text) for text in planted.texts)
    assert place.index == planted.asked and place.at == next(i.at for i in place.inserts if i.index == place.index)
    assert rebuild(source.text, place, planted.texts, TEMPLATE, planted.question) == tuple(messages)
    before, needle, after = around(source.text, place, planted.texts, 10**6)
    assert before + needle + after == haystack
    before, _, after = around(source.text, place, planted.texts, 10**6, ("<<", ">>"))
    others = [text for number, text in enumerate(planted.texts) if number != place.index]
    assert [(before + after).count(f"<<{text}>>") for text in others] == [1] * len(others)
    stored = json.loads(json.dumps(place.stored()))
    assert placement_of(stored, None) == place
    return place


def planted_at(language: str, depths: list[float], needle: int) -> Planted:
    return Planted(
        inserts=tuple(
            Insert(text=text, depth_percent=depth, role="needle" if number == needle else "distractor")
            for number, (text, depth) in enumerate(zip(texts_of(language, len(depths)), sorted(depths), strict=True))
        ),
        question="Which?",
    )


DEPTHS = st.lists(st.floats(0, 100) | st.sampled_from([0.0, 50.0, 50.1, 100.0]), min_size=1, max_size=12)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
@given(depths=DEPTHS, needle=st.integers(0, 11), length=st.integers(700, 2500))
@settings(max_examples=60, deadline=None)
def test_every_prompt_counts_what_it_says_and_stands_as_it_says(toy, language, depths, needle, length) -> None:
    corpus = (EN if language == "en" else ZH) * 12
    source = make_source(corpus, language, toy.starts(corpus), boundaries(corpus, language), toy)
    check(source, toy, planted_at(language, depths, needle % len(depths)), length)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_with_real_vocabularies_too(named_tokenizer: Callable[[str], Tokenizer], encoding: str) -> None:
    tokenizer = named_tokenizer(encoding)
    for language, text in (("en", EN * 30), ("zh", ZH * 30)):
        source = make_source(text, language, tokenizer.starts(text), boundaries(text, language), tokenizer)
        for count in (2, 5, 40):
            depths = [(37.0 * number) % 101 for number in range(count)]
            for length in range(1300, 1330, 7):
                check(source, tokenizer, planted_at(language, [min(d, 100.0) for d in depths], count - 1), length, 8)


def test_one_insert_is_stored_as_it_ever_was(toy) -> None:
    source = make_source(EN * 12, "en", toy.starts(EN * 12), boundaries(EN * 12, "en"), toy)
    one = check(source, toy, planted_at("en", [40.0], 0), 900).stored()
    assert list(one) == [
        "source_start", "source_copies", "start", "at", "end", "before", "after", "tail", "achieved_depth_percent",
        "needle_token", "haystack_tokens", "needle_tokens", "total_tokens", "sentence_tokens", "prompt_sha256",
    ]  # fmt: skip


def test_an_insert_that_stands_twice_is_refused(toy) -> None:
    source = make_source(EN * 12, "en", toy.starts(EN * 12), boundaries(EN * 12, "en"), toy)
    first = source.text.split(". ")[1]
    for texts in (["A code is 7.", "A code is 7."], ["code is 7", "The code is 7!"], ["A code is 7.", first]):
        inserts = tuple(Insert(text=text, depth_percent=50.0) for text in texts)
        with pytest.raises(UsageError, match=wording("text.needle_already_stands_corpus")):
            build_prompt(
                source, Planted(inserts=inserts, question="?"), TEMPLATE,
                length=900, overhead=0, tokenizer=toy,
            )  # fmt: skip


def test_a_placement_of_other_inserts_is_damage(toy) -> None:
    source = make_source(EN * 12, "en", toy.starts(EN * 12), boundaries(EN * 12, "en"), toy)
    place = check(source, toy, planted_at("en", [10.0, 60.0, 90.0], 0), 900)
    with pytest.raises(DamagedDataError):
        rebuild(source.text, place, ("one", "two"), TEMPLATE, "?")
