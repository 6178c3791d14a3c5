"""What a user may ask of a run: one value, stored in run.json, compared when the run is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit, urlunsplit

QUICK_LENGTHS = "500,1k,1.5k,2k,4k"
QUICK_DEPTHS = "5"
QUICK_MAX_OUTPUT = 100
"""A quick answer needs no more; a small model that rambles would cost the run its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of `nih run`, `nih plan` and `nih prompt` that decide what is sent.

    None means "as the preset, the experiment or the server says". `temperature` is a number, or "none" to send none.
    A `seed` that was asked for is sent to the model as well.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    experiment: str | None = None
    prompts: tuple[str, ...] | None = None
    corpus: str | None = None
    lengths: str | None = None
    depths: str | None = None
    repeats: int = 1
    length_unit: str = "model"
    window: int | None = None
    order: str = "cache"
    concurrency: int | None = None
    max_output: int | None = None
    temperature: str | None = None
    seed: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeat_corpus: bool = False
    quick: bool = False
    stream: bool | None = None
    ca_file: str | None = None
    insecure: bool = False

    @property
    def draw_seed(self) -> int:
        """The seed of all that this tool draws; 0 unless asked otherwise."""
        return self.seed or 0

    def stored(self) -> dict[str, Any]:
        """Return the options as JSON values, without secrets: a header's value only as a digest, a bare address."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["prompts"] = list(self.prompts) if self.prompts is not None else None
        values["extra_body"] = dict(self.extra_body)
        values["base_url"] = bare_url(self.base_url)
        values["headers"] = {name: header_digest(value) for name, value in sorted(self.headers.items())}
        return values


def bare_url(url: str | None) -> str | None:
    """Return an address without what may be a secret in it: user, password and query."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def header_digest(value: str) -> str:
    """Return a short digest of a header's value: enough to see that it changed, not to read it."""
    return "sha256:" + hashlib.sha256(value.encode("utf-8")).hexdigest()[:16]
