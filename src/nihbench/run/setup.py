"""Resolve options into everything a run needs: the plan, the texts, the tokenizer, the request, the trials' ids.

All questions that can fail are asked here, before the first call that costs money.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from nihbench import corpora
from nihbench.catalog import Catalog
from nihbench.endpoint import ModelAccess
from nihbench.errors import UsageError
from nihbench.fetch import Report
from nihbench.plan import fill, fresh_values, make_trials, order_trials, parse_depths, parse_lengths
from nihbench.run.options import QUICK_DEPTHS, QUICK_LENGTHS, QUICK_MAX_OUTPUT, RunOptions, header_digest
from nihbench.text import PLACEMENT_VERSION, Source, boundaries, build_prompt, frame_of, make_source, sentence_start
from nihbench.types import (
    Corpus,
    Experiment,
    IntArray,
    Message,
    ModelPreset,
    Needle,
    Placement,
    PromptTemplate,
    Request,
    Tokenizer,
    Trial,
)

MIN_HAYSTACK_TOKENS = 64
"""A haystack below this is no haystack: the shortest length is refused."""
CORPUS_RESERVE_TOKENS = 16
"""Kept back from the corpus's end when default lengths are chosen: seams and needle differ a little by place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """A resolved run. `notes` are sentences that the user must read before it starts."""

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
    concurrency: int
    copies: int
    source_of: Callable[[int], Source]
    notes: tuple[str, ...]

    def needle_of(self, trial: Trial) -> tuple[Needle, dict[str, str]]:
        """Return the trial's needle with its fresh values put in, and those values."""
        values = fresh_values(self.needle, trial, self.options.draw_seed)
        return fill(self.needle, values), values

    def build(self, trial: Trial) -> tuple[tuple[Message, ...], Placement]:
        """Build the trial's messages and placement."""
        needle, _ = self.needle_of(trial)
        return build_prompt(
            self.source_of(trial.repeat),
            needle.statements[0],
            self.prompts[trial.prompt],
            needle.question_for(trial.prompt),
            length=trial.length,
            depth_percent=trial.depth_percent,
            overhead=self.overheads[trial.prompt],
            tokenizer=self.tokenizer,
        )

    def identity(self) -> dict[str, Any]:
        """Return everything that is common to all trials and could change an answer."""
        return {
            "model": self.model_sha256 or self.request.model,
            "max_output": self.request.max_output,
            "temperature": self.request.temperature,
            "request_seed": self.request.seed,
            "extra_body": dict(self.request.extra_body),
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
        text = json.dumps(self.identity() | place, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """A corpus with its token starts and sentence boundaries."""

    corpus: Corpus
    starts: IntArray
    boundaries: IntArray
    notes: tuple[str, ...] = field(default=())


def prepare(
    options: RunOptions,
    catalog: Catalog,
    model: ModelAccess,
    *,
    folder: Path,
    report: Report,
) -> Setup:
    """Resolve `options` against the catalog and the model.

    Args:
        options: what the user asked for.
        catalog: needles, prompts, corpora, models.
        model: the model within reach: preset, window, tokenizer, template overhead.
        folder: the user's working folder (its haystack/ is looked in first).
        report: told what is being fetched.

    Raises:
        UsageError: the options can't be carried out; the message says what to change.
    """
    experiment, prompt_names = _experiment(options, catalog)
    needle = catalog.needle(experiment.needle)
    if len(needle.statements) != 1:
        raise UsageError(f"needle {needle.name!r} has several sentences: this version hides one sentence in a trial")
    prompts = {name: catalog.prompt(name) for name in prompt_names}
    _check_numbers(options)
    _check_prompts(needle, prompts)
    preset = model.preset
    tokenizer, counted_by_model = model.tokenizer(options.length_unit, report)
    texts = _load(options, catalog, experiment, needle, tokenizer, folder, report)
    overheads = {name: model.overhead(_probe_messages(prompts[name]), tokenizer) for name in prompts}
    request = _request(options, preset)
    window = options.window or model.window
    fixed = _fixed_tokens(needle, prompts, overheads, tokenizer)
    lengths, copies, notes = _lengths(options, window, request.max_output, fixed, len(texts.starts))
    depths = parse_depths(options.depths or (QUICK_DEPTHS if options.quick else "15"))
    notes = [*texts.notes, *notes]
    if not counted_by_model:
        notes.append(
            f"lengths are counted in {tokenizer.name} tokens, not by the model itself; "
            "the server's own count is recorded beside them"
        )
    return Setup(
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
        lengths=lengths,
        depths=depths,
        trials=_trials(options, experiment, needle, prompt_names, lengths, depths),
        concurrency=options.concurrency or preset.concurrency,
        copies=copies,
        source_of=_sources(texts, tokenizer, options.draw_seed, copies),
        notes=tuple(notes),
    )


def _experiment(options: RunOptions, catalog: Catalog) -> tuple[Experiment, tuple[str, ...]]:
    experiment, prompts = catalog.parse_experiment(options.experiment or catalog.default_experiment)
    return experiment, tuple(dict.fromkeys(options.prompts or prompts))


def _check_numbers(options: RunOptions) -> None:
    for name in ("repeats", "window", "max_output", "concurrency"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {value}")


def _check_prompts(needle: Needle, prompts: Mapping[str, PromptTemplate]) -> None:
    """Refuse two prompts that would send the same: their trials could not be told apart, and be paid for twice."""
    seen: dict[tuple[tuple[Message, ...], str], str] = {}
    for name, template in prompts.items():
        other = seen.setdefault((template.messages, needle.question_for(name)), name)
        if other != name:
            raise UsageError(
                f"the prompts {other!r} and {name!r} ask for the needle {needle.name!r} in the same words: "
                "leave one of them out"
            )


def _load(
    options: RunOptions,
    catalog: Catalog,
    experiment: Experiment,
    needle: Needle,
    tokenizer: Tokenizer,
    folder: Path,
    report: Report,
) -> _Texts:
    corpus = load_corpus(catalog, corpus_choice(options.corpus, needle.language) or experiment.corpus, folder, report)
    notes = [corpus.caveat] if corpus.caveat else []
    if corpus.language != needle.language:
        notes.append(
            f"the needle's language is {needle.language}, the corpus's is {corpus.language}: "
            "a needle in another language than its haystack is easy to see"
        )
    if not needle.fresh and needle.statements[0] in corpus.text:
        raise UsageError(
            f"the needle {needle.name!r} already stands in the corpus {corpus.name!r}: take another of the two"
        )
    return _Texts(
        corpus=corpus,
        starts=corpora.token_starts(corpus.text, corpus.sha256, tokenizer),
        boundaries=boundaries(corpus.text, corpus.language),
        notes=tuple(notes),
    )


def corpus_choice(option: str | None, language: str) -> str | None:
    """Read `--corpus`: `NAME` or a path, or `zh=NAME` which counts for needles of that language only."""
    choice = None
    for part in option.split(",") if option else []:
        key, equals, name = part.partition("=")
        if equals and len(key) == 2 and key.isalpha():
            choice = name if key == language else choice
        else:
            choice = part
    return choice


def load_corpus(catalog: Catalog, name: str, folder: Path, report: Report) -> Corpus:
    """Load a corpus by its name in the catalog, or a user's own file or folder by its path."""
    if name in catalog.corpora:
        manifest = catalog.corpora[name]
        others = corpora.alternatives_to(manifest, catalog.corpora.values())
        return corpora.ensure(manifest, folder=corpora.haystack_folder(folder), report=report, alternatives=others)
    if Path(name).exists():
        return corpora.load_path(Path(name))
    try:
        catalog.corpus(name)
    except UsageError as error:
        raise UsageError(f"{error}, or give the path of a text file or folder") from error
    raise AssertionError("a corpus of the catalog was taken above")


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
        raise UsageError(f"--temperature {text!r} is neither a number nor the word none") from error
    if not 0.0 <= value <= 2.0:
        raise UsageError(f"--temperature {text} lies outside 0 to 2")
    return value


def _fixed_tokens(
    needle: Needle, prompts: Mapping[str, PromptTemplate], overheads: Mapping[str, int], tokenizer: Tokenizer
) -> int:
    """Return the most tokens that a prompt of this run spends on all but the haystack."""
    sizes = []
    for name, template in prompts.items():
        frame = frame_of(template, needle.question_for(name), overheads[name], tokenizer)
        sizes.append(frame.fixed_tokens + tokenizer.count(frame.before) + tokenizer.count(frame.after))
    return max(sizes) + tokenizer.count(needle.statements[0])


def _lengths(
    options: RunOptions, window: int | None, max_output: int, fixed: int, corpus_tokens: int
) -> tuple[tuple[int, ...], int, list[str]]:
    """Return the lengths, how many copies of the corpus they need, and what must be said about them."""
    capacity = corpus_tokens + fixed - CORPUS_RESERVE_TOKENS
    room = window - max_output if window else None
    if room is not None and room < fixed + MIN_HAYSTACK_TOKENS:
        raise UsageError(f"a window of {window} tokens less {max_output} for the answer leaves no room for a haystack")
    spec = options.lengths or (QUICK_LENGTHS if options.quick else "15")
    explicit = not spec.strip().isdigit()
    if room is None and not explicit:
        raise UsageError("the model's window is not known: give --window TOKENS, or --lengths such as 1k:32k:15")
    highest = room if room is not None else capacity
    notes = []
    if not explicit and not options.repeat_corpus and highest > capacity:
        notes.append(
            f"lengths stop at {capacity:,} tokens, the corpus's end, short of the model's {highest:,}: "
            "see `nih corpus list` for a longer corpus, or repeat this one with --repeat-corpus"
        )
        highest = capacity
    lengths = parse_lengths(spec, lowest=1000, highest=highest)
    if lengths[0] < fixed + MIN_HAYSTACK_TOKENS:
        raise UsageError(
            f"a length of {lengths[0]} tokens can't hold the needle, the question and a haystack: "
            f"the shortest here is {fixed + MIN_HAYSTACK_TOKENS}"
        )
    if room is not None and lengths[-1] > room:
        raise UsageError(
            f"a length of {lengths[-1]:,} tokens is over the window: {window:,} tokens less {max_output:,} for the "
            f"answer leave {room:,}"
        )
    copies = max(1, math.ceil((lengths[-1] - fixed + CORPUS_RESERVE_TOKENS) / max(corpus_tokens, 1)))
    if copies > 1:
        over = [length for length in lengths if length > capacity]
        if not options.repeat_corpus:
            raise UsageError(
                f"a length of {lengths[-1]:,} tokens is longer than the corpus ({capacity:,}): ask for less, take a "
                "longer corpus (`nih corpus list`), or give --repeat-corpus"
            )
        notes.append("the corpus is repeated to fill these lengths: " + ", ".join(f"{length:,}" for length in over))
    return lengths, copies, notes


def _trials(
    options: RunOptions,
    experiment: Experiment,
    needle: Needle,
    prompts: Sequence[str],
    lengths: tuple[int, ...],
    depths: tuple[float, ...],
) -> tuple[Trial, ...]:
    trials = make_trials(
        experiment=experiment.name,
        needle=needle.name,
        prompts=prompts,
        lengths=lengths,
        depths=depths,
        repeats=options.repeats,
    )
    return order_trials(trials, options.order, options.draw_seed)


def _sources(texts: _Texts, tokenizer: Tokenizer, seed: int, copies: int) -> Callable[[int], Source]:
    """Return a function from a repeat's number to its source; the first begins at the corpus's beginning."""

    @lru_cache(maxsize=2)
    def source_of(repeat: int) -> Source:
        text = texts.corpus.text
        start = 0
        if repeat:
            drawn = random.Random(f"{seed}:{repeat}:{texts.corpus.sha256}").randrange(len(text))
            start = sentence_start(text, texts.boundaries, drawn)
        return make_source(
            text, texts.corpus.language, texts.starts, texts.boundaries, tokenizer, start=start, copies=copies
        )

    return source_of
