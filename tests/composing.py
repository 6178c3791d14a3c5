"""The text of a source, put together as a whole: what stretches of it are compared with."""

from nihbench.text.source import GLUE
from nihbench.types import Insert, Planted


def compose_text(text: str, start: int, copies: int) -> str:
    """Return the corpus from character `start` on, wrapped round, `copies` times."""
    once = text[start:] + GLUE + text[:start] if start else text
    return GLUE.join([once] * copies)


def one_needle(statement: str, question: str, depth_percent: float) -> Planted:
    """A single needle that is asked for."""
    return Planted(inserts=(Insert(text=statement, depth_percent=depth_percent),), question=question)
