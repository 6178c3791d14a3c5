"""Which families there are: those built in, and those that installed packages offer (entry points `nihbench.tasks`).

A name is looked up among these and nowhere else: what a run's folder names is imported only where it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks.family import Family
from nihbench.types import Axis

GROUP = "nihbench.tasks"
SINGLE_NEEDLE = "needle"
_BUILT_IN: Mapping[str, str] = {
    SINGLE_NEEDLE: "nihbench.tasks.needle:SingleNeedle",
    "keys": "nihbench.tasks.keys:Keys",
    "values": "nihbench.tasks.keys:Values",
    "queries": "nihbench.tasks.keys:Queries",
    "column": "nihbench.tasks.keys:Column",
    "latent": "nihbench.tasks.latent:Latent",
    "update": "nihbench.tasks.changing:Update",
    "conflict": "nihbench.tasks.changing:Conflict",
    "absent": "nihbench.tasks.changing:Absent",
    "count": "nihbench.tasks.changing:Count",
    "chain": "nihbench.tasks.linked:Chain",
    "kinship": "nihbench.tasks.linked:Kinship",
    "kth": "nihbench.tasks.listed:Kth",
    "graph": "nihbench.tasks.linked:Graph",
    "words": "nihbench.tasks.listed:Words",
    "bank": "nihbench.tasks.bank:Bank",
}
_FORMER: Mapping[str, str] = {"multi-key": "nihbench.tasks.multi_key:MultiKey"}
"""Families of earlier versions, for their runs: `keys` and `values` have taken this one's place."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MOST_ROWS = 101


def is_task_name(name: str) -> bool:
    """Say whether a text can name a family: it stands in options, file names and YAML."""
    return _NAME.fullmatch(name) is not None


def known() -> tuple[str, ...]:
    """Return the names of all families, those built in first."""
    return (*_BUILT_IN, *sorted(name for name in _offered() if name not in _BUILT_IN and name not in _FORMER))


def package_of(name: str) -> str:
    """Return which package a family comes with, and its version: "nihbench", or "my-tasks 0.2"."""
    found = [] if name in _BUILT_IN or name in _FORMER else _offered().get(name, [])
    dist = found[0].dist if found else None
    return f"{dist.name} {dist.version}" if dist is not None else "nihbench"


@cache
def family(name: str) -> type[Family]:
    """Return a family by its name.

    Raises:
        UsageError: none is installed under that name, two are, or what is can't be used.
    """
    place = _BUILT_IN.get(name) or _FORMER.get(name)
    if place is not None:
        module, _, attribute = place.partition(":")
        built_in: type[Family] = getattr(import_module(module), attribute)
        return built_in
    offered = _offered().get(name, [])
    if not offered:
        raise UsageError(t("tasks.not_installed", name=name, known=known()))
    if len(offered) > 1:
        packages = tuple(sorted(point.dist.name if point.dist else point.value for point in offered))
        raise UsageError(t("tasks.offered_twice", name=name, packages=packages))
    try:
        found = offered[0].load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        raise UsageError(t("tasks.cant_import", name=name, value=offered[0].value, error=describe(error))) from error
    wrong = _wrong(name, found)
    if wrong is not None:
        raise UsageError(t("tasks.no_family", name=name, value=offered[0].value, wrong=wrong))
    checked: type[Family] = found
    return checked


def readable(text: str) -> str:
    """Return a name out of a folder or a plug-in as it may be shown: short, and without what steers a terminal."""
    return "".join(char for char in text if char.isprintable())[:80].strip()


def describe(error: Exception) -> str:
    """Return an exception of a plug-in in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".removesuffix(": ")


@cache
def _offered() -> Mapping[str, list[EntryPoint]]:
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        if is_task_name(point.name):  # the same package may lie on the path twice
            key = f"{point.dist.name if point.dist else ''} {point.value}"
            found.setdefault(point.name, {})[key] = point
    return {name: list(points.values()) for name, points in found.items()}


def _wrong(name: str, found: object) -> str | None:
    """Say what keeps an object from being the family `name`."""
    if not (isinstance(found, type) and issubclass(found, Family)):
        return t("tasks.not_subclass")
    if getattr(found, "__abstractmethods__", None):
        return t("tasks.has_no_method", method=tuple(sorted(found.__abstractmethods__)))
    texts = {attribute: getattr(found, attribute, None) for attribute in ("name", "version")}
    missing = next((attribute for attribute, value in texts.items() if not isinstance(value, str) or not value), None)
    if missing is not None:
        return t("tasks.lacks_text", attribute=missing)
    if found.name != name:
        return t("tasks.other_name", other=found.name)
    if not isinstance(getattr(found, "title", None), (str, Note)):
        return t("tasks.lacks_title")
    return None if is_axis(found.axis) else t("tasks.wrong_axis")


def is_axis(axis: object) -> bool:
    """Say whether an axis can be one: a name, a title, and rows that rise."""
    if not isinstance(axis, Axis) or not isinstance(axis.title, (str, Note)) or not is_task_name(str(axis.name)):
        return False
    values = axis.values
    if not all(isinstance(value, (int, float)) and abs(value) < 10**9 for value in values):
        return False
    return list(values) == sorted(set(values)) and len(values) <= _MOST_ROWS and (bool(values) or axis.name == "depth")
