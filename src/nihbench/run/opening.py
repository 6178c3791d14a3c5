"""The first answers of a run: where all of them failed alike, the others would too, and be paid for in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from nihbench.endpoint.failures import HANDLING, may_pass
from nihbench.errors import StoppedError
from nihbench.lang.messages import t, without_stop
from nihbench.run.setup import Setup
from nihbench.run.verify import Expectation, verified
from nihbench.types import Failure, Record, Trial

FIRST = 10
"""So many answers that all failed alike say enough."""


class Opening:
    """Looks at a run's answers as they come, until one of them shows that not all fail alike.

    A failure that may pass when it is tried again says nothing of the others, and one at a length nothing of what is
    shorter: such a run goes on until nothing shorter is left.

    Args:
        setup: the resolved run.
        trials: what is to be sent.
        before: the answers that are there already; where these are enough, the user has seen them and goes on.
    """

    def __init__(self, setup: Setup, trials: Iterable[Trial], before: Mapping[str, Record]) -> None:
        self._records = dict(before)
        self._left = Counter(trial.length for trial in trials)
        self._expectation = Expectation(
            exact=setup.counts_exactly, nominal=setup.calibration is not None, language=setup.corpus.language
        )
        self._is_over = len(self._records) >= FIRST

    def take(self, record: Record) -> None:
        """Take the next answer.

        Raises:
            StoppedError: all answers so far failed alike, and so will the rest.
        """
        if self._is_over:
            return
        self._records[record.id] = record
        self._left[record.trial.length] -= 1
        if len(self._records) < FIRST:
            return
        # What only several answers show, such as a prompt that was cut, is no failure on its own record.
        known = verified(self._records, self._expectation).values()
        failures = [each.outcome for each in known if isinstance(each.outcome, Failure)]
        kinds = {failure.kind for failure in failures}
        if len(failures) < len(known) or len(kinds) > 1 or any(map(may_pass, kinds)):
            self._is_over = True
            return
        shortest = min(each.trial.length for each in known)
        if all(length >= shortest for length, count in self._left.items() if count > 0):
            raise StoppedError(
                t(
                    "run.run_had_stop_first"
                    if HANDLING[failures[-1].kind].retry_on_resume
                    else "run.run_had_stop_first_answers",
                    count=len(failures),
                    kind=failures[-1].kind,
                    said=without_stop(failures[-1].message),
                )
            )
