"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild.

The names are loaded when first used: a command that only reads a run does not import the client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nihbench.run.lock import owned
    from nihbench.run.manifest import (
        check_same,
        corpus_of,
        manifest,
        planned_trials,
        stored_needle,
        stored_options,
        stored_prompts,
    )
    from nihbench.run.options import RunOptions
    from nihbench.run.rebuild import find_record, rebuild_prompt
    from nihbench.run.runner import Progress, owed, run_trials
    from nihbench.run.scores import RULES_FILE, load_scores, score_run
    from nihbench.run.setup import Setup, prepare
    from nihbench.run.store import MANIFEST, RECORDS, RecordWriter, RunFolder, create_run, open_run
    from nihbench.run.texts import absolute_corpus, load_corpus

_HOMES = {
    "MANIFEST": "store",
    "Progress": "runner",
    "RECORDS": "store",
    "RULES_FILE": "scores",
    "RecordWriter": "store",
    "RunFolder": "store",
    "RunOptions": "options",
    "Setup": "setup",
    "absolute_corpus": "texts",
    "check_same": "manifest",
    "corpus_of": "manifest",
    "create_run": "store",
    "find_record": "rebuild",
    "load_corpus": "texts",
    "load_scores": "scores",
    "manifest": "manifest",
    "open_run": "store",
    "owed": "runner",
    "owned": "lock",
    "planned_trials": "manifest",
    "prepare": "setup",
    "rebuild_prompt": "rebuild",
    "run_trials": "runner",
    "score_run": "scores",
    "stored_needle": "manifest",
    "stored_options": "manifest",
    "stored_prompts": "manifest",
}

__all__ = [
    "MANIFEST",
    "RECORDS",
    "RULES_FILE",
    "Progress",
    "RecordWriter",
    "RunFolder",
    "RunOptions",
    "Setup",
    "absolute_corpus",
    "check_same",
    "corpus_of",
    "create_run",
    "find_record",
    "load_corpus",
    "load_scores",
    "manifest",
    "open_run",
    "owed",
    "owned",
    "planned_trials",
    "prepare",
    "rebuild_prompt",
    "run_trials",
    "score_run",
    "stored_needle",
    "stored_options",
    "stored_prompts",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
