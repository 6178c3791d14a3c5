"""A trial's id: everything that could change the answer is in it, nothing else is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.catalog.loading import load
from nihbench.catalog.lookup import Catalog
from nihbench.endpoint.access import open_model
from nihbench.endpoint.servers import ServerInfo
from nihbench.errors import UsageError
from nihbench.fetch.files import silent
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.run.setup import Setup, _Form
from nihbench.run.store import check_same, manifest
from nihbench.run.stored import Manifest, beginning_of, stored_options
from nihbench.types import Message, ModelPreset, Trial
from tests.wording import wording

MakeSetup = Callable[..., Setup]


def label(options: dict[str, Any]) -> str:
    return " ".join(f"{name}={getattr(value, '__name__', value)}" for name, value in options.items())


def resolved(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with a changed catalog where they name a change."""
    return {name: value(load()) if name == "catalog" else value for name, value in options.items()}


def ids(setup: Setup) -> dict[tuple[str, int, float, int], str]:
    return {(t.prompt, t.length, t.depth_percent, t.repeat): setup.trial_id(t) for t in setup.trials}


def changed_question(catalog: Catalog) -> Catalog:
    needle = dataclasses.replace(catalog.needles["sf-sandwich"], question="What is there to do in San Francisco?")
    return dataclasses.replace(catalog, needles=MappingProxyType({**catalog.needles, needle.name: needle}))


def changed_prompt(catalog: Catalog) -> Catalog:
    messages = (Message(role="user", content="{haystack}\n\n\n{question}"),)
    prompt = dataclasses.replace(catalog.prompts["original"], messages=messages)
    return dataclasses.replace(catalog, prompts=MappingProxyType({**catalog.prompts, prompt.name: prompt}))


def changed_statement(catalog: Catalog) -> Catalog:
    needle = dataclasses.replace(catalog.needles["sf-sandwich"], statements=("San Francisco is best on a roof.",))
    return dataclasses.replace(catalog, needles=MappingProxyType({**catalog.needles, needle.name: needle}))


def changed_facts(catalog: Catalog) -> Catalog:
    needle = dataclasses.replace(catalog.needles["sf-sandwich"], answer="Eat.", facts=(), note="other")
    return dataclasses.replace(catalog, needles=MappingProxyType({**catalog.needles, needle.name: needle}))


@pytest.mark.parametrize(
    "options",
    [
        {"model": "y"},
        {"max_output": 301},
        {"temperature": "0.5"},
        {"temperature": "none"},
        {"seed": 0},
        {"seed": 1},
        {"extra_body": {"thinking": {"type": "disabled"}}},
        {"headers": {"X-Beta": "1"}},
        {"experiment": "sf-sandwich/explicit"},
        {"experiment": "sf-sandwich/kamradt-0.1.0"},
        {"experiment": "magic-number"},
        {"catalog": changed_question},
        {"catalog": changed_prompt},
        {"catalog": changed_statement},
    ],
    ids=label,
)
def test_what_could_change_an_answer_changes_every_id(make_setup: MakeSetup, options: dict[str, Any]) -> None:
    before, after = set(ids(make_setup()).values()), set(ids(make_setup(**resolved(options))).values())
    assert len(before) == len(after) == 6
    assert not before & after


@pytest.mark.parametrize(
    "options",
    [
        {"order": "random"},
        {"order": "grid"},
        {"concurrency": 9},
        {"base_url": "http://127.0.0.1:10/v1"},
        {"api_key_env": "OTHER_KEY"},
        {"window": 9000},
        {"catalog": changed_facts},
    ],
    ids=label,
)
def test_what_changes_no_answer_changes_no_id(make_setup: MakeSetup, options: dict[str, Any]) -> None:
    assert ids(make_setup(**resolved(options))) == ids(make_setup())


def test_cells_and_repeats_have_ids_of_their_own_that_do_not_depend_on_the_grid_around(make_setup: MakeSetup) -> None:
    small = ids(make_setup())
    large = ids(make_setup(lengths="300,420,500", depths="0,25,50,100", repeats=3, prompts=("original", "explicit")))
    assert len(set(large.values())) == len(large) == 3 * 4 * 3 * 2
    assert small.items() <= large.items()


