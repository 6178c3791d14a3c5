"""Runs of parts of one plan (`--shard`), or copies of one run, made into one run; what does not fit is refused.

Records go over byte for byte. The merged run has the whole plan: trials that no part has are owed. Scores are not
taken over, for they can be made again; a judge's replies are, for they were paid for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from nihbench.errors import UsageError
from nihbench.fetch.files import check_folder, is_there, read_json, write_atomic
from nihbench.lang.messages import t
from nihbench.plan.order import parse_shard
from nihbench.run.batch_state import check_nothing_waits
from nihbench.run.judging import VERDICTS
from nihbench.run.known import is_own_run, remember_run
from nihbench.run.records import lines_in, read_lines
from nihbench.run.spent import LEDGER, plain_line
from nihbench.run.store import MANIFEST, PROBES, RECORDS, RunFolder, check_free, differing, open_run
from nihbench.run.stored import Manifest
from nihbench.run.tree import TREE, is_tree, open_tree

_SAME = """identity experiment needle task prompts questions corpus length_unit calibration lengths depths repeats
samples same_prompt controls""".split()
_PLANNING = ("vary", "order", "adaptive")
"""Options that say which trials there are and where a part begins, and of which the rest of run.json says nothing."""
Lines = dict[str, list[bytes]]
"""A trial's lines of records.jsonl, by its id."""
Left = Callable[[RunFolder], Decimal]


def nothing_left(run: RunFolder) -> Decimal:
    """Say that nothing was spent on a run beyond what its records and its ledger hold."""
    return Decimal(0)


def merge_folders(paths: Sequence[Path], out: Path, left: Left = nothing_left) -> tuple[RunFolder, ...]:
    """Merge runs, or folders of runs child by child, into the folder `out`.

    Args:
        paths: their folders.
        out: the folder to make.
        left: what a killed command of an older version may have spent on a run beside its records and its ledger.

    Raises:
        UsageError: they don't belong together; the message names what differs.
        DamagedDataError: one of them can't be read.
    """
    if len({os.path.realpath(path) for path in paths}) < max(2, len(paths)):
        raise UsageError(t("run.nih_merge_takes_two"))
    trees = [path for path in paths if is_tree(path)]
    if not trees:
        return (merge_runs([open_run(path) for path in paths], out, left),)
    if len(trees) < len(paths):
        raise UsageError(t("run.folder_runs_others_single", tree=trees[0]))
    return _merge_trees(paths, out, left)


