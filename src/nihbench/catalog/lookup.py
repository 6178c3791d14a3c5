"""The loaded catalog: values by name, and errors that name what was probably meant.

It holds values only; reading and checking files is `loading`'s work.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from nihbench.errors import CatalogError, UsageError
from nihbench.lang.messages import t
from nihbench.types import CorpusManifest, Experiment, ModelPreset, Needle, PromptTemplate, Suite

T = TypeVar("T")
Broken = dict[tuple[str, str], CatalogError]
"""Entries that can't be used, by section and name ("needles", "mine"), with the mistake that makes them so."""


def close_names(name: str, names: Iterable[str]) -> str:
    """Return "did you mean 'a' or 'b'?" with the names that look like `name`, or an empty string."""
    by_folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)
    if not close:
        return ""
    first, *others = (repr(by_folded[key]) for key in close)
    known: str = first
    for other in others:
        known = t("common.or", one=known, other=other)
    return t("catalog.you_mean", known=known)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return a sentence on a name that stands in a file and names nothing, with the close names or all that are known.

    `kind` is what it should name ("needle").
    """
    hint = close_names(name, known) or t("catalog.known", known=tuple(known))
    return t("catalog.no_named", kind=kind, name=name, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Everything that has a name; every reference between its values has been checked.

    A needle without an experiment of its own has one of the same name, over the default corpus of its language
    ("" where there is none). `broken` are the entries with a mistake, which stop nothing but themselves.
    """

    needles: Mapping[str, Needle]
    prompts: Mapping[str, PromptTemplate]
    experiments: Mapping[str, Experiment]
    suites: Mapping[str, Suite]
    models: Mapping[str, ModelPreset]
    corpora: Mapping[str, CorpusManifest]
    default_experiment: str
    broken: Mapping[tuple[str, str], CatalogError] = field(default_factory=dict)

    def mistakes(self) -> list[CatalogError]:
        """Return each mistake in the files once; what is broken by another entry's has that one's."""
        return list({str(error): error for error in self.broken.values()}.values())

    def needle(self, name: str) -> Needle:
        """Return the needle of that name; raises `UsageError` with the close names."""
        return self._find("needles", self.needles, name, t("common.needle"), t("catalog.nih_needle_list_shows_all"))

    def prompt(self, name: str) -> PromptTemplate:
        """Return the prompt template of that name; raises `UsageError` with the close names."""
        return self._find(
            "prompts", self.prompts, name, t("catalog.prompt"), t("catalog.nih_needle_list_shows_all_prompts")
        )

    def experiment(self, name: str) -> Experiment:
        """Return the experiment of that name; raises `UsageError` with the close names."""
        return self._find(
            "experiments",
            self.experiments,
            name,
            t("common.experiment"),
            t("catalog.nih_needle_list_shows_all_experiments"),
        )

    def suite(self, name: str) -> Suite:
        """Return the suite of that name; raises `UsageError` with the close names."""
        return self._find("suites", self.suites, name, t("catalog.suite"), t("catalog.nih_needle_list_shows"))

    def corpus(self, name: str) -> CorpusManifest:
        """Return the manifest of that name; raises `UsageError` with the close names, or where none is named ("")."""
        if not name:
            raise UsageError(t("catalog.needle_language_no_default"))
        return self._find("corpora", self.corpora, name, t("common.corpus"), t("catalog.nih_corpus_list_shows"))

    def model(self, name: str) -> ModelPreset:
        """Return the preset of that name; raises `UsageError` with the close names."""
        mend = t("catalog.nih_models_shows_all")
        return self._find("models", self.models, name, t("common.model"), mend)

    def parse_experiment(self, text: str) -> tuple[Experiment, tuple[str, ...]]:
        """Read "NAME" or "NAME/PROMPT": the experiment and the names of the prompts to run.

        Without a prompt these are the experiment's own. Raises `UsageError` for an unknown name.
        """
        name, slash, prompt = text.partition("/")
        experiment = self.experiment(name)
        return experiment, (self.prompt(prompt).name,) if slash else experiment.prompts

    def _find(self, section: str, known: Mapping[str, T], name: str, kind: str, mend: str) -> T:
        if (section, name) in self.broken:
            raise self.broken[section, name]
        return _find(known, name, kind, mend)


def _find(known: Mapping[str, T], name: str, kind: str, mend: str) -> T:
    if name in known:
        return known[name]
    hint = close_names(name, known)
    raise UsageError(
        t("catalog.no_named_3", kind=kind, name=name, hint=hint, mend=mend)
        if hint
        else t("catalog.no_named_2", kind=kind, name=name, mend=mend)
    )
