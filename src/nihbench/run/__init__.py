"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild."""

from nihbench.run.answers import Answered, Row, answer_of, answers_of, read_rows
from nihbench.run.calibration import Calibration, calibrate, likely_prompts
from nihbench.run.counts import CountSummary, count_summary
from nihbench.run.eta import Eta, Left
from nihbench.run.follow import Follower, runs_under
from nihbench.run.judging import Docket, Judge, Spent, ask_judge, combined, docket, judged, unsure
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
from nihbench.run.options import RunOptions, price_of
from nihbench.run.rebuild import find_record, rebuild_prompt
from nihbench.run.runner import Progress, owed, run_trials
from nihbench.run.scores import (
    COMBINED,
    RULES_FILE,
    grade_row,
    grades_of,
    save_grades,
    score_run,
    scores_file,
    stored_scorers,
    version_of,
)
from nihbench.run.setup import Begun, Setup, prepare
from nihbench.run.spent import enter, margin_of, spent_before
from nihbench.run.store import MANIFEST, RECORDS, RecordWriter, RunFolder, create_run, open_run
from nihbench.run.texts import absolute_corpus, load_corpus
from nihbench.run.verdicts import Verdicts

__all__ = [
    "COMBINED",
    "MANIFEST",
    "RECORDS",
    "RULES_FILE",
    "Answered",
    "Docket",
    "Eta",
    "Follower",
    "Left",
    "Judge",
    "Begun",
    "Calibration",
    "CountSummary",
    "Progress",
    "RecordWriter",
    "Row",
    "RunFolder",
    "RunOptions",
    "Setup",
    "Spent",
    "Verdicts",
    "absolute_corpus",
    "answer_of",
    "answers_of",
    "ask_judge",
    "begun",
    "calibrate",
    "check_same",
    "combined",
    "corpus_of",
    "count_summary",
    "create_run",
    "docket",
    "enter",
    "find_record",
    "grade_row",
    "grades_of",
    "judged",
    "likely_prompts",
    "load_corpus",
    "manifest",
    "margin_of",
    "open_run",
    "owed",
    "owned",
    "planned_trials",
    "prepare",
    "read_rows",
    "price_of",
    "rebuild_prompt",
    "run_trials",
    "runs_under",
    "save_grades",
    "score_run",
    "scores_file",
    "spent_before",
    "stored_needle",
    "stored_options",
    "stored_prompts",
    "stored_scorers",
    "unsure",
    "version_of",
]
