"""The real model at the end of the chain: what was planned is what llama.cpp counts, in English and in Chinese."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nihbench.catalog.loading import load
from nihbench.endpoint.access import ModelAccess, open_model
from nihbench.fetch.files import silent
from nihbench.local.server import LocalServer
from nihbench.run.options import RunOptions
from nihbench.run.resolve import outline_of
from nihbench.types import Corpus, ModelPreset
from tests.wording import says

pytestmark = pytest.mark.real

SOURCE = Path(__file__).parents[2] / "src"
CORPORA = {"en": "paul-graham-en", "zh": "three-kingdoms-zh"}
LENGTHS, DEPTHS = "300,1k,2500,5k,7892", "0,13,50,87,100"


def test_one_command_with_the_embedded_model(
    tmp_path: Path, embedded_model: Path, fetched_corpus: Callable[[str], Corpus]
) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    corpus = fetched_corpus(CORPORA["en"])
    command = "run --model smollm2-135m --lengths 300,400 --depths 0,100 --max-output 24 --out run".split()
    ended = subprocess.run(
        [sys.executable, "-c", "from nihbench.cli.app import main; main()", *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    assert "sf-sandwich" in ended.stdout
    lines = (tmp_path / "run" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    every = [json.loads(line) for line in lines]
    records = [record for record in every if record["trial"]["control"] is None]
    kinds = Counter(record["trial"]["control"] for record in every)
    assert kinds == {None: 4, "oracle": 10, "closed_book": 3, "no_needle": 2}
    cells = {(record["trial"]["length"], record["trial"]["depth_percent"]) for record in records}
    assert len(records) == 4 and cells == {(300, 0), (300, 100), (400, 0), (400, 100)}
    for record in records:
        total = record["placement"]["total_tokens"]
        assert record["completion"]["usage"]["prompt_tokens"] == total
        assert 0 <= record["trial"]["length"] - total <= 8
        assert record["completion"]["text"].strip()
    content = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert content["length_unit"]["counted_by_model"] is True
    assert content["corpus"]["sha256"] == corpus.sha256
    assert content["model"]["base_url"] is None
    assert (tmp_path / "run" / "heatmap.png").stat().st_size > 10_000


def test_a_doctor_of_the_embedded_model(
    tmp_path: Path, embedded_model: Path, fetched_corpus: Callable[[str], Corpus]
) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    fetched_corpus(CORPORA["en"])
    command = "doctor --model smollm2-135m --canary 400 --price 1,2 --max-cost 0.01 --json".split()
    ended = subprocess.run(
        [sys.executable, "-c", "from nihbench.cli.app import main; main()", *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["usable"], found["streamed"], found["cached_tokens_reported"]) == (True, True, True)
    assert found["known_text"]["server"] == found["known_text"]["counting"]
    assert found["window_source"] == "the server" and found["default_sweep"]["trials"] == 225
    canary = found["canary"]
    assert abs(canary["prompt_tokens"] - canary["expected_tokens"]) < 40
    assert found["spent"]["prompt_tokens"] == canary["prompt_tokens"] + found["known_text"]["server"]


@pytest.mark.skipif(sys.platform != "linux", reason="children are listed in Linux's /proc")
def test_sigterm_takes_the_embedded_server_along(
    tmp_path: Path, embedded_model: Path, fetched_corpus: Callable[[str], Corpus]
) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    fetched_corpus(CORPORA["en"])
    command = "run --model smollm2-135m --lengths 4k,7k --depths 5 --out run".split()
    process = subprocess.Popen(
        [sys.executable, "-c", "from nihbench.cli.app import main; main()", *command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None and process.stdout is not None
    try:
        line = b""
        while not says(line.decode(), "cli.run_folder"):
            line = process.stderr.readline()
            assert line, "the run ended before it began"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        assert len(children) == 1
        process.terminate()
        assert process.wait(timeout=600) == 143
    finally:
        process.kill()
        process.communicate()
    assert not Path(f"/proc/{children[0]}").exists()


@pytest.fixture(scope="module")
def reached(local_server: LocalServer) -> Iterator[ModelAccess]:
    preset = ModelPreset(name="smollm2-135m", model=local_server.alias, base_url=local_server.base_url)
    with open_model(preset, key=None, headers={}, ask_server=True) as model:
        yield model


CATALOG = load()
NEEDLES, PROMPTS = tuple(CATALOG.needles), tuple(CATALOG.prompts)
FIRST = {needle.language: needle.name for needle in reversed(CATALOG.needles.values())}
# Every prompt with one needle of each language, and every needle with one prompt: what a prompt adds is the same for
# all needles of a language, and what a needle adds for all prompts.
PAIRS = sorted(
    {(FIRST[language], prompt) for language in CORPORA for prompt in PROMPTS}
    | {(needle, PROMPTS[number % len(PROMPTS)]) for number, needle in enumerate(NEEDLES)}
)


@pytest.mark.parametrize(("needle", "prompt"), PAIRS)
def test_the_servers_own_count_of_every_prompt(
    reached: ModelAccess, fetched_corpus: Callable[[str], Corpus], tmp_path: Path, needle: str, prompt: str
) -> None:
    corpus = fetched_corpus(CORPORA[CATALOG.needles[needle].language])
    options = RunOptions(
        model="smollm2-135m", experiment=needle, prompts=(prompt,), corpus=corpus.name, lengths=LENGTHS, depths=DEPTHS
    )
    setup = outline_of(options, CATALOG, reached, folder=tmp_path, report=silent).laid_out()
    assert sum(1 + len(trial.also_depths) for trial in setup.trials) == 25
    server = reached.server_tokenizer
    assert server is not None
    for trial in setup.trials:
        messages, place = setup.build(trial)
        assert server.count_messages(messages) == place.total_tokens, trial
        assert 0 <= trial.length - place.total_tokens <= 8, trial
        nominal = trial.depth_percent / 100 * place.haystack_tokens
        assert abs(place.needle_token - nominal) <= place.sentence_tokens / 2, trial
        text = "\n".join(message.content for message in messages)
        assert text.count(setup.planted(trial).texts[0]) == 1
        assert "\ufffd" not in text