def merge_runs(runs: Sequence[RunFolder], out: Path, left: Left = nothing_left) -> RunFolder:
    """Merge runs of one plan into a new run in the folder `out`. Raises as `merge_folders`."""
    check_free(out)
    runs = sorted(runs, key=_place)
    for run in runs:
        _check_belongs(runs[0], run)
    lines: Lines = {}
    owner: dict[str, Path] = {}
    for run in runs:
        check_nothing_waits(run.path)
        run.records()  # refuses what is not of the run's plan
        for trial_id, own in _lines(run.path / RECORDS).items():
            lines[trial_id] = _longer(
                trial_id, lines.get(trial_id), own, (owner.setdefault(trial_id, run.path), run.path)
            )
    write_atomic(out / RECORDS, b"".join(line for own in lines.values() for line in own))
    _join_ledgers(runs, out, left)
    for name in (PROBES, VERDICTS):
        _join(name, runs, out)
    # Last: a merge that was broken off leaves no run that could be gone on with.
    write_atomic(out / MANIFEST, (json.dumps(_manifest(runs), ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    if all(is_own_run(run.path) for run in runs):
        remember_run(out)
    return open_run(out)


def _place(run: RunFolder) -> tuple[float, float]:
    """Return where a run's part begins and ends in the plan."""
    if run.manifest.shard is None:
        return (0.0, 1.0)
    shard = parse_shard(run.manifest.shard.part)
    return ((shard.number - 1) / shard.of, shard.number / shard.of)


def _check_belongs(first: RunFolder, other: RunFolder) -> None:
    if other.manifest.is_import:
        raise UsageError(t("run.imported_from_another_tool", path=other.path))
    changed = differing(first.manifest.raw, other.manifest.raw, _SAME)
    one, two = first.manifest.options, other.manifest.options
    changed += [f"options.{name}" for name in _PLANNING if getattr(one, name) != getattr(two, name)]
    if changed:
        raise UsageError(t("run.not_one_plan_differ", first=first.path, other=other.path, changed=tuple(changed)))


def _lines(path: Path) -> Lines:
    """Return the whole lines of a records file; a torn last one is left out."""
    found: Lines = {}
    for record, line in read_lines(path, lines_in(path)):
        if record is not None:
            found.setdefault(record.id, []).append(line.strip() + b"\n")
    return found


def _longer(trial_id: str, known: list[bytes] | None, own: list[bytes], paths: tuple[Path, Path]) -> list[bytes]:
    """Return the later state of a trial that two runs have: of two copies one was gone on with, or neither."""
    if known is None or own[: len(known)] == known:
        return own
    if known[: len(own)] == own:
        return known
    raise UsageError(t("run.both_measured_trial_different", first=paths[0], other=paths[1], trial_id=trial_id))


def _join_ledgers(runs: Iterable[RunFolder], out: Path, left: Left) -> None:
    """Put the ledgers together: what was paid for one part is paid for the whole, once.

    A line names its call, so that copies of a run have it in common; one of an older version does not, and of two
    that are alike both are taken to have been paid.
    """
    runs = list(runs)
    lines = _ledger_lines(run.path for run in runs)
    lines += [plain_line(usd, run.manifest.created_at) for run in runs if (usd := left(run)) > 0]
    if lines:
        write_atomic(out / LEDGER, b"".join(line + b"\n" for line in lines))


def _ledger_lines(folders: Iterable[Path]) -> list[bytes]:
    lines: list[bytes] = []
    for folder in folders:
        known = set(lines)
        own = (line.rstrip(b"\r\n") for line in lines_in(folder / LEDGER))
        lines += [line for line in own if line.strip() and not (line in known and b'"call"' in line)]
    return lines


def _join(name: str, runs: Iterable[RunFolder], out: Path) -> None:
    files = [run.path / name for run in runs]
    lines = [whole for file in files for line in lines_in(file) if (whole := line.rstrip(b"\r\n")).strip()]
    if lines:
        write_atomic(out / name, b"".join(line + b"\n" for line in dict.fromkeys(lines)))


def _manifest(runs: Sequence[RunFolder]) -> dict[str, Any]:
    """Return the merged run's run.json: the first's, with the whole plan, and what it was merged from."""
    first = runs[0].manifest.raw
    whole = {**first, "shard": None, "options": {**first["options"], "shard": None}}
    return {
        **whole,
        "created_at": min(run.manifest.created_at for run in runs),
        "trials": len(Manifest.of(whole).planned),
        "merged": [_origin(run.manifest.raw) for run in runs],
    }


def _origin(content: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("created_at", "nihbench", "python", "libraries", "model", "merged")
    return {"part": (content.get("shard") or {}).get("part")} | {key: content[key] for key in keys if key in content}


def _merge_trees(paths: Sequence[Path], out: Path, left: Left) -> tuple[RunFolder, ...]:
    trees = [open_tree(path) for path in paths]
    first = trees[0]
    for tree in trees:
        if [child.folder for child in tree.children] != [child.folder for child in first.children]:
            raise UsageError(t("run.different_runs_leave_one", first=first.path, other=tree.path))
    if is_there(out / TREE):
        raise UsageError(t("run.already_holds_run_give", path=out))
    merged = []
    for child in first.children:
        begun = [tree.path / child.folder for tree in trees if is_there(tree.path / child.folder / MANIFEST)]
        if begun:
            check_folder(out / child.folder)
            merged.append(merge_runs([open_run(path) for path in begun], out / child.folder, left))
    # What was asked before the runs of a folder began stands in the folder's own ledger, too.
    if lines := _ledger_lines(tree.path for tree in trees):
        write_atomic(out / LEDGER, b"".join(line + b"\n" for line in lines))
    content = read_json(first.path / TREE)
    for row in content["children"]:
        row["options"] = {**row["options"], "shard": None}
    write_atomic(out / TREE, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    if all(is_own_run(tree.path) for tree in trees):
        remember_run(out)
    return tuple(merged)
