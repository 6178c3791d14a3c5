"""The single needle: one sentence of the catalog at a depth, asked for, graded by rules over its key facts."""

from __future__ import annotations

from collections.abc import Mapping

from nihbench.lang.messages import Note
from nihbench.plan.fresh import fill, fresh_values
from nihbench.tasks.family import Answer, Draw, Family
from nihbench.types import Grade, Insert, Item, Needle, Planted


class SingleNeedle(Family):
    """One needle of the catalog; its fresh values are drawn for every place."""

    name = "needle"
    version = "1"
    title = Note("task_needle")
    languages = ("en", "zh")

    def __init__(self, needle: Needle) -> None:
        super().__init__(needle.language, {})
        self.needle = needle

    def plant(self, draw: Draw) -> Planted:
        """Return the needle with the values drawn for its place."""
        values = fresh_values(self.needle, draw.trial, draw.seed, distinct=draw.distinct)
        return self.planted(draw.trial.prompt, draw.trial.depth_percent, values)

    def planted(self, prompt: str, depth_percent: float, values: Mapping[str, str]) -> Planted:
        """Return the needle with values put in, asked for as a prompt variant does; without any, as it is written."""
        filled = self._filled(values)
        return Planted(
            inserts=tuple(Insert(text=text, depth_percent=depth_percent) for text in filled.statements[:1]),
            question=filled.question_for(prompt),
            items=tuple(Item(name=fact.name, text=fact.text, aliases=fact.aliases) for fact in filled.facts),
            expected=filled.answer,
            fresh=values,
        )

    def grade(self, planted: Planted, answer: Answer) -> Grade:
        """Grade by the rules, which look for the source of a wrong answer in the haystack."""
        from nihbench.score.rules import grade  # who only plans loads no scorer

        return grade(
            answer.text,
            self.key(planted),
            finish_reason=answer.finish_reason,
            question=planted.question,
            haystack=answer.haystack,
        )

    def key(self, planted: Planted) -> Needle:
        """Return the needle with the values of a trial; one without any is always the same object."""
        return self._filled(planted.fresh)

    def _filled(self, values: Mapping[str, str]) -> Needle:
        return fill(self.needle, values)