def test_a_headers_value_counts_and_so_does_the_corpus_text(make_setup: MakeSetup, own_texts: dict[str, Path]) -> None:
    one, other = (set(ids(make_setup(headers={"X-Beta": value})).values()) for value in "12")
    assert not one & other
    before = set(ids(make_setup()).values())
    text = own_texts["en"].read_text(encoding="utf-8")
    moved = own_texts["en"].with_name("moved.txt")
    moved.write_text(text, encoding="utf-8")
    assert set(ids(make_setup(corpus=str(moved))).values()) == before
    moved.write_text(text + "One more.\n", encoding="utf-8")
    assert not set(ids(make_setup(corpus=str(moved))).values()) & before


def test_two_prompts_that_send_the_same_words_are_refused(make_setup: MakeSetup, own_texts: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match=wording("run.prompts_ask_needle_same", needle_name="'beijing-coffee'")):
        make_setup(experiment="beijing-coffee", prompts=("original", "explicit"), corpus=str(own_texts["zh"]))


def test_a_prompt_named_twice_is_sent_once(make_setup: MakeSetup) -> None:
    setup = make_setup(prompts=("original", "explicit", "original"))
    assert len(setup.trials) == len({setup.trial_id(trial) for trial in setup.trials}) == 12


@pytest.mark.parametrize("name", ["repeats", "window", "max_output", "concurrency"])
@pytest.mark.parametrize("value", [0, -3])
def test_counts_below_one_are_refused(make_setup: MakeSetup, name: str, value: int) -> None:
    with pytest.raises(
        UsageError, match=f"^{wording('run.must_least_1_not', replace=name.replace('_', '-'), value=value)}$"
    ):
        make_setup(**{name: value})


def test_no_secret_is_stored(make_setup: MakeSetup) -> None:
    options = make_setup(
        base_url="https://me:hidden@host.example:81/v1?key=hidden", headers={"X-Key": "hidden"}
    ).options
    stored = options.stored()
    assert "hidden" not in str(stored)
    assert stored["base_url"] == "https://host.example:81/v1"


def test_a_secret_in_the_extra_body_counts_by_its_digest_and_other_bodies_as_ever(make_setup: MakeSetup) -> None:
    plain = {"top_p": 0.5, "max_tokens_thinking": 3, "eos_token": "</s>", "deep": [{"stop_token_ids": [1]}]}
    assert make_setup(extra_body=plain).identity()["extra_body"] == plain
    assert make_setup(extra_body=plain).options.withheld() == []
    for secret in ("api_key", "apiKey", "X-API-Key", "token", "access_token", "Password", "client_secret",
                   "Authorization", "credentials"):  # fmt: skip
        one, other = (make_setup(extra_body=plain | {"deep": [{secret: value}]}) for value in ("hidden", "hidden2"))
        assert not set(ids(one).values()) & set(ids(other).values())
        assert one.options.withheld() == ["extra_body"]
        assert "hidden" not in str(one.identity()) + str(manifest(one, ""))
        assert one.request.extra_body["deep"] == [{secret: "hidden"}]


@pytest.mark.parametrize("url", ["http://me:pw@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?key=pw"])
def test_a_shortened_address_is_asked_for_again(make_setup: MakeSetup, url: str) -> None:
    options = RunOptions(model="x", base_url=url)
    assert options.withheld() == ["base_url"]
    content = beginning_of(options.stored(), options.withheld(), None)
    with pytest.raises(UsageError, match=wording("run.run_held_secret_not", option="--base-url")):
        stored_options(content, {})
    stored_options(content, {}, {"base_url": url})
    assert RunOptions(model="x", base_url="HTTP://127.0.0.1:9/v1/").withheld() == []


def test_further_addresses_are_stored_bare_and_are_not_identity(make_setup: MakeSetup) -> None:
    options = RunOptions(model="x", base_url="http://a/v1", more_urls=("http://me:pw@b/v1",))
    assert options.stored()["more_urls"] == ["http://b/v1"]
    assert options.withheld() == ["base_url"]
    plain = {"rpm": 3.0, "tpm": 500.0, "price": "1,2", "max_cost": 5.0, "more_urls": ("http://b/v1",)}
    assert ids(make_setup(**plain)) == ids(make_setup())


