"""A scripted model behind a real socket, and two ways to run `nih`: as a process of its own, and in this one."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from nihbench.cli.app import app, main
from nihbench.cli.door import Entry, Unloaded
from nihbench.lang.messages import language
from nihbench.types import Tokenizer
from tests.cli.nursery import SOURCE as SOURCE
from tests.cli.nursery import started
from tests.serving import Answering, Serving
from tests.wording import says, wording

# A PNG of one dot.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
ANSWERS = (
    "Eat a sandwich and sit in Dolores Park on a sunny day.",
    "You could eat a sandwich in Dolores Park.",
    "Ride a cable car to the Golden Gate Bridge.",
    "The document does not say.\n\r\x1b[31m在五道营胡同喝咖啡。",
)


@dataclass(frozen=True)
class Asked:
    """A chat request as it came: its headers and its body's bytes."""

    headers: dict[str, str]
    body: bytes

    @property
    def messages(self) -> Any:
        return json.loads(self.body)["messages"]

    @property
    def sha256(self) -> str:
        """The hash as a placement has it, made of the bytes that were sent."""
        import hashlib

        compact = json.dumps(self.messages, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(compact.encode()).hexdigest()


@dataclass
class ChatModel(Serving):
    """An OpenAI-compatible server; every prompt has its answer for good, unless `say` or `fail` says otherwise.

    `fail` maps the number of a request (from 1) to a status and an error body. From request number `hold_from` on
    none is answered until `release` is set. `arrived` is told of every request, before its answer.
    `share` of the tokens are said to have been read. `owner` owns the model in its list, `lists` are what it tells at
    other addresses; `looked` has what was asked for without a prompt.
    """

    count: Callable[[str], int]
    say: Callable[[str], str] = field(default=lambda text: ANSWERS[zlib.crc32(text.encode()) % len(ANSWERS)])
    fail: dict[int, tuple[int, Any]] = field(default_factory=dict)
    share: float = 1.0
    owner: str = "test"
    lists: dict[str, Any] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)
    delay_s: float = 0.0
    hold_from: int | None = None
    release: threading.Event = field(default_factory=threading.Event)
    asked: list[Asked] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.serve(_handler(self))

    def wait_for(self, requests: int, timeout_s: float = 600.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.asked) >= requests, timeout_s), "the request did not come"

    def close(self) -> None:
        self.release.set()
        super().close()

    def take(self, asked: Asked) -> tuple[int, Any]:
        with self.arrived:
            self.asked.append(asked)
            turn = len(self.asked)
            self.arrived.notify_all()
        if self.hold_from is not None and turn >= self.hold_from:
            self.release.wait(600)
        time.sleep(self.delay_s)
        if turn in self.fail:
            return self.fail[turn]
        contents = [message["content"] for message in asked.messages]
        tokens = round(self.share * (sum(self.count(text) + 4 for text in contents) + 3))
        text = self.say("\n".join(contents))
        return 200, {
            "model": "x-2026",
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": tokens, "completion_tokens": self.count(text)},
        }


def _handler(owner: ChatModel) -> type[Answering]:
    class Handler(Answering):
        def do_GET(self) -> None:
            owner.looked.append(self.path)
            lists = {"/v1/models": {"data": [{"id": "x", "owned_by": owner.owner}]}} | owner.lists
            self._reply(200 if self.path in lists else 404, lists.get(self.path, {}))

        def do_POST(self) -> None:
            body = self.body()
            if body is not None:
                self._reply(*owner.take(Asked(dict(self.headers), body)))

        def _reply(self, status: int, value: Any) -> None:
            self.answer(status, json.dumps(value, ensure_ascii=False).encode())

    return Handler


@pytest.fixture
def chat(named_tokenizer: Callable[[str], Tokenizer]) -> Iterator[ChatModel]:
    """A scripted model that counts as the client does, in cl100k_base."""
    model = ChatModel(count=named_tokenizer("cl100k_base").count)
    yield model
    model.close()


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def error(self) -> str:
        """The one line of an error, after whatever else was noted, and nothing on stdout."""
        lines = self.err.splitlines()
        wrong = [line for line in lines if line.startswith("nih: ")]
        assert len(wrong) == 1 and wrong[0] == lines[-1], self.err
        assert "Traceback" not in self.err and self.out == ""
        return wrong[0]


def _sketch(patch: pytest.MonkeyPatch) -> None:
    """Let a run's own picture be of one dot, for drawing it takes a third of a small run.

    Its panel, title and caption are made as ever, and the file is written by the same code.
    """
    from nihbench import figures
    from nihbench.app import drawing
    from nihbench.figures.page import write_picture

    for module in (figures, drawing):
        # By its dictionary: to ask for what is there would import matplotlib.
        patch.setitem(vars(module), "draw_panel", lambda panel, around, style: None)
        patch.setitem(vars(module), "save", lambda figure, path, dpi: write_picture(path, DOT))


