"""The lock of a run's folder: real processes, killed for real."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.store import HOLDER, owned
from tests.wording import says, wording

HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from nihbench.run.store import owned
with owned(Path(sys.argv[1]), lambda: datetime(2026, 1, 2, tzinfo=UTC)):
    print("held", flush=True)
    time.sleep(600)
"""


def now():
    return datetime.now(UTC)


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.slow
def test_a_second_process_is_refused_and_told_which_holds_it(tmp_path, holder):
    with pytest.raises(UsageError) as caught, owned(tmp_path, now):
        pass
    assert says(caught.value, "run.process_since", pid=holder.pid, since=re.compile("2026-01-02"))


@pytest.mark.slow
def test_a_killed_process_leaves_the_folder_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with owned(tmp_path, now):
        assert str(os.getpid()) in (tmp_path / HOLDER).read_text(encoding="utf-8")
    assert not (tmp_path / HOLDER).exists()


@pytest.mark.slow
def test_a_damaged_note_of_the_holder_does_not_matter(tmp_path, holder):
    (tmp_path / HOLDER).write_text("[", encoding="utf-8")
    with (
        pytest.raises(UsageError, match=wording("run.use_wait_stop_first", holder=t("run.another_process"))),
        owned(tmp_path, now),
    ):
        pass
