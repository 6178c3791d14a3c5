"""Where English sentences end: a rule over the words on both sides of a terminator. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nihbench.text.pairs import Pairs
from nihbench.text.scripts import CLOSERS, OTHER_ENDS, PARTICLES

_SPACE = re.compile(r"\s*+")
_EN_END = re.compile(rf"([.!?…{OTHER_ENDS}]++)((?:[{CLOSERS}]|\[\d{{1,3}}\])*+)")
_OTHER_END = re.compile(f"[{OTHER_ENDS}]")
_TITLES = frozenset(
    "Mr Mrs Ms Mx Dr Prof St Ste Mt Ft Rev Hon Gov Sen Rep Pres Gen Col Capt Lt Sgt Maj Cpl Adm Cmdr Messrs Mme Mlle "
    "Mdlle Mssrs Supt Insp vs viz cf approx ca resp incl esp e.g i.e eg ie Cf".split()
)  # always lead on to what follows
_BEFORE_NUMBER = frozenset(
    "No Nos no nos Fig Figs fig figs Vol Vols vol Ch ch Sec sec Art art Eq eq Ref ref App p pp Pt pt c n v l par ver "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri Sat Sun".split()
)
_MAY_END = frozenset(
    "etc Inc Ltd Co Corp Bros Jr Sr Esq Ave Blvd Rd al dept Dept Univ inc Assn ed eds trans op cit ibid".split()
)  # and single capitals, and letters with stops between them (U.S., a.m., Ph.D.)
_STARTERS = frozenset(
    "The This That These Those It Its He She We They You His Her Their Our My Your There Here What Why How When While "
    "Where Who And But Or So Yet However If In On At By For From To With As After Before Then Now Not No Some Most "
    "Many All One Another Because Although Though Since Even Once Perhaps Maybe".split()
)
_SAID = re.compile(
    r"(?:[A-Z][\w'’.-]{0,20}\s+){1,4}?(?:(?:\w{2,12}ly|now|then|again)\s+)?(?:said|says|cried|asked|answered|replied|returned|exclaimed|"
    r"shouted|whispered|repeated|added|continued|began|remarked|thought|inquired|interrupted|observed|muttered|"
    r"murmured|screamed|called|went\s+on|retorted|rejoined|demanded|ordered|kept|broke\s+in|put\s+in)\b"
)
_NEXT = re.compile(r"(\s*+)(?:[-–—*+•>]{1,2}+\s++)?[\"'“”„‘’‚«»‹(\[{*_`¿¡「『]*+(\w{0,20})")
_WORD = re.compile(r"[^\s\"'“”‘’(\[{*_—/-]*\Z")
_DOTTED = re.compile(r"(?:[A-Za-z]{1,3}\.)*[A-Za-z]{1,3}\.[A-Za-z]{1,2}|[A-Z]")
_NUMBER = re.compile(r"\d|[IVXLC]+\b")
_EN_GOES_ON = frozenset(".,;:!?…)]}%=+/|&-–—")
_LIST_MARK = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})")


def english_ends(text: str, pairs: Pairs, start: int, stop: int) -> Iterator[int]:
    """Yield the English sentence ends within text[start:stop]; the context may lie outside."""
    for end in _EN_END.finditer(text, start, stop):
        at = end.end()
        space = _SPACE.match(text, at)
        gap = space.group() if space else ""
        is_own = _OTHER_END.match(end.group(1)[-1]) is not None  # what marks nothing but a sentence's end
        if end.group(1)[-1] in ".…" and len(end.group(1)) > 1 and end.group(2)[:1] in tuple(")]}"):
            continue  # something left out in brackets
        if not gap and at < len(text) and not is_own:
            continue  # glued to what follows: a file name, a number, a lost line break
        if _ends_paragraph(text, at, gap) or (_other_end(text, end) if is_own else _english_end(text, pairs, end)):
            yield at


def _ends_paragraph(text: str, at: int, gap: str) -> bool:
    return at + len(gap) == len(text) or gap.count("\n") > 1 or gap.count("\r") > 1


def _other_end(text: str, end: re.Match[str]) -> bool:
    """Tell whether a mark that always ends sentences does so here: nothing follows that belongs to it or goes on."""
    behind = text[end.end() : end.end() + 8].lstrip()[:1]
    if not behind or behind in _EN_GOES_ON or behind in "،؛，、」』）" or _OTHER_END.match(behind):
        return False
    return not (end.group(2) and behind in PARTICLES)


def _english_end(text: str, pairs: Pairs, end: re.Match[str]) -> bool:
    """Tell whether a terminator with white space behind it ends a sentence."""
    run, closers = end.groups()
    following = _NEXT.match(text, end.end())
    word = following.group(2) if following else ""
    first = word[:1] or text[following.end() : following.end() + 1] if following else ""
    if not first or first.islower() or first in _EN_GOES_ON:
        return False
    if run == ".":
        return _english_stop(text[max(0, end.start() - 24) : end.start()], word)
    if text[end.start() - 1 : end.start()].isspace() or word == "I" and run[0] in ".…":
        return False  # " . . ." and "I... I mean"
    if closers and run[-1] in "!?" and ")" in closers:
        return _stands_alone(text, pairs, end.start(2) + closers.index(")"))
    spoken = bool(closers) and closers[0] in "\"'”’"
    return not (spoken and following and _SAID.match(text, following.start(2)))


def _stands_alone(text: str, pairs: Pairs, closer: int) -> bool:
    """Tell whether a bracket holds whole sentences: what is before its opener has ended, too."""
    opener = pairs.opener_at.get(closer, 0)
    before = text[max(0, opener - 8) : opener].rstrip()
    return not before or before[-1] in ".!?…\"'”’)]。！？」』）"


def _english_stop(before: str, word: str) -> bool:
    """Tell whether a single full stop, with `before` in front and `word` behind, ends a sentence."""
    found = _WORD.search(before)
    last = found.group() if found else ""
    if not last or last in _TITLES:
        return False
    if last in _BEFORE_NUMBER or last.isdigit() or len(last) == 1:
        if _NUMBER.match(word) and word != "I":
            return False
    if last in _MAY_END or _DOTTED.fullmatch(last):
        return word in _STARTERS and not _opens_line(before)
    return not (_LIST_MARK.fullmatch(last) and _opens_line(before))


def _opens_line(before: str) -> bool:
    """Tell whether `before` ends in a line's first word (or begins the text), as a list's mark does."""
    line = re.split(r"[\r\n]", before)[-1]
    return (len(line) < len(before) or len(before) < 24) and len(line.split()) <= 1
