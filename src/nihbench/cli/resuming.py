"""Going on with what was begun: the options that a run or a folder of runs began with, and what may differ now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from nihbench.cli.jobs import Job
from nihbench.cli.options import run_options
from nihbench.cli.trust import readmitted
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.options import RunOptions
from nihbench.run.store import open_run
from nihbench.run.stored import is_imported, stored_options
from nihbench.run.tree import is_tree, open_tree

_FREE_ON_RESUME = (
    "preflight canary corpus concurrency rpm tpm price max_cost stream ca_file insecure precision max_trials"
).split()
"""Options that change how model and text are reached, not what is answered; the text's hash guards `corpus`."""
_OF_THE_ADDRESS = ("base_url", "api_key_env")
_OF_A_TREE = ("model", "experiment", "prompt")


def resumed_jobs(context: typer.Context, folder: Path, values: Mapping[str, Any], suite: str | None) -> tuple[Job, ...]:
    """Return the jobs of a run, or of a folder of runs, with the options that they began with.

    Raises:
        UsageError: an option that was given again says something else, or a secret is missing.
        DamagedDataError: a file of the run can't be read.
    """
    given = [name for name in values if _is_given(context, name)]
    if not is_tree(folder):
        if suite is not None:
            raise UsageError(t("cli.single_run_not_suite", folder=folder))
        run = open_run(folder)
        if is_imported(run.manifest):
            raise UsageError(t("cli.imported_cant_gone_make", path=run.path))
        return (Job(options=_resumed(run.path, run.manifest, values, given), existing=run),)
    tree = open_tree(folder)
    if (suite is not None and suite != tree.suite) or any(name in given for name in _OF_A_TREE):
        raise UsageError(t("cli.says_itself_runs_leave", folder=folder))
    jobs = []
    for child in tree.children:
        begun = tree.begun(child)
        content: dict[str, Any] = {"options": child.options, "withheld": list(child.withheld)}
        content |= {"corpus": {"sha256": child.corpus_sha256}, "begun": begun is not None}
        content |= {"like": begun.manifest.get("like") if begun else None}
        options = _resumed(folder / child.folder, content, {**values, "model": None}, given)
        jobs.append(Job(options=options, existing=begun, folder=child.folder))
    return tuple(jobs)


def _resumed(path: Path, content: Mapping[str, Any], values: Mapping[str, Any], given: list[str]) -> RunOptions:
    """Return the options that the run began with; options given again must say the same."""
    began = content["options"]
    defaults = {"model": [began["model"]], "length_unit": began.get("length_unit")}
    defaults["adaptive"] = began.get("adaptive", False)
    asked = run_options({**values, **{name: values[name] or usual for name, usual in defaults.items()}})
    again: dict[str, Any] = {name: getattr(asked, name) for name in ("base_url", "extra_body") if name in given}
    stored = stored_options(content, asked.headers, again)
    changed = []
    for name in given:
        field = {"prompt": "prompts", "header": "headers"}.get(name, name)
        if name not in (*_FREE_ON_RESUME, *_OF_THE_ADDRESS, "header") and getattr(asked, field) != getattr(
            stored, field
        ):
            changed.append("--" + name.replace("_", "-"))
    if changed:
        raise UsageError(t("cli.cant_resume_other_options", changed=", ".join(changed), path=path))
    free = {n: getattr(asked, n) for n in _FREE_ON_RESUME if n in given}
    return readmitted(replace(stored, **free), content, path, asked, given)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
