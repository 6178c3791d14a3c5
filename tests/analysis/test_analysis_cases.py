from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import process

from nihbench.analysis import cases as analysis_cases
from nihbench.analysis.cases import Case, Filter, cluster, find_cases
from nihbench.errors import UsageError
from nihbench.lang.former import SENTENCES, note_in
from nihbench.lang.messages import Note, said, stored, words
from nihbench.types import Completion, Evidence, Failure, KeyFact, Needle, Record, Score, Trial, Unscored, Usage
from tests.wording import wording


def record(name, text="", length=1000, depth=50.0, prompt="original", failure=None, control=None):
    said = Completion(text=text, finish_reason="stop", usage=Usage(), model="m", latency_s=0.1, attempts=1)
    failed = Failure(kind=failure, message="it broke", status=500, latency_s=0.1, attempts=3) if failure else None
    trial = Trial(
        experiment="sf", needle="sf", prompt=prompt, length=length, depth_percent=depth, control=control
    )  # fmt: skip
    return Record(
        id=name, trial=trial, placement=None, outcome=failed or said, fresh={}, expected="sandwich", started_at=""
    )


def score(value, outcome, cue="c"):
    return Score(
        value=value, outcome=outcome, identifying="absent", subject="right", evidence=Evidence(cue=cue, missing=("a",)),
        scorer="rules", version="1",
    )  # fmt: skip


def run(*rows):
    return {r.id: r for r, _ in rows}, {r.id: grade for r, grade in rows if grade is not None}


MIXED = run(
    (record("a", "I don't know."), score(0.0, "abstained")),
    (record("b", "i don’t know", length=4000), score(0.0, "abstained")),
    (record("c", "I do not know it."), score(0.0, "abstained", "other: x")),
    (record("d", "Ride a cable car.", prompt="explicit"), score(0.0, "hallucinated")),
    (record("e", "Sandwich."), score(1.0, "correct")),
    (record("f", failure="timeout"), None),
    (record("g", "???"), Unscored(reason="Thai", scorer="rules", version="1")),
    (record("h", "no", control="oracle"), score(0.0, "abstained")),
)


def test_groups_and_counts():
    found = find_cases(*MIXED)
    assert (found.trials, found.measured, found.full, found.below) == (7, 5, 1, 4)
    assert [(g.kind, g.scored, len(g.cases)) for g in found.groups] == [
        ("hallucinated", True, 1), ("abstained", True, 3), ("timeout", False, 1), ("unscored", False, 1),
    ]  # fmt: skip
    abstained = found.groups[1]
    assert [[case.id for case in each.cases] for each in abstained.clusters] == [["a", "b"], ["c"]]
    assert abstained.reasons == (("c", 2), ("other", 1))
    assert found.groups[2].cases[0].reason == "it broke" and found.groups[2].cases[0].answer is None


def as_0_1_0_wrote(cue: Note) -> str:
    fields = {name: as_0_1_0_wrote(each) if isinstance(each, Note) else each for name, each in cue.fields.items()}
    return SENTENCES["grades"][cue.code].format(**fields)


def test_a_reworded_reason_stays_in_its_group(monkeypatch):
    """Groups go by codes: neither a word, nor a colon, nor the language, nor the form of 0.1.0 parts or joins cases."""
    facts = Note("some_facts", right=1, all=3)
    cues = [
        Note("abstains", words="does not say"), Note("abstains", words="not told: there"), Note("abstains", words="7"),
        facts, Note("some_facts", right=2, all=3), Note("some_hedged", facts=facts, cue="perhaps"),
        Note("extra", cue=Note("added_name", name="Bob")), Note("extra", cue=Note("added_number", number="7")),
        Note("second_number_before", number="12"), Note("second_number_after", number="34"), Note("off_the_question"),
    ]  # fmt: skip

    def groups(cues, words=str):
        rows = [(record(str(at), str(at)), score(0.0, "abstained", cue)) for at, cue in enumerate(cues)]
        return dict(find_cases(*run(*rows)).groups[0].reasons_in(words))

    expected = groups(cues)
    assert sorted(expected.values()) == [1, 1, 2, 2, 2, 3] and expected[str(Note("off_the_question"))] == 1
    assert groups([note_in(as_0_1_0_wrote(cue), "grades") for cue in cues]) == expected
    assert groups([note_in(stored(cue), "grades") for cue in cues]) == expected
    counts = sorted(expected.values())
    assert sorted(groups(cues, lambda each: said(each, "zh")).values()) == counts
    monkeypatch.setitem(words("en"), "note.abstains", "{words}: so it says that nothing is told")
    monkeypatch.setitem(words("en"), "note.extra", "more than was asked for ({cue})")
    monkeypatch.setitem(words("en"), "note.some_facts", "right: {right}, of {all}")
    monkeypatch.setitem(words("en"), "note.second_number_after", "then {number}: another one")
    reworded = groups(cues)
    assert sorted(reworded.values()) == counts
    assert reworded["…: so it says that nothing is told"] == 3
    assert reworded["right: 1–2, of 3"] == reworded["more than was asked for"] == 2


