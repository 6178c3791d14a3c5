"""A run whose terminal is closed, whose folder is moved, whose machine is suspended: said, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from nihbench.app.sending import tell_of_sleep
from nihbench.lang.messages import t
from tests.wording import says

pytestmark = pytest.mark.skipif(os.name != "posix", reason="terminals and their signals are POSIX's")


@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_is_closed_ends_a_run_unless_it_was_told_to_go_on(
    nih: Any, chat: Any, small: list[object], records_of: Any, ignored: bool
) -> None:
    """`nohup` has SIGHUP ignored: such a run goes on."""
    chat.hold_from = 4
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        process = nih.start("run", *small, "--concurrency", 1, "--out", "run")
    finally:
        signal.signal(signal.SIGHUP, before)
    chat.wait_for(4)
    process.send_signal(signal.SIGHUP)
    if ignored:
        chat.release.set()
    _, err = process.communicate(timeout=600)
    if ignored:
        assert process.returncode == 0, err
        assert len(records_of(nih.folder / "run")) == 6
        return
    assert process.returncode == 143, err
    assert t("cli.stopped_2", signal="SIGHUP", go_on=t("cli.done_kept_go_nih", path="run")) in err.decode()
    assert len(records_of(nih.folder / "run")) == 3
    assert not (nih.folder / "run" / ".holder.json").exists()


@pytest.mark.parametrize("what", ["pipe", "terminal"])
def test_a_run_goes_on_when_nobody_reads_what_it_says(
    nih: Any, chat: Any, small: list[object], records_of: Any, what: str
) -> None:
    ours, theirs = os.pipe() if what == "pipe" else os.openpty()
    chat.hold_from = 2
    process = nih.start("run", *small, "--concurrency", 1, "--out", "run", stdout=theirs, stderr=theirs, TERM="xterm")
    os.close(theirs)
    chat.wait_for(2)
    os.close(ours)
    chat.release.set()
    process.wait(timeout=600)
    assert process.returncode == 0
    assert len(records_of(nih.folder / "run")) == 6


@pytest.mark.parametrize("removed", [False, True])
def test_a_folder_that_is_moved_is_said(
    nih: Any, chat: Any, small: list[object], records_of: Any, removed: bool
) -> None:
    chat.hold_from = 3
    process = nih.start("run", *small, "--concurrency", 2, "--out", "run")
    chat.wait_for(4)
    (nih.folder / "run").rename(nih.folder / "elsewhere")
    place = nih.folder / "elsewhere"
    if removed:
        (nih.folder / "run").mkdir()  # another one of its name
    chat.release.set()
    _, err = process.communicate(timeout=600)
    assert process.returncode == 2 and b"Traceback" not in err, err
    told = " ".join(err.decode().split())
    assert says(told, "run.moved_while_run_wrote", place=place)
    assert 4 <= len(chat.asked) == len(records_of(place))  # what was on its way by then is kept, too
    chat.hold_from = None
    assert nih("run", "--resume", "elsewhere").code == 0
    assert len(chat.asked) == 6 and len(records_of(place)) == 6


def test_a_machine_that_stood_still_is_said() -> None:
    """Its clock goes on meanwhile; what measures time for a run does not."""
    wall, steady, said = [1000.0], [50.0], []
    naps = iter([(5.0, 5.0), (3600.0, 5.0), (5.0, 5.0), (-3600.0, 5.0)])

    async def sleep(seconds: float) -> None:
        nap = next(naps, None)
        if nap is None:
            raise asyncio.CancelledError
        wall[0] += nap[0]
        steady[0] += nap[1]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(tell_of_sleep(said.append, wall=lambda: wall[0], steady=lambda: steady[0], sleep=sleep))
    assert len(said) == 1 and says(said[0], "cli.note_machine_stood_still", wait="60 min")


def test_a_key_that_a_gateway_gives_back_is_in_no_file(nih: Any, chat: Any, small: list[object]) -> None:
    import base64

    key = "sk-very-secret-0123456789"
    nih.environment["OPENAI_API_KEY"] = key
    code = base64.b64encode(f"Authorization: Bearer {key}".encode()).decode()
    chat.say = lambda text: f"Eat a sandwich. {code} {key.swapcase()}"
    assert nih("run", *small, "--api-key-env", "OPENAI_API_KEY", "--price", "1,1", "--out", "run").code in (0, 3)
    files = [path for path in (nih.folder / "run").rglob("*") if path.is_file()]
    assert files
    for file in files:
        found = file.read_bytes()
        assert key.swapcase().encode() not in found and code[24:-4].encode() not in found, file
