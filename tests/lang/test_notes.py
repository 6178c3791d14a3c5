"""Notes: codes with fields, said in words where they are shown, read back from files that anybody may have written."""

from __future__ import annotations

import json
import re

import pytest

from nihbench.endpoint.failures import own_words
from nihbench.lang.former import SENTENCES, note_in
from nihbench.lang.messages import Note, quoted, said, stored, t, words

FILE = Note("file_encoding", name="b.txt", encoding="GBK")


@pytest.mark.usefixtures("own_sentences")
def test_a_note_is_its_code_and_fields() -> None:
    note = Note("test_limit", limit=160)
    assert note == Note("test_limit", limit=160) != Note("test_limit", limit=161)
    assert {note: 1}[Note("test_limit", limit=160)] == 1
    assert (str(note), said(note, "zh")) == ("asked again with an output limit of 160", "以输出上限 160 重新询问")
    assert stored(note) == {"code": "test_limit", "limit": 160}


@pytest.mark.usefixtures("own_sentences")
def test_lists_and_notes_within_notes_are_said_in_one_language() -> None:
    note = Note(
        "test_files", named=[Note("test_file", name="a.txt", encoding="UTF-16"), Note("test_file", **FILE.fields)]
    )
    assert str(note).endswith(": a.txt as UTF-16, b.txt as GBK")
    assert said(note, "zh") == "未按 UTF-8 读取：a.txt 按 UTF-16、b.txt 按 GBK"
    assert str(t("note: {why}", why=note)) == f"note: {note}"
    assert note_in(json.loads(json.dumps(stored(note))), "notes") == note


def test_what_it_quotes_is_masked_and_is_all_that_anything_is_decided_by() -> None:
    note = Note("hint_base_url", message=Note("web_page_titled", title="key sk-123456 unknown"))
    masked = own_words(note, ["sk-123456"])
    assert quoted(masked) == "key *** unknown" and "sk-123456" not in str(masked)
    assert quoted(Note("status_alone", status=404)) == ""


@pytest.mark.parametrize("place", SENTENCES)
def test_sentences_of_0_1_0_are_read_as_notes_that_say_the_same(place: str) -> None:
    """With texts in the fields that no other sentence has; what was not reworded since is said as it was written."""
    for code, sentence in SENTENCES[place].items():
        text = re.sub(r"\{(\w+)[^}]*\}", lambda field: f"<{field[1]}>", sentence)
        found = note_in(text, place)
        if code == "not_utf8":
            assert note_in(sentence.format(named="a.txt as UTF-16, b.txt as GBK"), place).fields["named"][1] == FILE
        else:
            assert isinstance(found, Note) and found.code == code, text
            assert words("en")[f"note.{code}"] != sentence or str(found) == text
    assert note_in("the server is on fire", place) == "the server is on fire"


HOSTILE = [
    {"code": "of a later version", "limit": 3}, {"code": "larger_limit"}, {"code": "lengths_fitted", "ratio": "x"},
    {"code": "corpus_too_short", "capacity": None, "highest": {"a": [1]}}, {"code": "past_limit", "more": [[], {}]},
    {"code": "extra", "cue": {"code": "extra", "cue": {"code": "extra"}}}, {"code": "extra", "cue": True},
    {"code": "larger_limit", "self": 1, "limit": "{limit.__class__}"}, {"code": "", "": 1},
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_any_note_in_a_file_can_be_said(value: object) -> None:
    note = note_in(value, "notes")
    assert str(note) and said(note, "zh") and "<class" not in str(note)
    assert note_in(stored(note), "notes") == note


def test_what_is_no_note_is_refused() -> None:
    deep: object = "x"
    for _ in range(12):
        deep = {"code": "extra", "cue": deep}
    for value in (None, 3, [], {}, {"code": 3}, deep):
        with pytest.raises(ValueError):
            note_in(value, "notes")


def test_a_title_amid_a_sentence_begins_with_a_small_letter_unless_it_is_an_abbreviation() -> None:
    for title, amid in (("Needle depth", "needle depth"), ("SQL tables", "SQL tables"), ("X", "x"), ("", "")):
        assert str(t("figure.by_axis", axis=title)).endswith(amid)
    title = Note("distractors")
    assert str(title).lower() in said(t("figure.by_axis", axis=title), "en")
    assert said(title, "zh") in said(t("figure.by_axis", axis=title), "zh")
