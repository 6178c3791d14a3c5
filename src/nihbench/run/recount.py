"""How many tokens a prompt really has, counted again where only a run's folder says it: what money goes by.

A run that was not made here brings a fit of lengths (`calibration`), and records of where prompts were cut, and a
stranger may have written both: the prompts they make can be far longer than the plan says. So the tokens of what will
be sent are counted here, by the tokenizer at hand, and the larger count is what a call is thought to cost.
"""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from nihbench.errors import DamagedDataError
from nihbench.lang.messages import t
from nihbench.run.setup import Made, Setup
from nihbench.run.verify import FOREIGN_TOKENS, MOST_ESTIMATE_RATIO
from nihbench.text.prompt import render
from nihbench.text.source import GLUE, MOST_CHARACTERS
from nihbench.types import Placed, Placement, Trial

_BYTES_A_TOKEN = 4
"""Blanks and rules are a token for eighty of them in one vocabulary, and for one or a few in another."""
_SEAM_TOKENS = 2
"""About what the join of two copies of a text may add."""
_SAME, _SAME_TOKENS = 1.05, 32
"""A count within this share, and so many tokens, is the same one: seams are not counted to the token here."""


class Recount:
    """Counts the prompts of one run.

    Args:
        setup: the resolved run; where its counts are this machine's own, they are what is given back.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._count = lru_cache(maxsize=4096)(self._counted)
        self._beside = 0
        if setup.counts_doubted and setup.options.extra_body:
            self._beside = self._count(json.dumps(setup.options.extra_body))  # tools are read with the prompt

    def planned(self, trial: Trial) -> int:
        """Return how many tokens a trial's prompt will have, before it is built.

        Raises:
            DamagedDataError: the folder says of a prompt what can't be.
        """
        setup = self._setup
        made = setup.made_of(trial)
        if made is not None:
            return _larger(trial.length, self._of_places(trial, made))
        if not setup.counts_doubted:
            return trial.length
        return _larger(trial.length, self._unshortened(trial, setup.local_length(trial)))

    def sent(self, trial: Trial, placement: Placed) -> int:
        """Return how many tokens a prompt has that was built. Raises as `planned`."""
        setup = self._setup
        expected, made = setup.expected_tokens(trial, placement), setup.made_of(trial)
        if made is not None:
            return _larger(expected, self._of_places(trial, made))
        if not setup.counts_doubted:
            return expected
        return _larger(expected, self._unshortened(trial, placement.total_tokens))

    def _unshortened(self, trial: Trial, tokens: int) -> int:
        """Return a count of this machine's own without what the folder may have taken off it."""
        overhead = self._setup.overheads[trial.prompt]
        return tokens - min(0, overhead) + self._beside

    def _of_places(self, trial: Trial, made: Made) -> int:
        """Count a prompt that is made again from where it was cut: by the corpus's tokens, and what stands around."""
        setup, place = self._setup, made.placement
        around = [message.content for message in render(setup.prompts[trial.prompt], "", made.question)]
        seams = place.inserts if isinstance(place, Placement) else ()
        if any(not 0 <= each.index < len(made.texts) for each in seams):
            raise DamagedDataError(t("run.stored_prompt_cut_where"))
        inserted = [text for each in seams for text in (made.texts[each.index], each.before, each.after)]
        counted = sum(map(self._count, (*around, place.tail, *inserted)))
        found = counted + self._of_corpus(place) + max(0, setup.overheads.get(trial.prompt, 0)) + self._beside
        told, most = place.total_tokens, MOST_ESTIMATE_RATIO
        if not found / most - FOREIGN_TOKENS <= told <= found * most + FOREIGN_TOKENS:
            raise DamagedDataError(t("run.stored_prompt_said_tokens", told=told, found=found))
        return found

    def _of_corpus(self, place: Placed) -> int:
        """Count the tokens of source[start:end], the source being the corpus's text again and again."""
        size = len(self._setup.corpus.text)
        inside = [each.at for each in place.inserts] if isinstance(place, Placement) else []
        cuts = [place.start, *inside, place.end]
        if cuts != sorted(cuts) or cuts[0] < 0 or cuts[-1] > MOST_CHARACTERS or not 0 <= place.source_start <= size:
            raise DamagedDataError(t("run.stored_prompt_cut_where"))
        starts = self._setup.text.starts
        period, begin = size + len(GLUE), int(np.searchsorted(starts, place.source_start))

        def before(position: int) -> int:
            turns, within = divmod(place.source_start + position, period)
            return turns * (len(starts) + _SEAM_TOKENS) + int(np.searchsorted(starts, within)) - begin

        return before(place.end) - before(place.start) + _SEAM_TOKENS if place.end > place.start else 0

    def _counted(self, text: str) -> int:
        """Count a text that came out of a folder, rather too high than too low."""
        tokens = self._setup.tokenizer.count(text)
        if self._setup.counted_by_model:
            return tokens
        return max(tokens, len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)


def _larger(told: int, found: int) -> int:
    """Return what a prompt is thought to have, of what was told and what was counted."""
    return found if found > _SAME * told + _SAME_TOKENS else told
