"""The published schemas: they take what the tool takes and refuse what it refuses, and are the files in the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from nihbench.app.schemas import SCHEMAS, schema_of
from nihbench.catalog.document import read_document
from nihbench.catalog.schema import CorpusFile, ModelsFile, NeedlesFile
from nihbench.errors import CatalogError, UsageError
from scripts.schemas import FOLDER, files
from tests.catalog.test_catalog_mistakes import CORPORA, MODELS, NEEDLES, Case

ROOT = Path(__file__).parents[2]
VALIDATORS = {name: Draft202012Validator(schema_of(name)) for name in SCHEMAS}


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_and_the_packaged_file(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == files()[f"{name}.schema.json"]
    assert {path.name for path in FOLDER.iterdir()} == files().keys()


def packaged() -> Iterator[tuple[str, Path]]:
    yield "needles", ROOT / "needles.yaml"
    yield "models", ROOT / "models.yaml"
    yield from (("corpus", path) for path in sorted((ROOT / "corpora").glob("*.yaml")))


@pytest.mark.parametrize(("name", "path"), list(packaged()), ids=str)
def test_every_shipped_file_fits_and_names_its_schema(name: str, path: Path) -> None:
    assert [error.message for error in VALIDATORS[name].iter_errors(read_document(path).data)] == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == FOLDER / f"{name}.schema.json"


def stored(pattern: str) -> list[Path]:
    return [path for folder in ("results", "tests/data") for path in sorted((ROOT / folder).rglob(pattern))]


@pytest.mark.parametrize(
    ("name", "pattern"), [("run", "run.json"), ("record", "records.jsonl"), ("score", "scores.*.jsonl")]
)
def test_what_runs_have_left_fits(name: str, pattern: str) -> None:
    found = 0
    for path in stored(pattern):
        texts = [path.read_text(encoding="utf-8")] if name == "run" else path.read_text(encoding="utf-8").splitlines()
        for text in texts[:: max(1, len(texts) // 25)]:
            wrong = [error.message[:300] for error in VALIDATORS[name].iter_errors(json.loads(text))]
            assert wrong == [], path
            found += 1
    assert found > 10


def test_a_record_has_one_outcome_and_a_score_a_value() -> None:
    (path,) = stored("reference-smollm2-135m/records.jsonl")
    record = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    for spoiled in (
        {key: value for key, value in record.items() if key != "completion"},
        record | {"graded_elsewhere": {"grade": 1.0}},
        record | {"completion": record["completion"] | {"attempts": "one"}},
    ):
        assert not VALIDATORS["record"].is_valid(spoiled)
    assert not VALIDATORS["score"].is_valid({"id": "x", "scorer": "rules", "version": "0.4"})


# What depends on another entry, another file or the order of numbers, or on what text means: no schema says it.
BEYOND = {
    # another entry, or the file's own name
    *("wording of no prompt", "experiment's needle", "experiment's corpus", "experiment's prompt", "default corpus"),
    *("suite's experiment", "suite's prompt", "default experiment", "unknown provider", "name"),
    # another key's text
    *("fresh not used", "fresh misspelt", "telling question", "telling wording", "fact twice"),
    # an order of numbers, a number that JSON has not, a day that JSON writes as a text
    *("tiers fall", "endless tier first", "weight infinite", "extra body type"),
    # which characters of all writings are letters
    *("mute answer", "mute needle", "mute fact", "mute alias"),
}


@pytest.mark.parametrize(
    ("name", "case"),
    [(n, c) for n, cases in (("needles", NEEDLES), ("models", MODELS), ("corpus", CORPORA)) for c in cases],
    ids=lambda value: value.title if isinstance(value, Case) else value,
)
def test_what_the_tool_refuses_the_schema_refuses(tmp_path: Path, name: str, case: Case) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(case.text.encode("utf-8", "surrogatepass"))
    try:
        data = read_document(path).data
    except CatalogError:
        return  # it is no plain YAML
    assert VALIDATORS[name].is_valid(data) == (case.title in BEYOND)


WORDS = st.sampled_from(
    ["", " ", "x", "a b", " a", "a\n", "en", "zh-TW", "English", "-x", "a/b", "..", "a==1.0", "a=1"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 30) | st.sampled_from([0.5, -0.5, 1.5]) | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
SOUND: dict[str, tuple[type[BaseModel], Any]] = {
    "needles": (
        NeedlesFile,
        {
            "defaults": {"experiment": "mine", "corpora": {"en": "paul-graham-en"}},
            "needles": {
                "mine": {
                    "language": "en",
                    "text": "The key {number} is here.",
                    "question": "Where?",
                    "questions": {"explicit": "Where is it?"},
                    "facts": [{"name": "a", "text": "here", "aliases": ["there"], "identifying": True, "weight": 2}],
                    "subject": {"text": "key", "aliases": []},
                    "fresh": {"number": 7},
                }
            },
            "prompts": {"own": {"messages": [{"role": "user", "content": "{haystack} {question}"}], "note": "n"}},
            "experiments": {"mine": {"needle": "mine", "corpus": "paul-graham-en", "prompts": ["own"], "title": "T"}},
            "suites": {"few": {"items": ["mine/own"], "lengths": "1k", "repeats": 2, "of_classic": 0.5}},
        },
    ),
    "models": (
        ModelsFile,
        {
            "providers": {"own": {"base_url": "http://x/v1", "extra_body": {"top_k": 1}, "headers": {"a": "b"}}},
            "models": {
                "m": {
                    "provider": "own",
                    "window": 1000,
                    "prices": [{"input": 1, "output": 2.5}],
                    "prices_as_of": "2026-01",
                    "batch": {"price": 0.5, "as_of": "2026-01-02"},
                }
            },
        },
    ),
    "corpus": (
        CorpusFile,
        {
            "name": "own",
            "language": "en",
            "title": "T",
            "licence": "CC0",
            "source": {"kind": "url", "files": [{"name": "a.txt", "url": "https://x/a.txt", "sha256": "0" * 64}]},
            "clean": ["x"],
            "caveat": "c",
        },
    ),
}  # fmt: skip


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*here, key))


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(value[place[0]], place[1:], new)
    return copy


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_schema_and_the_model_agree_on_any_value_anywhere(name: str, data: st.DataObject) -> None:
    model, sound = SOUND[name]
    model.model_validate(sound)
    value = changed(sound, data.draw(st.sampled_from([*places(sound)][1:])), data.draw(VALUES))
    try:
        model.model_validate(value)
        taken = True
    except ValidationError:
        taken = False
    if taken != VALIDATORS[name].is_valid(value):
        # Rules that join keys stand behind the model: there the schema says more than it.
        assert taken and refused_behind(name, value)


def refused_behind(name: str, value: Any) -> bool:
    from nihbench.catalog.document import Document, Sourced
    from nihbench.catalog.lookup import Broken
    from nihbench.catalog.needles import make_needle, make_presets, make_prompt

    document = Document(path=Path("x.yaml"), data=value, lines={(): 1}, written={})
    model = SOUND[name][0].model_validate(value)
    broken: Broken = {}
    if isinstance(model, ModelsFile):
        make_presets([Sourced(value=model, document=document, where=())], broken)
        return bool(broken)
    assert isinstance(model, NeedlesFile)
    for section, make in (("needles", make_needle), ("prompts", make_prompt)):
        for key, entry in (getattr(model, section) or {}).items():
            try:
                make(Sourced(value=entry, document=document, where=(section, key)))  # type: ignore[operator]
            except CatalogError:
                return True
    unlike = [(e.needle is None) == (e.task in (None, "needle")) for e in (model.experiments or {}).values()]
    items = [item for suite in (model.suites or {}).values() for item in suite.items]
    return any(unlike) or any("/" not in item.strip("/") for item in items)


def test_there_is_no_schema_of_another_name() -> None:
    with pytest.raises(UsageError):
        schema_of("needle")
