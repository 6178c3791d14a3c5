"""What `import nihbench` offers, over a real socket: the same runs as the command line's, told by events."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import nihbench as nih
from tests.cli.conftest import SOURCE, ChatModel
from tests.wording import wording

REFERENCE = Path(__file__).parents[2] / "results" / "reference-smollm2-135m"
HEAVY = "typer click rich httpx pandas matplotlib numpy pydantic tiktoken yaml asyncio".split()


def imported(code: str) -> set[str]:
    show = f"import sys; {code}; print(*[name for name in {HEAVY} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", show],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(SOURCE), "PATH": "", "HOME": "/"},
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


@pytest.mark.slow
def test_the_package_is_light_and_what_it_offers_needs_no_terminal() -> None:
    assert imported("import nihbench") == set()
    found = imported("import nihbench; [getattr(nihbench, name) for name in nihbench.__all__]")
    assert not {"typer", "matplotlib", "pandas"} & found and "pydantic" in found  # httpx brings rich and click


def test_functions_keep_their_names_beside_rooms_of_the_same_name() -> None:
    from nihbench import plan, run

    assert (nih.run, nih.plan) == (run, plan) and callable(run) and callable(plan)
    assert sys.modules["nihbench.run.options"].RunOptions and {*nih.__all__} <= {*dir(nih)}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nih.nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.usefixtures("sketched")
def test_a_run_is_the_command_lines_and_can_be_read(
    here: Path, chat: ChatModel, small: nih.Keywords, records_of: Callable[[Path], dict[str, Any]], capfd: Any
) -> None:
    from nihbench.cli.app import main

    told: list[nih.Event] = []
    run = nih.run(**small, out="python", agree=True, on_event=told.append)
    assert capfd.readouterr() == ("", "")
    words = [
        *("--model", "x", "--base-url", chat.base_url, "--corpus", str(small["corpus"]), "--window", "8000"),
        *("--length-unit", "cl100k_base", "--no-preflight", "--no-controls", "--lengths", "300t,600t"),
        *("--depths", "0,50,100", "--out", "command"),
    ]
    with pytest.raises(SystemExit) as ended:
        main(["run", *words])
    assert ended.value.code == 0
    assert records_of(here / "python") == records_of(here / "command")
    assert {file.name for file in (here / "python").iterdir()} == {file.name for file in (here / "command").iterdir()}

    kinds = [type(event).__name__ for event in told]
    assert kinds.count("TrialDone") == 6 and kinds.index("PartBegan") < kinds.index("TrialDone") < kinds.index("Spent")
    assert kinds.index("Spent") < kinds.index("Measured") < kinds.index("Drawn")
    done = [event for event in told if isinstance(event, nih.TrialDone)]
    assert [(event.done, event.total) for event in done] == [(number, 6) for number in range(1, 7)]
    assert str(done[0]).startswith("1/6 original ") and len(str(done[0]).splitlines()) == 1

    scores = {
        (record.trial.depth_percent, record.trial.length): run.grades[key].value  # type: ignore[union-attr]
        for key, record in run.records.items()
    }
    grid = run.grid("score")
    assert grid.shape == (3, 2) and grid.index.name == "depth_percent" and grid.columns.name == "length"
    assert {(d, n): grid.loc[d, n] for d in grid.index for n in grid.columns} == scores
    assert run.grid("found").to_numpy().mean() == run.summary.found.value == run.frame()["found"].mean()
    assert run.grid("strict").to_numpy().mean() == run.summary.strict.value
    assert run.grid("measured").to_numpy().tolist() == [[1, 1]] * 3 and run.grid("owed").to_numpy().sum() == 0
    assert run.is_whole and (run.owed, run.failures) == (0, {}) and run.summary.planned == 6
    with pytest.raises(
        nih.UsageError, match=wording("app.no_such_metric", metric="'beauty'", known=re.compile("score, found"))
    ):
        run.grid("beauty")  # type: ignore[arg-type]
    with pytest.raises(nih.UsageError, match=wording("app.choose_sweep")):
        run.grid(model="y")
    assert nih.resume(run, agree=True).is_whole and len(chat.asked) == 12


def test_what_costs_money_is_refused_unless_somebody_agrees(here: Path, chat: ChatModel, small: nih.Keywords) -> None:
    with pytest.raises(nih.UsageError, match=r"6 trials .*agree=True.*max_cost=") as refused:
        nih.run(**small)
    assert len(str(refused.value).splitlines()) == 1
    bills: list[nih.Bill] = []
    with pytest.raises(nih.UsageError, match=wording("app.not_agreed")):
        nih.run(**small, price=(1, 2), agree=lambda bill: bool(bills.append(bill)))
    (bill,) = bills
    assert bill.most_usd is not None and Decimal(0) < bill.most_usd < 1 and "6" in str(bill)
    assert chat.asked == [] and not (here / "results").exists()
    for more in ({"agree": lambda bill: True}, {"max_cost": 5.0}):
        nih.run(**{**small, "price": (1, 2), **more}, out=str(len(chat.asked)))
    assert len(chat.asked) == 12
    # What costs nothing is asked of nobody.
    nih.run(**{**small, "price": "0,0"}, out="free")
    assert len(chat.asked) == 18


@pytest.mark.usefixtures("sketched")
def test_a_spending_cap_stops_a_run_that_can_be_resumed(here: Path, chat: ChatModel, small: nih.Keywords) -> None:
    with pytest.raises(nih.StoppedError) as stopped:
        nih.run(**small, price=(1000, 1000), max_cost=1.5, out="capped")
    assert stopped.value.folder == Path("capped") and 0 < len(chat.asked) < 6
    part = nih.load_run("capped")
    assert part.owed == 6 - len(chat.asked) and not part.is_whole
    assert nih.resume("capped", max_cost=20, price="1000,1000").is_whole and len(chat.asked) == 6


@pytest.mark.usefixtures("sketched")
def test_no_event_shows_a_secret(here: Path, chat: ChatModel, small: nih.Keywords, monkeypatch: Any) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret-1")
    told: list[nih.Event] = []
    bills: list[nih.Bill] = []
    user = chat.base_url.replace("http://", "http://me:secret-2@")
    run = nih.run(
        **{**small, "base_url": user},
        api_key_env="SOME_KEY",
        header={"X-Team": "secret-3"},
        extra_body={"api_key": "secret-4"},
        agree=lambda bill: bills.append(bill) is None,
        on_event=told.append,
        out="run",
    )
    assert chat.asked[0].headers["X-Team"] == "secret-3" and b"secret-4" in chat.asked[0].body
    shown = "".join([*map(repr, told), *map(str, told), *map(repr, bills), *map(str, bills), repr(run)])
    assert len(told) > 8 and bills and "secret" not in shown


@pytest.mark.usefixtures("sketched")
def test_a_notebooks_loop_is_no_hindrance(here: Path, chat: ChatModel, small: nih.Keywords) -> None:
    async def cell() -> tuple[nih.Run, nih.Run, set[int], int]:
        threads: set[int] = set()
        waiting = nih.run(**small, agree=True, out="sync", on_event=lambda event: threads.add(threading.get_ident()))
        ticks, ended = 0, asyncio.Event()

        async def tick() -> None:
            nonlocal ticks
            while not ended.is_set():
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        hear = lambda event: (threads.add(threading.get_ident()), asyncio.get_running_loop())  # noqa: E731
        free = await nih.arun(**small, agree=True, out="async", on_event=hear)
        ended.set()
        await ticking
        return waiting, free, threads, ticks

    waiting, free, threads, ticks = asyncio.run(cell())
    assert waiting.is_whole and free.is_whole and threads == {threading.get_ident()} and ticks > 20
    assert waiting.grid().equals(free.grid())


@pytest.mark.usefixtures("sketched")
def test_a_run_that_is_cancelled_or_whose_hearer_fails_can_be_resumed(
    here: Path, chat: ChatModel, small: nih.Keywords
) -> None:
    async def cell() -> None:
        chat.hold_from = 3
        running = asyncio.create_task(nih.arun(**small, concurrency=1, agree=True, out="run"))
        await asyncio.to_thread(chat.wait_for, 3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        chat.release.set()
        chat.hold_from = None
        assert (await nih.aresume("run", agree=True)).is_whole

    asyncio.run(cell())
    assert len({request.sha256 for request in chat.asked}) == 6 and len(chat.asked) == 7

    def fail(event: nih.Event) -> None:
        if isinstance(event, nih.TrialDone) and event.done == 2:
            raise RuntimeError("a mistake of the user's")

    with pytest.raises(RuntimeError, match="a mistake of the user's"):
        nih.run(**small, agree=True, out="failed", on_event=fail)
    with pytest.raises(RuntimeError, match="a mistake of the user's"):
        asyncio.run(nih.arun(**small, agree=True, out="other", on_event=fail))
    assert nih.resume("failed", agree=True).is_whole and nih.resume("other", agree=True).is_whole


@pytest.mark.usefixtures("sketched")
def test_ctrl_c_is_ctrl_c_and_says_how_to_go_on_in_a_notebook_too(
    here: Path, chat: ChatModel, small: nih.Keywords
) -> None:
    def interrupt(event: nih.Event) -> None:
        if isinstance(event, nih.TrialDone) and event.done == 2:
            signal.raise_signal(signal.SIGINT)

    async def cell(out: str) -> None:
        # As a kernel of a notebook does: by an exception amid whatever its main thread does.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nih.run(**small, concurrency=1, agree=True, out=out, on_event=interrupt)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt, match="--resume script"):
        nih.run(**small, concurrency=1, agree=True, out="script", on_event=interrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt, match="--resume cell"):
        asyncio.run(cell("cell"))
    signal.signal(signal.SIGINT, before)
    assert not [t for t in threading.enumerate() if t.name == "nihbench"]
    for out in ("script", "cell"):
        assert 0 < nih.load_run(out).owed < 6 and nih.resume(out, agree=True).is_whole


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_raised_where_events_are_heard_ends_a_run_as_ctrl_c_does(
    here: Path,
    chat: ChatModel,
    small: nih.Keywords,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    kind: type[BaseException],
) -> None:
    def interrupt(event: nih.Event) -> None:
        if isinstance(event, nih.TrialDone) and event.done >= 2:
            raise kind("enough")

    with pytest.raises(kind):
        nih.run(**small, concurrency=1, agree=True, out="run", on_event=interrupt)
    gc.collect()  # what a loop has to say of a task that nobody asked for its error
    assert ([record.getMessage() for record in caplog.records], capfd.readouterr().err) == ([], "")
    assert 0 < nih.load_run("run").owed < 6 and nih.resume("run", agree=True).is_whole


def test_the_prompt_of_a_trial_is_what_is_sent(here: Path, chat: ChatModel, small: nih.Keywords) -> None:
    made = nih.prompt(**small, length=600, depth=50)
    nih.run(**{**small, "lengths": [600], "depths": [50]}, agree=True, out="run")
    (record,) = nih.load_run("run").records.values()
    assert (made.id, made.placement) == (record.id, record.placement)
    assert [vars_of(message) for message in made.messages] == chat.asked[-1].messages
    assert str(made) == made.messages[0].content or "[user]" in str(made)
    with pytest.raises(nih.UsageError, match=wording("app.choose_prompt", prompts="explicit, original")):
        nih.prompt(**{**small, "prompt": ["original", "explicit"]})


def vars_of(message: Any) -> dict[str, str]:
    return {"role": message.role, "content": message.content}


def test_an_answer_is_graded_by_a_needle_or_by_what_is_expected() -> None:
    told = "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."
    full = nih.grade(told, "sf-sandwich")
    assert isinstance(full, nih.Score) and (full.value, full.found) == (1.0, True)
    none = nih.grade("Ride a cable car.", "sf-sandwich")
    assert isinstance(none, nih.Score) and (none.value, none.found) == (0.0, False)
    own = nih.grade("It is kept in the blue drawer.", expected="the blue drawer", question="Where is it kept?")
    assert isinstance(own, nih.Score) and own.value == 1.0
    with pytest.raises(nih.UsageError, match="no-such-needle"):
        nih.grade("x", "no-such-needle")
    with pytest.raises(nih.UsageError, match=wording("run.row_neither_needle_nor")):
        nih.grade("x")


@pytest.mark.slow
def test_a_stored_run_is_compared_drawn_reported_and_shown_in_a_notebook(here: Path) -> None:
    run = nih.load_run(REFERENCE)
    assert repr(run).startswith(f"Run('{REFERENCE}')\n") and f"{run.summary.planned}" in repr(run)
    figure = nih.plot(run, out=here / "map.png", title="Mine", size="8x5", dpi=60)
    assert (here / "map.png").read_bytes()[:4] == b"\x89PNG" and "Mine" in str([t.get_text() for t in figure.texts])
    assert nih.report(REFERENCE, out="r.html") == Path("r.html") and b"<html" in Path("r.html").read_bytes()[:200]
    picture, page = run._repr_png_(), run._repr_html_()
    assert picture is not None and picture[:4] == b"\x89PNG"
    assert page is not None and page.startswith("<img ") and "<p>" in page
    with pytest.raises(nih.UsageError):
        nih.compare(run, by="model")
    with pytest.raises(nih.UsageError, match="--kind"):
        nih.plot(run, kind="cake")  # type: ignore[arg-type]


def test_what_cant_be_drawn_is_shown_as_text(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = nih.load_run(REFERENCE)

    def fail(*args: object, **more: object) -> None:
        raise MemoryError

    monkeypatch.setattr("nihbench.app.drawing.draw", fail)
    assert (run._repr_png_(), run._repr_html_()) == (None, None) and "Run(" in repr(run)


@pytest.mark.usefixtures("sketched")
def test_several_models_are_one_run_whose_parts_are_chosen(here: Path, chat: ChatModel, small: nih.Keywords) -> None:
    run = nih.run(**{**small, "model": ["x", "y"]}, agree=True, out="tree")
    assert [sweep.setting.model for sweep in run.sweeps] == ["x", "y"] and len(run.records) == 12
    assert run.grid(model="y").equals(run.grid("score", model="x")) and len(run.frame()) == 12
    with pytest.raises(nih.UsageError, match=wording("app.choose_sweep", here=re.compile("x: .*, y: "))):
        run.grid()
    with pytest.raises(nih.UsageError, match=wording("app.several_runs", count=2)):
        run.manifest  # noqa: B018
    made = nih.compare(run)
    assert (made.by, len(made.pairs)) == ("model", 1) and made.pairs[0].measured == 6
    assert json.dumps(made.as_json()) and "x" in str(made)
    plan = nih.plan(**{**small, "model": ["x", "y"]})
    assert (plan.trials, plan.cost_usd.most) == (12, None) and plan.as_json()["total"]["trials"] == 12
    assert str(plan).count("sf-sandwich") == 2
