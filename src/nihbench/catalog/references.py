"""What names what: experiments, suites and defaults as values, every reference checked where it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nihbench.catalog.document import Sourced
from nihbench.catalog.lookup import unknown
from nihbench.catalog.schema import ExperimentEntry, NeedleEntry, NeedlesFile, SuiteEntry
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.types import Experiment, Needle, Suite

_BARE_NEEDLE_PROMPTS = ("original",)


def make_experiment(source: Sourced[ExperimentEntry]) -> Experiment:
    """Return the experiment of an entry."""
    entry = source.value
    prompts = tuple(entry.prompts)
    return Experiment(
        name=source.name,
        needle=entry.needle,
        corpus=entry.corpus,
        prompts=prompts,
        title=entry.title,
        note=entry.note,
    )


def make_suite(source: Sourced[SuiteEntry]) -> Suite:
    """Return the suite of an entry."""
    pairs = (item.partition("/") for item in source.value.items)
    items = tuple((experiment, prompt) for experiment, _, prompt in pairs)
    return Suite(name=source.name, items=items, note=source.value.note)


def check_questions(needles: Mapping[str, Sourced[NeedleEntry]], prompts: Collection[str]) -> None:
    """Refuse a question's wording for a prompt that does not exist."""
    for source in needles.values():
        for prompt in source.value.questions:
            if prompt not in prompts:
                raise source.error(unknown(t("catalog.prompt"), prompt, prompts), "questions", prompt)


def check_experiments(
    experiments: Mapping[str, Sourced[ExperimentEntry]],
    needles: Collection[str],
    prompts: Collection[str],
    corpora: Collection[str],
) -> None:
    """Refuse an experiment over a needle, corpus or prompt that does not exist."""
    for source in experiments.values():
        if source.value.needle not in needles:
            raise source.error(unknown(t("common.needle"), source.value.needle, needles), "needle")
        if source.value.corpus not in corpora:
            raise source.error(unknown(t("common.corpus"), source.value.corpus, corpora), "corpus")
        for index, prompt in enumerate(source.value.prompts):
            if prompt not in prompts:
                raise source.error(unknown(t("catalog.prompt"), prompt, prompts), "prompts", index)


def check_suites(
    suites: Mapping[str, Sourced[SuiteEntry]], experiments: Collection[str], prompts: Collection[str]
) -> None:
    """Refuse a suite's item that is not "experiment/prompt" of known names."""
    for source in suites.values():
        for index, item in enumerate(source.value.items):
            experiment, slash, prompt = item.partition("/")
            if not slash:
                raise source.error(t("catalog.names_no_prompt_write", item=item), "items", index)
            if experiment not in experiments:
                raise source.error(unknown(t("common.experiment"), experiment, experiments), "items", index)
            if prompt not in prompts:
                raise source.error(unknown(t("catalog.prompt"), prompt, prompts), "items", index)


def check_corpora(files: Sequence[Sourced[NeedlesFile]], corpora: Collection[str]) -> None:
    """Refuse a default corpus that does not exist."""
    for file in files:
        for language, corpus in (file.value.defaults.corpora if file.value.defaults else {}).items():
            if corpus not in corpora:
                raise file.error(unknown(t("common.corpus"), corpus, corpora), "defaults", "corpora", language)


def implied_experiments(
    files: Sequence[Sourced[NeedlesFile]], needles: Mapping[str, Needle], experiments: Collection[str]
) -> dict[str, Experiment]:
    """Return an experiment for every needle that has none of its name, so that five lines are enough to run it.

    Where its language has no default corpus, that of the experiment is "": a run has to name one.
    """
    corpora: dict[str, str] = {}
    for file in files:
        corpora |= file.value.defaults.corpora if file.value.defaults else {}
    implied = {}
    for name, needle in needles.items():
        corpus = corpora.get(needle.language) or corpora.get(needle.language.partition("-")[0])
        if name not in experiments:
            implied[name] = Experiment(name=name, needle=name, corpus=corpus or "", prompts=_BARE_NEEDLE_PROMPTS)
    return implied


def default_experiment(files: Sequence[Sourced[NeedlesFile]], experiments: Collection[str]) -> str:
    """Return the experiment of a run that names none: the last file's word counts."""
    chosen = ""
    for file in files:
        name = file.value.defaults.experiment if file.value.defaults else None
        if name is not None and name not in experiments:
            raise file.error(unknown(t("common.experiment"), name, experiments), "defaults", "experiment")
        chosen = name or chosen
    if not chosen:
        raise UsageError(t("catalog.no_needles_yaml_default"))
    return chosen