_real_command, _real_load = typer.main.get_command, Unloaded.load


@cache
def _command(app: typer.Typer, language: str) -> Any:
    return _real_command(app)


@cache
def _load(entry: Entry, language: str) -> Any:
    return _real_load(Unloaded(entry))


def _keep_parsers(patch: pytest.MonkeyPatch) -> None:
    """Let the parser of the command line be built once a language: it is the same every time, and a tenth of a run."""
    patch.setattr(
        typer.main, "get_command", lambda made: _command(made, language()) if made is app else _real_command(made)
    )
    patch.setattr(Unloaded, "load", lambda unloaded: _load(unloaded.entry, language()))


@dataclass(frozen=True)
class Nih:
    """Runs `nih` in the folder `folder`, where nothing of the machine's own settings is seen.

    In this process, only `nih plot` draws truly, and where a run's picture is looked at, `nih.drawing("run", ...)`.
    """

    folder: Path
    environment: dict[str, str]
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[bytes]
    draws: bool = False
    is_fresh: bool = False

    @property
    def fresh(self) -> Nih:
        """The same, with every process an interpreter that has imported nothing yet."""
        return replace(self, is_fresh=True)

    @property
    def drawing(self) -> Nih:
        """The same, with every picture drawn truly."""
        return replace(self, draws=True)

    def __call__(self, *arguments: object) -> Ended:
        """Run a command in this process, through the same entry point."""
        self.capture.readouterr()
        with self.monkeypatch.context() as patch, pytest.raises(SystemExit) as exit_:
            if not self.draws and "plot" not in arguments:
                _sketch(patch)
            _keep_parsers(patch)
            patch.chdir(self.folder)
            for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MOONSHOT_API_KEY"):
                patch.delenv(name, raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            main([str(argument) for argument in arguments])
        out, err = self.capture.readouterr()
        assert isinstance(exit_.value.code, int)
        return Ended(exit_.value.code, out.decode(), err.decode())

    def start(
        self, *arguments: object, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a command as a process of its own."""
        words = [str(argument) for argument in arguments]
        return started(words, self.folder, self.environment | environment, stdout, stderr, fresh=self.is_fresh)

    def process(self, *arguments: object, **environment: str) -> Ended:
        """Run a command as a process of its own to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=600)
        return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
def nih(
    tmp_path: Path,
    own_cache: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Nih:
    """Runs `nih` in an empty folder."""
    own = {"NO_COLOR": "1", "COLUMNS": "100", "NIH_KEYS_FILE": str(tmp_path / "keys")}
    own["NIH_KNOWN_FILE"] = str(tmp_path / "known.json")
    return Nih(tmp_path, own_cache | own, monkeypatch, capsysbinary)


@pytest.fixture
def small(chat: ChatModel, own_texts: dict[str, Path]) -> list[object]:
    """The options of a small English run against the scripted model: 2 lengths by 3 depths."""
    return [
        *("--model", "x", "--base-url", chat.base_url, "--length-unit", "cl100k_base", "--window", 8000),
        *("--no-preflight", "--no-controls"),
        *("--corpus", own_texts["en"], "--lengths", "300,600", "--depths", "0,50,100"),
    ]


@pytest.fixture
def records_of() -> Callable[[Path], dict[str, Any]]:
    """Return a function from a run's folder to its records by id, without what differs from one time to the next."""

    def read(folder: Path) -> dict[str, Any]:
        lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            record.pop("started_at")
            for kind in {"completion", "failure"} & record.keys():
                record[kind].pop("latency_s")
                for sending in (record[kind], *record[kind].get("earlier", ())):
                    sending.pop("entry", None)  # its line in the ledger
        assert len({record["id"] for record in records}) == len(records), "a trial has two records"
        return {record["id"]: record for record in records}

    return read


def shown_spent(text: str) -> float:
    """Return the dollars that a run said at its end it spent in all."""
    ends = [found[0] for key in ("cli.spent_planned", "cli.spent_all_trials_part") if (found := last(text, key))]
    return float(re.findall(r"\$([\d.]+)", ends[-1])[0])


def last(text: str, key: str) -> list[str]:
    """Return a sentence as it was said last, as a list of one, or of none."""
    return [found[0] for found in re.finditer(wording(key), text)][-1:]


def told_spent(text: str, usd: float) -> bool:
    """Say whether a run said at its end that it spent so many dollars in all."""
    planned = says(text, "cli.spent_planned", now=f"${usd:.4f}")
    return planned or says(text, "cli.spent_all_trials_part", whole=usd)
