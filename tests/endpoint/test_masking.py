"""A key that comes back in another writing is masked: base64 in every place, percent, hex, case, JSON and HTML."""

from __future__ import annotations

import asyncio
import base64
import html
import json
from typing import Any
from urllib.parse import quote

import pytest

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.connection import Endpoint
from nihbench.endpoint.masking import masked
from nihbench.types import Message, Request

KEY = "sk-Very+secret/0123456789?ü"
DATA = KEY.encode()
STANDARD, SAFE = base64.b64encode, base64.urlsafe_b64encode


def in_lines(text: str) -> str:
    return "\n".join(text[at : at + 12] for at in range(0, len(text), 12))


WRITINGS = {
    "as it is": KEY,
    "upper": KEY.upper(),
    "reversed case": KEY.swapcase(),
    "percent": quote(KEY, safe=""),
    "percent, all of it": "".join(f"%{byte:02X}" for byte in DATA),
    "percent twice": quote(quote(KEY, safe=""), safe=""),
    "hex": DATA.hex(),
    "HEX with colons": DATA.hex(":").upper(),
    "hex dump": DATA.hex(" "),
    "escaped bytes": "".join(f"\\x{byte:02x}" for byte in DATA),
    "JSON escapes": "".join(f"\\u{ord(char):04x}" for char in KEY),
    "HTML": "".join(f"&#{ord(char)};" for char in KEY),
    "backwards": KEY[::-1],
    "spaced out": " ".join(KEY),
    "with dashes": "-".join(KEY),
    "with zero-width characters": "\u200b".join(KEY),
    "full width": "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in KEY),
    "mathematical letters": "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in KEY),
    "HTML by names": html.escape(KEY).replace("+", "&plus;").replace("/", "&sol;"),
    **{f"base32, {n} before": base64.b32encode(b"{" * n + DATA).decode() for n in range(5)},
    "base64 in lines": in_lines(STANDARD(b"Authorization: Bearer " + DATA).decode()),
    "base64 of the upper": STANDARD(b"x" + KEY.upper().encode()).decode(),
} | {
    f"{code.__name__}, {before} before, {after} after": code(b"{" * before + DATA + b"}" * after).decode()
    for code in (STANDARD, SAFE)
    for before in range(4)
    for after in range(3)
}


@pytest.mark.parametrize("name", WRITINGS)
def test_no_writing_of_a_key_is_shown(name: str) -> None:
    text = f"before {WRITINGS[name]} behind"
    shown = masked(text, (f"Bearer {KEY}",))
    assert "***" in shown and shown.startswith("before ") and shown.endswith(" behind")
    # Of what is left at its ends nothing can be read: three characters of base64, at most.
    assert len(shown) <= len("before *** behind") + (24 if "base" in name or "b64" in name else 0)


def test_what_is_no_key_is_left_alone() -> None:
    text = "Eat a sandwich in Dolores Park. c2FuZHdpY2g= 73616e6477696368 %53"
    assert masked(text, (KEY, "", "sand")) == text.replace("sand", "***")


def test_halves_of_a_key_are_masked_and_words_are_not() -> None:
    key = "sk-Very0Secret1Key2Of3Thirty4Two"
    shown = masked(f"It begins with {key[:16]} and ends with {key[16:]}.", (f"Bearer {key}",))
    assert shown == "It begins with *** and ends with ***."
    words = "my-local-server-key-for-tests"
    text = "My local server has a key for tests: my-local-server. Full width ＡＢＣ, and 中文 with spaces, 4 2 1."
    assert masked(text, (words, "sandwich")) == text and masked("s a n d w i c h", ("sandwich",)) == "s a n d w i c h"


@pytest.mark.parametrize("streams", [True, False])
def test_a_key_in_pieces_is_masked_too(scripted: Any, playing: Any, streams: bool) -> None:
    """An answer comes in pieces as the server likes; what is kept is the whole."""
    secret = "sk-very-secret-0123456789"
    writing = STANDARD(b"Bearer " + secret.encode()).decode()

    def judge(asked: Any) -> Any:
        pieces = [writing[at : at + 3] for at in range(0, len(writing), 3)] + [" ", *secret.swapcase()]
        if not streams:
            choice = {"message": {"content": "".join(pieces)}, "finish_reason": "stop"}
            return playing.reply(body=json.dumps({"choices": [choice]}).encode())
        events = [{"choices": [{"index": 0, "delta": {"content": piece, "reasoning": piece}}]} for piece in pieces]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return playing.reply(body=f"{lines}data: [DONE]\n\n".encode())

    scripted.judge = judge

    async def run() -> Any:
        async with ChatClient(Endpoint(base_url=scripted.base_url, api_key=secret)) as client:
            return await client.complete([Message(role="user", content="q")], Request(model="m", max_output=99))

    outcome = asyncio.run(run())
    shown = repr(outcome)
    assert secret.swapcase() not in shown and writing[8:-8] not in shown and outcome.text.count("***") == 2, outcome
