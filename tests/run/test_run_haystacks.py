"""The haystacks of a run's repeats: stored, kept when it is resumed, and as independent as run.json says."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nihbench.catalog.loading import load
from nihbench.endpoint.access import open_model
from nihbench.errors import UsageError
from nihbench.fetch.files import silent
from nihbench.lang.messages import Note
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.run.setup import Begun, Setup
from nihbench.run.store import manifest
from nihbench.run.stored import Manifest, stored_options
from nihbench.stats.overlap import ONE_TEXT
from nihbench.text.source import sentence_start
from nihbench.types import Corpus, ModelPreset
from tests.wording import says, wording

MakeSetup = Callable[..., Setup]
CORPORA = (
    "paul-graham-en",
    "python-reference-en",
    "tech-weekly-zh",
    "three-kingdoms-zh",
    "journey-to-the-west-zh",
    "english-novels-en",
)
WINDOW = 80


def windows(text: str) -> NDArray[np.uint64]:
    """Every stretch of 80 characters, by its hash: what two texts share of these they have in common.

    Of a long text every sixteenth, by the hash: of two texts the same.
    """
    letters = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    # Of 80 letters by those of 64 and 16, of 64 by those of 32 and 32, and so on: a polynomial modulo 2**64.
    made, base = {1: letters}, 0x9E3779B97F4A7C15
    for size in (1, 2, 4, 8, 16, 32):
        made[2 * size] = made[size][:-size] * np.uint64(pow(base, size, 2**64)) + made[size][size:]
    hashes = made[64][:-16] * np.uint64(pow(base, 16, 2**64)) + made[16][64:]
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.unique(mixed if len(text) < 200_000 else mixed[mixed >> np.uint64(60) == 0])


def prepared(tmp_path: Path, known: Begun | None = None, **options: object) -> Setup:
    chosen = RunOptions(
        **{"model": "x", "length_unit": "cl100k_base", "window": 200_000, "depths": "50:50:1"} | options
    )
    model = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1")
    with open_model(model, key=None, headers={}, ask_server=False) as reached:
        return outline_of(chosen, load(), reached, folder=tmp_path, report=silent, begun=known).laid_out()


def texts_of(setup: Setup, length: int) -> Iterator[str]:
    """What is sent over the haystacks of all repeats at a length, without the needle; a question is of no account."""
    trial = next(trial for trial in setup.grid if trial.length == length)
    for repeat in range(setup.options.repeats):
        messages, _ = setup.build(replace(trial, repeat=repeat))
        yield "".join(message.content for message in messages).replace(setup.needle.statements[0], "")


@pytest.mark.parametrize("name", CORPORA)
def test_stored_overlaps_are_those_of_windows_counted_in_the_prompts(
    name: str, fetched_corpus: Callable[[str], Corpus], tmp_path: Path
) -> None:
    """Within two points, with 2, 3, 5 and 10 repeats at 8K, 32K and 128K: the first begin alike with any number."""
    language = fetched_corpus(name).language
    experiment = "sf-sandwich" if language == "en" else "beijing-coffee"
    for longest in (8_000, 32_000, 128_000):
        if longest > 100_000 and name == "python-reference-en":
            longest = 100_000  # it has no 128K
        options = {"corpus": name, "experiment": experiment, "lengths": f"{longest}:{longest}:1"}
        whole = prepared(tmp_path, repeats=10, **options)
        told = manifest(whole, "")["haystacks"]["overlaps"][0]
        assert told["length"] == longest
        stored = {(one, other): share for one, other, share in told["pairs"]}
        texts = [windows(text) for text in texts_of(whole, longest)]
        assert set(stored) == set(combinations(range(10), 2))
        for (one, other), share in stored.items():
            common = len(np.intersect1d(texts[one], texts[other], assume_unique=True))
            counted = common / min(len(texts[one]), len(texts[other]))
            assert share == pytest.approx(counted, abs=0.02), (longest, one, other)
        for repeats in (2, 3, 5):
            fewer = manifest(prepared(tmp_path, repeats=repeats, **options), "")["haystacks"]
            pairs = {(one, other): share for one, other, share in fewer["overlaps"][0]["pairs"]}
            assert pairs == {pair: stored[pair] for pair in combinations(range(repeats), 2)}
            apart = range(min(repeats, fewer["layout"]["strata"]))
            if name == "python-reference-en":  # it repeats itself by two fifths: a pair that counts as two is to be had
                assert longest > 32_000 or pairs[0, 1] <= ONE_TEXT
            else:
                assert all(pairs[pair] < 0.02 for pair in combinations(apart, 2))


def resumed(setup: Setup, content: dict[str, object], tmp_path: Path) -> Setup:
    """The setup as it is made again from what run.json says."""
    known = Manifest.of(content)
    options = stored_options(known.beginning, {})
    model = ModelPreset(name="x", model="x", base_url="http://127.0.0.1:9/v1")
    with open_model(model, key=None, headers={}, ask_server=False) as reached:
        return outline_of(options, load(), reached, folder=tmp_path, report=silent, begun=known.begun).laid_out()


def ids(setup: Setup) -> list[str]:
    return [setup.trial_id(trial) for trial in setup.trials]


def content_of(setup: Setup) -> dict[str, object]:
    content: dict[str, object] = json.loads(json.dumps(manifest(setup, "")))
    return content


def test_a_resumed_run_has_the_haystacks_that_it_began_with(make_setup: MakeSetup, tmp_path: Path) -> None:
    setup = make_setup(repeats=3, experiment="magic-number")
    content = content_of(setup)
    again = resumed(setup, content, tmp_path)
    assert ids(again) == ids(setup) and content_of(again)["haystacks"] == content["haystacks"]
    # What the file says counts, whatever the rule would say today; a further repeat has its own.
    content["haystacks"]["starts"] = [0, *content["haystacks"]["starts"][:0:-1]]  # type: ignore[index]
    turned = resumed(setup, content, tmp_path)
    assert [turned.start_of(n) for n in range(4)] == [setup.start_of(n) for n in (0, 2, 1, 3)]
    assert len(set(ids(turned)) & set(ids(setup))) == len(ids(setup)) / 3


def test_an_older_run_keeps_its_haystacks_numbers_and_ids(make_setup: MakeSetup, tmp_path: Path) -> None:
    """Run.json without `haystacks`: repeats begin at independent draws, and share their number unless told not to."""
    setup = make_setup(repeats=3, experiment="magic-number")
    content = content_of(setup)
    del content["haystacks"]
    before = resumed(setup, content, tmp_path)
    text, boundaries = before.corpus.text, before.text.boundaries
    places = [random.Random(f"0:{n}:{before.corpus.sha256}").randrange(len(text)) for n in (1, 2)]
    assert [before.start_of(n) for n in range(3)] == [0, *(sentence_start(text, boundaries, at) for at in places)]
    assert content_of(before)["haystacks"]["layout"] is None  # type: ignore[index]

    def numbers(made: Setup) -> list[set[str]]:
        cell = made.grid[0]
        return [{made.planted(replace(cell, repeat=n)).fresh["number"] for n in range(3)}]

    assert [len(drawn) for drawn in numbers(before)] == [1] and [len(drawn) for drawn in numbers(setup)] == [3]
    old, new = (dict(zip(((t.length, t.depth_percent, t.repeat) for t in s.trials), ids(s), strict=True))
                for s in (before, setup))  # fmt: skip
    assert all((old[cell] == new[cell]) == (cell[2] == 0) for cell in old)
    # By the recipe that ids were made with then: nothing of the start, and `vary` by its older name.
    content["options"]["vary"] = ["temperature"]  # type: ignore[index]
    sampled = resumed(setup, content, tmp_path)
    assert sampled.options.vary == ("sampling",) and {sampled.start_of(n) for n in range(3)} == {0}
    assert set(ids(sampled)) & set(ids(before)) == {old[cell] for cell in old if cell[2] == 0}


def test_ids_of_older_runs_are_what_they_were(make_setup: MakeSetup, tmp_path: Path) -> None:
    """Hashes of the older recipe, written out here."""
    setup = make_setup(repeats=2)
    for vary in (["haystack"], ["temperature"], ["haystack", "temperature"]):
        content = content_of(setup)
        del content["haystacks"]
        content["options"]["vary"] = vary  # type: ignore[index]
        again = resumed(setup, content, tmp_path)
        trial = next(trial for trial in again.grid if trial.repeat == 1)
        place = {
            "prompt": [[m.role, m.content] for m in again.prompts[trial.prompt].messages],
            "question": again.needle.question_for(trial.prompt),
            "overhead": again.overheads[trial.prompt],
            "length": trial.length,
            "depth_percent": trial.depth_percent,
            "repeat": 1,
            "control": None,
        } | ({} if vary == ["haystack"] else {"vary": sorted(vary)})
        whole = json.dumps(again.identity() | place, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert again.trial_id(trial) == hashlib.sha256(whole.encode()).hexdigest()[:16]


def test_another_beginning_is_another_trial(make_setup: MakeSetup) -> None:
    """Other longest lengths part the corpus otherwise, and so repeats begin elsewhere; the first one never does."""
    one, other = (make_setup(repeats=2, lengths=lengths) for lengths in ("300,420", "300,900"))
    assert one.start_of(1) != other.start_of(1)

    def of(setup: Setup, repeat: int) -> set[str]:
        return {setup.trial_id(t) for t in setup.grid if t.repeat == repeat and t.length == 300}

    assert of(one, 0) == of(other, 0) and not of(one, 1) & of(other, 1)


ABOUT_HAYSTACKS = {"one_haystack", "haystacks_apart", "haystacks_mostly_apart", "haystacks_overlap", "rooms"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeats": 1}, []),
        ({"repeats": 3}, [("haystacks_apart", {"count": 3})]),
        ({"repeats": 2, "vary": ("needle",), "experiment": "magic-number"}, [("one_haystack", {})]),
        (
            {"repeats": 2, "lengths": "300,1800"},
            [
                ("haystacks_overlap", {"length": 1800, "texts": 1, "count": 2, "one": 1, "other": 2}),
                ("rooms", {"length": 1800}),
            ],
        ),
        (
            {"repeats": 2, "lengths": "300,4000", "repeat_corpus": True},
            [
                ("haystacks_overlap", {"length": 4000, "texts": 1, "count": 2, "one": 1, "other": 2, "share": 1.0}),
                ("rooms", {"length": 4000}),
            ],
        ),
    ],
)
def test_what_haystacks_share_is_said(
    make_setup: MakeSetup, options: dict[str, object], said: list[tuple[str, dict[str, float]]]
) -> None:
    notes = [note for note in make_setup(**options).notes if isinstance(note, Note) and note.code in ABOUT_HAYSTACKS]
    assert [note.code for note in notes] == [code for code, _ in said]
    for note, (code, fields) in zip(notes, said, strict=True):
        assert says(note, f"note.{code}", **fields)


def test_a_packaged_corpus_with_room_is_named(make_setup: MakeSetup) -> None:
    """By what corpora/*.yaml say of their lengths: 1,686,452 tokens of the novels hold 421 haystacks of 4,000."""
    notes = make_setup(repeats=2, lengths="300,1800").notes
    (note,) = [str(note) for note in notes if isinstance(note, Note) and note.code == "rooms"]
    tokens = load().corpora["english-novels-en"].approximate_tokens
    assert tokens is not None and f"english-novels-en {tokens // 1800:,}" in note and "-zh" not in note


def test_repeats_that_would_vary_nothing_are_refused(make_setup: MakeSetup, tmp_path: Path) -> None:
    same = {"repeats": 2, "vary": ("sampling",)}
    with pytest.raises(UsageError, match=wording("run.vary_sampling_asks_same")):
        make_setup(**same)
    assert make_setup(**same, temperature="0.7").varied == ("sampling",)
    assert make_setup(**same, temperature="none") and make_setup(repeats=1, vary=("sampling",))
    assert make_setup(**same, experiment="magic-number").varied == ("sampling", "needle")
    with pytest.raises(UsageError, match=wording("run.vary_temperature_vary_sampling")):
        make_setup(repeats=2, vary=("temperature",))
    content = content_of(make_setup(**same, temperature="0.7"))
    content["options"]["temperature"] = None  # type: ignore[index]
    del content["haystacks"]  # an older run that did so goes on
    assert resumed(make_setup(), content, tmp_path).request.temperature == 0.0
