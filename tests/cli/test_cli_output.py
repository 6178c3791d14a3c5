"""What results are printed as: what the plain way to do it gives, with less work."""

import json
import unicodedata

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.cli.output import _write_indented
from nihbench.lang import former
from nihbench.lang.messages import Note, plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
KEYS = st.text(max_size=4) | st.integers() | st.none() | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # for the machine may be busy
@given(VALUES, st.booleans())
def test_json_is_what_the_library_makes_of_it(value, in_ascii):
    encode = json.JSONEncoder(ensure_ascii=in_ascii).encode
    parts = []
    _write_indented(value, encode, "\n", parts.append)
    assert "".join(parts) == json.dumps(value, ensure_ascii=in_ascii, indent=1)


@given(st.text() | st.text(st.sampled_from(list("ab \n\r\t\x1b\x85\u200b\u2028\ud800é中\U000e0001"))))
def test_plain_text_has_no_control_characters(text):
    kept = (" " if c in "\n\r\t" else c for c in text if c in "\n\r\t" or unicodedata.category(c)[0] != "C")
    assert plain(text) == "".join(kept)


def test_a_stored_sentence_is_held_against_few_templates(monkeypatch):
    tried = []

    class Pattern:
        def __init__(self, pattern):
            self.pattern = pattern

        def fullmatch(self, text):
            tried.append(text)
            return self.pattern.fullmatch(text)

    known = [(telling, Pattern(pattern), code) for telling, pattern, code in former._patterns("grades")]
    monkeypatch.setattr(former, "_patterns", lambda _: known)
    former._recognised.cache_clear()
    assert former.note_in("1 of 3 facts", "grades") == Note("some_facts", right="1", all="3")
    foreign = "the server could not answer request 123b268043e30691"
    assert former.note_in(foreign, "grades") == foreign
    assert len(tried) < 0.1 * 4 * len(known)  # a sentence, its two fields, and another
