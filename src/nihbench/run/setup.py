"""Resolve options into everything a run needs: the plan, the texts, the tokenizer, the request, the trials' ids.

All questions that can fail are asked here, before the first call that costs money.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nihbench.catalog import Catalog
from nihbench.endpoint import ModelAccess
from nihbench.errors import UsageError
from nihbench.fetch import Report
from nihbench.lang import t
from nihbench.plan import (
    VARIED,
    Turn,
    fill,
    fresh_values,
    make_controls,
    make_trials,
    order_trials,
    parse_depths,
    parse_shard,
    stretch,
    turn_of,
    with_controls,
)
from nihbench.run.calibration import WINDOW_SLACK, Calibration
from nihbench.run.lengths import MIN_HAYSTACK_TOKENS, fixed_tokens, resolve_lengths
from nihbench.run.options import (
    QUICK_DEPTHS,
    QUICK_MAX_OUTPUT,
    RunOptions,
    header_digest,
    price_of,
    without_secrets,
)
from nihbench.run.texts import Texts, check_corpus_option, corpus_choice, load_texts, sources
from nihbench.text import (
    PLACEMENT_VERSION,
    EncodedMessages,
    Source,
    asks_first,
    build_alone,
    build_bare,
    build_prompt,
    head_of,
)
from nihbench.types import (
    Corpus,
    Experiment,
    Message,
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
    taken as they are.
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
        """Return what the trial waits for, where several are in flight; a control waits for nothing."""
        if trial.control is not None:
            return Turn(place=trial)
        return turn_of(trial, self.options.order, self.options.vary, self.heads)

    def expected_tokens(self, trial: Trial, placement: Placed) -> int:
        """Return what the server should count for a trial's prompt, as far as this run knows its tokenizer."""
        if self.calibration is None:
            return placement.total_tokens
        return self.calibration.server_length(placement.total_tokens, trial.prompt, self.drawn(trial).repeat)

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
        text = json.dumps(self.identity() | place, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


Calibrate = Callable[[Setup], Calibration | None]
"""Fits a run's lengths to what the server counts; None where that can't be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What a run found out when it began, and keeps when it is resumed: its text, the window, the calibration."""

    corpus_sha256: str | None = None
    window: int | None = None
    calibration: Calibration | None = None


def prepare(
    options: RunOptions,
    catalog: Catalog,
    model: ModelAccess,
    *,
    folder: Path,
    report: Report,
    begun: Begun | None = None,
    calibrate: Calibrate | None = None,
    leave_out: bool = False,
) -> Setup:
    """Resolve `options` against the catalog and the model.

    Args:
        options: what the user asked for.
        catalog: needles, prompts, corpora, models.
        model: the model within reach: preset, window, tokenizer, template overhead.
        folder: the user's working folder (its haystack/ is looked in first).
        report: told what is being fetched.
        begun: what the run found out when it began, where it is resumed.
        calibrate: fits lengths to the server's counts, where that is called for; None: they stay as they are.
        leave_out: whether lengths over the window are left out instead of refused (`Setup.too_long`).

    Raises:
        UsageError: the options can't be carried out; the message says what to change.
    """
    begun = begun or Begun()
    experiment, prompt_names = _experiment(options, catalog)
    needle = catalog.needle(experiment.needle)
    if len(needle.statements) != 1:
        raise UsageError(
            t(
                "needle {needle_name!r} has several sentences: this version hides one sentence in a trial",
                needle_name=needle.name,
            )
        )
    prompts = {name: catalog.prompt(name) for name in prompt_names}
    _check_numbers(options, model)
    _check_prompts(needle, prompts)
    _check_vary(options, needle)
    preset = model.preset
    if options.price:
        preset = replace(preset, prices=(price_of(options.price),))
    tokenizer, counted_by_model = model.tokenizer(options.length_unit, report)
    texts = load_texts(
        needle,
        _corpus_name(options, experiment, needle, catalog),
        tokenizer,
        catalog=catalog,
        folder=folder,
        report=report,
        text_sha256=begun.corpus_sha256,
    )
    heads = {name: head_of(prompts[name], needle.question_for(name)) for name in prompts}
    overheads = {name: model.overhead(_probe_messages(prompts[name]), tokenizer) for name in prompts}
    request = _request(options, preset)
    told = model.server.window if model.server else None
    window = options.window or told or begun.window or model.window
    depths = parse_depths(options.depths or (QUICK_DEPTHS if options.quick else "15"))
    setup = Setup(
        options=options,
        preset=preset,
        model_sha256=model.model_sha256,
        experiment=experiment,
        needle=needle,
        prompts=prompts,
        corpus=texts.corpus,
        tokenizer=tokenizer,
        counted_by_model=counted_by_model,
        overheads=overheads,
        request=request,
        headers=options.headers,
        window=window,
        lengths=(),
        depths=depths,
        heads=heads,
        fixed_tokens=0,
        trials=(),
        concurrency=options.concurrency or preset.concurrency,
        copies=1,
        source_of=_sources(options, texts, tokenizer, 1),
        notes=(),
    )
    if begun.calibration is not None:
        return _sharded(_with_lengths(setup, texts, begun.calibration))
    setup = _with_lengths(setup, texts, None, leave_out=leave_out)
    found = calibrate(setup) if calibrate is not None and setup.wants_calibration else None
    return _sharded(setup if found is None else _with_lengths(setup, texts, found))


def _sharded(setup: Setup) -> Setup:
    """Return the setup with the part of its plan that is asked for; last, for all parts have everything else alike."""
    if setup.options.shard is None:
        return setup
    part = stretch(setup.trials, parse_shard(setup.options.shard), setup.turn_of)
    return replace(setup, plan=setup.trials, trials=part)


def _with_lengths(setup: Setup, texts: Texts, calibration: Calibration | None, *, leave_out: bool = False) -> Setup:
    """Return the setup with its lengths and all that follows from them."""
    options = setup.options
    overheads = setup.overheads if calibration is None else calibration.overheads
    tokens = len(texts.starts)
    fixed = fixed_tokens(setup.needle, setup.prompts, overheads, setup.tokenizer)
    lengths = resolve_lengths(
        options,
        setup.window,
        setup.request.max_output,
        fixed,
        tokens if calibration is None else calibration.server_text(tokens),
        slack=WINDOW_SLACK if calibration is not None or setup.wants_calibration else 0.0,
        leave_out=leave_out,
    )
    resolved = replace(
        setup,
        overheads=overheads,
        calibration=calibration,
        lengths=lengths.fitting,
        too_long=lengths.too_long,
        copies=lengths.copies,
        trials=_trials(setup, lengths.fitting, fixed),
        source_of=_sources(options, texts, setup.tokenizer, lengths.copies),
        fixed_tokens=fixed,
        notes=(*texts.notes, *lengths.notes, *_cache_notes(setup), *_unit_notes(setup, calibration)),
    )
    resolved = _with_controls(resolved) if options.controls else resolved
    _check_builds(resolved)
    return resolved


def _with_controls(setup: Setup) -> Setup:
    """Return the setup with its control trials among the others."""
    fixed = fixed_tokens(setup.needle, setup.prompts, setup.overheads, setup.tokenizer)
    alone = {name: replace(setup.trials[0], prompt=name, control="closed_book") for name in setup.prompts}
    tokens = {}
    for name, trial in alone.items():
        _, placement = setup.build(trial)
        tokens[name] = setup.expected_tokens(trial, placement)
    controls = make_controls(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=tokens,
        lengths=setup.lengths,
        depths=setup.depths,
        shortest=fixed + MIN_HAYSTACK_TOKENS,
        grid_trials=len(setup.trials),
        quick=setup.options.quick,
    )
    return replace(setup, trials=with_controls(setup.trials, controls))


def _unit_notes(setup: Setup, calibration: Calibration | None) -> list[str]:
    """Return what must be said about the unit of lengths, where it is not the model's own."""
    name = setup.tokenizer.name
    if calibration is not None:
        return [
            t(
                "lengths are the model's tokens, fitted to {name} by {requests} counts of the server "
                "({ratio:.3f} for one of {name})",
                name=name,
                requests=calibration.requests,
                ratio=calibration.ratio,
            )
        ]
    if setup.counted_by_model:
        return []
    return [
        t(
            "lengths are counted in {name} tokens, not by the model itself; the server's own count is recorded "
            "beside them",
            name=name,
        )
    ]


def _experiment(options: RunOptions, catalog: Catalog) -> tuple[Experiment, tuple[str, ...]]:
    experiment, prompts = catalog.parse_experiment(options.experiment or catalog.default_experiment)
    return experiment, tuple(dict.fromkeys(options.prompts or prompts))


def _corpus_name(options: RunOptions, experiment: Experiment, needle: Needle, catalog: Catalog) -> str:
    check_corpus_option(options.corpus, catalog)
    name = corpus_choice(options.corpus, needle.language) or experiment.corpus
    if not name:
        raise UsageError(
            t(
                "the needle {needle_name!r} is in the language {language!r}, for which there is no corpus of "
                "its own: give --corpus with the path of a text",
                needle_name=needle.name,
                language=needle.language,
            )
        )
    return name


def _check_builds(setup: Setup) -> None:
    """Build the prompts that are likeliest not to fit (longest and shortest) before the first call is paid for."""
    shortest, longest = setup.lengths[0], setup.lengths[-1]
    depths = setup.depths
    tried = {(longest, depth) for depth in (depths[0], depths[len(depths) // 2], depths[-1])} | {(shortest, depths[0])}
    for trial in setup.grid:
        if trial.repeat == 0 and (trial.length, trial.depth_percent) in tried:
            setup.build(trial)


def _check_numbers(options: RunOptions, model: ModelAccess) -> None:
    for name in ("repeats", "window", "max_output", "concurrency"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(
                t("--{replace} must be at least 1, not {value}", replace=name.replace("_", "-"), value=value)
            )
    for name, rate in (("rpm", options.rpm), ("tpm", options.tpm)):
        if rate is not None and not 0 < rate < math.inf:
            raise UsageError(t("--{name} must be more than 0, not {rate:g}", name=name, rate=rate))
    told = model.server.window if model.server else None
    if told and options.window and options.window > told:
        raise UsageError(
            t(
                "--window {window} is more than the server takes, which says {told} tokens: leave it out, or give less",
                window=options.window,
                told=told,
            )
        )


def _check_prompts(needle: Needle, prompts: Mapping[str, PromptTemplate]) -> None:
    """Refuse two prompts that would send the same: their trials could not be told apart, and be paid for twice."""
    seen: dict[tuple[tuple[Message, ...], str], str] = {}
    for name, template in prompts.items():
        other = seen.setdefault((template.messages, needle.question_for(name)), name)
        if other != name:
            raise UsageError(
                t(
                    "the prompts {other!r} and {name!r} ask for the needle {needle_name!r} in the same "
                    "words: leave one of them out",
                    other=other,
                    name=name,
                    needle_name=needle.name,
                )
            )


def _check_vary(options: RunOptions, needle: Needle) -> None:
    for name in options.vary:
        if name not in VARIED:
            raise UsageError(t("--vary {name!r} is none of {known}", name=name, known=", ".join(VARIED)))
    if "needle" in options.vary and not needle.fresh:
        raise UsageError(
            t(
                "--vary needle: the needle {name!r} has no fresh values to draw, so that every repeat would hide the "
                "same; leave it out, or take a needle that has (nih needle list)",
                name=needle.name,
            )
        )


def _cache_notes(setup: Setup) -> list[str]:
    """Return what must be said about repeats that ask the same, and prompts that share no beginning."""
    options = setup.options
    notes: list[str] = []
    if options.repeats > 1 and set(options.vary) <= {"temperature"} and setup.request.temperature == 0.0:
        notes.append(
            t("the repeats ask the same prompts at temperature 0: their answers differ only as far as the server's do")
        )
    first = [name for name, template in setup.prompts.items() if asks_first(template)]
    if first:
        notes.append(
            t(
                "the prompts {prompts} put the question before the haystack: what a prefix cache keeps of their "
                "haystacks serves no other question",
                prompts=", ".join(first),
            )
        )
    return notes


def _probe_messages(template: PromptTemplate) -> tuple[Message, ...]:
    """Return a template's messages with a short text of plain words each, to measure the chat template around them."""
    return tuple(Message(role=m.role, content="One two three.") for m in template.messages)


def _request(options: RunOptions, preset: ModelPreset) -> Request:
    temperature = preset.temperature
    if options.temperature is not None:
        temperature = None if options.temperature == "none" else _number(options.temperature)
    usual = min(preset.max_output, QUICK_MAX_OUTPUT) if options.quick and not preset.reasoning else preset.max_output
    return Request(
        model=preset.model,
        max_output=options.max_output or usual,
        temperature=temperature,
        seed=options.draw_seed if preset.local is not None else options.seed,
        extra_body=dict(preset.extra_body) | dict(options.extra_body),
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(t("--temperature {text!r} is neither a number nor the word none", text=text)) from error
    if not 0.0 <= value <= 2.0:
        raise UsageError(t("--temperature {text} lies outside 0 to 2", text=text))
    return value


def _trials(setup: Setup, lengths: tuple[int, ...], fixed: int) -> tuple[Trial, ...]:
    options = setup.options
    trials = make_trials(
        experiment=setup.experiment.name,
        needle=setup.needle.name,
        prompts=list(setup.prompts),
        lengths=lengths,
        depths=setup.depths,
        repeats=options.repeats,
    )
    return order_trials(
        trials, options.order, options.draw_seed, vary=options.vary, heads=setup.heads, fixed_tokens=fixed
    )


def _sources(options: RunOptions, texts: Texts, tokenizer: Tokenizer, copies: int) -> Callable[[int], Source]:
    return sources(texts, tokenizer, options.draw_seed, copies, varied="haystack" in options.vary)