def test_filters():
    assert [g.kind for g in find_cases(*MIXED, Filter(outcome="abstained")).groups] == ["abstained"]
    assert [g.kind for g in find_cases(*MIXED, Filter(failure="timeout", outcome="hallucinated")).groups] == [
        "hallucinated", "timeout",
    ]  # fmt: skip
    assert find_cases(*MIXED, Filter(prompt="explicit")).trials == 1
    assert [c.id for g in find_cases(*MIXED, Filter(min_length=2000)).groups for c in g.cases] == ["b"]
    assert find_cases(*MIXED, Filter(max_depth=40.0)).trials == 0
    with pytest.raises(UsageError, match=wording("analysis.run_no_prompt", prompt="'x'", prompts="explicit, original")):
        find_cases(*MIXED, Filter(prompt="x"))


def case(name, text):
    return Case(
        id=name, prompt="p", length=1, depth_percent=0.0, achieved_depth_percent=None, repeat=0, kind="k", value=0.0,
        answer=text, expected="", reason="",
    )  # fmt: skip


def test_near_texts_are_one_but_not_with_other_numbers():
    long = "The magic number of the lighthouse at Alder Point, as the document says, is 1234567."
    same = long.replace("as the document says", "as this document says")
    other = long.replace("1234567", "1234568")
    found = cluster([case("a", long), case("b", same), case("c", other), case("d", "三号仓库的密码是五八零。")])
    assert sorted(sorted(c.id for c in each.cases) for each in found) == [["a", "b"], ["c"], ["d"]]


def rambling(random, count, size=900):
    words = "walk park some one and day in the people should on essay that says make want spring bridge".split()
    return [" ".join(random.choices(words, k=size // 5)) for _ in range(count)]


def test_texts_that_are_plainly_unlike_are_not_compared_in_full(monkeypatch):
    compared = []
    true_one = process.extractOne
    monkeypatch.setattr(
        process, "extractOne", lambda text, known, **k: compared.append(len(known)) or true_one(text, known, **k)
    )
    texts = rambling(Random(1), 300)
    found = cluster([case(str(at), text) for at, text in enumerate([*texts, texts[7].replace("park", "bark", 1)])])
    assert sorted(len(each.cases) for each in found) == [1] * 299 + [2]
    assert sum(compared) < 300  # of some 40,000 pairs


def test_looking_at_beginnings_first_changes_no_cluster(monkeypatch):
    random = Random(2)
    made = []
    for text in rambling(random, 12):
        for _ in range(6):
            cut = text[: random.choice((250, 260, 400, 480, 520, 900))]
            for _ in range(random.choice((0, 3, 15, 30, 45))):
                at = random.randrange(len(cut) // random.choice((1, 1, 8)))
                cut = cut[:at] + random.choice(("", "x", "yz", cut[at : at + 2])) + cut[at + random.choice((0, 1, 4)) :]
            made.append(case(str(len(made)), cut))
    found = cluster(made)
    monkeypatch.setattr(analysis_cases, "_BEGINNING", 10**6)  # longer than any text: all are compared in full
    assert cluster(made) == found
    assert 12 < len(found) < len(made)


@settings(max_examples=50)
@given(st.lists(st.text(max_size=40), max_size=12))
def test_every_case_is_in_one_cluster_whatever_the_order(texts):
    made = [case(str(i), text) for i, text in enumerate(texts)]
    found = cluster(made)
    assert sorted(c.id for each in found for c in each.cases) == sorted(c.id for c in made)
    assert {frozenset(c.id for c in each.cases) for each in found} == {
        frozenset(c.id for c in each.cases) for each in cluster(reversed(made))
    }
    assert [len(each.cases) for each in found] == sorted((len(each.cases) for each in found), reverse=True)


def test_nothing_at_all_and_nothing_wrong():
    assert find_cases({}, {}).groups == ()
    records, grades = run((record("a", "x"), score(1.0, "correct")))
    assert find_cases(records, grades).below == 0
    assert find_cases({k: replace(r, id=k) for k, r in records.items()}, {}).groups[0].kind == "unscored"


def test_facts_are_told_in_the_needles_words_not_by_their_names():
    needle = Needle(
        name="n", language="zh", statements=("{n}",), question="?", answer="在旺季坐第三航道的船", fresh={"n": 6},
        facts=(KeyFact(name="season", text="旺季"), KeyFact(name="lane", text="第三航道 {n}", identifying=True)),
    )  # fmt: skip
    missing = Evidence(cue=Note("negated", words="season"), missing=("season", "lane", "answer", "other"))
    graded = replace(score(0.0, "hallucinated"), evidence=missing)
    rows = run((replace(record("a", "x"), fresh={"n": "123456"}), graded))
    (case,) = find_cases(*rows, needle=needle).groups[0].clusters[0].cases
    assert case.missing == ("season", "lane", "answer", "other")
    assert case.lacks == ("旺季", "第三航道 123456", "在旺季坐第三航道的船", "other")
    assert case.reason == Note("negated", words="旺季")
    assert find_cases(*rows).groups[0].clusters[0].cases[0].reason == missing.cue
