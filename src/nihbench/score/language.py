"""Whether an answer is in a language whose turns of phrase the rules know: those that its grammar reads.

A guess from letters and function words. A fact named by an alias counts in any language, unless a word stands beside it
by which that language denies or doubts; that nothing was found means little where refusals can't be read.
"""

from __future__ import annotations

import re
from functools import cache

from nihbench.lang.messages import Note
from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar, grammar_for
from nihbench.score.values.base import kept
from nihbench.text.late import late

_LOOKED_AT = 4000  # characters
_LEAST = 3  # function words that show a language
_LEAST_BESIDE_FACTS = 2  # where none of its grammar's own stands beside them, and facts are named in it
_LEAST_LETTERS = 6  # letters of another script that show one
_WORD = late(r"[a-z]+")
_GAPS = {code: " " for code in range(128) if not "a" <= chr(code) <= "z"}
_KANA = late("[\u3040-\u30ff]")
_OTHERS = {
    "German": "der die das und ist nicht ein eine einen einem den dem des im zu mit von auf fur sich es ich wird kann "
    "kein keine laut uber dass aus bei".split(),
    "French": "le la les des et est un une dans du pas que qui pour sur avec ne il elle ce cette au aux je vous nous "
    "selon sont par".split(),
    "Spanish": "el la los las y es un una en del no que para con por se su al lo como mas segun esta este hay".split(),
    "Portuguese": "o a os as e um uma em do da dos das nao que para com por se no na ao mais segundo esta este".split(),
    "Italian": "il lo la gli le e un una di del della che non per con si nel nella al sono questo secondo".split(),
    "Dutch": "de het een en is niet van in op te dat die voor met zijn aan er geen volgens wordt".split(),
}
_DOUBTING = {
    "German": "nicht kein keine keinen keinem keiner nein nie niemals weder leider vielleicht vermutlich",
    "French": "pas jamais aucun aucune ni non desole desolee sais peut-etre probablement",
    "Spanish": "no nunca ningun ninguna tampoco ni nada siento puedo quizas quiza",
    "Portuguese": "nao nunca nenhum nenhuma nem nada sei desculpe lamento talvez",
    "Italian": "non mai nessun nessuna niente spiacente dispiace forse",
    "Dutch": "niet geen nooit niets helaas misschien",
}
"""Words by which a language denies, doubts or declines; in folded form."""
_DOUBTING_OF = {name: frozenset(re.findall("[a-z]+", words)) for name, words in _DOUBTING.items()}
_BORROWED = frozenset(("non", "pas", "ni", "peut", "mai", "sei", "nie"))
"""Those of them that English borrows, or has a like of: they show no language by themselves."""
_SAID = {
    "German": Note("german"), "French": Note("french"), "Spanish": Note("spanish"), "Portuguese": Note("portuguese"),
    "Italian": Note("italian"), "Dutch": Note("dutch"), "Japanese": Note("japanese"), "script": Note("other_script"),
}  # fmt: skip
_CODES = {"German": "de", "French": "fr", "Spanish": "es", "Portuguese": "pt", "Italian": "it", "Dutch": "nl"}


class _Shown:
    """By which words the other languages are shown, as far as English has none like them."""

    def __init__(self) -> None:
        english = grammar_for("en")
        own = english.function_words
        self.others = {n: frozenset(w for w in words if len(w) > 1) - own for n, words in _OTHERS.items()}
        self.doubting = {name: words - own - _BORROWED for name, words in _DOUBTING_OF.items()}
        self.any_other = frozenset().union(*self.others.values())
        self.any_doubting = frozenset().union(*self.doubting.values())
        scripts = "ない ません なかった かも でしょう 않 없 아니 못 모르".split()
        self.scripts = re.compile(
            "|".join(english.fold(part).text for part in scripts)
            + r"|\b(?:не|нет|ни|нельзя|возможно)\b|\b(?:لا|ليس|ليست|لم|لن)\b"
        )


@cache
def _shown() -> _Shown:
    return _Shown()


def foreign(text: Text, *, beside_facts: bool = False) -> Note | None:
    """Return the language (or script) of a folded text where it is shown to be one that its grammar does not read.

    `beside_facts`: some facts were read in it, so that fewer words show the language in which the others may be.
    """
    return _SAID.get(_foreign(text, _LEAST_BESIDE_FACTS if beside_facts else _LEAST))


def _foreign(text: Text, least: int = _LEAST) -> str:
    start, grammar = text.text[:_LOOKED_AT], text.grammar
    if not start.isascii():
        strange = list(filter(grammar.is_strange, start)) if any(map(grammar.is_strange, set(start))) else []
        letters = list(filter(str.isalpha, start)) if strange else []
        if len(strange) >= _LEAST_LETTERS and 2 * len(strange) > len(letters):
            return "script"
        if strange and 5 * len(strange) > len(letters) and _KANA.search(start):
            return "Japanese"
    words = kept(text, "plain words", _plain_words)
    known = _count(words, grammar.function_words)
    if 3 * known >= len(words):
        return ""
    shown_by = _shown()
    if not text.has_signs and not shown_by.any_doubting.isdisjoint(words):
        for name, own in shown_by.doubting.items():
            if _CODES[name] not in grammar.codes and not own.isdisjoint(words):
                return name
    least = least if known == 0 else _LEAST
    if _count(words, shown_by.any_other) < least:
        return ""
    name, hits = max(
        [(name, _count(words, own)) for name, own in shown_by.others.items() if _CODES[name] not in grammar.codes]
        or [("", 0)],
        key=lambda pair: pair[1],
    )
    return name if hits >= least and hits > 2 * known else ""


def doubting(text: Text) -> Note | None:
    """Return the language of a folded text that its grammar does not read and that denies or doubts something."""
    name = _foreign(text)
    if not name:
        return None
    own = _DOUBTING_OF.get(name)
    start = text.text[:_LOOKED_AT]
    doubts = _shown().scripts.search(start) if own is None else not own.isdisjoint(_words(start))
    return _SAID[name] if doubts else None


def shown(text: Text) -> bool:
    """Whether a text is shown to be in a language that its grammar reads."""
    return text.has_signs or _count(_words(text.text[:_LOOKED_AT]), text.grammar.function_words) >= _LEAST


def untold(grammar: Grammar, *, spaced: bool) -> Note:
    """Return the note on an answer in a language (with spaces or without) in which no fact of the needle has a form."""
    language = next(each for each in grammar.languages if each.spaced == spaced and each.grading)
    assert language.grading is not None
    return language.grading.untold or Note("untold", language=language.code)


def _plain_words(text: Text) -> list[str]:
    return _words(text.text[:_LOOKED_AT])


def _words(text: str) -> list[str]:
    """Return the runs of plain letters; an apostrophe parts them."""
    return text.translate(_GAPS).split() if text.isascii() else _WORD.findall(text)


def _count(words: list[str], own: frozenset[str]) -> int:
    return sum(map(own.__contains__, words))
