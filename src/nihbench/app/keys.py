"""Where API keys come from: the environment, else the user's file of keys. A key is in no error and no note.

The file has a line `NAME=KEY` for each key, NAME being what the environment variable would be called. NIH_KEYS_FILE
names the file; else it is `keys` in the user's configuration folder of this platform, and need not exist.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from nihbench.errors import UsageError
from nihbench.fetch.files import read_named
from nihbench.lang.messages import t

if TYPE_CHECKING:
    from nihbench.app.events import Caller

_VARIABLE = re.compile("[A-Z_][A-Z0-9_]{0,63}")
"""What nearly all such variables are called; a name in another writing has to be there."""
_MOST_BYTES = 1_000_000


def key_named(variable: str, caller: Caller | None = None) -> str | None:
    """Return the key of this name; None where there is none.

    Args:
        variable: its name.
        caller: told, once, that others may read the file of keys.

    Raises:
        UsageError: the file of keys can't be read.
    """
    if key := os.environ.get(variable, "").strip():
        return key
    path = keys_file()
    keys, is_open = _keys_in(path)
    if is_open and caller is not None:
        caller.tell_once(t("cli.note_others_machine_may", path=path))
    return keys.get(variable)


def check_variable(name: str) -> None:
    """Raise `UsageError` where this names no key that is here and looks like none; it may be a key: it is not shown."""
    usual = _VARIABLE.fullmatch(name) or name == "none"
    if not usual and (not name.isidentifier() or key_named(name) is None):
        raise UsageError(t("cli.api_key_env_takes"))


def keys_file() -> Path:
    """Return where the user's file of keys is, or would be."""
    if chosen := os.environ.get("NIH_KEYS_FILE"):
        return Path(chosen).expanduser()
    return Path(platformdirs.user_config_dir("nihbench", appauthor=False)) / "keys"


def _keys_in(path: Path) -> tuple[Mapping[str, str], bool]:
    """Return the keys of a file, and whether others on this machine may read it."""
    try:
        text = read_named(path, _MOST_BYTES).decode("utf-8-sig")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}, False
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or t("cli.not_utf_8")
        raise UsageError(t("cli.file_keys_cant_read", path=path, reason=reason)) from None
    keys = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, mark, key = line.strip().removeprefix("export ").partition("=")
        if not mark or not name.strip().isidentifier():
            # Without its text: it may be a key that stands alone.
            raise UsageError(t("cli.write_name_key_one", path=path, number=number))
        keys[name.strip()] = key.strip().strip("\"'")
    is_open = os.name == "posix" and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
    return {name: key for name, key in keys.items() if key}, is_open
