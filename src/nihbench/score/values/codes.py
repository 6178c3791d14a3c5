"""Strings that count as a whole: passwords, identifiers, plates, versions, web and mail addresses, telephone numbers.

One is right when it stands there but for case, width, quotes and (where these tell nothing) separators; nearly right
when one character is wrong, missing, too many or swapped, when its pieces stand in another order, or when at least half
of it stands there in a row. Its words scattered over a sentence are nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from nihbench.score.answer import Text
from nihbench.score.grammar import Grammar
from nihbench.score.values.base import How, Place, kept, outermost
from nihbench.text.late import late

_MOST = 60  # places of one code that are looked at
_SEPARATORS = r"[ \-_./:·—,、\u200b]"
_TOKEN = late(r"[a-z0-9]+(?:[-./:@+%=&?·][a-z0-9]+)*|(?<![a-z0-9/:])(?:/[a-z0-9]+)+")
_VERSION = late(r"v?\d+(?:\.\d+){1,4}(?:[-+.]?[a-z]+[.-]?\d*)?")
_PIECE = late(r"[a-z0-9]+")
_WORDS_OF_A_CODE = 12
_FEW_WORDS = 4
_HALF_FROM = 6  # characters: half of fewer tells nothing
_PHONE = late(r"(?<![\w])(?:\+|00)?\(?\d(?:[ ().\-/]{0,3}\d){6,17}(?!\d)")
STRICT = frozenset(("url", "email", "version"))
_SCHEME = late(r"^(?:[a-z]{2,6}://)?(?:www\.)?(?:v(?=\d))?")


@dataclass(frozen=True, slots=True)
class Code:
    """An expected string; `text` is folded, `strict`: its separators tell (a version, an address)."""

    kind: str
    text: str
    strict: bool = False

    def places(self, answer: Text) -> list[Place]:
        """Return where it, or something near it, stands in an answer."""
        plain = _squeezed(_bare(self.text) if self.strict else self.text)
        found = [Place(m.start(), m.end(), "same", 1.0) for m, _ in
                 zip(_pattern(self.text, self.strict).finditer(answer.text), range(_MOST), strict=False)]  # fmt: skip
        if self.kind == "phone":
            found += self._phones(answer, plain)
        if plain.isdecimal() and not self.strict:
            found += [Place(n.start, n.end, "same", 1.0) for n in answer.numbers(plain) if n.digits == plain]
        if not self.text.isascii() and answer.latin:
            spelt = _spelt(self.text, answer.grammar)
            found += [Place(m.start(), m.end(), "same", 1.0) for m in spelt.finditer(answer.text)]
        if not found and len(plain) >= _HALF_FROM and self.text.isascii() and not self.strict:
            found += self._half(answer)
        if self.kind == "version":
            found += self._in_words(answer)
        if not self.text.isascii():
            return outermost([*found, *self._near_signs(answer)])
        if len(plain) < 2:
            return outermost(found)
        return outermost([*found, *self._near(answer, plain, bool(found))])

    def _half(self, answer: Text) -> Iterator[Place]:
        """Look for the first or the last half of the string, as far as it goes on."""
        places = [at for at, char in enumerate(self.text) if char.isalnum()]
        half = (len(places) + 1) // 2
        for part, lead, tail in ((self.text[: places[half - 1] + 1], r"(?<![a-z0-9])", ""),
                                 (self.text[places[-half] :], "", r"(?![a-z0-9])")):  # fmt: skip
            m = re.search(lead + _row(part) + tail, answer.text)
            if m is not None:
                yield Place(m.start(), m.end(), "part", 0.3)

    def _in_words(self, answer: Text) -> Iterator[Place]:
        """Look for a version whose stage is told in words: release candidate 3 of 4.12.0."""
        m = re.fullmatch(r"v?(\d+(?:\.\d+)+)[-.+]?(rc|alpha|beta|a|b)[-.]?(\d*)", self.text)
        if m is None:
            return
        stage = {"rc": "release candidate|rc", "a": "alpha", "b": "beta"}.get(m[2], m[2])
        told = re.search(rf"\b(?:{stage})[ -]?(?:no\.? ?|number )?{m[3]}\b", answer.text)
        base = re.search(rf"(?<![\d.]){re.escape(m[1])}(?!\d|\.\d)", answer.text)
        if told and base:
            yield Place(min(told.start(), base.start()), max(told.end(), base.end()), "same", 1.0)

    def _phones(self, answer: Text, plain: str) -> Iterator[Place]:
        for m, _ in zip(_PHONE.finditer(answer.text), range(_MOST), strict=False):
            digits = re.sub(r"\(0\)|\D", "", m.group())
            if _is_phone(self.text)(m.group(), digits):
                yield Place(m.start(), m.end(), "same", 1.0)
            elif _is_local(digits, plain):
                yield Place(m.start(), m.end(), "part", 0.7)
            elif _one_edit(digits, plain):
                yield Place(m.start(), m.end(), "edit", 0.3, rival=True)

    def _near(self, answer: Text, plain: str, only_whole: bool) -> Iterator[Place]:
        pieces = _PIECE.findall(self.text)
        shape = _shape(self.text)
        for start, end, token in tokens(answer):
            written = _squeezed(_bare(token) if self.strict else token)
            if not only_whole and self._is_written_otherwise(token):
                yield Place(start, end, "same", 1.0)
                continue
            if written == plain:
                if self.strict and _bare(token) != _bare(self.text).replace(" ", ""):
                    yield Place(start, end, "edit", 0.3, rival=True)
                continue
            how, worth = self._nearness(token, written, plain, pieces)
            part = self._is_part(written, plain, pieces, answer) or (self.kind == "url" and self._is_beginning(token))
            if how != "other":
                yield Place(start, end, how, worth, rival=True)
            elif _shape(token) == shape and (len(pieces) > 1 or _mixed(plain)):
                yield Place(start, end, "other", 0.0, rival=True)
            elif part and not only_whole:
                yield Place(start, end, "part", 0.3)
            elif self._is_alike(token):
                yield Place(start, end, "other", 0.0, rival=True)
        if len(pieces) > 1 and not only_whole:
            yield from self._spaced(answer, pieces, plain)

    def _is_written_otherwise(self, token: str) -> bool:
        """Whether an address has its queries in another order, or a version its stage without a hyphen."""
        if self.kind == "url":
            return _address(token) == _address(self.text)
        return self.kind == "version" and _staged(token) == _staged(self.text)

    @staticmethod
    def _is_part(written: str, plain: str, pieces: list[str], answer: Text) -> bool:
        """Whether a string is half of the expected one or more: one end of it, or one of its pieces."""
        if 2 * len(written) < len(plain) or len(written) < 3:
            return False
        if written.isalpha() and _mixed(plain) and len(answer.words) > _FEW_WORDS:
            return False  # a word of the code that stands in a sentence of its own
        return plain.startswith(written) or plain.endswith(written) or written in pieces

    def _is_beginning(self, token: str) -> bool:
        """Whether an address is the expected one as far as it goes: its host, or its path without the query."""
        mine, theirs = _bare(self.text), _bare(token)
        return "." in theirs.partition("/")[0] and re.match(rf"{re.escape(theirs)}(?=[/?#])", mine) is not None

    def _nearness(self, token: str, written: str, plain: str, pieces: list[str]) -> tuple[How, float]:
        """Say how near a token comes: its pieces in another order, one character off, one piece of an address."""
        theirs = _PIECE.findall(token)
        if len(pieces) > 1 and len(theirs) == len(pieces) and sorted(theirs) == sorted(pieces):
            return "order", 0.3
        if abs(len(written) - len(plain)) <= 2 and len(plain) >= 3 and _one_edit(written, plain):
            return "edit", 0.3
        address = self.strict and (self._tail_differs(token) or self._piece_differs(token))
        return ("edit", 0.3) if address else ("other", 0.0)

    def _near_signs(self, answer: Text) -> Iterator[Place]:
        """Look for a string with a sign in it (京A·12345): another sign, or one character of the others wrong."""
        rest = "".join(_PIECE.findall(self.text))
        at = re.search(r"[^\W_a-z0-9]", self.text)
        if len(rest) < 4 or at is None:
            return
        for start, end, token in tokens(answer):
            written = _squeezed(token)
            if written == rest:
                yield Place(max(0, start - 1), end, "edit", 0.3, rival=True)
            elif _one_edit(written, rest) and answer.text[max(0, start - 1) : start] == self.text[:1]:
                yield Place(start - 1, end, "edit", 0.3, rival=True)

    def _tail_differs(self, token: str) -> bool:
        """Whether only the last piece of an address or a version differs."""
        mine, theirs = _bare(self.text), _bare(token)
        cut = max(mine.rfind("/"), mine.rfind("."), mine.rfind("@"))
        return bool(cut > 3 and len(mine) > 4 and theirs[: cut + 1] == mine[: cut + 1] and theirs != mine)

    def _is_alike(self, token: str) -> bool:
        """Whether a token is another string of the kind, whatever its shape."""
        if self.kind == "version":
            return _VERSION.fullmatch(token) is not None and token.count(".") == self.text.count(".")
        return (self.kind == "email" and "@" in token) or (self.kind == "url" and self._is_address(token))

    def _is_address(self, token: str) -> bool:
        """Whether a token is an address of the web, with a host where the expected one has one."""
        if self.text.startswith("/"):
            return token.startswith("/") and token.count("/") == self.text.count("/")
        return "." in token.partition("/")[0] and "/" in token

    def _piece_differs(self, token: str) -> bool:
        """Whether only one of the pieces of an address differs: its top-level domain, say."""
        mine, theirs = _PIECE.findall(_bare(self.text)), _PIECE.findall(_bare(token))
        if len(mine) != len(theirs) or len(mine) < 3:
            return False
        return len([1 for one, other in zip(mine, theirs, strict=True) if one != other]) == 1

    def _spaced(self, answer: Text, pieces: list[str], plain: str) -> Iterator[Place]:
        """Look at rows of as many words as the code has pieces: copper otter 92 lantern."""
        words = _words(answer)
        size = len(pieces)
        if size > _WORDS_OF_A_CODE:
            return
        known = set(pieces)
        for at in range(len(words) - size + 1):
            row = words[at : at + size]
            if (
                len(known.intersection(w for _, _, w in row)) < size - 1
                or row[-1][1] - row[0][0] > len(plain) + 3 * size
            ):
                continue
            gaps = [answer.text[row[i][1] : row[i + 1][0]] for i in range(size - 1)]
            if all(len(gap) == 1 for gap in gaps) and _one_edit("".join(w for _, _, w in row), plain):
                yield Place(row[0][0], row[-1][1], "edit", 0.3, rival=True)

    def equals(self, language: str) -> list[str]:
        """Return other ways to write the string."""
        if self.strict or not self.text.isascii():
            return []
        return [self.text.upper(), re.sub(r"[-_]", " ", self.text)] if self.kind != "phone" else [_squeezed(self.text)]


def tokens(text: Text) -> list[tuple[int, int, str]]:
    """Return the runs of letters and digits with what joins them; read once."""
    return kept(text, "tokens", lambda t: [(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(t.text)])


def _words(text: Text) -> list[tuple[int, int, str]]:
    return kept(text, "code words", lambda t: [(m.start(), m.end(), m.group()) for m in _PIECE.finditer(t.text)])


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _bare(text: str) -> str:
    return _SCHEME.sub("", text).rstrip("/")


def _staged(text: str) -> str:
    """Return a version with its stage behind a hyphen, however it was joined: 3.14.2rc1 is 3.14.2-rc1."""
    return re.sub(r"[-+_. ]?(rc|alpha|beta|dev|post|[ab])[-.]?(?=\d|$)", r"-\1", _bare(text))


def _address(text: str) -> tuple[str, tuple[str, ...]]:
    """Return an address without scheme, www. and a slash at the path's end, and its queries in order."""
    path, _, query = _bare(text).partition("?")
    return path.rstrip("/"), tuple(sorted(filter(None, query.rstrip("/").split("&"))))


