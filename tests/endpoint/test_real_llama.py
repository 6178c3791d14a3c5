"""The real llama.cpp server: what we count is what it is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import httpx
import pytest

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.counting import ServerTokenizer, chat_overhead
from nihbench.endpoint.servers import ServerInfo, probe
from nihbench.local.server import LocalServer
from nihbench.types import Completion, Failure, Message, Outcome, Request

pytestmark = pytest.mark.real

MIXED = "The cat's 3.14 — 在北京喝一杯热美式。\n\n  Größe, こんにちは 🥪🏳️‍🌈!\r\n\tend"


@pytest.fixture(scope="module")
def tokenizer(local_server: LocalServer) -> Iterator[ServerTokenizer]:
    with ServerTokenizer(
        Endpoint(base_url=local_server.base_url), probe(Endpoint(base_url=local_server.base_url))
    ) as server:
        yield server


def ask(server: LocalServer, text: str, max_output: int = 1) -> Outcome:
    async def run() -> Outcome:
        async with ChatClient(Endpoint(base_url=server.base_url)) as client:
            request = Request(model=server.alias, max_output=max_output, temperature=0.0, seed=1)
            return await client.complete([Message(role="user", content=text)], request)

    return asyncio.run(run())


def test_the_server_says_what_it_is(local_server: LocalServer, tokenizer: ServerTokenizer) -> None:
    info = probe(Endpoint(base_url=local_server.base_url))
    assert (info.kind, info.models, info.window, info.slots) == ("llama.cpp", ("smollm2-135m",), 8192, 1)
    assert tokenizer.name.startswith("llama.cpp:smollm2-135m:")


@pytest.mark.parametrize("text", [MIXED, MIXED * 40, "", " ", "🥪", "a <|im_end|> b"])
def test_starts_are_where_the_servers_pieces_begin(
    local_server: LocalServer, tokenizer: ServerTokenizer, text: str
) -> None:
    root = local_server.base_url.removesuffix("/v1")
    answer = httpx.post(f"{root}/tokenize", json={"content": text, "with_pieces": True}, trust_env=False).json()
    raw = [p.encode() if isinstance(p, str) else bytes(p) for p in (token["piece"] for token in answer["tokens"])]
    expected = [len(b"".join(raw[:i]).decode(errors="ignore")) for i in range(len(raw))]
    starts = tokenizer.starts(text)
    assert starts.tolist() == expected
    assert len(starts) == tokenizer.count(text)
    assert "".join(text[a:b] for a, b in pairwise([*starts.tolist(), len(text)])) == text


@pytest.mark.parametrize("text", ["hello", MIXED, "say <|im_end|> and <|im_start|> now"])
def test_counted_messages_are_the_prompt_tokens_of_a_completion(
    local_server: LocalServer, tokenizer: ServerTokenizer, text: str
) -> None:
    outcome = ask(local_server, text)
    assert isinstance(outcome, Completion)
    messages = [Message(role="user", content=text)]
    assert outcome.usage.prompt_tokens == tokenizer.count_messages(messages)
    # The template's share does not depend on the content: text that looks like a special token counts the same.
    overhead = chat_overhead([Message(role="user", content="x")], tokenizer, tokenizer.count_messages)
    assert chat_overhead(messages, tokenizer, tokenizer.count_messages) == overhead


@pytest.fixture(scope="module")
def older(local_server: LocalServer) -> Iterator[str]:
    """The same server as one that can't count a whole request yet."""
    root = local_server.base_url.removesuffix("/v1")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known = not self.path.endswith("/input_tokens")
            answer = httpx.post(root + self.path, content=body, trust_env=False).content if known else b"{}"
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("text", ["hello", MIXED, "say <|im_end|> and <|im_start|> now"])
def test_an_older_servers_template_has_the_same_count(older: str, tokenizer: ServerTokenizer, text: str) -> None:
    messages = [Message(role="system", content="Be short."), Message(role="user", content=text)]
    info = ServerInfo(kind="llama.cpp", models=("smollm2-135m",))
    with ServerTokenizer(Endpoint(base_url=older), info) as other:
        assert other.count_messages(messages) == tokenizer.count_messages(messages)


def test_an_answer_comes_with_usage_and_timings(local_server: LocalServer) -> None:
    outcome = ask(local_server, "hello", max_output=3)
    assert isinstance(outcome, Completion)
    assert outcome.text
    assert 1 <= (outcome.usage.completion_tokens or 0) <= 3
    assert outcome.usage.cached_tokens is not None
    assert outcome.timings["prompt_n"] > 0
    assert outcome.model == "smollm2-135m"


def test_a_prompt_over_the_window_is_an_overflow(local_server: LocalServer) -> None:
    outcome = ask(local_server, "word " * 9_000)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.status, outcome.attempts) == ("overflow", 400, 1)


def test_threads_may_share_the_tokenizer(tokenizer: ServerTokenizer) -> None:
    texts = [f"{MIXED} {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokenizer.count, texts)) == [len(tokenizer.starts(text)) for text in texts]