def test_all_that_changed_is_named(make_setup: MakeSetup) -> None:
    begun = Manifest.of(json.loads(json.dumps(manifest(make_setup(), ""))))
    check_same(begun, make_setup(concurrency=9, tpm=7.0))
    changed = "identity.max_output, identity.request_seed, identity.seed, lengths, depths"
    with pytest.raises(UsageError, match=wording("run.cant_resume_changed_since", changed=changed)):
        check_same(begun, make_setup(seed=1, max_output=7, lengths="300,430", depths="0,50", extra_body={}))


def test_a_window_above_the_servers_own_is_refused(tmp_path: Path, own_texts: dict[str, Path]) -> None:
    model = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1")
    server = ServerInfo(kind="other", models=("x",), window=4096)
    with open_model(model, key=None, headers={}, ask_server=False) as reached:
        told = dataclasses.replace(reached, server=server)

        def make(window: int) -> Setup:
            options = RunOptions(
                model="x", length_unit="cl100k_base", window=window, corpus=str(own_texts["en"]), lengths="300,420"
            )
            return outline_of(options, load(), told, folder=tmp_path, report=silent).laid_out()

        assert make(4096).window == 4096
        with pytest.raises(UsageError, match=wording("run.window_more_than_server", window=4097, told=4096)):
            make(4097)


def test_what_may_not_fit_is_built_before_anything_is_sent(
    make_setup: MakeSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    build = Setup.build

    def spy(setup: Setup, trial: Trial) -> Any:
        built.append((trial.prompt, trial.length, trial.depth_percent, trial.repeat))
        if trial.length == 420 and trial.depth_percent == 100:
            raise UsageError("it does not fit")
        return build(setup, trial)

    monkeypatch.setattr(Setup, "build", spy)
    with pytest.raises(UsageError, match="it does not fit"):
        make_setup(repeats=2)
    built.clear()
    make_setup(lengths="300,350,400", depths="0,20,50,80,90", repeats=2, prompts=("original", "explicit"))
    cells = [(300, 0.0), (400, 0.0), (400, 50.0), (400, 90.0)]
    assert sorted(built) == sorted((p, *cell, 0) for p in ("original", "explicit") for cell in cells)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text('abcz"\\ü', max_size=3), JSON, max_size=6)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_an_object_written_in_pieces_is_the_object_written_at_once(
    fixed: dict[str, Any], values: dict[str, Any], others: dict[str, Any]
) -> None:
    form = _Form(fixed, tuple(values))
    for given_now in (values, dict(zip(values, [*others.values(), *values.values()], strict=False)), values):
        whole = json.dumps(fixed | given_now, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert form.text(given_now) == whole.encode()


@pytest.mark.parametrize(
    "options",
    [
        {"repeats": 3, "prompts": ("original", "explicit")},
        {"repeats": 2, "vary": ("sampling",), "temperature": 0.7},
        {"repeats": 2, "depths": "0,12.5,100", "controls": False, "headers": {"X-Ü": "1"}},
    ],
)
def test_an_id_is_the_hash_of_all_that_could_change_an_answer(make_setup: MakeSetup, options: dict[str, Any]) -> None:
    setup = make_setup(**options)
    assert {trial.repeat for trial in setup.trials} >= {0, 1} and len(setup.trials) > 8
    for trial in setup.trials:
        template = setup.prompts[trial.prompt]
        told = setup.identity() | {
            "prompt": [[message.role, message.content] for message in template.messages],
            "question": setup.needle.question_for(trial.prompt),
            "overhead": setup.overheads[trial.prompt],
            "length": trial.length,
            "depth_percent": trial.depth_percent,
            "repeat": trial.repeat,
            "control": trial.control,
        }
        if trial.repeat and trial.control is None:
            told["start"] = setup.start_of(trial.repeat)
            if set(setup.options.vary) != {"haystack"}:
                told["vary"] = sorted({"sampling": "temperature"}.get(name, name) for name in setup.options.vary)
        text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert setup.trial_id(trial) == sha256(text.encode()).hexdigest()[:16]
