"""A run's folder: made with its run.json, opened again, its records checked against its plan.

Lines of records.jsonl are `run.records`' matter, what stands in run.json is read again by `run.stored`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from nihbench import __version__
from nihbench.errors import DamagedDataError, NihError, UsageError, reading, unwritable
from nihbench.fetch.files import MOST_JSON_BYTES, check_plain, is_there, parse_json, read_regular, write_atomic
from nihbench.lang.messages import stored, t, typed
from nihbench.plan.grid import make_trials, merged_as_stored, stored_places
from nihbench.run.calibration import Calibration
from nihbench.run.haystacks import stored_haystacks
from nihbench.run.known import is_own_run, remember_run
from nihbench.run.options import bare_url
from nihbench.run.records import RecordWriter, State, read_records, state_of
from nihbench.run.stored import Manifest, may_be_drawn
from nihbench.run.verify import Expectation, verified
from nihbench.text.prompt import PLACEMENT_VERSION
from nihbench.types import DEPTH, Record, Trial

if TYPE_CHECKING:
    from nihbench.run.setup import Setup


# ---- what run.json says: everything resolved, so that a run can be read, scored and rebuilt without the catalog ------
# It is read back in `run.stored`; what differs between two of them is told here.


_CONTROL_FIELDS = ("control", "prompt", "length", "depth_percent", "repeat")
_LIBRARIES = ("httpx", "numpy", "tiktoken", "tokenizers", "xllamacpp")


def manifest(setup: Setup, created_at: str) -> dict[str, Any]:
    """Return run.json's content. No key and no header's value is in it."""
    preset = setup.preset
    return {
        "created_at": created_at,
        "nihbench": __version__,
        "python": platform.python_version(),
        "libraries": dict(_versions()),
        "options": setup.options.stored(),
        "withheld": setup.options.withheld(),
        "model": {
            "name": preset.name,
            "model": setup.request.model,
            "sha256": setup.model_sha256,
            # An embedded server's port is another one each time and says nothing.
            "base_url": None if preset.local else bare_url(preset.base_url),
            "window": setup.window,
            "cache": setup.cache.name,
        },
        "experiment": setup.experiment.name,
        "title": setup.experiment.title,
        "needle": asdict(setup.needle),
        **_asked(setup),
        "corpus": {
            "name": setup.corpus.name,
            "language": setup.corpus.language,
            "title": setup.corpus.title,
            "sha256": setup.corpus.sha256,
            "copies": setup.copies,
        },
        "haystacks": setup.like.content.raw.get("haystacks") if setup.like else stored_haystacks(setup),
        **_planned(setup),
        "notes": [stored(note) for note in setup.notes],
    }


_SAME = (
    "identity", "prompts", "questions", "task", "lengths", "depths", "samples", "length_unit", "same_prompt",
    "controls", "shard", "like",
)  # fmt: skip
"""What decides which answers a run gets, and stays as it is when it is gone on with. A needle's facts are none of it:
they decide scores, which can be made again."""


def _asked(setup: Setup) -> dict[str, Any]:
    """Return what run.json says of its prompts."""
    return {
        "prompts": {name: asdict(template) for name, template in setup.prompts.items()},
        **({} if setup.task.is_single else {"task": setup.task.stored()}),
        "questions": {name: setup.task.specimens(name)[0].question for name in setup.prompts},
    }


def _planned(setup: Setup) -> dict[str, Any]:
    """Return what run.json says of its plan."""
    return {
        "length_unit": setup.like.stored_unit
        if setup.like
        else {
            "tokenizer": setup.tokenizer.name,
            "exact": setup.tokenizer.exact,
            "counted_by_model": setup.counted_by_model,
            "overheads": dict(setup.overheads),
        },
        "calibration": stored_calibration(setup.calibration) if setup.calibration else None,
        "lengths": list(setup.lengths),
        "depths": list(setup.depths) if setup.task.axis.name == DEPTH.name else [],
        "repeats": setup.options.repeats,
        **({"samples": list(setup.samples)} if setup.samples else {}),
        "trials": len(setup.trials),
        "same_prompt": stored_places(_in_order(setup, (trial for trial in setup.whole if trial.also_depths))),
        "controls": [_control(trial) for trial in setup.whole if trial.control],
        "shard": _shard(setup),
        "like": _like(setup),
        "identity": setup.identity(),
    }


def _shard(setup: Setup) -> dict[str, Any] | None:
    """Return which trials a part of a plan has, as numbers among those of the whole plan (`Manifest.planned`)."""
    if not setup.plan:
        return None
    controls = [trial for trial in setup.plan if trial.control]
    numbers = {trial: number for number, trial in enumerate((*controls, *_in_order(setup, setup.whole)))}
    return {"part": setup.options.shard, "trials": sorted(numbers[trial] for trial in setup.trials)}


def _like(setup: Setup) -> dict[str, Any] | None:
    """Return whose prompts are sent again, and what of the grid has none: it was not sent then, either."""
    if setup.like is None:
        return None
    every = make_trials(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=list(setup.prompts),
        lengths=setup.lengths,
        depths=setup.depths,
        repeats=setup.options.repeats,
        axis=setup.task.axis.name,
    )
    missing = set(merged_as_stored(every, stored_places(setup.grid))) - set(setup.grid)
    rows = sorted([t.prompt, t.length, t.row, t.repeat] for t in missing)
    return {"run": setup.like.run, "left_out": rows}


def _in_order(setup: Setup, trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Return those of some trials that are of the planned grid, in the order in which `make_trials` gives them."""
    prompts = list(setup.prompts)
    grid = [trial for trial in trials if trial.control is None and not trial.extra]
    return tuple(sorted(grid, key=lambda t: (t.repeat, t.length, t.row, prompts.index(t.prompt))))


