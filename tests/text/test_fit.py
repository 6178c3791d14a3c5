"""The length and the depth of a prompt: checked against whole-text counts of tiktoken, then as invariants."""

import json
import unicodedata

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from nihbench.errors import UsageError
from nihbench.text.fit import cut_position
from nihbench.text.prompt import build_prompt, rebuild
from nihbench.text.sentences import boundaries
from nihbench.text.source import make_source, sentence_start
from nihbench.types import Message, PromptTemplate
from tests.composing import compose_text, one_needle
from tests.wording import wording

NEEDLES = {
    "en": (
        "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.",
        "What is the most fun thing to do in San Francisco based on above document?",
    ),
    "zh": ("在北京最好的事情就是秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式", "北京最值得体验的活动是什么？"),
}
TEMPLATES = {
    "original": PromptTemplate(name="original", messages=(Message(role="user", content="{haystack}\n\n{question}"),)),
    "kamradt": PromptTemplate(
        name="kamradt",
        messages=(
            Message(role="system", content="You are a helpful AI bot."),
            Message(role="user", content="{haystack}"),
            Message(role="user", content="{question} Don't give information outside the document"),
        ),
    ),
}
EN = (
    'Mr. Brown went to St. Paul\'s at 3.15 p.m. with 1,024 books. "Why?" she asked. "Because," he said, "I can\'t."\n'
    "It wasn't raining; the café's naïve owner (an ex-sailor!) smiled... and then they're gone.  "
    "Nobody knew U.S. law.\n"
    "They'd read x_y = f(a)[0] twice.\n\n- a list item\n- another one, with 3.14159 in it\n\n"
)
ZH = (
    "话说天下大势，分久必合，合久必分。他问：“你去哪里？”然后笑了！其实……并非如此；第12回的事，3.5万人都知道。\n\n"
    "# 标题：新技术。最大风险\n\n这件事的教训，就是使用新技术要谨慎。"
    "iPhone 的25%在India生产（据报道）。\n\n　　缩进的一段。\n"
)


class Counter:
    """tiktoken as a Tokenizer, with starts by the obvious slow way."""

    exact = True

    def __init__(self, encoding):
        self.encoding = encoding
        self.name = encoding.name

    def count(self, text):
        return len(self.encoding.encode(text, disallowed_special=()))

    def starts(self, text):
        tokens = self.encoding.encode(text, disallowed_special=())
        _, offsets = self.encoding.decode_with_offsets(tokens)
        return np.array(offsets, dtype=np.int64)


def toy_encoding():
    """A toy encoding with a GPT-like pre-tokenizer and hardly more than bytes as tokens: no file, no network."""
    ranks = {bytes([i]): i for i in range(256)}
    ranks |= {pair.encode(): 256 + i for i, pair in enumerate(["th", "he", " t", "in", ".\n", "\n\n", ". ", "an"])}
    return tiktoken.Encoding(
        name="toy",
        pat_str=(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
            r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
        ),
        mergeable_ranks=ranks,
        special_tokens={},
    )


@pytest.fixture(scope="module")
def toy():
    return Counter(toy_encoding())


def source_of(text, language, tokenizer, **kwargs):
    return make_source(text, language, tokenizer.starts(text), boundaries(text, language), tokenizer, **kwargs)


def whole_count(messages, tokenizer, overhead):
    return overhead + sum(tokenizer.count(message.content) for message in messages)


