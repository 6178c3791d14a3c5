"""The cleaning rules that a manifest's `clean` list names: small pure functions from text to text.

They take away what is not the text (line-end styles, licences, images, link targets); they never reword it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from nihbench.errors import FetchError
from nihbench.lang.messages import t

_GUTENBERG_START = re.compile(r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]*\*\*\*[^\n]*\n", re.M)
_GUTENBERG_END = re.compile(
    r"^(?:End of (?:the )?Project Gutenberg[^\n]*\n\s*)?\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK", re.M
)

_CODE = r"(?P<code>^```.*?^```|`[^`\n]*`)"
_LABEL = r"\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]"
# A target may hold balanced brackets two deep, as addresses of encyclopedias do, and a quoted title.
_PARENS = r"\([ \t]*(?:[^()\s]|\((?:[^()\s]|\([^()\s]*\))*\))*"
_TARGET = rf"""{_PARENS}(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)"""
_IMAGE = re.compile(rf"{_CODE}|!{_LABEL}{_TARGET}", re.M | re.S)
_LINK = re.compile(rf"{_CODE}|(?<!\\){_LABEL}{_TARGET}", re.M | re.S)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]+\]:[ \t]*\S[^\n]*(?:\n|\Z)", re.M)


def fold_line_ends(text: str) -> str:
    """Write every line end as LF: CRLF and a lone CR become one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cut_gutenberg(text: str) -> str:
    """Return what stands between Project Gutenberg's START and END lines.

    Raises:
        FetchError: the two lines are not there, in this order.
    """
    start = _GUTENBERG_START.search(text)
    end = _GUTENBERG_END.search(text, start.end()) if start else None
    if start is None or end is None:
        raise FetchError(t("corpora.cleaning_rule_gutenberg_found"))
    return text[start.end() : end.start()]


def drop_markdown_links(text: str) -> str:
    """Remove Markdown images and reference definitions, and put a link's words in the link's place.

    Code, fenced or in backticks, stays as it is; so do footnotes.
    """
    without_images = _IMAGE.sub(lambda match: match["code"] or "", text)
    without_links = _LINK.sub(lambda match: match["code"] or match["label"] or "", without_images)
    return _DEFINITION.sub("", without_links)


def trim_lines(text: str) -> str:
    """Remove white space (the ideographic space too) from both ends of every line."""
    return "\n".join(line.strip() for line in text.split("\n"))


def trim_line_ends(text: str) -> str:
    """Remove white space from the end of every line; indentation stays."""
    return "\n".join(line.rstrip() for line in text.split("\n"))


def collapse_blank_lines(text: str) -> str:
    """Leave one blank line where there are several, and none at the text's beginning and end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


RULES: Mapping[str, Callable[[str], str]] = {
    "crlf": fold_line_ends,
    "gutenberg": cut_gutenberg,
    "markdown-links": drop_markdown_links,
    "trim-lines": trim_lines,
    "trim-line-ends": trim_line_ends,
    "collapse-blank-lines": collapse_blank_lines,
}


def clean(text: str, rules: Iterable[str]) -> str:
    """Apply the named rules in their order.

    Raises:
        FetchError: a rule that does not exist, or one that does not fit the text.
    """
    for name in rules:
        if name not in RULES:
            raise FetchError(t("corpora.no_cleaning_rule_named", name=name, rules=tuple(RULES)))
        text = RULES[name](text)
    return text
