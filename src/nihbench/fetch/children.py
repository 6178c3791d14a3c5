"""The environment of a child process: what it needs to run, and none of the user's keys.

A child is other people's code (pip, llama.cpp) that reads other people's files. Names are allowed one by one, for what
a secret may be called can't be listed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_SYSTEM = (
    "PATH HOME USER LOGNAME USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA SYSTEMROOT"
    " SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP TMPDIR TZ LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES VIRTUAL_ENV"
    " PYTHONPATH PYTHONHOME PYTHONUTF8 NIX_PYTHONPATH LD_LIBRARY_PATH DYLD_LIBRARY_PATH XDG_CONFIG_HOME XDG_CONFIG_DIRS"
    " XDG_CACHE_HOME"
).split()
NETWORK = tuple(
    "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE"
    " PIP_CONFIG_FILE PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CERT"
    " PIP_CLIENT_CERT PIP_PROXY PIP_DEFAULT_TIMEOUT PIP_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR"
    " PIP_KEYRING_PROVIDER".split()
)
"""How a package index is reached; an index's or a proxy's own password stands in these, for pip and nobody else."""
COMPUTE = ("OMP_", "GOMP_", "KMP_", "GGML_", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""How a machine computes: names, and beginnings of names, that hold no secret."""


def child_environment(more: tuple[str, ...] = (), **given: str) -> dict[str, str]:
    """Return the environment for a child process.

    Args:
        more: names beyond those that every process needs; one that ends in "_" stands for all that begin so.
        given: variables of the child's own; the user's value of the same name does not count.
    """
    return _let(os.environ, {*_SYSTEM, *more}) | given


def _let(environment: Mapping[str, str], names: set[str]) -> dict[str, str]:
    heads = tuple(name for name in names if name.endswith("_"))
    return {
        name: value for name, value in environment.items() if name.upper() in names or name.upper().startswith(heads)
    }
