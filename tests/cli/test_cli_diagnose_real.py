"""`nih diagnose` on the real model behind a front that keeps only the end, or only both ends, of a prompt."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from nihbench.local.server import LocalServer
from nihbench.types import Tokenizer

pytestmark = pytest.mark.real

KEPT = 300
"""Tokens of cl100k_base that a front leaves, half of them at each end where it keeps both."""

QUESTION = "What is the most fun thing to do in San Francisco"


@pytest.fixture
def front(local_server: LocalServer, named_tokenizer: Callable[[str], Tokenizer]) -> Iterator[Any]:
    """Return a function that starts a server before the model, which cuts every prompt and hides what it counted."""
    tokenizer = named_tokenizer("cl100k_base")
    running: list[ThreadingHTTPServer] = []

    def cut(text: str, *, head: bool) -> str:
        end = text.rindex(QUESTION)
        document, starts = text[:end], tokenizer.starts(text[:end])
        if len(starts) <= KEPT:
            return text
        each = KEPT // 2 if head else KEPT
        kept = document[: starts[each]] if head else ""
        return kept + document[starts[-each] :] + text[end:]

    def start(*, head: bool) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body["stream"] = False
                body.pop("stream_options", None)
                body["model"] = "smollm2-135m"
                body["messages"] = [m | {"content": cut(m["content"], head=head)} for m in body["messages"]]
                answer = httpx.post(f"{local_server.base_url}/chat/completions", json=body, timeout=600).json()
                answer.pop("usage", None)
                answer.pop("timings", None)
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/v1"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("head", "finding"), [(False, "tail_kept"), (True, "middle_cut")])
def test_a_cut_context_is_named(nih: Any, front: Any, own_texts: dict[str, Path], head: bool, finding: str) -> None:
    options = [
        *("--model", "x", "--base-url", front(head=head), "--length-unit", "cl100k_base", "--window", 8000),
        *("--no-preflight", "--no-controls", "--corpus", own_texts["en"], "--max-output", 40, "--concurrency", 1),
        *("--lengths", "400,800,1800", "--depths", "0,12,24,36,48,60,72,84,92,100", "--out", "run"),
    ]
    assert nih("run", *options).code == 0
    (value,) = json.loads(nih("diagnose", "run", "--json").out)
    assert value["finding"] == finding, value["text"]["en"]
    for cut in value["patterns"][0]["cuts"]:
        # The cut is where the front made it, but for the needle's and the template's tokens (some 60) and a sentence.
        assert cut["low"] - 100 <= (KEPT // 2 if head else KEPT) <= cut["high"] + 100, value["text"]["en"]
