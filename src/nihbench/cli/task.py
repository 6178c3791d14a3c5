"""`nih task`: which families of trials there are, those of other packages among them."""

from __future__ import annotations

from typing import Any

from nihbench.cli.output import show, show_json
from nihbench.errors import UsageError
from nihbench.lang.messages import languages, said, t
from nihbench.tasks.family import Family
from nihbench.tasks.registry import SINGLE_NEEDLE, family, known, package_of


def list_tasks(as_json: bool) -> None:
    """List the tasks that are installed; one that can't be used says why."""
    found = [(name, _family(name)) for name in known()]
    if as_json:
        show_json({"tasks": [_as_json(name, kind) for name, kind in found]})
        return
    show("\n\n".join("\n".join(_lines(name, kind)) for name, kind in found))


def _family(name: str) -> type[Family] | UsageError:
    try:
        return family(name)
    except UsageError as error:
        return error


def _lines(name: str, kind: type[Family] | UsageError) -> list[str]:
    if isinstance(kind, UsageError):
        return [name, f"  {said(kind)}"]
    axis = kind.axis
    rows = t("cli.task_rows", axis=axis.title, values=tuple(map(axis.label, axis.values)) or "--depths")
    options = {"language": "|".join(kind.languages)} | dict(kind.options)
    return [
        f"{name} {kind.version} ({package_of(name)}): {said(kind.title)}",
        f"  {said(rows)}",
        *(f"  --task-option {each}={value}" for each, value in options.items() if kind.name != SINGLE_NEEDLE),
    ]


def _as_json(name: str, kind: type[Family] | UsageError) -> dict[str, Any]:
    if isinstance(kind, UsageError):
        return {"name": name, "package": package_of(name), "error": str(kind)}
    axis = kind.axis
    return {
        "name": name,
        "version": kind.version,
        "package": package_of(name),
        "title": {lang: said(kind.title, lang) for lang in languages()},
        "axis": {
            "name": axis.name,
            "title": {lang: said(axis.title, lang) for lang in languages()},
            "unit": axis.unit,
            "values": list(axis.values),
        },
        "languages": list(kind.languages),
        "options": dict(kind.options),
    }
