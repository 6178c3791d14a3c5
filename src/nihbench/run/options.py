"""What a user may ask of a run: one value, stored in run.json, compared when the run is resumed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from nihbench.endpoint.masking import is_secret_field
from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.types import PriceTier

PRECISION = 0.05
"""To so much an adaptive run wants to know the found rate of every length."""
FINEST, COARSEST = 0.01, 0.5
"""Between these it may want to know it."""
QUICK_LENGTHS = "500,750,1k,2k,4k"
QUICK_DEPTHS = "5"
QUICK_MAX_OUTPUT = 64
"""A quick answer needs no more; a small model that rambles would cost the run its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """The options of `nih run`, `nih plan` and `nih prompt` that decide what is sent.

    None means "as the preset, the experiment or the server says". `temperature` is a number, or "none" to send none.
    A `seed` that was asked for is sent to the model as well. `more_urls` are further servers of the same model;
    `concurrency`, `rpm` and `tpm` (requests and tokens a minute) hold for each. `max_cost` is for the whole run, or
    all runs of a tree together. `like` is the folder of a run whose prompts are sent again. `controls` asks control
    trials beside the grid. `adaptive` measures cells again where answers are uncertain, until the found rate of every
    length is known to `precision` (half a 95% interval; None: `PRECISION`) or `max_trials` of the grid are made.
    `shard` is the part of the plan that this run has, such as 3/8. `task` is a family of trials that is named without
    an experiment, `task_options` what is chosen of it, or of the experiment's. With a `classic_share` longer lengths
    are measured less often than `repeats`, so that all costs at most that share of a classic sweep (`plan.sizing`).
    """

    model: str
    like: str | None = None
    base_url: str | None = field(default=None, repr=False)  # it may hold a password
    more_urls: tuple[str, ...] = field(default=(), repr=False)
    api_key_env: str | None = None
    experiment: str | None = None
    task: str | None = None
    task_options: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] | None = None
    corpus: str | None = None
    lengths: str | None = None
    depths: str | None = None
    repeats: int = 1
    vary: tuple[str, ...] = ("haystack",)
    length_unit: str = "model"
    window: int | None = None
    order: str = "cache"
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    price: str | None = None
    max_cost: float | None = None
    max_output: int | None = None
    temperature: str | None = None
    seed: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeat_corpus: bool = False
    quick: bool = False
    controls: bool = False
    adaptive: bool = False
    precision: float | None = None
    max_trials: int | None = None
    shard: str | None = None
    calibrate: bool = True
    preflight: bool = True
    canary: bool = False
    stream: bool | None = None
    ca_file: str | None = None
    insecure: bool = False
    classic_share: float | None = None

    @property
    def draw_seed(self) -> int:
        """The seed of all that this tool draws; 0 unless asked otherwise."""
        return self.seed or 0

    def stored(self) -> dict[str, Any]:
        """Return the options as JSON values, without secrets: these only as digests, and a bare address."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if not (self.task or self.task_options):  # most runs hide one needle, and need not say so
            del values["task"], values["task_options"]
        if self.classic_share is None:
            del values["classic_share"]
        values["vary"] = list(self.vary)
        values["prompts"] = list(self.prompts) if self.prompts is not None else None
        values["extra_body"] = without_secrets(self.extra_body)
        values["base_url"] = bare_url(self.base_url)
        values["more_urls"] = [bare_url(url) for url in self.more_urls]
        values["headers"] = {name: header_digest(value) for name, value in sorted(self.headers.items())}
        return values

    def withheld(self) -> list[str]:
        """Name the options that `stored` keeps back a part of, headers apart: they must be given again."""
        names = []
        if any("@" in parts.netloc or parts.query for parts in map(urlsplit, (self.base_url or "", *self.more_urls))):
            names.append("base_url")
        if without_secrets(self.extra_body) != dict(self.extra_body):
            names.append("extra_body")
        return names


def check_adaptive(options: RunOptions) -> None:
    """Make sure that what is asked of an adaptive run makes sense.

    Raises:
        UsageError: it does not.
    """
    for name, value in (("precision", options.precision), ("max-trials", options.max_trials)):
        if value is not None and not options.adaptive:
            raise UsageError(t("run.adaptive_run_give_adaptive", name=name))
    if options.precision is not None and not FINEST <= options.precision <= COARSEST:
        raise UsageError(
            t("run.precision_half_width_interval", precision=options.precision, finest=FINEST, coarsest=COARSEST)
        )


def wanted_precision(options: RunOptions) -> float:
    """Return half the width to which the found rate of every length is wanted."""
    return PRECISION if options.precision is None else options.precision


def price_of(text: str) -> PriceTier:
    """Read the price that `--price` gives: USD per million tokens of input, of output and of cached input.

    Raises:
        UsageError: it is no price.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(0 <= number < math.inf for number in numbers):
        raise UsageError(t("run.price_no_price_give", text=text))
    cached = numbers[2] if len(numbers) == 3 else None
    return PriceTier(up_to=None, input=numbers[0], output=numbers[1], cached_input=cached)


def bare_url(url: str | None) -> str | None:
    """Return an address without what may be a secret in it: user, password and query."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's further fields with a digest in place of every secret, at any depth."""
    return {key: _digested(value) if is_secret_field(key) else _searched(value) for key, value in body.items()}


def _searched(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_secrets(value)
    return [_searched(item) for item in value] if isinstance(value, list) else value


def _digested(value: Any) -> Any:
    # A switch (`"token": true`) is no secret, and a digest of two possible values would hide nothing.
    if value is None or isinstance(value, bool):
        return value
    return header_digest(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


def header_digest(value: str) -> str:
    """Return a short digest of a secret value: enough to see that it changed, not to read it."""
    return "sha256:" + hashlib.sha256(value.encode("utf-8")).hexdigest()[:16]


# ---- units -----------------------------------------------------------------------------------------------------------
# In what a run's lengths are counted: a code for files and programs, and the words for it. Nothing else names units.
#
# A code is `model` (the model's own tokens: by its tokenizer, or fitted to its server's counts), `model:NAME` (the own
# tokens of another run's model, whose prompts were sent again by `--like`), `imported` (as another tool counted), or a
# tokenizer's name.

MODEL_UNIT, IMPORTED, OF_ANOTHER = "model", "imported", "model:"


def unit_code(tokenizer: str, *, by_model: bool, of: str | None = None) -> str:
    """Return the code of a unit.

    Args:
        tokenizer: what counts.
        by_model: whether that is the model itself, or fitted to its counts.
        of: another run's model, whose own tokens they are.
    """
    return f"{OF_ANOTHER}{of}" if of else MODEL_UNIT if by_model else tokenizer


def unit_words(unit: str) -> Note:
    """Return the words for a unit of lengths."""
    if unit == MODEL_UNIT:
        return Note("unit_model")
    if unit == IMPORTED:
        return Note("unit_imported")
    if unit.startswith(OF_ANOTHER):
        return Note("unit_of", name=unit.removeprefix(OF_ANOTHER))
    return Note("unit_tokenizer", name=unit)
