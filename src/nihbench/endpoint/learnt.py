"""What a server's counts and bills have shown of calls that are to come: how far they may go past what is expected.

Nothing is taken for granted of a server before its first answer: one that counts thrice, or writes on past the output
limit, shows it there. What it has passed once by so much it may pass again, and by a quarter more.
"""

from __future__ import annotations

import math
from decimal import Decimal

AGAIN = 1.25
"""What passed its bound once is expected to pass it again by so many times as much."""


class Learnt:
    """What was seen so far.

    Args:
        margin: how many tokens of the server a token of the caller's count may be, as far as counts do not show more.
    """

    def __init__(self, margin: float) -> None:
        self._margin = margin
        # By the prompt's size in powers of two: the largest share of the expected tokens that the server counted, and
        # by how many it passed the margin.
        self._prompts: dict[int, tuple[float, int]] = {}
        # By the output limit in powers of two: by how many tokens an answer passed it at most.
        self._outputs: dict[int, int] = {}
        self._dearer = Decimal(1)

    def knows(self, max_output: int) -> bool:
        """Say whether an answer with an output limit as large as this one was seen."""
        return any(size >= max_output.bit_length() for size in self._outputs)

    def most_tokens(self, prompt_tokens: int) -> int:
        """Return how many tokens the server may count in a prompt that is thought to have so many.

        The longest prompts tell its share. What was counted too much in much shorter ones is their template's, and
        every prompt may have as much: in proportion, it would make every long prompt look dear.
        """
        longest = max(self._prompts, default=0)
        shares = [share for size, (share, _) in self._prompts.items() if size >= longest - 1]
        beyond = [excess for size, (_, excess) in self._prompts.items() if size < longest - 1]
        share = max(0.0, *shares, 0.0)
        # One that keeps to the margin is taken at the margin; one that does not was not foreseen.
        share = self._margin if share <= self._margin else share + (AGAIN - 1) * (share - self._margin)
        return math.ceil(prompt_tokens * share) + max(0, *beyond, 0)

    def most_output(self, max_output: int) -> int:
        """Return how many tokens an answer with this limit may have, reasoning included.

        Where answers of such a limit were seen, those of smaller ones (counts, for which one token is asked) tell
        nothing more.
        """
        alike = [beyond for size, beyond in self._outputs.items() if size >= max_output.bit_length()]
        return max_output + math.ceil(AGAIN * max(alike or self._outputs.values(), default=0))

    @property
    def dearer(self) -> Decimal:
        """How many times what its tokens cost a call may cost, such as for what is written into a cache."""
        return self._dearer if self._dearer == 1 else 1 + (self._dearer - 1) * Decimal(str(AGAIN))

    def prompt(self, expected: int, counted: int | None) -> None:
        """Take in the server's count of a prompt."""
        if counted and expected > 0:
            size = expected.bit_length()
            share, beyond = self._prompts.get(size, (0.0, 0))
            excess = counted - math.ceil(expected * self._margin)
            self._prompts[size] = max(share, counted / expected), max(beyond, excess)

    def output(self, max_output: int, counted: int | None) -> None:
        """Take in the length of an answer; None: an answer came, and its length is not known."""
        size = max_output.bit_length()
        self._outputs[size] = max(self._outputs.get(size, 0), (counted or 0) - max_output)

    def bill(self, usd: Decimal | None, counted_usd: Decimal | None) -> None:
        """Take in what a call cost, and what its tokens cost where none comes out of a cache."""
        if usd and counted_usd:
            self._dearer = max(self._dearer, usd / counted_usd)