def _shape(text: str) -> str:
    """Return what kinds of characters a string has, and how many of each: aaaaaa-aaaaa-00 becomes a6-a5-02."""
    marked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", text))
    return re.sub(r"a+", "a", re.sub(r"0+", lambda m: f"0{len(m.group())}", marked))


def _mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _one_edit(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    from rapidfuzz.distance import OSA

    return bool(OSA.distance(one, other, score_cutoff=1) == 1)


@lru_cache(maxsize=512)
def _is_phone(expected: str) -> Callable[[str, str], bool]:
    """Return what says whether a telephone number, as written and by its digits, is the expected one.

    Which country a number is of, and what is dialled before it at home and from abroad, the library phonenumbers knows;
    where the expected number tells no country that it knows, one with and without a country's code are one by their
    digits.
    """
    plain = re.sub(r"\D", "", expected)
    if not expected.startswith("+"):
        return lambda written, digits: _same_phone(digits, plain)
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumber

    def parsed(text: str, region: str | None) -> PhoneNumber | None:
        try:
            return phonenumbers.parse(text, region)
        except NumberParseException:
            return None

    own = parsed(expected, None)
    if own is None or not phonenumbers.is_possible_number(own):
        return lambda written, digits: _same_phone(digits, plain)
    region = phonenumbers.region_code_for_country_code(own.country_code or 0)

    def same(written: str, digits: str) -> bool:
        abroad = [f"+{digits[len(exit) :]}" for exit in ("00", "011", "") if digits.startswith(exit)]
        found = (parsed(written, region), *(parsed(text, None) for text in abroad))
        return any(
            (each.country_code, each.national_number, each.italian_leading_zero)
            == (own.country_code, own.national_number, own.italian_leading_zero)
            for each in found if each is not None
        )  # fmt: skip

    return same


def _same_phone(one: str, other: str) -> bool:
    """Whether two telephone numbers are one, with or without the country's code and the zero of trunk calls."""
    one, other = one.removeprefix("00"), other.removeprefix("00")
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    short = short.lstrip("0")
    return len(short) >= 7 and long.endswith(short) and 1 <= len(long) - len(short) <= 3 and short != long


def _is_local(digits: str, plain: str) -> bool:
    """Whether digits are a telephone number without its area's code (0577)."""
    code = len(plain) - len(digits)
    return len(digits) >= 7 and 2 <= code <= 5 and plain.startswith("0") and plain.endswith(digits)


def _row(text: str) -> str:
    """Return a pattern for letters and digits in a row, with any separators between them."""
    return r"[\W_]{0,2}".join(re.escape(char) for char in text if char.isalnum())


@lru_cache(maxsize=1024)
def _pattern(text: str, strict: bool) -> re.Pattern[str]:
    """Return what finds a string: its letters and digits in a row, with its separators or others between them."""
    text = _bare(text) if strict else text
    parts: list[str] = []
    pending = ""
    for char in text:
        if char.isalnum():
            if parts:
                parts.append(_gap(pending, strict, parts[-1], char))
            parts.append(re.escape(char))
            pending = ""
        else:
            pending += char
    # Scheme and www. may stand in front of an address, and are part of it.
    address = r"(?<![a-z0-9@])(?<![a-z0-9][.\-])(?:[a-z]{2,6}://)?(?:www\.)?"
    lead = r"(?<![a-z0-9])" if not strict else rf"(?:{address}|(?<=\bv)(?=\d))"
    tail = r"(?![a-z0-9])(?!-[a-z0-9])" if not strict else r"(?!/?[a-z0-9])(?![.\-:?&=#][a-z0-9])(?!/[a-z0-9])"
    if not text.isascii():
        lead = tail = ""
    return re.compile(lead + "".join(parts) + tail)


@lru_cache(maxsize=1024)
def _spelt(text: str, grammar: Grammar) -> re.Pattern[str]:
    """Return what finds a string some of whose signs are spelt in Latin letters: Zhe K 7T52M."""
    spelt = "".join(f"{''.join(grammar.romanized(char))} " if grammar.is_sign(char) else char for char in text)
    return _pattern(spelt.strip(), strict=False)


def _gap(pending: str, strict: bool, before: str, behind: str) -> str:
    if strict:
        # Folding has made a space of an underscore, and dropped what might be Markdown.
        if pending == "?":
            return r"/?\?"
        said = {
            ".": r"(?:\.|[\[(]\.[\])]| ?[\[(]?dot[\])]? ?)",
            "/": "(?:/| slash )",
            "@": r"(?: ?@ ?| ?[\[(]at[\])] ?| at )",
        }
        return "".join(said.get(char, r"[ _\-]" if char in " _-" else re.escape(char)) for char in pending)
    marks = "".join(re.escape(char) for char in dict.fromkeys(pending) if not char.isspace())
    return f"[{_SEPARATORS[1:-1]}{marks}]{{0,{len(pending) + 2 if pending else 1}}}"
