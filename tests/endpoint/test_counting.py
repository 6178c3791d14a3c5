"""Counting by the server: played llama.cpp and vLLM servers, with a real tokenizer's output where it matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from nihbench.endpoint.access import open_model
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.counting import ServerTokenizer, chat_overhead
from nihbench.endpoint.servers import ServerInfo, probe
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import EndpointError, StoppedError
from nihbench.types import Message, ModelPreset
from tests.endpoint.conftest import Reply
from tests.wording import wording

VLLM = ServerInfo(kind="vllm", models=("org/model-7b",))
LLAMA = ServerInfo(kind="llama.cpp", models=(r"C:\models\tiny.gguf",))
MESSAGES = (Message(role="system", content="one two"), Message(role="user", content="three"))


def test_a_llama_cpp_server_is_recognised_with_its_slot_window(scripted: Any) -> None:
    scripted.route("/v1/models", {"data": [{"id": "a", "owned_by": "llamacpp", "meta": {"n_ctx": 16384}}]})
    scripted.route("/props", {"default_generation_settings": {"n_ctx": 8192}, "total_slots": 2})
    assert probe(Endpoint(base_url=scripted.base_url)) == ServerInfo(
        kind="llama.cpp", engine="llama.cpp", models=("a",), window=8192, slots=2
    )


@pytest.mark.parametrize(
    ("labels", "block"),
    [
        ('block_size="128",cache_dtype="auto",enable_prefix_caching="True"', 128),
        ('cache_dtype="auto",block_size="16"', 16),
        ('block_size="16",enable_prefix_caching="False"', 0),
        ('block_size="None"', None),
        ('block_size="99999999999999999999"', None),
    ],
)
def test_a_vllm_server_says_how_large_its_cache_blocks_are(scripted: Any, labels: str, block: int | None) -> None:
    scripted.route("/v1/models", {"object": "list", "data": [{"id": "a", "owned_by": "vllm", "max_model_len": 9}]})
    assert probe(Endpoint(base_url=scripted.base_url)).cache_block is None
    told = f"# HELP vllm:cache_config_info Information\nvllm:cache_config_info{{{labels}}} 1.0\nvllm:other 2\n"
    scripted.route("/metrics", told.encode())
    assert probe(Endpoint(base_url=scripted.base_url)).cache_block == block


@pytest.mark.parametrize(("knows", "strange"), [(True, ()), (False, ("<|im_start|>", "<|im_end|>"))])
def test_a_template_whose_marks_are_text_to_the_model_is_told(scripted: Any, knows: bool, strange: Any) -> None:
    template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>"
    scripted.route("/v1/models", {"data": [{"id": "a", "owned_by": "llamacpp"}]})
    scripted.route("/props", {"default_generation_settings": {"n_ctx": 8192}, "chat_template": template})

    def tokens(asked: Any) -> Any:
        text = asked.json["content"]
        pieces = [text] if knows and text.startswith("<|im_") else list(text)
        return Reply(body=json.dumps({"tokens": list(range(len(pieces)))}).encode())

    scripted.judge = tokens
    preset = ModelPreset(name="a", model="a", base_url=scripted.base_url)
    with open_model(preset, key=None, headers={}, ask_server=True) as model:
        assert model.strange_marks() == strange


def test_a_vllm_server_is_recognised_with_the_window_of_the_model_asked_for(scripted: Any) -> None:
    rows = [{"id": name, "owned_by": "vllm", "max_model_len": size} for name, size in (("a", 10), ("b", 20))]
    scripted.route("/v1/models", {"object": "list", "data": rows})
    assert probe(Endpoint(base_url=scripted.base_url, api_key="key-1"), model="b") == ServerInfo(
        kind="vllm", engine="vLLM", models=("a", "b"), window=20
    )
    assert probe(Endpoint(base_url=scripted.base_url)).window == 10
    assert scripted.asked[0].headers["Authorization"] == "Bearer key-1"


@pytest.mark.parametrize(("status", "body"), [(200, {"data": [{"id": "x", "owned_by": "openai"}]}), (401, b"")])
def test_any_other_server_is_just_other(scripted: Any, status: int, body: Any) -> None:
    scripted.route("/v1/models", body, status=status)
    scripted.route("/props", b"<html>", status=200)
    found = probe(Endpoint(base_url=scripted.base_url))
    assert (found.kind, found.window) == ("other", None)
    with pytest.raises(EndpointError, match="--length-unit"):
        ServerTokenizer(Endpoint(base_url=scripted.base_url), found)


def test_nobody_there_is_an_error() -> None:
    with pytest.raises(EndpointError, match="127.0.0.1:1"):
        probe(Endpoint(base_url="http://127.0.0.1:1/v1"))


def test_vllm_pieces_of_a_byte_level_vocabulary(scripted: Any) -> None:
    text = "the cat, 在北京 🥪 é"
    oracle = Tokenizer(models.BPE())
    oracle.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    oracle.train_from_iterator(
        [text], trainers.BpeTrainer(vocab_size=270, initial_alphabet=alphabet, show_progress=False)
    )
    encoded = oracle.encode(text)
    scripted.route("/tokenize", {"count": len(encoded.ids), "tokens": encoded.ids, "token_strs": encoded.tokens})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), VLLM) as tokenizer:
        assert tokenizer.name.startswith("vllm:model-7b:")
        assert tokenizer.starts(text).tolist() == [start for start, _ in encoded.offsets]
        assert tokenizer.count(text) == len(encoded.ids)
    assert scripted.asked[1].path == "/tokenize"
    assert scripted.asked[1].json == {
        "model": "org/model-7b",
        "prompt": text,
        "add_special_tokens": False,
        "return_token_strs": True,
    }


def test_vllm_pieces_of_a_sentencepiece_vocabulary(scripted: Any) -> None:
    strings = ["▁the", "▁cat", "<0xE5>", "<0x9C>", "<0xA8>", "京"]
    scripted.route("/tokenize", {"count": 6, "tokens": [1, 2, 3, 4, 5, 6], "token_strs": strings})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), VLLM) as tokenizer:
        assert tokenizer.starts("the cat在京").tolist() == [0, 3, 7, 7, 7, 8]


def test_llama_cpp_pieces_may_be_bytes_and_must_add_up(scripted: Any) -> None:
    pieces = [{"id": 1, "piece": " a"}, {"id": 2, "piece": [229, 156]}, {"id": 3, "piece": [168]}]
    scripted.route("/tokenize", {"tokens": pieces})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), LLAMA) as tokenizer:
        assert tokenizer.name.startswith("llama.cpp:tiny.gguf:")
        assert tokenizer.starts(" a在").tolist() == [0, 2, 2]
        assert tokenizer.starts("a在").tolist() == [0, 1, 1]  # the space that SentencePiece puts in front
        with pytest.raises(EndpointError, match=wording("endpoint.tokens_gives_not_add")):
            tokenizer.starts("b在")


def test_the_name_follows_the_tokens_and_not_the_address(scripted: Any) -> None:
    names = []
    for ids in ([1, 2], [1, 2], [1, 3]):
        scripted.route("/tokenize", {"tokens": ids, "count": 2})
        with ServerTokenizer(Endpoint(base_url=scripted.base_url), VLLM) as tokenizer:
            names.append(tokenizer.name)
    assert names[0] == names[1] != names[2]
    assert "127.0.0.1" not in names[0]


def test_short_texts_are_asked_once_and_long_ones_are_not_kept(scripted: Any) -> None:
    scripted.route("/tokenize", {"tokens": [7], "count": 1})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), VLLM) as tokenizer:
        before = len(scripted.asked)
        assert [tokenizer.count("short") for _ in range(3)] == [1, 1, 1]
        assert len(scripted.asked) == before + 1
        assert [tokenizer.count("long" * 1000) for _ in range(2)] == [1, 1]
        assert len(scripted.asked) == before + 3


@pytest.mark.parametrize(
    ("info", "path", "answer"),
    [
        (LLAMA, "/v1/chat/completions/input_tokens", {"input_tokens": 31}),
        (VLLM, "/tokenize", {"tokens": [1], "count": 31}),
    ],
)
def test_messages_are_counted_with_what_changes_the_template(
    scripted: Any, info: ServerInfo, path: str, answer: dict[str, Any]
) -> None:
    scripted.route("/tokenize", {"tokens": [1], "count": 1})
    scripted.route(path, answer)
    extra = {"chat_template_kwargs": {"enable_thinking": False}, "top_k": 1}
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), info, model="m", extra_body=extra) as tokenizer:
        assert tokenizer.count_messages(MESSAGES) == 31
    assert scripted.asked[-1].path == path
    assert scripted.asked[-1].json == {
        "model": "m",
        "messages": [{"role": "system", "content": "one two"}, {"role": "user", "content": "three"}],
        "chat_template_kwargs": {"enable_thinking": False},
    }


def test_an_older_llama_cpp_is_asked_for_the_template_and_its_tokens(scripted: Any) -> None:
    scripted.route("/tokenize", {"tokens": [1, 2, 3]})
    scripted.route(
        "/v1/chat/completions/input_tokens", {"error": {"code": 404, "message": "File Not Found"}}, status=404
    )
    scripted.route("/apply-template", {"prompt": "<|user|>three"})
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), LLAMA, model="m", extra_body=extra) as tokenizer:
        assert [tokenizer.count_messages(MESSAGES) for _ in range(2)] == [3, 3]
    paths = [asked.path for asked in scripted.asked[1:]]
    assert paths == ["/v1/chat/completions/input_tokens", *["/apply-template", "/tokenize"] * 2]
    assert scripted.asked[2].json["chat_template_kwargs"] == {"enable_thinking": False}
    sent = scripted.asked[-1].json
    assert (sent["content"], sent["add_special"], sent["parse_special"]) == ("<|user|>three", True, True)


def test_a_refusal_is_one_line_without_the_key(scripted: Any) -> None:
    scripted.route("/tokenize", {"error": {"message": "no k-123456 here"}}, status=401)
    with pytest.raises(EndpointError, match="no .* here") as caught:
        ServerTokenizer(Endpoint(base_url=scripted.base_url, api_key="k-123456"), VLLM)
    assert "k-123456" not in str(caught.value)


def test_a_dropped_connection_is_used_again(scripted: Any) -> None:
    scripted.reply(drop=True)
    scripted.reply({"tokens": [1], "count": 1})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), VLLM) as tokenizer:
        assert tokenizer.exact
    assert len(scripted.asked) == 2


def test_overhead_by_count_or_by_rule() -> None:
    tokenizer = load_tokenizer("cl100k_base")
    assert chat_overhead(MESSAGES, tokenizer, lambda messages: 20) == 17
    assert chat_overhead(MESSAGES, tokenizer, lambda messages: None) == 2 * 4 + 3
    assert chat_overhead(MESSAGES, tokenizer, None, 3, 0) == 6


@pytest.mark.slow
def test_tokenizers_and_the_embedded_model_load_their_libraries_when_they_are_used() -> None:
    import subprocess
    import sys

    code = "import sys, nihbench.endpoint.tokenizers, nihbench.local.server; "
    code += "print({'httpx', 'tiktoken', 'tokenizers', 'xllamacpp'} & set(sys.modules))"
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    assert subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.strip() == "set()"


def test_a_server_that_is_started_again_is_waited_for(scripted: Any) -> None:
    waits: list[float] = []
    info = ServerInfo(kind="llama.cpp", models=("m",))
    scripted.reply({"tokens": [{"id": 1, "piece": "x"}]})
    with ServerTokenizer(Endpoint(base_url=scripted.base_url), info, sleep=waits.append) as tokenizer:
        for _ in range(3):
            scripted.reply({"error": {"message": "Loading model"}}, status=503)
        scripted.reply({"tokens": [{"id": 1, "piece": "a"}, {"id": 2, "piece": "b"}]})
        assert tokenizer.count("ab") == 2
        assert waits == [0.0, 0.5, 1.0]
        scripted.route("/tokenize", {"error": {"message": "Loading model"}}, status=503)
        with pytest.raises(StoppedError, match="Loading model"):
            tokenizer.count("another")
        assert 240 <= sum(waits) <= 600 and max(waits) <= 10  # minutes, in steps that Ctrl-C can break
