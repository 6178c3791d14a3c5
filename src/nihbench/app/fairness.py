"""Whether a needle is fair: in its corpus, and by its controls, asked of models without a sweep."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from nihbench.analysis.controls import ControlResult, control_results
from nihbench.analysis.fairness import Fairness, check_needle
from nihbench.app.consent import check_cost
from nihbench.app.events import Caller
from nihbench.app.jobs import Ready, asked_jobs, made_ready
from nihbench.app.keywords import usual_values
from nihbench.app.running import now
from nihbench.app.sending import Sending, enter_checks, measure
from nihbench.catalog.loading import load_for
from nihbench.catalog.lookup import Catalog
from nihbench.corpora.store import stats
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.plan.grid import parse_lengths
from nihbench.run.runner import owed
from nihbench.run.scores import score_run
from nihbench.run.store import create_run, manifest
from nihbench.run.texts import corpus_choice, load_corpus
from nihbench.types import Corpus

USUAL_LENGTHS = "1k,2k,4k"


def checked_by_models(name: str, given: Mapping[str, Any], caller: Caller) -> dict[str, tuple[ControlResult, ...]]:
    """Ask models the controls of a needle; return what these say, by model.

    Args:
        name: the needle.
        given: options of `nih run` by name; what is missing is as usual.
        caller: hears what happens, and is asked for agreement.

    Raises:
        UsageError: there is no experiment with this needle, or the options can't be carried out.
    """
    catalog = load_for(caller.tell_once)
    values = usual_values() | {
        "experiment": _experiment(catalog, name),
        "prompt": ",".join(_variants(catalog, name)),
        "lengths": USUAL_LENGTHS,
        "depths": "50:50:1",
    }
    jobs = asked_jobs(values | {key: value for key, value in given.items() if value}, None, caller)

    def agree(ready: Sequence[Ready]) -> None:
        asked = [_controls_only(each) for each in ready]
        check_cost([(each.setup, each.members, each.setup.trials) for each in asked], caller)

    found, spent = {}, Decimal(0)
    with tempfile.TemporaryDirectory(prefix="nih-check-") as place:
        root = Path(place)
        with made_ready(jobs, caller, sending=True, agree=agree, folder=root) as ready:
            checks = sum((each.checks.spent for each in ready if each.checks), Decimal(0))
            for number, each in enumerate(map(_controls_only, ready)):
                own = each.checks.spent if each.checks else Decimal(0)
                checks -= own
                found[each.setup.preset.name], cost = _ask(each, root / str(number), spent + checks)
                spent += cost
    return found


def _experiment(catalog: Catalog, needle: str) -> str:
    """Return the experiment that a needle is checked in: one with its own corpus, or the needle's own."""
    catalog.needle(needle)
    known = [name for name, experiment in catalog.experiments.items() if experiment.needle == needle]
    if not known:
        raise UsageError(t("cli.no_experiment_needle_add", needle=needle))
    return known[0]


def _variants(catalog: Catalog, needle: str) -> list[str]:
    """Return the prompts that ask for a needle in words of their own: of two that send the same, the first."""
    asked: dict[tuple[object, str], str] = {}
    for name, template in catalog.prompts.items():
        asked.setdefault((template.messages, catalog.needle(needle).question_for(name)), name)
    return list(asked.values())


def _controls_only(ready: Ready) -> Ready:
    controls = tuple(trial for trial in ready.setup.trials if trial.control not in (None, "sentinel"))
    return replace(ready, setup=replace(ready.setup, trials=controls))


def _ask(ready: Ready, place: Path, elsewhere: Decimal) -> tuple[tuple[ControlResult, ...], Decimal]:
    """Ask one model, whose records are kept in `place` as long as it takes to judge them; return what it cost, too."""
    folder = create_run(place, manifest(ready.setup, now().isoformat(timespec="seconds")))
    enter_checks(ready, folder)
    spent = measure(ready, folder, owed(ready.setup, {}), Sending(resume=None, quiet=True, elsewhere=elsewhere))
    records = folder.records()
    return control_results(records.values(), score_run(folder, records), ready.setup.trials), spent


_USUAL_WINDOW = 128_000


def checked_in(name: str, corpus: str | None, lengths: str | None, caller: Caller) -> tuple[Corpus, Fairness]:
    """Check a needle against the corpus that is asked for, or that an experiment hides it in; return both."""
    catalog, report = load_for(caller.tell_once), caller.fetching
    needle = catalog.needle(name)
    usual = next((e.corpus for e in catalog.experiments.values() if e.needle == name and e.corpus), None)
    chosen = corpus_choice(corpus, needle.language) or usual
    if not chosen:
        raise UsageError(t("cli.no_corpus_belongs_needle", name=name))
    text = load_corpus(catalog, chosen, Path.cwd(), report)
    tokenizer = load_tokenizer("cl100k_base", report=report)
    tokens = stats(text, [tokenizer]).tokens[0].tokens
    longest = max(parse_lengths(lengths or "1k:128k:15", lowest=1_000, highest=_USUAL_WINDOW))
    return text, check_needle(needle, text, tokens=tokens, unit=tokenizer.name, longest=longest)
