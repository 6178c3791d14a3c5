"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild.

The names are loaded when first used: a command that only reads a run does not import the client. None may be called as
a module of this room is, which would stand in its place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nihbench.run.adaptive import most_extra, most_fit_prompts, rounds, to_fit, with_extra
    from nihbench.run.answers import Answered, Row, answer_of, answers_of, read_rows
    from nihbench.run.batch_state import check_nothing_waits, open_batches, read_planned
    from nihbench.run.batches import Submission, bring, check_server, refresh, submit, to_submit
    from nihbench.run.calibration import Calibration, calibrate, calibrate_further, likely_points, likely_prompts
    from nihbench.run.choices import check_numbers, preset_of
    from nihbench.run.counts import CountSummary, count_summary
    from nihbench.run.eta import Eta, Left
    from nihbench.run.export import BATCH_FOLDER, BatchFile, export_batch
    from nihbench.run.follow import Follower
    from nihbench.run.forecast import Forecast, computed_shares, forecast_of
    from nihbench.run.imports import import_rows
    from nihbench.run.judging import Docket, Judge, Spent, ask_judge, combined, docket, judged, unsure
    from nihbench.run.kamradt import read_kamradt
    from nihbench.run.lock import owned
    from nihbench.run.manifest import check_same
    from nihbench.run.merging import merge_folders
    from nihbench.run.misleading import misleading_text
    from nihbench.run.options import RunOptions, check_adaptive, price_of, wanted_precision
    from nihbench.run.place import check_place, check_room
    from nihbench.run.rebuild import find_record, needle_surroundings, rebuild_prompt
    from nihbench.run.records import RecordWriter
    from nihbench.run.resolve import prepare
    from nihbench.run.results import import_results
    from nihbench.run.runner import Progress, owed, run_trials
    from nihbench.run.scores import (
        COMBINED,
        RULES_FILE,
        default_scorer,
        grade_row,
        grades_of,
        save_grades,
        score_run,
        scores_file,
        stored_scorers,
        version_of,
    )
    from nihbench.run.setup import Begun, Setup
    from nihbench.run.spent import MARGIN, account, counts_before, enter, margin_of, spent_before
    from nihbench.run.store import (
        MANIFEST,
        RECORDS,
        RunFolder,
        amend,
        check_free,
        check_unchanged,
        create_run,
        open_run,
    )
    from nihbench.run.stored import (
        begun,
        corpus_of,
        is_imported,
        planned_trials,
        stored_needle,
        stored_options,
        stored_prompts,
    )
    from nihbench.run.texts import absolute_corpus, load_corpus, stored_corpus
    from nihbench.run.tree import Child, Tree, children_of, create_tree, find_runs, is_tree, open_tree, slug
    from nihbench.run.verdicts import Verdicts