def _control(trial: Trial) -> dict[str, Any]:
    also: dict[str, Any] = {"also_depths": list(trial.also_depths)} if trial.also_depths else {}
    also |= {"point": trial.point} if trial.point is not None else {}
    return {name: getattr(trial, name) for name in _CONTROL_FIELDS} | also


def stored_calibration(found: Calibration) -> dict[str, Any]:
    """Return a calibration as run.json has it."""
    return asdict(found) | {"ratio": round(found.ratio, 5)}


@cache
def _versions() -> Mapping[str, str]:
    """Return the versions of the libraries that counts and figures depend on; of a process they are always the same."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def check_rules(path: Path, content: Manifest) -> None:
    """Make sure that a run's needles were placed by the rules of this version, before anything is sent for it.

    Raises:
        UsageError: an older version began the run, or its task is not here in the same version; the same trials would
            be other prompts now.
    """
    _ = content.task.family
    if content.like is not None:
        return  # its prompts are made from placements
    if content.identity.get("placement", PLACEMENT_VERSION) != PLACEMENT_VERSION:
        raise UsageError(t("run.cant_resume_older_version", path=path))


def check_same(content: Manifest, setup: Setup, *, placed: bool = False) -> None:
    """Make sure that a run on disk and the setup made again from its options are the same experiment.

    Args:
        content: what is in its run.json.
        setup: the setup.
        placed: whether prompts are made again from stored placements, so that the rules may have changed since.

    Raises:
        UsageError: something that could change an answer differs; the message names it.
    """
    # Which depths are one prompt follows from the rules of placing.
    by_rules = ("identity.placement", "same_prompt", "controls") if placed else ()
    now = json.loads(json.dumps(_asked(setup) | _planned(setup), ensure_ascii=False))
    changed = [name for name in differing(content.raw, now, _SAME) if name not in by_rules]
    if changed:
        raise UsageError(t("run.cant_resume_changed_since", changed=tuple(changed)))


def differing(before: Mapping[str, Any], after: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Name what differs between the contents of two run.json, of the keys given: `identity.temperature`, `lengths`."""
    changed = []
    for key in keys:
        one, other = (content.get(key, [] if key == "controls" else None) for content in (before, after))
        if isinstance(one, dict) and isinstance(other, dict):
            names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
            changed += [f"{key}.{name}" for name in names]
        elif one != other:
            changed.append(key)
    return changed


# ---- lock ------------------------------------------------------------------------------------------------------------
# One process owns a run's folder while it writes: a second one is refused and told which process that is.
#
# The lock is the operating system's (through filelock, also on Windows): it goes with the process, however it ends.

LOCK = ".lock"
HOLDER = ".holder.json"
_MOST_BYTES = 10_000


@contextmanager
def owned(folder: Path, now: Callable[[], datetime]) -> Iterator[None]:
    """Own a run's folder as long as the context lasts.

    Args:
        folder: the run's folder.
        now: the time, in UTC.

    Raises:
        UsageError: another process owns it, or it can't be written.
        DamagedDataError: its lock is no plain file.
    """
    check_plain(folder / LOCK)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(t("run.use_wait_stop_first", folder=folder, holder=_holder(folder))) from error
    except OSError as error:
        raise unwritable(folder, error, UsageError, t("run.free_then_resume")) from error
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": now().isoformat(timespec="seconds")}
        write_atomic(folder / HOLDER, json.dumps(me).encode("utf-8"))
        yield
    finally:
        # Where the disk was made read-only meanwhile, the lock goes with the process all the same.
        with suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    """Name the process that owns the folder, as far as it said who it is."""
    try:
        me = read_holder(folder)
        return t("run.process_since", pid=int(me["pid"]), host=me["host"], since=me["since"])
    except (OSError, ValueError, KeyError, TypeError, NihError, RecursionError):
        return t("run.another_process")


def read_holder(folder: Path) -> Any:
    """Return what the process that owns the folder says of itself. Raises as `fetch.files`."""
    return parse_json(read_regular(folder / HOLDER, _MOST_BYTES))


FORMAT = 1
MANIFEST = "run.json"
RECORDS = "records.jsonl"
PROBES = "probes.jsonl"


