"""One YAML file as plain values, with the line of every key, so that any later mistake can name its place.

Only plain data is read: no tags beyond YAML's own scalars, no anchors and aliases, no key twice. What the values
should be is not this module's business (`schema`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import yaml

from nihbench.errors import CatalogError
from nihbench.fetch.files import read_named
from nihbench.lang.messages import Message, t

T = TypeVar("T")
Where = tuple[str | int, ...]
"""The keys and list indexes that lead from the top of a file to a value."""

_MOST_BYTES = 1_000_000
"""Ten times the packaged files; a larger one takes longer than anybody waits."""
_MOST_EXPLAINED = 200_000
"""Characters of a file whose mistake is told in plain words: what has them reads slowly."""
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_MENDS = (
    ("\\t", t("catalog.indent_spaces_not_tabs")),
    ("mapping values are not allowed", t("catalog.put_text_contains_quotes")),
    ("while scanning a quoted scalar", t("catalog.close_text_quote_opens")),
    ("while parsing a flow", t("catalog.close_bracket_put_text")),
    ("cannot start any token", t("catalog.put_text_quotes")),
    ("anchors and aliases", t("catalog.write_value_out_put")),
    ("expected alphabetic or numeric", t("catalog.put_text_begins_quotes")),
    ("expected a single document", t("catalog.keep_one_document_file")),
    ("escape", t("catalog.write_text_single_quotes")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file's `data`; `lines` (from 1) and `written` (scalars as they stand in the file) by place."""

    path: Path
    data: Any
    lines: Mapping[Where, int]
    written: Mapping[Where, str]

    def error(self, where: Where, message: str) -> CatalogError:
        """Return an error "path:line: message"; steps of `where` that the file does not have are passed over."""
        known: Where = ()
        for step in where:
            if (*known, step) in self.lines:
                known = (*known, step)
        return _error(self.path, self.lines[known], message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sourced(Generic[T]):
    """A value and the place it was read from."""

    value: T
    document: Document
    where: Where

    @property
    def name(self) -> str:
        """The value's own key."""
        return str(self.where[-1])

    def error(self, message: str, *below: str | int) -> CatalogError:
        """Return an error at the place `below` this value."""
        return self.document.error((*self.where, *below), message)


def read_document(path: Path) -> Document:
    """Read one file; an empty one has data None. Raises `CatalogError` for anything but plain YAML in UTF-8."""
    return parsed(path, read_text(path))


def parsed(path: Path, text: str) -> Document:
    """Return a file's text as a document; raises `CatalogError` for anything but plain YAML."""
    try:
        loader, node = _composed(text)
        builder = _Builder(path, loader)
        data = None if node is None else builder.build(node, ())
    except yaml.MarkedYAMLError as error:
        said = error.problem or "unreadable"
        raise _error(path, _line(error), t("catalog.yaml_cant_read", said=said, mend=_mend(error))) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _error(path, line, t("catalog.control_character_here_remove")) from error
    except RecursionError as error:
        raise _error(path, 1, t("catalog.file_nested_too_deeply")) from error
    return Document(path=path, data=data, lines=builder.lines, written=builder.written)


def _line(error: yaml.MarkedYAMLError) -> int:
    """Return where to look: for what is never closed its beginning, since its end is the end of the file."""
    open_to_the_end = "stream" in (error.problem or "")
    mark = (open_to_the_end and error.context_mark) or error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _mend(error: yaml.MarkedYAMLError) -> Message:
    said = f"{error.context} {error.problem}"
    general = t("catalog.check_indentation_put_texts")
    return next((mend for cue, mend in _MENDS if cue in said), general)


def _error(path: Path, line: int, message: str) -> CatalogError:
    return CatalogError(t("catalog.path_line_message", path=path, line=line, message=message))


def read_text(path: Path) -> str:
    """Return a file's text; raises `CatalogError` where it can't be read or is not UTF-8."""
    try:
        raw = read_named(path, _MOST_BYTES)
    except OSError as error:
        raise _error(path, 1, t("catalog.file_cant_read_check", strerror=error.strerror)) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _error(path, line, t("catalog.file_not_utf_8")) from error


def _composed(text: str) -> tuple[yaml.constructor.SafeConstructor, yaml.Node | None]:
    """Return a text's node tree, and what makes values of it: by libyaml, whose words for mistakes are others."""
    if _FastLoader is not None:
        with suppress(*() if len(text) > _MOST_EXPLAINED else (yaml.YAMLError,)):
            fast = _FastLoader(text)
            return fast, fast.get_single_node()
    loader = _Loader(text)
    return loader, loader.get_single_node()


class _Plain(yaml.composer.Composer):
    """Composes nodes without anchors and aliases: no loops, no bombs, and no text that loses its first word to &."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = cast(Any, self).peek_event()
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            problem = "anchors and aliases, & and *, are not taken"
            raise yaml.composer.ComposerError(None, None, problem, cast(yaml.Mark, event.start_mark))
        return super().compose_node(parent, index)


class _Loader(_Plain, yaml.SafeLoader):
    pass


_FastLoader: Any = None
if yaml.__with_libyaml__:
    _cyaml: Any = yaml.cyaml

    class _CLoader(_Plain, _cyaml.CParser, yaml.constructor.SafeConstructor, yaml.resolver.Resolver):  # type: ignore[misc]
        def __init__(self, text: str) -> None:
            _cyaml.CParser.__init__(self, text)
            yaml.composer.Composer.__init__(self)
            yaml.constructor.SafeConstructor.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    _FastLoader = _CLoader


class _Builder:
    """Turns a node tree into plain values and notes where each stands."""

    def __init__(self, path: Path, loader: yaml.constructor.SafeConstructor) -> None:
        self.path = path
        self.loader = loader
        self.lines: dict[Where, int] = {(): 1}
        self.written: dict[Where, str] = {}

    def build(self, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            self.written[where] = node.value
            return self.scalar(node)
        if node.tag not in _PLAIN_TAGS:
            raise _error(self.path, node.start_mark.line + 1, t("catalog.tag_not_read_remove", tag=node.tag))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*where, index)) for index, item in enumerate(node.value)]
        return self.mapping(node, where)

    def mapping(self, node: yaml.Node, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.key(key_node, line)
            if key in values:
                first = self.lines[(*where, key)]
                raise _error(
                    self.path,
                    line,
                    t("catalog.key_stands_here_line", key=key, first=first),
                )
            self.lines[(*where, key)] = line
            values[key] = self.build(value_node, (*where, key))
        return values

    def key(self, node: yaml.Node, line: int) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _error(self.path, line, t("catalog.key_must_text_not"))
        if node.value == "<<":
            raise _error(self.path, line, t("catalog.merge_keys_not_read"))
        key = self.scalar(node)
        if not isinstance(key, str):
            raise _error(self.path, line, t("catalog.key_no_text_yaml", key=node.value))
        return key

    def scalar(self, node: yaml.ScalarNode) -> Any:
        line = node.start_mark.line + 1
        try:
            node.value.encode("utf-8")
            return self.loader.construct_object(node)
        except UnicodeEncodeError as error:
            raise _error(self.path, line, t("catalog.escape_gives_half_character")) from error
        except ValueError as error:
            message = t("catalog.looks_like_number_date", text=node.value[:40])
            raise _error(self.path, line, message) from error
