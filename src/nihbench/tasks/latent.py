"""Questions whose answer shares no content word with them: one step of general knowledge lies between.

After NoLiMa (Modarressi et al., ICML 2025); the pairs are our own. The same pair can be asked in the needle's own words
or in others, so that what they have in common is a paired factor.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from random import Random
from typing import NamedTuple

from nihbench.errors import UsageError
from nihbench.lang.messages import Note, t
from nihbench.tasks import words
from nihbench.tasks.family import Axis, Draw, Insert, Item, Planted
from nihbench.tasks.latent_pairs import FORMS, Fact, Form, Spoken
from nihbench.tasks.planting import MOST_DISTRACTORS, Cast, Shared, depths_from, whole_row

WORDINGS = ("latent", "paraphrase", "literal")
"""How the needle's fact is asked for: by what follows from it, in other words, in its own words."""
MOST_SHARED = 0.05
"""A latent question that has as much in common with its needle is none."""
_ALONE = {"en": " Answer with the full name alone.", "zh": "只回答姓名。"}
_WHO = {"en": "Who", "zh": "谁"}


class Pair(NamedTuple):
    """A fact and the form in which it is said."""

    form: Form
    fact: Fact

    def sentence(self, person: str, language: str) -> str:
        """Return the fact about somebody."""
        return _in(self.form.said, language).format(person, _in(self.fact.said, language))

    def question(self, wording: str, language: str) -> str:
        """Return the question whom the fact is about."""
        if wording == "latent":
            return _in(self.fact.asked, language)
        if wording == "paraphrase":
            return _in(self.form.reworded, language).format("", _in(self.fact.said, language))
        return self.sentence(_WHO[language], language)[:-1] + {"en": "?", "zh": "？"}[language]


PAIRS = tuple(Pair(form, fact) for form in FORMS for fact in form.facts)


@lru_cache(maxsize=1024)
def overlap(pair: Pair, wording: str, language: str) -> float:
    """Return which share of a question's content words its needle has, each weighed by how rare it is among all pairs.

    The person's name is left out: it is the answer, and no question has it. In Chinese each sign is a word, which finds
    more in common than words would.
    """
    weights = _weights(language)
    asked = content_words(pair.question(wording, language), language)
    total = sum(weights.get(word, weights[""]) for word in asked)
    shared = asked & content_words(pair.sentence("", language), language)
    return sum(weights.get(word, weights[""]) for word in shared) / total if total else 0.0


@lru_cache(maxsize=4)
def _weights(language: str) -> dict[str, float]:
    """Return how rare each word is among all needles and latent questions; of one that is in none under ""."""
    texts = [text for pair in PAIRS for text in (pair.sentence("", language), pair.question("latent", language))]
    several = [content_words(text, language) for text in texts]
    found = {word: sum(word in text for text in several) for text in several for word in text}
    return {word: log((1 + len(several)) / number) for word, number in found.items()} | {"": log(1 + len(several))}


def content_words(text: str, language: str) -> frozenset[str]:
    """Return the content words of a text: stems in English, signs in Chinese."""
    from nihbench.score.grammar import grammar_for  # who only plans loads no scorer

    grammar = grammar_for(language)
    return frozenset(grammar.content_stems(grammar.fold(text).text)) - grammar.empty


def _in(spoken: Spoken, language: str) -> str:
    return spoken[language == "zh"]


def pair_of(draw: Draw) -> Pair:
    """Return what a trial is about: each repeat of a cell has another pair, until all have had their turn."""
    order = Random(f"{draw.seed}|{draw.name}|{draw.trial.length}|pairs").sample(PAIRS, len(PAIRS))
    return order[draw.repeat % len(order)]


_DOES = {
    "latent": Note("does_latent"),
    "paraphrase": Note("does_paraphrase"),
    "literal": Note("does_literal"),
}


class Latent(Shared):
    """Somebody of whom a fact is told, asked for by what follows from it."""

    name = "latent"
    version = "1"
    title = Note("task_latent")
    axis = Axis(name="distractors", title=Note("distractors"), values=(0, 4, 16, 64))
    options = {"wording": WORDINGS[0], "haystack": "text"}

    def does(self, row: float) -> Note:
        """Say how the question is worded, and among how many others."""
        worded = _DOES.get(self.chosen["wording"], _DOES[WORDINGS[0]])
        return Note("does_among", what=worded, count=int(row)) if row else worded

    def plant(self, draw: Draw) -> Planted:
        """Draw the asked person first; the wording of the question changes nothing else."""
        wording, count = self.chosen["wording"], whole_row(self.axis, draw, least=0, most=MOST_DISTRACTORS)
        if wording not in WORDINGS:
            raise UsageError(t("tasks.no_choice", name="wording", value=wording, known=WORDINGS))
        cast, place, pair = Cast(draw), draw.stream("places"), pair_of(draw)
        shared = overlap(pair, wording, self.language)
        if wording == "latent" and shared >= MOST_SHARED:
            raise UsageError(t("tasks.shares_words", question=pair.question(wording, self.language), shared=shared))
        person = words.person(cast.person(), self.language)
        at, *others = depths_from(place.uniform(0, 100), 1 + count, place)
        return self.finished(
            draw,
            cast,
            [Insert(text=pair.sentence(person, self.language), depth_percent=at, value=person)],
            others,
            question=pair.question(wording, self.language) + _ALONE[self.language],
            items=[Item(name="person", text=person)],
            expected=person,
            names={"overlap": f"{shared:.4f}"},
        )

    def other(self, cast: Cast) -> tuple[str, str]:
        """Return another fact of the asked form about somebody else, which doesn't answer the question."""
        asked, person = pair_of(cast.draw), words.person(cast.person(), self.language)
        fact = cast.random.choice([each for each in asked.form.facts if each != asked.fact])
        return Pair(asked.form, fact).sentence(person, self.language), person
