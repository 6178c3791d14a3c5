"""The text of a source, put together as a whole: what stretches of it are compared with."""

from nihbench.text.source import GLUE


def compose_text(text: str, start: int, copies: int) -> str:
    """Return the corpus from character `start` on, wrapped round, `copies` times."""
    once = text[start:] + GLUE + text[:start] if start else text
    return GLUE.join([once] * copies)
