"""How a figure, a caption or the report's page says something: by the key of a sentence and in a language given.

What the sentences are stands in the catalogs of `lang`: `figure.`, `finding.` (what was found: effective length,
comparison, pattern of misses), `failure.`, `control.` and so on. A text is a whole sentence or label with named fields;
none is put together from pieces whose order a language decides.
"""

from __future__ import annotations

from nihbench.lang.messages import Lang, said, t, words


def say(lang: Lang, key: str, **fields: object) -> str:
    """Return the label or note of a figure named `key` in a language, with its fields filled in."""
    return said(t(f"figure.{key}", **fields), lang)


def tell(lang: Lang, key: str, **fields: object) -> str:
    """Return the sentence of what was found named `key` in a language, with its fields filled in."""
    return said(t(f"finding.{key}", **fields), lang)


def pattern_name(lang: Lang, kind: str) -> str:
    """Return a pattern of misses as it is read."""
    return words(lang)[f"pattern.{kind}"]


def group_word(lang: Lang, group: str) -> str:
    """Return a group of failures as it is read."""
    return words(lang)[f"failure_group.{group}"]


def kind_word(lang: Lang, kind: str) -> str:
    """Return a failure's kind as it is read: "rate limit"; one that no catalog has keeps its name."""
    return words(lang).get(f"failure.{kind}", kind.replace("_", " "))


def control_word(lang: Lang, name: str) -> str:
    """Return a control's name as it is read; one that no catalog has keeps it."""
    return words(lang).get(f"control.{name}", name.replace("_", " "))


def listed(lang: Lang, parts: list[str]) -> str:
    """Join the parts of a list as the language does."""
    return words(lang)["figure.comma"].join(parts)


def joined(lang: Lang, sentences: list[str]) -> str:
    """Join whole sentences to a paragraph; Chinese sets no blank after its full stop."""
    return words(lang)["figure.blank"].join(sentence for sentence in sentences if sentence)
