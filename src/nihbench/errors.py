"""Every error a user can meet, as one tree; each class knows its exit code.

The message of an error is one sentence that says what is wrong and what to do about it. Anything that is not a
`NihError` is a bug. A failed *request* is not an error but a value: see `nihbench.types.Failure`.

    NihError
    ├── UsageError          2   an option, a name or a file that the user can mend
    │   ├── CatalogError    2   needles.yaml, models.yaml or a corpus manifest (file and line)
    │   ├── MovedError      2   a run's folder was moved or removed while it was written to
    │   └── FetchError      2   something could not be brought here (no network, wrong checksum)
    ├── EndpointError       2   the server can't be used at all (not reachable, not compatible)
    ├── LocalModelError     2   the embedded model or its server (missing extra, port in use, died)
    ├── StoppedError        4   the run had to stop: key, quota, spending, answers that all fail alike
    ├── DamagedDataError    5   a run's files are not what they should be
    └── InterruptedRunError 130 Ctrl-C
        └── TerminatedRunError 143 SIGTERM
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

from nihbench.lang.messages import t


class NihError(Exception):
    """Base of all errors that end in one line on the screen; `exit_code` is the process's exit status."""

    exit_code: ClassVar[int] = 2
    folder: Path | None = None
    """Where what was done is kept, of a run that could not be finished."""


class UsageError(NihError):
    """The command, its options or the user's files ask for something that can't be done."""


class CatalogError(UsageError):
    """A YAML file of the catalog is wrong; the message begins with `file:line:`."""


class FetchError(UsageError):
    """A corpus, tokenizer or model file could not be fetched or did not match its checksum."""


class MovedError(UsageError):
    """A run's folder is not any more where it was when the run began to write to it; what was written is in it."""


class EndpointError(NihError):
    """The server can't be used: not reachable, or it does not speak the protocol."""


class LocalModelError(NihError):
    """The embedded model's server could not be started or stopped working."""


class StoppedError(NihError):
    """The run had to stop before its end (key, quota, cap, answers that all fail alike); what is done stays."""

    exit_code = 4


class EndingError(StoppedError):
    """A run that is ending sends nothing more; why it ends is another error."""


class PutOffError(StoppedError):
    """A server asks to wait longer than a run does: `wait_s` from now, because of a failure of class `kind`."""

    def __init__(self, message: str, *, kind: str, wait_s: float) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_s = wait_s


_PATH_FAULTS = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.EPERM})


def is_path_fault(error: OSError) -> bool:
    """Say whether a file can't be had because of the path that the user gave, not of what it holds."""
    return error.errno in _PATH_FAULTS


def path_error(error: OSError) -> UsageError:
    """Return the error for a path at which the system found something else than a file or folder to use."""
    path = str(error.filename)
    if error.errno == errno.ENAMETOOLONG:
        longest = max(path.split("/"), key=len)
        shown, size = longest[:40], len(path)
        return UsageError(t("errors.path_too_long_characters", size=size, shown=shown))
    sentences = {
        errno.ENOENT: t("errors.no_file_folder_check", path=path),
        errno.ENOTDIR: t("errors.goes_through_file_if", path=path),
        errno.EISDIR: t("errors.folder_name_file", path=path),
        errno.ELOOP: t("errors.link_leads_back_itself", path=path),
        errno.EACCES: t("errors.may_not_read_written", path=path),
        errno.EPERM: t("errors.may_not_read_written", path=path),
    }
    other = t("errors.cant_used_check_path", path=path, strerror=error.strerror)
    return UsageError(sentences.get(error.errno or 0, other))


_E = TypeVar("_E", bound="NihError")


def unreadable(path: object, error: OSError, kind: type[_E], fix: str = "") -> _E:
    """Return the error for a file that the system does not let be read, of a kind; `fix` says what to do about it."""
    told = fix or t("errors.check_path_permissions")
    return kind(t("errors.cant_read", path=path, reason=error.strerror or error, fix=told))


def unwritable(path: object, error: OSError, kind: type[_E], fix: str = "") -> _E:
    """Return the error for a file or folder that can't be written, of a kind; `fix` says what to do about it."""
    told = fix or t("errors.check_space_permissions")
    return kind(t("errors.cant_write", path=path, reason=error.strerror or error, fix=told))


class DamagedDataError(NihError):
    """A run's stored data can't be read as what it claims to be; nothing was changed."""

    exit_code = 5


@contextmanager
def reading(file: Path, missing: UsageError, damaged: str = "run.cant_read_restore_from") -> Iterator[None]:
    """Say in a sentence why a file of a run's folder can't be read, or is not what it should be.

    Args:
        file: the file.
        missing: what is raised where it is not there.
        damaged: the key of the sentence for what can't be read, with `file` and `error`.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, OSError) and is_path_fault(error):
            raise path_error(error) from error
        raise DamagedDataError(t(damaged, file=file, error=first_line(error))) from error


def first_line(error: Exception) -> str:
    """Return what an error says, short enough to stand inside a sentence: pydantic's own has many lines."""
    return " ".join(str(error).split())[:120]


class InterruptedRunError(NihError):
    """The user stopped the run; what is done stays and can be resumed."""

    exit_code = 130


class TerminatedRunError(InterruptedRunError):
    """The system, a scheduler or a service manager ended the run (SIGTERM); what is done stays and can be resumed."""

    exit_code = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came: it ends work as Ctrl-C does, so that everything that was opened is put in order.

    Its argument is the signal's name.
    """
