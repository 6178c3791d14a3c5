from __future__ import annotations

from dataclasses import replace

import pytest

from nihbench.analysis.fairness import check_needle
from nihbench.catalog.loading import load
from nihbench.types import Corpus, KeyFact, Needle, Subject

NEEDLES = load().needles


def corpus(text, language="en"):
    return Corpus(name="own", language=language, text=text, sha256="0" * 64)


def codes(found):
    return {finding.code: finding.level for finding in found.findings}


@pytest.mark.slow
def test_the_original_test_s_own_flaw(fetched_corpus):
    found = check_needle(NEEDLES["sf-sandwich"], fetched_corpus("paul-graham-en"), tokens=10, unit="t", longest=9)
    assert codes(found) == {
        "graded_whole": "ok", "no_copy": "ok", "fact": "note", "subject": "note", "mismatch": "warning",
        "lacking": "note", "covered": "note", "rivals": "warning", "same_language": "ok", "long": "ok",
    }  # fmt: skip
    told = next(finding.text for finding in found.findings if finding.code == "mismatch")
    assert "'most fun'" in told and "'best'" in told
    first, second = found.wordings
    assert first.lacking == ("fun",) and first.mismatch
    # Kamradt's own question asks for the best, as the needle says it.
    assert second.prompt == "kamradt-0.1.0" and not second.mismatch and second.lacking == ()
    text = " ".join(fetched_corpus("paul-graham-en").text.split())
    named = [" ".join(rival.text.split()) for rival in found.rivals if rival.names_subject]
    # Every sentence with the city's name is there.
    assert sum(rival.count("San Francisco") for rival in named) == text.count("San Francisco") == 4


def test_an_easier_haystack_says_so(fetched_corpus):
    found = check_needle(NEEDLES["beijing-coffee"], fetched_corpus("three-kingdoms-zh"))
    got = codes(found)
    assert got["subject_absent"] == "warning" and got["no_rivals"] == "ok" and got["mismatch"] == "warning"
    (wording,) = found.wordings
    assert wording.lacking == ("最值得体验", "活动")


def test_copies_near_copies_and_facts():
    needle = NEEDLES["sf-sandwich"]
    whole = f"It rains.\n\n{needle.statements[0]}\n\nIt snows.\n"
    assert codes(check_needle(needle, corpus(whole)))["copy"] == "problem"
    near = whole.replace("a sunny day", "sunny days").replace("best thing", "best of things")
    got = [(finding.code, finding.level) for finding in check_needle(needle, corpus(near)).findings]
    assert ("near_copy", "problem") in got and ("fact", "problem") in got
    assert "copy" not in dict(got)
    names = check_needle(needle, corpus("We met in Park Dolores. It rained."))
    assert codes(names)["near_fact"] == "warning"
    assert [copy.of for copy in names.copies] == ["park"]


def test_drawn_values_language_subject_and_length():
    needle = NEEDLES["magic-number"]
    got = codes(check_needle(needle, corpus("三号仓库很大。", "zh"), tokens=5, unit="t", longest=9))
    assert got["language"] == "warning" and got["short"] == "warning" and got["no_fact"] == "ok"
    assert "mismatch" not in got
    bare = Needle(name="x", language="en", statements=("The key is red.",), question="What is the key?", answer="red")
    assert codes(check_needle(bare, corpus("It rains.")))["subject_none"] == "note"
    fun = replace(bare, question="What is the most fun key?", subject=Subject(text="key"), facts=(KeyFact(
        name="red", text="red", identifying=True),))  # fmt: skip
    assert codes(check_needle(fun, corpus("A red key.")))["asked_only"] == "warning"


def test_an_empty_corpus_is_no_crash():
    assert codes(check_needle(NEEDLES["sf-sandwich"], corpus("")))["no_rivals"] == "ok"