def check(source, text, tokenizer, language, template, length, depth, tolerance, overhead=7):
    statement, question = NEEDLES[language]
    messages, place = build_prompt(
        source,
        one_needle(statement, question, depth),
        template,
        length=length,
        overhead=overhead,
        tokenizer=tokenizer,
    )
    whole = "".join(message.content for message in messages)
    assert whole_count(messages, tokenizer, overhead) == place.total_tokens
    assert length - tolerance <= place.total_tokens <= length
    assert "\ufffd" not in whole
    assert whole.count(statement) == 1
    left, right = next(m.content for m in messages if statement in m.content).split(statement)
    assert not left or left[-1].isspace() or left[-1] in "。！？”’）」』"
    assert not right or right[0] in ".。" or right[0].isspace()
    assert right[:1] != "." or right[1:2].isspace()
    off = abs(place.achieved_depth_percent - depth) / 100 * place.haystack_tokens
    assert off <= place.sentence_tokens / 2 + 0.01
    text = compose_text(text, place.source_start, place.source_copies)
    assert rebuild(text, place, (statement,), template, question) == messages
    return messages, place


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize(("language", "text"), [("en", EN), ("zh", ZH)])
@given(length=st.integers(700, 3000), depth=st.floats(0, 100), start=st.floats(0, 0.99), copies=st.integers(1, 2))
@settings(max_examples=25)
def test_every_prompt_counts_what_it_says(toy, template, language, text, length, depth, start, copies):
    corpus = text * 12
    found = boundaries(corpus, language)
    source = source_of(
        corpus, language, toy, start=sentence_start(corpus, found, int(start * len(corpus))), copies=copies
    )
    check(source, corpus, toy, language, template, length, depth, tolerance=24)


@given(start=st.floats(0, 0.999), copies=st.integers(1, 3), language=st.sampled_from(["en", "zh"]))
@settings(max_examples=60, deadline=None)
def test_a_composed_source_has_the_tokens_of_its_text(toy, start, copies, language):
    corpus = (EN if language == "en" else ZH) * 3
    begin = sentence_start(corpus, boundaries(corpus, language), int(start * len(corpus)))
    source = source_of(corpus, language, toy, start=begin, copies=copies)
    assert source.text == compose_text(corpus, begin, copies)
    assert np.array_equal(source.starts, toy.starts(source.text))
    assert source.boundaries.tolist() == sorted(set(source.boundaries.tolist()))


def test_depth_0_puts_the_needle_first_and_depth_100_last(toy):
    source = source_of(EN * 10, "en", toy)
    statement, question = NEEDLES["en"]
    (first,), _ = check(source, EN * 10, toy, "en", TEMPLATES["original"], 900, 0.0, 24)
    (last,), place = check(source, EN * 10, toy, "en", TEMPLATES["original"], 900, 100.0, 24)
    assert first.content.startswith(statement + "\n\n")
    assert last.content.endswith("\n\n" + statement + "\n\n" + question)
    assert place.before.endswith("\n\n") and place.achieved_depth_percent == 100.0


def test_a_chinese_needle_gets_its_full_stop_and_no_space(toy):
    source = source_of(ZH * 20, "zh", toy)
    (message,), place = check(source, ZH * 20, toy, "zh", TEMPLATES["original"], 1500, 50.0, 24)
    assert place.after.startswith("。")
    assert NEEDLES["zh"][0] + "。" in message.content
    assert " " + NEEDLES["zh"][0] not in message.content


def test_a_cut_sentence_ends_with_an_ellipsis_of_its_language(toy):
    for language, text, mark in (("en", EN, "..."), ("zh", ZH, "……")):
        source = source_of(text * 20, language, toy)
        places = [
            check(source, text * 20, toy, language, TEMPLATES["original"], length, 40.0, 24)[1]
            for length in range(900, 960)
        ]
        assert {place.tail for place in places} <= {"", mark}
        assert any(place.tail == mark for place in places)


def test_the_cut_never_splits_a_word_or_a_character(toy):
    text = EN * 20
    source = source_of(text, "en", toy)
    for length in range(900, 1000):
        _, place = check(source, text, toy, "en", TEMPLATES["original"], length, 10.0, 24)
        left, right = text[place.end - 1], text[place.end]
        assert not (left.isalnum() and right.isalnum()), text[place.end - 10 : place.end + 10]
        assert unicodedata.category(right)[0] != "M"


@pytest.mark.parametrize(
    ("length", "words"),
    [(20, wording("text.length_tokens_cant_hold")), (10**6, wording("text.length_tokens_longer_than"))],
)
def test_a_length_that_can_not_be_made_is_refused(toy, length, words):
    source = source_of(EN * 3, "en", toy)
    with pytest.raises(UsageError, match=words):
        check(source, EN * 3, toy, "en", TEMPLATES["original"], length, 50.0, 24)


