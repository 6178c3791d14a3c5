"""JUnit's XML, which CI servers show: a suite a sweep, a case a trial.

A miss is a failure, a trial without an answer an error, and what has no score, or was not asked yet, is skipped: the
found rate is the share of passed cases among those that passed or failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from nihbench.app.events import row_words
from nihbench.app.exports.told import Sample, Told, whole
from nihbench.app.exports.writing import Asked, Form, placed
from nihbench.lang.messages import Message, language, said, t
from nihbench.types import Trial

SUFFIXES = (".xml",)

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, however it is written."""


def write(sweeps: Sequence[Told], asked: Asked) -> list[Path]:
    """Write one file of all sweeps."""
    every = [_counts(each) for each in sweeps]
    control = [_control_counts(samples) for each in sweeps for samples in each.controls().values()]
    counts = [*every, *control] if asked.controls else every
    total = {name: sum(each[name] for each in counts) for name in _NAMES}
    with placed(asked.out) as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n')
        file.write(f"<testsuites {_attributes({'name': 'nih', **total})}>\n".encode())
        for each in sweeps:
            for piece in _suite(each):
                file.write(piece.encode("utf-8"))
            for name, samples in each.controls().items() if asked.controls else ():
                file.write(_control_suite(each, name, samples).encode("utf-8"))
        file.write(b"</testsuites>\n")
    return [asked.out]


_NAMES = ("tests", "failures", "errors", "skipped")


def _counts(each: Told) -> dict[str, int]:
    made = each.summary
    found = round(made.found.value * made.measured) if made.measured else 0
    numbers = (made.planned, made.measured - found, each.failed, each.unscored + each.owed)
    return dict(zip(_NAMES, numbers, strict=True))


def _control_counts(samples: Sequence[Sample]) -> dict[str, int]:
    states = [_state(sample)[0] for sample in samples]
    return {"tests": len(states)} | {f"{s}s" if s != "skipped" else s: states.count(s) for s in _STATES}


_STATES = ("failure", "error", "skipped")


def _suite(each: Told) -> Iterator[str]:
    name = f"{each.model}: {each.name}"
    yield f"  <testsuite {_attributes({'name': name, 'timestamp': each.started_at[:19], **_counts(each)})}>\n"
    yield "    <properties>\n"
    told = {"model": each.model, "headline": each.sentence(), **each.counts(), **_flat(each)}
    for key, value in told.items():
        yield f"      <property {_attributes({'name': key, 'value': value})}/>\n"
    yield "    </properties>\n"
    for sample in each.samples():
        yield _case(each, sample)
    for trial in each.missing():
        yield _not_asked(each, trial)
    yield "  </testsuite>\n"


def _flat(each: Told) -> dict[str, object]:
    return {name: " ".join(map(str, v)) if isinstance(v, list) else v for name, v in each.settings().items()}


def _control_suite(each: Told, name: str, samples: Sequence[Sample]) -> str:
    head = _attributes({"name": f"{each.model}: {each.name} ({name})", **_control_counts(samples)})
    return f"  <testsuite {head}>\n{''.join(_case(each, sample) for sample in samples)}  </testsuite>\n"


def _case(each: Told, sample: Sample) -> str:
    took = f"{sample.latency_s or 0:.3f}"
    head = _attributes({"classname": f"nih.{each.name}", "name": _name(each, sample.trial), "time": took})
    state, kind, message = _state(sample)
    told = _text("\n".join(_lines(sample)))
    if not state:
        return f"    <testcase {head}><system-out>{told}</system-out></testcase>\n"
    why = _attributes({"message": message} | ({"type": kind} if state != "skipped" else {}))
    return f"    <testcase {head}><{state} {why}>{told}</{state}></testcase>\n"


def _not_asked(each: Told, trial: Trial) -> str:
    head = _attributes({"classname": f"nih.{each.name}", "name": _name(each, trial), "time": "0"})
    why = _attributes({"message": said(t("export.not_asked"), language())})
    return f"    <testcase {head}><skipped {why}/></testcase>\n"


def _state(sample: Sample) -> tuple[str, str, str]:
    """Return a case's state ("" of one that passed), its kind and why."""
    if sample.score is None:
        kind = sample.failure or "unscored"
        return ("skipped" if kind == "unscored" else "error"), kind, sample.why or kind
    if sample.trial.control is None and not sample.score.found:
        return "failure", sample.score.outcome, sample.why or sample.score.outcome
    return "", "", ""


def _name(each: Told, trial: Trial) -> str:
    told: Message = t(
        "export.case", length=trial.length, row=row_words(each.sweep.grid.axis, trial.row), repeat=trial.repeat + 1
    )
    return said(told, language())


def _lines(sample: Sample) -> Iterator[str]:
    """Give what a reader wants to see of a trial: question, expected, answer, score and why."""
    yield said(t("export.question", text=sample.question), language())
    yield said(t("export.expected", text="; ".join(sample.expected)), language())
    if sample.answer is not None:
        yield said(t("export.answer", text=sample.answer), language())
    if sample.score is not None:
        yield said(t("export.score", value=sample.score.value, why=sample.why), language())
    yield f"{sample.record.id}"


def _attributes(values: Mapping[str, object]) -> str:
    return " ".join(f"{name}={quoteattr(_kept(str(value)), _BREAKS)}" for name, value in values.items())


_BREAKS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def _text(text: str) -> str:
    """Return a text as XML has it; `>` too, so that no answer ends a section."""
    return escape(_kept(text), {"\r": "&#13;"})


def _kept(text: str) -> str:
    return _NOT_XML.sub("\ufffd", whole(text))


FORM = Form(write=write, suffixes=SUFFIXES)
