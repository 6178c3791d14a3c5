"""corpora/NAME.yaml as a corpus manifest. The cleaning steps' names are known to `corpora`, not here."""

from __future__ import annotations

from nihbench.catalog.document import Sourced
from nihbench.catalog.schema import CorpusFile, PythonTopicsEntry, UrlEntry, WheelEntry
from nihbench.lang.messages import t
from nihbench.types import CorpusManifest, CorpusSource, PythonTopicsSource, UrlFile, UrlSource, WheelSource


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
        caveat=entry.caveat,
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
