"""How much an answer may hold before its server has clearly gone past the output limit that it was given.

Pure. Text is measured in characters, because tokens are the server's own, and are told at the end or not at all. The
bounds are for servers that keep to no limit: none that does comes near them, whatever its model says.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

MOST_BYTES = 64 * 1024 * 1024
"""No answer is this long; one that goes on is broken off, before it fills the memory."""

# Of the tokens in cl100k_base four are longer than this (names out of code, 42 at most), and text of any language has
# some 7 characters a token at most. Blanks and rules (-----) count a quarter: there are tokens of up to 128 of them.
_CHARACTERS_A_TOKEN = 32
_FILLER_SHARE = 4
_FILLER = re.compile(r"\s+|(.)\1{3,}")
# A server may have a least output of its own, some 16 tokens, which it gives for a limit of 1.
_CHARACTERS_ANYWAY = 1024
# DashScope's `max_tokens` limits the answer alone, and its models reason for up to 81,920 tokens before it, some
# 370,000 characters of English. `max_completion_tokens` holds reasoning by its definition.
_REASONING_CHARACTERS = 512 * 1024
# A whole body: JSON may write a character in 12 bytes, and the user's own fields may ask for the likeliest 20 tokens at
# each place (some 2.5 KB) or for several choices. The rest is reasoning, under two names perhaps.
_BYTES_A_TOKEN = 4 * 1024
_BYTES_ANYWAY = 8 * 1024 * 1024
_LETTERS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputBound:
    """What the answer to one request may hold.

    `characters`: of its text, as `weight` counts them. `reasoning`: so many of its reasoning are not counted there.
    `size`: bytes of a body that comes whole.
    """

    characters: float
    reasoning: float
    size: int

    @classmethod
    def of(cls, limit: int | None, *, holds_reasoning: bool) -> Self:
        """Return the bound that follows from an output limit.

        Args:
            limit: in tokens; None: there is none, and only the memory sets a bound.
            holds_reasoning: whether the server surely counts reasoning against it.
        """
        if limit is None:
            return cls(characters=math.inf, reasoning=math.inf, size=MOST_BYTES)
        return cls(
            characters=_CHARACTERS_ANYWAY + _CHARACTERS_A_TOKEN * limit,
            reasoning=0 if holds_reasoning else _REASONING_CHARACTERS,
            size=min(MOST_BYTES, _BYTES_ANYWAY + _BYTES_A_TOKEN * limit),
        )

    def is_passed(self, answer: int, reasoning: int) -> bool:
        """Say whether an answer with so much text and reasoning is beyond what the limit could ever be."""
        return answer + max(0, reasoning - self.reasoning) > self.characters


def weight(piece: str) -> int:
    """Return how many characters of text a streamed piece counts for: filler for a part of it, and a piece for one."""
    solid = len(_FILLER.sub("", piece))
    return max(1, solid + (len(piece) - solid) // _FILLER_SHARE)


def likely_tokens(text: str) -> int:
    """Guess a text's tokens: four letters a token in alphabets, one character a token in other scripts."""
    plain = len(text.encode("ascii", "ignore"))
    return plain // _LETTERS_A_TOKEN + len(text) - plain
