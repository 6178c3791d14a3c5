"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild."""

from nihbench.run.calibration import Calibration, calibrate, likely_prompts
from nihbench.run.counts import CountSummary, count_summary
from nihbench.run.lock import owned
from nihbench.run.manifest import (
    begun,
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
from nihbench.run.setup import Begun, Setup, prepare
from nihbench.run.store import MANIFEST, RECORDS, RecordWriter, RunFolder, create_run, open_run
from nihbench.run.texts import absolute_corpus, load_corpus

__all__ = [
    "MANIFEST",
    "RECORDS",
    "RULES_FILE",
    "Begun",
    "Calibration",
    "CountSummary",
    "Progress",
    "RecordWriter",
    "RunFolder",
    "RunOptions",
    "Setup",
    "absolute_corpus",
    "begun",
    "calibrate",
    "check_same",
    "corpus_of",
    "count_summary",
    "create_run",
    "find_record",
    "likely_prompts",
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
