"""A resolved run: the plan, the texts, the tokenizer, the request, and what follows from them for each trial.

`resolve` makes it, from the user's options.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nihbench.plan import (
    PrefixCache,
    Turn,
    fill,
    fresh_values,
    turn_of,
)
from nihbench.run.calibration import Calibration
from nihbench.run.options import (
    RunOptions,
    header_digest,
    without_secrets,
)
from nihbench.text import (
    PLACEMENT_VERSION,
    EncodedMessages,
    Source,
    build_alone,
    build_bare,
    build_prompt,
)
from nihbench.types import (
    Corpus,
    Experiment,
    ModelPreset,
    Needle,
    Placed,
    PromptTemplate,
    Request,
    Tokenizer,
    Trial,
)

USUAL_AT_ONCE = 4
"""So many requests are in flight at a time where nothing says how many, and nothing finds it out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """A resolved run. `notes` are sentences that the user must read before it starts.

    `calibration` turns nominal lengths into the tokenizer's, where these are not the model's own; None: they are
    taken as they are. `cache` is how the server is known to keep prefixes, of kind `none` where that is not known.
    """

    options: RunOptions
    preset: ModelPreset
    model_sha256: str | None
    experiment: Experiment
    needle: Needle
    prompts: Mapping[str, PromptTemplate]
    corpus: Corpus
    tokenizer: Tokenizer
    counted_by_model: bool
    overheads: Mapping[str, int]
    request: Request
    headers: Mapping[str, str]
    window: int | None
    cache: PrefixCache
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: tuple[Trial, ...]
    concurrency: int | None
    copies: int
    source_of: Callable[[int], Source]
    heads: Mapping[str, str]
    """What each prompt puts before the haystack: only prompts with the same share a cached beginning."""
    fixed_tokens: int
    notes: tuple[str, ...]
    calibration: Calibration | None = None
    too_long: tuple[int, ...] = ()
    """Lengths that were asked for and left out, because they are over the window."""
    plan: tuple[Trial, ...] = ()
    """The whole plan, where `trials` are a part of it (`--shard`)."""

    @property
    def grid(self) -> tuple[Trial, ...]:
        """The trials that count, controls left out."""
        return tuple(trial for trial in self.trials if trial.control is None)

    @property
    def texts(self) -> int:
        """How many haystacks the grid has, one a repeat or one for all."""
        return self.options.repeats if "haystack" in self.options.vary else 1

    def needle_of(self, trial: Trial) -> tuple[Needle, dict[str, str]]:
        """Return the trial's needle with its fresh values put in, and those values."""
        same = trial.control is None and "needle" not in self.options.vary
        drawn = replace(trial, repeat=0) if same else self.drawn(trial)
        values = fresh_values(self.needle, drawn, self.options.draw_seed)
        return fill(self.needle, values), values

    def drawn(self, trial: Trial) -> Trial:
        """Return the trial whose draws hold for this one: the sentinel is the same prompt each time."""
        return replace(trial, repeat=0) if trial.control == "sentinel" else trial

    def build(self, trial: Trial) -> tuple[EncodedMessages, Placed]:
        """Build the trial's messages and placement."""
        if trial.control == "closed_book":
            return self._build_alone(trial)
        if self.calibration is None:
            return self.build_local(trial, trial.length)
        return self.build_local(
            trial, self.calibration.local_length(trial.length, trial.prompt, self.drawn(trial).repeat)
        )

    def _build_alone(self, trial: Trial) -> tuple[EncodedMessages, Placed]:
        needle, _ = self.needle_of(trial)
        return build_alone(
            self.prompts[trial.prompt],
            needle.question_for(trial.prompt),
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
        )

    def build_local(self, trial: Trial, length: int) -> tuple[EncodedMessages, Placed]:
        """Build the trial's messages with another length, in the tokenizer's own tokens."""
        needle, _ = self.needle_of(trial)
        if trial.control == "no_needle":
            return build_bare(
                self.source_of(0),
                self.prompts[trial.prompt],
                needle.question_for(trial.prompt),
                length=length,
                overhead=self.overheads[trial.prompt],
                tokenizer=self.tokenizer,
            )
        return build_prompt(
            self.source_of(self.drawn(trial).repeat),
            needle.statements[0],
            self.prompts[trial.prompt],
            needle.question_for(trial.prompt),
            length=length,
            depth_percent=trial.depth_percent,
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
        )

    def request_of(self, trial: Trial) -> Request:
        """Return the trial's request: repeats of one prompt that the model itself shall vary have each its own seed."""
        if self.request.seed is None or "temperature" not in self.options.vary:
            return self.request
        return replace(self.request, seed=self.request.seed + self.drawn(trial).repeat)

    def turn_of(self, trial: Trial) -> Turn:
        """Return what the trial waits for, where several are in flight; a control waits for nothing.

        Where no cache is known that a leader could feed, waiting for one would cost an answer's time and save nothing.
        """
        turn = turn_of(trial, self.options.order, self.options.vary, self.heads)
        return replace(turn, groups=()) if self.cache.kind == "none" else turn

    def expected_tokens(self, trial: Trial, placement: Placed) -> int:
        """Return what the server should count for a trial's prompt, as far as this run knows its tokenizer."""
        if self.calibration is None:
            return placement.total_tokens
        return self.calibration.server_length(
            placement.total_tokens, trial.length, trial.prompt, self.drawn(trial).repeat
        )

    @property
    def counts_exactly(self) -> bool:
        """Whether the server's counts are known beforehand: by its tokenizer, or fitted."""
        return self.counted_by_model or self.calibration is not None

    @property
    def wants_calibration(self) -> bool:
        """Whether lengths are meant in the model's tokens, and nothing at hand counts these."""
        return self.options.calibrate and self.options.length_unit == "model" and not self.counted_by_model

    def identity(self) -> dict[str, Any]:
        """Return everything that is common to all trials and could change an answer."""
        calibrated = {} if self.calibration is None else {"calibration": self.calibration.identity()}
        return calibrated | {
            "model": self.model_sha256 or self.request.model,
            "max_output": self.request.max_output,
            "temperature": self.request.temperature,
            "request_seed": self.request.seed,
            "extra_body": without_secrets(self.request.extra_body),
            "headers": {name: header_digest(value) for name, value in sorted(self.headers.items())},
            "corpus": self.corpus.sha256,
            "copies": self.copies,
            "seed": self.options.draw_seed,
            "statements": list(self.needle.statements),
            "tokenizer": self.tokenizer.name,
            "placement": PLACEMENT_VERSION,
        }

    def trial_id(self, trial: Trial) -> str:
        """Return the trial's id: 16 hex digits of a hash over all that could change its answer."""
        template = self.prompts[trial.prompt]
        place = {
            "prompt": [[m.role, m.content] for m in template.messages],
            "question": self.needle.question_for(trial.prompt),
            "overhead": self.overheads[trial.prompt],
            "length": trial.length,
            "depth_percent": trial.depth_percent,
            "repeat": trial.repeat,
            "control": trial.control,
        }
        if trial.repeat and trial.control is None and set(self.options.vary) != {"haystack"}:
            place["vary"] = sorted(self.options.vary)
        later = self.calibration.later_fit(trial.repeat, trial.length) if self.calibration and trial.extra else None
        if later is not None:
            place["fit"] = [list(point) for point in later.points]
        text = json.dumps(self.identity() | place, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What a run found out when it began, and keeps when it is resumed."""

    corpus_sha256: str | None = None
    window: int | None = None
    cache: str | None = None
    calibration: Calibration | None = None
