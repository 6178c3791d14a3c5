"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild."""

from nihbench.run.export import BATCH_FOLDER, BatchFile, export_batch
from nihbench.run.forecast import Forecast, computed_shares, forecast
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
from nihbench.run.store import MANIFEST, RECORDS, RecordWriter, RunFolder, check_free, create_run, open_run
from nihbench.run.texts import absolute_corpus, load_corpus

__all__ = [
    "BATCH_FOLDER",
    "MANIFEST",
    "RECORDS",
    "RULES_FILE",
    "BatchFile",
    "Forecast",
    "Progress",
    "RecordWriter",
    "RunFolder",
    "RunOptions",
    "Setup",
    "absolute_corpus",
    "check_free",
    "check_same",
    "computed_shares",
    "corpus_of",
    "create_run",
    "export_batch",
    "find_record",
    "forecast",
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
