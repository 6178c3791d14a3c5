"""Prompts as bytes: against json.dumps and hashlib, for texts of every kind."""

import hashlib
import json
from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nihbench.text.encoded import EncodedMessages, JsonText, messages_json
from nihbench.text.prompt import build_prompt, rebuild
from nihbench.text.sentences import boundaries
from nihbench.text.source import make_source
from nihbench.types import Message, PromptTemplate
from tests.composing import one_needle

TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


class Characters:
    """A tokenizer whose tokens are characters."""

    name, exact = "characters", True

    def count(self, text):
        return len(text)

    def starts(self, text):
        import numpy as np

        return np.arange(len(text), dtype=np.int64)


@given(text=TEXTS, ends=st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), times=st.integers(1, 40))
@example(text='a"\\\n\x00\x1f\x7f\u2028🥪喝', ends=(4_095, 4_097), times=40)
@settings(max_examples=200, deadline=None)
def test_a_slice_of_the_json_is_the_json_of_the_slice(text, ends, times):
    long = text * times
    first, last = min(*ends, len(long)), min(max(ends), len(long))
    expected = json.dumps(long[first:last], ensure_ascii=False)[1:-1].encode()
    assert bytes(JsonText(long).slice(first, last)) == expected


TEMPLATES = (
    [("user", "{haystack}\n\n{question}")],
    [("system", 'Say "yes" {or} 不.'), ("user", "<doc>{haystack}</doc>"), ("user", "{question}")],
    [("user", "{question} 读完：{haystack}")],
)
ENGLISH = 'He said "no" to it. She had 10\t% of all\\none. It was \x07 odd. ' * 40
CHINESE = "他说：“好。”她在北京喝咖啡🥪。今天天气不错。" * 40


@cache
def made(language, corpus):
    tokenizer = Characters()
    return make_source(corpus, language, tokenizer.starts(corpus), boundaries(corpus, language), tokenizer)


@given(
    template=st.sampled_from(TEMPLATES),
    text=st.sampled_from([("en", ENGLISH), ("zh", CHINESE)]),
    statement=st.sampled_from(['The "best" thing is \\ this.', "最好的事是喝热美式", "half \ud800 a character."]),
    length=st.integers(200, 700),
    depth=st.floats(0, 100),
)
@settings(max_examples=150, deadline=None)
def test_a_built_prompt_is_what_json_dumps_of_its_messages_gives(template, text, statement, length, depth):
    corpus, tokenizer = text[1], Characters()
    source = made(*text)
    prompt = PromptTemplate(name="p", messages=tuple(Message(role=role, content=content) for role, content in template))
    built, place = build_prompt(
        source, one_needle(statement, "Which?", depth), prompt, length=length, overhead=7, tokenizer=tokenizer
    )
    # The other way to the same messages, which puts strings together and knows nothing of JSON.
    messages = rebuild(corpus, place, (statement,), prompt, "Which?")
    plain = [{"role": m.role, "content": m.content} for m in messages]
    expected = json.dumps(plain, ensure_ascii="\ud800" in statement, separators=(",", ":")).encode()
    assert b"".join(built.pieces) == expected == messages_json(messages)
    assert place.prompt_sha256 == hashlib.sha256(expected).hexdigest() == built.sha256
    assert built == messages and list(built) == list(messages) and built.size_bytes == len(expected)


def test_a_source_is_encoded_once_and_prompts_share_its_bytes():
    tokenizer = Characters()
    source = make_source(ENGLISH, "en", tokenizer.starts(ENGLISH), boundaries(ENGLISH, "en"), tokenizer)
    prompt = PromptTemplate(name="p", messages=(Message(role="user", content="{haystack}\n{question}"),))
    built = [
        build_prompt(source, one_needle("It is here.", "?", d), prompt, length=900, overhead=0, tokenizer=tokenizer)[0]
        for d in (20, 80)
    ]
    views = [piece for messages in built for piece in messages.pieces if isinstance(piece, memoryview)]
    assert len(views) == 4 and len({id(view.obj) for view in views}) == 1


def test_messages_that_are_not_encoded_are_no_different():
    messages = (Message(role="user", content="你好 “x”"),)
    assert EncodedMessages([messages_json(messages)]) == messages
    assert EncodedMessages([messages_json(messages)]) != (Message(role="system", content="你好 “x”"),)