def test_a_corpus_that_holds_the_needle_is_refused(toy):
    text = EN * 5 + NEEDLES["en"][0] + " " + EN * 5
    source = source_of(text, "en", toy)
    with pytest.raises(UsageError, match=wording("text.needle_already_stands_corpus")):
        check(source, text, toy, "en", TEMPLATES["original"], 3000, 50.0, 24)


def test_braces_in_haystack_and_question_stay(toy):
    text = (EN + "A set is {haystack} or {question} or {0}.\n\n") * 12
    source = source_of(text, "en", toy)
    check(source, text, toy, "en", TEMPLATES["original"], 2000, 60.0, 24)


@pytest.mark.parametrize(("name", "language"), [("paul-graham-en", "en"), ("three-kingdoms-zh", "zh")])
@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base"])
def test_real_corpora_within_8_tokens_of_nominal(fetched_corpus, named_tokenizer, name, language, encoding):
    corpus = fetched_corpus(name)
    tokenizer = named_tokenizer(encoding)
    text = corpus.text[:100_000]
    found = boundaries(text, language)
    for start in (0, sentence_start(text, found, len(text) // 3)):
        source = make_source(text, language, tokenizer.starts(text), found, tokenizer, start=start)
        for length in (256, 500, 1375, 4000, 16_000):
            for depth in np.linspace(0, 100, 6):
                for template in TEMPLATES.values():
                    check(source, text, tokenizer, language, template, length, float(depth), tolerance=8)


def test_the_digest_is_of_compact_json(toy):
    import hashlib

    source = source_of(ZH * 20, "zh", toy)
    messages, place = check(source, ZH * 20, toy, "zh", TEMPLATES["original"], 1500, 50.0, 24)
    plain = json.dumps(
        [{"role": m.role, "content": m.content} for m in messages], ensure_ascii=False, separators=(",", ":")
    )
    assert hashlib.sha256(plain.encode()).hexdigest() == place.prompt_sha256


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("You don't and we can't. ", "don't"),
        ("It was 3.14159 or 10,000,000. ", "10,000,000"),
        ("A well-known U.S. law of snake_case. ", "well-known"),
        ("Nice 👍🏽 day 🇩🇪🇫🇷 for 👩‍👩‍👧 all. ", "👩‍👩‍👧"),
        ("Cafe\u0301 noir, nai\u0308ve. ", "Cafe\u0301"),
        ("他说：喝3.5杯iPhone咖啡。", "iPhone"),
    ],
)
def test_no_cut_falls_inside_what_is_one_to_a_reader(toy, text, whole):
    corpus = text * 120
    source = source_of(corpus, "en", toy)
    for token in range(60, 900):
        end = cut_position(source, 0, token)
        at = corpus.rfind(whole, 0, end)
        assert at < 0 or not at < end < at + len(whole), corpus[end - 20 : end + 20]


def test_a_word_without_end_is_cut_so_that_the_length_is_kept(toy):
    corpus = "Short sentence here. " + "x" * 700 + " " + "The end of it. " * 5 + "y" * 5000
    source = source_of(corpus, "en", toy)
    for length in range(700, 760, 7):
        check(source, corpus, toy, "en", TEMPLATES["original"], length, 0.0, 24)


@pytest.mark.parametrize(
    ("statement", "stop"),
    [("老板说“喝一杯热美式”", "。"), ("密码是5802", "。"), ("It is saffron", "."), ("It is saffron.", "")],
)
def test_the_missing_stop_is_in_the_needle_s_own_script(toy, statement, stop):
    for language, text in (("en", EN * 20), ("zh", ZH * 20)):
        source = source_of(text, language, toy)
        question = NEEDLES[language][1]
        _, place = build_prompt(
            source, one_needle(statement, question, 40.0), TEMPLATES["original"],
            length=1000, overhead=7, tokenizer=toy,
        )  # fmt: skip
        assert place.after.strip() == stop


def test_a_text_without_sentences_still_has_places_for_a_needle(toy):
    corpus = "\n".join(f"cell {i} | value {i * 7} | more" for i in range(400))
    source = source_of(corpus, "en", toy)
    places = {
        check(source, corpus, toy, "en", TEMPLATES["original"], 3000, depth, 24)[1].at for depth in (0, 25, 50, 75, 100)
    }
    assert len(places) == 5
