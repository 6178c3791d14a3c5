"""`nih cases NEW --against OLD`: which trials an older run found and this one misses."""

from __future__ import annotations

from pathlib import Path

from nihbench.analysis.pairing import turned
from nihbench.cli.compare import sides_of
from nihbench.cli.results import result_of
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.store import RunFolder, open_run
from nihbench.run.tree import find_runs


def lost_since(old: Path, new: RunFolder, scorer: str | None) -> frozenset[str]:
    """Return the ids of the trials of a run that an older run found and this one misses.

    Prompts are paired by their names, or, where each run has a single one, as they are.

    Raises:
        UsageError: The two did not read the same haystacks, or have no prompt in common; the message says which.
    """
    then = [side for path in find_runs(old) for side in sides_of(result_of(open_run(path), scorer=scorer))]
    now = sides_of(result_of(new, scorer=scorer))
    matched = [(a, b) for b in now for a in then if (a.experiment, a.prompt) == (b.experiment, b.prompt)]
    if not matched and len(then) == len(now) == 1:
        matched = [(then[0], now[0])]
    if not matched:
        here, there = (", ".join(f"{s.experiment}/{s.prompt}" for s in sides) for sides in (now, then))
        raise UsageError(t("cli.no_prompt_common", new=new.path.name, old=old.name, here=here, there=there))
    return frozenset(pair.second_id for a, b in matched for pair in turned(a, b)[0])