_last: dict[Path, tuple[Manifest, State, Mapping[str, Record]]] = {}
"""The run.json, the file's state and the records of the run that was read last: a command asks for these several times
before anything has changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """A run's folder and what its run.json says; `text` is the hash of the bytes that it says that in."""

    path: Path
    manifest: Manifest
    text: str = ""

    def records(self) -> dict[str, Record]:
        """Return the last record of every trial, by the trial's id, in the order of first appearance.

        An answer to a prompt that the records show to have been cut is given as that failure (see `run.verify`).

        Raises:
            DamagedDataError: a line other than a torn last one can't be read, or is a record of another run.
        """
        file = self.path / RECORDS
        state = state_of(file)
        known = _last.get(file)
        if known is None or known[0] is not self.manifest or known[1] != state:
            _last.clear()
            known = _last[file] = self.manifest, state, self._checked(file)
        return dict(known[2])

    def _checked(self, file: Path) -> Mapping[str, Record]:
        records, _ = read_records(file)
        missing = set(self.manifest.planned)
        beyond = may_be_drawn(self.manifest)
        for record in records.values():
            if beyond(record.trial):
                continue
            try:
                missing.remove(record.trial)
            except KeyError:
                raise unplanned(file, record) from None
        return verified(records, Expectation.of(self.manifest))

    def writer(self) -> RecordWriter:
        """Return a context manager that appends records."""
        return RecordWriter(self.path / RECORDS)


def create_run(path: Path, manifest: Mapping[str, Any]) -> RunFolder:
    """Make a run's folder with its run.json.

    Raises:
        UsageError: a run is there already, or the folder can't be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        check_free(path)
        text = _manifest_text(manifest)
        check_plain(path / LOCK)
        # Two processes that begin in the same moment: the second must not write over what the first one goes by.
        with FileLock(path / LOCK):
            check_free(path)
            write_atomic(path / MANIFEST, text)
    except OSError as error:
        raise unusable(path, error) from error
    # A run of a stranger's several is the stranger's, whoever begins it: its bound of the cost is.
    if is_own_run(path.parent) or not is_there(path.parent / "tree.json"):
        remember_run(path)
    return open_run(path)


def unplanned(file: Path, record: Record) -> DamagedDataError:
    """Return the error for a record that can't be of the run in whose file it is."""
    return DamagedDataError(t("run.record_not_run_plan", file=file, id=record.id))


def amend(folder: RunFolder, calibration: Calibration) -> RunFolder:
    """Write into run.json what was fitted since the run began, and return the folder as it is then.

    The caller owns the folder.

    Raises:
        UsageError: it can't be written; it is as it was.
    """
    content = {**folder.manifest.raw, "calibration": stored_calibration(calibration)}
    text = _manifest_text(content)
    if is_own_run(folder.path):
        remember_run(folder.path, text)
    write_atomic(folder.path / MANIFEST, text)
    return RunFolder(path=folder.path, manifest=Manifest.of(parse_json(text)), text=_hash_of(text))


def _manifest_text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps({"format": FORMAT} | dict(content), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def unusable(path: Path, error: OSError) -> UsageError:
    """Return the error for a folder in which no run can be written."""
    return unwritable(path, error, UsageError, t("errors.choose_another_place"))


def no_run(path: Path) -> UsageError:
    """Return the error for a folder that holds no run."""
    return UsageError(t("run.holds_no_run_no", path=path, manifest=MANIFEST))


def taken(path: Path) -> UsageError:
    """Return the error for a folder that holds a run, or several, already."""
    return UsageError(t("run.already_holds_run_go", path=typed(path)))


def check_free(path: Path) -> None:
    """Make sure that a folder holds no run yet.

    Raises:
        UsageError: it does.
    """
    if is_there(path / MANIFEST):
        raise taken(path)
    if is_there(path / RECORDS):
        raise UsageError(t("run.holds_records_run_whose", path=path, manifest=MANIFEST))


def open_run(path: Path) -> RunFolder:
    """Open a run's folder.

    Raises:
        UsageError: there is no run in it.
        DamagedDataError: its run.json can't be read.
    """
    file = path / MANIFEST
    with reading(file, no_run(path), "run.cant_read_restore_from_copy"):
        text = read_regular(file, MOST_JSON_BYTES)
        manifest = parse_json(text)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DamagedDataError(t("run.not_format_written_another", file=file, format=FORMAT))
    try:
        return RunFolder(path=path, manifest=Manifest.of(manifest), text=_hash_of(text))
    except ValueError as error:
        raise DamagedDataError(t("run.damaged_restore_from_copy_run", file=file, error=error)) from error


def check_unchanged(folder: RunFolder) -> None:
    """Make sure that run.json still says what it said when it was read; the caller owns the folder by now.

    Raises:
        UsageError: another process has written into it.
        DamagedDataError: it can't be read any more.
    """
    with suppress(OSError, DamagedDataError):  # what is wrong with it is said by who opens it
        if _hash_of(read_regular(folder.path / MANIFEST, MOST_JSON_BYTES)) == folder.text:
            return
    if open_run(folder.path).manifest.raw != folder.manifest.raw:
        raise UsageError(t("run.another_command_gone_meanwhile", path=folder.path))


def _hash_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
