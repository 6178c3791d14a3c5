"""A chat of many turns as the haystack: its length by another count, its turns in order, and its way through a run."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from nihbench import load_run
from nihbench.endpoint.wire.base import wire_of
from nihbench.errors import UsageError
from nihbench.run.texts import made_source
from nihbench.tasks.family import Answer
from nihbench.tasks.planting import HAYSTACKS
from nihbench.text.prompt import build_bare, build_prompt, rebuild, rebuild_bare
from nihbench.text.source import Source, SourceText, shuffled_source, shuffled_text
from nihbench.text.turns import turned_source, turned_text
from nihbench.types import ASKED, REPLIED, Message, Planted, PromptTemplate, Score, Tokenizer
from tests.run.conftest import make_setup
from tests.tasks.test_tasks_built_in import trial_of
from tests.tasks.test_tasks_families import LANGUAGES, TEMPLATE, corpora, task_of
from tests.wording import wording

__all__ = ["corpora", "make_setup"]

TEMPLATES = (
    TEMPLATE,
    PromptTemplate(name="q", messages=(Message(role="user", content="Read this.\n{haystack}\n\n{question}"),)),
    PromptTemplate(
        name="r",
        messages=(Message(role="user", content="{haystack}"), Message(role="user", content="{question}")),
    ),
)
GIVEN = ["--model", "x", "--length-unit", "cl100k_base", "--window", "8000", "--no-preflight", "--task", "kth",
         "--task-option", "turns=chat"]  # fmt: skip


def haystack_for(planted: Planted, source: Source, length: int, tokenizer: Tokenizer, each: int) -> Source:
    if planted.haystack is not None:
        source = made_source(planted.haystack, source.language, tokenizer)
    elif planted.shuffled:
        source = shuffled_source(source, length, tokenizer)
    return turned_source(source, length, tokenizer, each)


def counted(messages: Any, template: PromptTemplate, tokenizer: Tokenizer, each: int) -> int:
    """What a server counts: every turn by itself, and its template around two turns more than the prompt has."""
    more = len(messages) - len(template.messages)
    return 7 + sum(tokenizer.count(message.content) for message in messages) + more * each // 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("haystack", HAYSTACKS)
def test_a_chat_has_its_length(language: str, haystack: str, corpora: Any, named_tokenizer: Any) -> None:
    tokenizer, drawn = named_tokenizer("cl100k_base"), random.Random(f"{language}{haystack}")
    task = task_of("kth", language, turns="chat", haystack=haystack, distractors="3")
    for number, template in enumerate(TEMPLATES * 2):
        each, length = (8, 0, 14, 6)[number % 4], drawn.randrange(2400, 4500)
        planted = task.planted(trial_of(task, task.axis.values[number % 3], number, length), 5)
        source = haystack_for(planted, corpora[language], length, tokenizer, each)
        how: Any = {"length": length, "overhead": 7, "tokenizer": tokenizer, "exchange": each}
        messages, place = build_prompt(source, planted, template, **how)
        assert counted(messages, template, tokenizer, each) == place.total_tokens
        assert length - 8 <= place.total_tokens <= length
        text = planted.haystack or SourceText(text=corpora[language].text, start=0, copies=1)
        text = shuffled_text(text[: place.shuffled]) if place.shuffled else text
        text = turned_text(text[: place.turned])
        assert rebuild(text, place, planted.texts, template, planted.question) == tuple(messages)
        bare, landed = build_bare(source, template, planted.question, **how)
        assert counted(bare, template, tokenizer, each) == landed.total_tokens
        assert length - 8 <= landed.total_tokens <= length
        assert rebuild_bare(text, landed, template, planted.question) == tuple(bare)


@pytest.mark.parametrize("language", LANGUAGES)
def test_turns_alternate_and_hold_what_is_planted(language: str, corpora: Any, named_tokenizer: Any) -> None:
    tokenizer, task = named_tokenizer("cl100k_base"), task_of("kth", language, turns="chat", distractors="2")
    for repeat, length in enumerate((1700, 3000, 6000)):
        planted = task.planted(trial_of(task, 4, repeat, length), 5)
        source = haystack_for(planted, corpora[language], length, tokenizer, 8)
        messages, place = build_prompt(
            source, planted, TEMPLATE, length=length, overhead=7, tokenizer=tokenizer, exchange=8
        )
        roles = [message.role for message in messages]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2 - 1), "user"]
        told = [message.content for message in messages]
        assert all(told) and not re.search(f"[{ASKED}{REPLIED}]", "".join(told))
        turns = [(one.content, other.content) for one, other in zip(messages[1::2], messages[2::2], strict=False)]
        where = [turns.index(tuple(text.removeprefix(ASKED).split(REPLIED))) for text in planted.texts]  # type: ignore[arg-type]
        assert where == sorted(set(where)), "each stands once, in the order of depths"
        assert planted.question == messages[-1].content
        alike = [number for number, insert in enumerate(planted.inserts) if insert.role in ("needle", "alike")]
        assert len({turns[where[number]][0] for number in alike}) == 1 and len(alike) == 4
        (asked,) = re.findall(r"answer number (\d)|第 (\d) 段", planted.question)
        assert alike[int("".join(asked)) - 1] == planted.asked
        depths = [each.achieved_depth_percent for each in place.inserts]
        wanted = [planted.inserts[each.index].depth_percent for each in place.inserts]
        assert max(abs(one - other) for one, other in zip(depths, wanted, strict=True)) < 100 * 300 / length


def test_a_chat_is_graded_as_one_message_is() -> None:
    task = task_of("kth", "en", turns="chat", distractors="2")
    planted = task.planted(trial_of(task, 4, 0, 3000), 5)
    right = task.grade(planted, Answer(text=planted.expected))
    assert isinstance(right, Score) and right.found
    other = next(insert for insert in planted.inserts if insert.role == "distractor")
    wrong = task.grade(planted, Answer(text=f"{planted.fresh['code']} {other.value}"))
    assert isinstance(wrong, Score) and wrong.evidence.errors[0].code == "item_distracted"
    said = str(wrong.evidence.errors[0].fields["words"])
    assert other.value in said and ASKED not in said and REPLIED not in said


def test_one_message_has_the_ids_that_it_had() -> None:
    plain, chat = task_of("kth", "en"), task_of("kth", "en", turns="chat")
    assert task_of("kth", "en", turns="one").identity() == plain.identity()
    assert "turns" not in plain.options and chat.identity() != plain.identity()
    with pytest.raises(UsageError, match=wording("tasks.no_choice", name="turns", value="two")):
        task_of("kth", "en", turns="two")


def test_every_wire_format_has_its_turns(corpora: Any, named_tokenizer: Any) -> None:
    tokenizer, task = named_tokenizer("cl100k_base"), task_of("kth", "en", turns="chat")
    planted = task.planted(trial_of(task, 2, 0, 2000), 5)
    source = haystack_for(planted, corpora["en"], 2000, tokenizer, 8)
    messages, _ = build_prompt(source, planted, TEMPLATE, length=2000, overhead=7, tokenizer=tokenizer, exchange=8)
    for name in ("openai", "anthropic"):
        body = json.loads(b"".join(wire_of(name).body(messages, {"model": "m"})))
        roles = [message["role"] for message in body["messages"] if message["role"] != "system"]
        assert roles == [*["user", "assistant"] * (len(roles) // 2), "user"], name
        told = [message["content"] for message in body["messages"] if message["role"] != "system"]
        assert told == [message.content for message in messages[1:]], name
        assert (body.get("system") or body["messages"][0]["content"]) == "Be brief."


def copies(prompt: str) -> str:
    """A model that looks nothing up: it says the code and an answer of its own."""
    (code,) = re.findall(r"First write (\w+),", prompt)
    return f"{code} Nothing of the kind."


def test_a_run_of_chats(nih: Any, chat: Any, own_texts: dict[str, Path]) -> None:
    given = [*GIVEN, "--base-url", chat.base_url, "--corpus", str(own_texts["en"]), "--lengths", "1500t,1900t"]
    given += ["--task-option", "alike=2"]
    chat.say = copies
    ended = nih("run", *given, "--out", "one")
    assert ended.code == 0, ended.err
    kept = nih.folder / "one" / "records.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    kept.write_text("".join(lines[:-1]), encoding="utf-8")
    before = len(chat.asked)
    assert nih("run", "--resume", "one").code == 0
    assert len(chat.asked) == before + 1 and chat.asked[-1].sha256 in {asked.sha256 for asked in chat.asked[:-1]}
    run = load_run(nih.folder / "one")
    for record in run.records.values():
        trial, place = record.trial, record.placement
        if trial.control == "closed_book" or place is None:
            continue
        assert place.turned and trial.length - 8 <= record.outcome.usage.prompt_tokens <= trial.length, trial
        made = nih("rebuild", "one", record.id, "--json", "--corpus", str(own_texts["en"]))
        assert made.code == 0, made.err
        roles = [message["role"] for message in json.loads(made.out)]
        assert roles == [*["user", "assistant"] * (len(roles) // 2), "user"] and len(roles) > 8
    sent = {asked.sha256 for asked in chat.asked}
    assert {record.placement.prompt_sha256 for record in run.records.values() if record.placement} <= sent
    shown = nih("cases", "one", "--corpus", str(own_texts["en"]))
    assert shown.code == 0 and ASKED not in shown.out and REPLIED not in shown.out
    assert nih("report", "one", "--out", "r.html").code == 0
    page = (nih.folder / "r.html").read_text(encoding="utf-8")
    assert ASKED not in page and REPLIED not in page
    asked = len(chat.asked)
    probed = nih("cases", "one", "--probe", "--yes", "--corpus", str(own_texts["en"]))
    assert probed.code == 0, probed.err
    grid = {record.placement.prompt_sha256: record for record in run.records.values() if record.placement}
    sent_before = {each.sha256: each.messages for each in chat.asked[:asked] if each.sha256 in grid}
    probes = [each.messages for each in chat.asked[asked:]]
    assert probes and all(messages[:-1] in [known[:-1] for known in sent_before.values()] for messages in probes)
    exported = nih("batch", "export", *given, "--out", "later")
    assert exported.code == 0, exported.err
    lines = [json.loads(line) for file in (nih.folder / "later" / "batch").glob("requests*.jsonl")
             for line in file.read_text(encoding="utf-8").splitlines()]  # fmt: skip
    assert sorted(len(line["body"]["messages"]) for line in lines) == sorted(
        len(request.messages) for request in {each.sha256: each for each in chat.asked[:asked]}.values()
    )


@pytest.mark.parametrize(
    "options", [{"haystack": "shuffled"}, {"turns": "chat"}, {"turns": "chat", "haystack": "shuffled"}]
)
def test_the_control_without_a_needle_reads_the_same_kind_of_text(make_setup: Any, options: dict[str, str]) -> None:
    setup = make_setup(
        task="kth", depths=None, lengths="1500,1900", task_options={"alike": "2", **options}, controls=True
    )
    bare = [trial for trial in setup.trials if trial.control == "no_needle"]
    assert bare
    for trial in bare:
        messages, place = setup.build(trial)
        assert bool(place.shuffled) == ("haystack" in options) and bool(place.turned) == ("turns" in options)
        assert trial.length - 8 <= place.total_tokens <= trial.length and messages.sha256 == place.prompt_sha256


def test_lengths_of_chats_are_fitted_to_a_server_that_counts_turns_otherwise(
    nih: Any, chat: Any, own_texts: dict[str, Path]
) -> None:
    """Six tokens a message, not the four that are taken for it: the fit sees that more turns take more."""
    plain, chat.say = chat.count, copies
    chat.count = lambda text: plain(text) + 2
    ended = nih("run", "--model", "x", "--base-url", chat.base_url, "--window", "8000", "--no-preflight",
                "--task", "kth",
                "--task-option", "turns=chat", "--task-option", "alike=2", "--corpus", str(own_texts["en"]),
                "--lengths", "1500t,1900t", "--no-controls", "--out", "fit")  # fmt: skip
    assert ended.code == 0, ended.err
    for record in load_run(nih.folder / "fit").records.values():
        counted = record.outcome.usage.prompt_tokens
        assert 0.99 * record.trial.length <= counted <= record.trial.length, (record.trial.length, counted)