_HOMES = {
    "check_adaptive": "options",
    "check_numbers": "choices",
    "preset_of": "choices",
    "most_extra": "adaptive",
    "most_fit_prompts": "adaptive",
    "to_fit": "adaptive",
    "rounds": "adaptive",
    "wanted_precision": "options",
    "with_extra": "adaptive",
    "Submission": "batches",
    "bring": "batches",
    "check_server": "batches",
    "refresh": "batches",
    "submit": "batches",
    "to_submit": "batches",
    "check_nothing_waits": "batch_state",
    "open_batches": "batch_state",
    "read_planned": "batch_state",
    "import_results": "results",
    "Child": "tree",
    "Tree": "tree",
    "children_of": "tree",
    "create_tree": "tree",
    "find_runs": "tree",
    "is_tree": "tree",
    "open_tree": "tree",
    "slug": "tree",
    "Answered": "answers",
    "BATCH_FOLDER": "export",
    "BatchFile": "export",
    "export_batch": "export",
    "Forecast": "forecast",
    "computed_shares": "forecast",
    "forecast_of": "forecast",
    "amend": "store",
    "check_free": "store",
    "check_unchanged": "store",
    "check_place": "place",
    "check_room": "place",
    "answer_of": "answers",
    "Eta": "eta",
    "Left": "eta",
    "Follower": "follow",
    "price_of": "options",
    "COMBINED": "scores",
    "Begun": "setup",
    "Calibration": "calibration",
    "calibrate": "calibration",
    "calibrate_further": "calibration",
    "likely_points": "calibration",
    "likely_prompts": "calibration",
    "CountSummary": "counts",
    "count_summary": "counts",
    "begun": "stored",
    "Docket": "judging",
    "Judge": "judging",
    "MANIFEST": "store",
    "Progress": "runner",
    "RECORDS": "store",
    "RULES_FILE": "scores",
    "RecordWriter": "records",
    "Row": "answers",
    "RunFolder": "store",
    "RunOptions": "options",
    "Setup": "setup",
    "Spent": "judging",
    "Verdicts": "verdicts",
    "absolute_corpus": "texts",
    "answers_of": "answers",
    "ask_judge": "judging",
    "check_same": "manifest",
    "combined": "judging",
    "stored_corpus": "texts",
    "corpus_of": "stored",
    "create_run": "store",
    "default_scorer": "scores",
    "docket": "judging",
    "enter": "spent",
    "find_record": "rebuild",
    "grade_row": "scores",
    "grades_of": "scores",
    "import_rows": "imports",
    "is_imported": "stored",
    "judged": "judging",
    "load_corpus": "texts",
    "MARGIN": "spent",
    "account": "spent",
    "counts_before": "spent",
    "margin_of": "spent",
    "merge_folders": "merging",
    "misleading_text": "misleading",
    "needle_surroundings": "rebuild",
    "open_run": "store",
    "owed": "runner",
    "owned": "lock",
    "planned_trials": "stored",
    "prepare": "resolve",
    "read_kamradt": "kamradt",
    "read_rows": "answers",
    "rebuild_prompt": "rebuild",
    "run_trials": "runner",
    "save_grades": "scores",
    "score_run": "scores",
    "scores_file": "scores",
    "spent_before": "spent",
    "stored_needle": "stored",
    "stored_options": "stored",
    "stored_prompts": "stored",
    "stored_scorers": "scores",
    "unsure": "judging",
    "version_of": "scores",
}

__all__ = [
    "BATCH_FOLDER",
    "COMBINED",
    "MANIFEST",
    "MARGIN",
    "RECORDS",
    "RULES_FILE",
    "Answered",
    "BatchFile",
    "Begun",
    "Calibration",
    "Child",
    "CountSummary",
    "Docket",
    "Eta",
    "Follower",
    "Forecast",
    "Judge",
    "Left",
    "Progress",
    "RecordWriter",
    "Row",
    "RunFolder",
    "RunOptions",
    "Setup",
    "Spent",
    "Submission",
    "Tree",
    "Verdicts",
    "absolute_corpus",
    "account",
    "amend",
    "answer_of",
    "answers_of",
    "ask_judge",
    "begun",
    "bring",
    "calibrate",
    "calibrate_further",
    "check_adaptive",
    "check_free",
    "check_nothing_waits",
    "check_numbers",
    "check_place",
    "check_room",
    "check_same",
    "check_server",
    "check_unchanged",
    "children_of",
    "combined",
    "computed_shares",
    "corpus_of",
    "count_summary",
    "counts_before",
    "create_run",
    "create_tree",
    "default_scorer",
    "docket",
    "enter",
    "export_batch",
    "find_record",
    "find_runs",
    "forecast_of",
    "grade_row",
    "grades_of",
    "import_results",
    "import_rows",
    "is_imported",
    "is_tree",
    "judged",
    "likely_points",
    "likely_prompts",
    "load_corpus",
    "margin_of",
    "merge_folders",
    "misleading_text",
    "most_extra",
    "most_fit_prompts",
    "needle_surroundings",
    "open_batches",
    "open_run",
    "open_tree",
    "owed",
    "owned",
    "planned_trials",
    "prepare",
    "preset_of",
    "price_of",
    "read_kamradt",
    "read_planned",
    "read_rows",
    "rebuild_prompt",
    "refresh",
    "rounds",
    "run_trials",
    "save_grades",
    "score_run",
    "scores_file",
    "slug",
    "spent_before",
    "stored_corpus",
    "stored_needle",
    "stored_options",
    "stored_prompts",
    "stored_scorers",
    "submit",
    "to_submit",
    "unsure",
    "version_of",
    "wanted_precision",
    "to_fit",
    "with_extra",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
