"""Token counts from the server itself: its tokenizer, and the size of a chat request.

For llama.cpp and vLLM (`servers` tells which it is); for every other server counts come from `tokenizers`. Synchronous,
because counting belongs to planning; nothing here makes a model read a prompt.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.dialect import as_json
from nihbench.endpoint.failures import Diagnosis, parse_json
from nihbench.endpoint.kinds import GONE_S, HANDLING
from nihbench.endpoint.servers import ServerInfo, size_of
from nihbench.endpoint.tokenizers import char_starts, fit_pieces, fit_token_strings
from nihbench.endpoint.transport import ClientOwner, Heard
from nihbench.endpoint.usage import MOST_BYTES
from nihbench.errors import EndpointError, StoppedError
from nihbench.lang.messages import t
from nihbench.types import CounterKind, IntArray, Message, Tokenizer

MessageCounter = Callable[[Sequence[Message]], int | None]

_COUNT_TIMEOUTS = Timeouts(connect_s=10.0, write_s=120.0, idle_s=300.0)
# A server may close a kept connection just as it is used again; one that is started again takes as long as its model
# takes to load. Short steps, so that Ctrl-C is not kept waiting.
_STEP_S = 5.0
_FIRST_WAITS_S = (0.0, 0.5, 1.0, 2.0, 4.0)
_WAITS_AT_FIRST_S = (0.0, 0.0)
_LOADING = 503
_SHORT_TEXT = 2_000
# What an answer may say of one byte of a text: a token of its own, with its number, its piece and its bytes.
_TOKEN_BYTES = 256
_PROBE_TEXT = "The cat's 3.14% — 在北京喝一杯热美式。\n\n  Größe, книга, كتاب, こんにちは, 🥪!"
# What of a request's extra body changes the template, and so the count.
_TEMPLATE_KEYS = ("chat_template", "chat_template_kwargs", "add_generation_prompt", "continue_final_message")


class _NoSuchPathError(EndpointError):
    """The server knows nothing at a path: it is older than it."""


class ServerTokenizer(ClientOwner):
    """A `Tokenizer` that asks the server, and its count of a whole chat request. May be shared by threads.

    Text that looks like a special token counts as the server's chat endpoint counts it, which for both kinds of
    server means: as that special token. Any other way, a prompt's length would not be what the model is sent.

    Args:
        endpoint: the chat endpoint's address, and what lets us in.
        info: what `probe` said; its kind must be llama.cpp or vllm.
        model: the model's name as requests give it; by default the first that the server lists.
        extra_body: a request's extra body; what in it changes the chat template counts with the messages.
        gone_s: how many seconds a server is waited for that has answered before and does not any more.
        sleep: waits the given seconds before a server that was lost is asked again.

    Raises:
        EndpointError: the server can't be asked, or is of another kind.
        StoppedError: of its methods: a server that has answered before was waited for in vain (`kinds.GONE_S`).
    """

    exact = True

    def __init__(
        self,
        endpoint: Endpoint,
        info: ServerInfo,
        *,
        model: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        gone_s: float = GONE_S,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if info.kind == "other":
            host = endpoint.host
            raise EndpointError(t("endpoint.server_no_tokenizer_own", host=host))
        super().__init__(endpoint, _COUNT_TIMEOUTS, sleep)
        self._waits_s = (*_FIRST_WAITS_S, *(_STEP_S for _ in range(int(gone_s / _STEP_S))))
        self._kind = info.kind
        self._counts_requests = True
        self._model = model or (info.models[0] if info.models else "")
        self._template = {key: value for key, value in (extra_body or {}).items() if key in _TEMPLATE_KEYS}
        self._count_short = lru_cache(maxsize=16_384)(self._count)
        self._starts_short = lru_cache(maxsize=16_384)(self._starts)
        try:
            ids = json.dumps(self._tokenize(_PROBE_TEXT)["tokens"])
        except BaseException:
            self.close()
            raise
        name = re.split(r"[\\/]", self._model)[-1]
        self.name = f"{self._kind}:{name}:{hashlib.sha256(ids.encode()).hexdigest()[:12]}"

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`; those of short texts are remembered.

        Source: POST /tokenize at the server's root.

        Raises:
            EndpointError: the server did not answer as it should.
        """
        return self._count_short(text) if len(text) < _SHORT_TEXT else self._count(text)

    def starts(self, text: str) -> IntArray:
        """Return, for every token, the index of the character in which its first byte lies; short texts' are kept.

        Source: POST /tokenize at the server's root, with the pieces' texts.

        Raises:
            EndpointError: the server did not answer as it should, or its pieces do not add up to the text.
        """
        return self._starts_short(text) if len(text) < _SHORT_TEXT else self._starts(text)

    def _starts(self, text: str) -> IntArray:
        content = text.encode()
        if self._kind == "llama.cpp":
            lengths = fit_pieces(content, self._tokenize(text, with_pieces=True, hook=_PieceReader())["tokens"])
        else:
            strings = self._tokenize(text, return_token_strs=True).get("token_strs")
            if not isinstance(strings, list):
                raise EndpointError(t("endpoint.vllm_cant_tell_where"))
            lengths = fit_token_strings(content, strings)
        if lengths is None:
            raise EndpointError(t("endpoint.tokens_gives_not_add", host=self._endpoint.host))
        return char_starts(content, lengths)

    def count_messages(self, messages: Sequence[Message]) -> int:
        """Return the exact prompt tokens of a chat request with these messages; no model reads it.

        Source: llama.cpp POST /v1/chat/completions/input_tokens, or POST /apply-template and /tokenize where it is
        older than that; vLLM POST /tokenize with messages.

        Raises:
            EndpointError: the server did not answer as it should.
        """
        body = {"model": self._model, "messages": as_json(messages), **self._template}
        if self._kind == "vllm":
            return self._told("/tokenize", body, "count")
        if self._counts_requests:
            try:
                return self._told("/v1/chat/completions/input_tokens", body, "input_tokens")
            except _NoSuchPathError:
                self._counts_requests = False
        prompt = self._post("/apply-template", body).get("prompt")
        if not isinstance(prompt, str):
            raise EndpointError(_lacks(self._endpoint, "prompt", "/apply-template"))
        return len(self._tokenize(prompt, add_special=True)["tokens"])

    def _told(self, path: str, body: Mapping[str, Any], key: str) -> int:
        count = size_of(self._post(path, body), key)
        if count is None:
            raise EndpointError(_lacks(self._endpoint, key, path))
        return count

    def _count(self, text: str) -> int:
        return len(self._tokenize(text)["tokens"])

    def _tokenize(self, text: str, hook: _PieceReader | None = None, **extra: bool) -> Mapping[str, Any]:
        """Return the server's answer about `text`; its `tokens` is a list."""
        if self._kind == "llama.cpp":
            body = {"model": self._model, "content": text, "add_special": False, "parse_special": True, **extra}
        else:
            body = {"model": self._model, "prompt": text, "add_special_tokens": False, **extra}
        answer = self._post("/tokenize", body, hook)
        if not isinstance(answer.get("tokens"), list):
            raise EndpointError(t("endpoint.gave_no_tokens_tokenize", host=self._endpoint.host))
        return answer

    def _post(self, path: str, body: Mapping[str, Any], hook: _PieceReader | None = None) -> Mapping[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode()
        response = self._send(self._endpoint.root_url(path), content)
        if response.status_code != 200:
            found = self._diagnosis(response)
            words = t("endpoint.refused_count_tokens_2", host=self._endpoint.host, path=path, message=found.message)
            if response.status_code == _LOADING:
                raise self._lost(words)
            raise (_NoSuchPathError if response.status_code == 404 else EndpointError)(words)
        try:
            answer = parse_json(response.content) if hook is None else json.loads(response.content, object_hook=hook)
        except ValueError as error:
            raise EndpointError(
                t("endpoint.sent_something_other_than_json", host=self._endpoint.host, path=path)
            ) from error
        return answer if isinstance(answer, dict) else {}

    def _send(self, url: str, content: bytes) -> Heard:
        # The first question of all is not worth a long wait: most likely nothing is there.
        waits_s = iter(self._waits_s if self._is_known else _WAITS_AT_FIRST_S)
        while True:
            wait_s = next(waits_s, None)
            try:
                response = self._client.post(url, content=content, most_bytes=MOST_BYTES + _TOKEN_BYTES * len(content))
            except NO_ANSWER as error:
                kind, message, _ = no_answer(error, self._endpoint)
                if kind != "transient" or wait_s is None:
                    words = t("endpoint.tokens_cant_counted", message=message)
                    raise (self._lost(words) if kind == "transient" else EndpointError(words)) from error
            else:
                if response.status_code != _LOADING or wait_s is None:
                    return response
            self._sleep(wait_s)

    @property
    def _is_known(self) -> bool:
        """Whether the server has answered before."""
        return hasattr(self, "name")

    def _lost(self, words: str) -> EndpointError | StoppedError:
        """Return the error for a server that is not there: one that was has been waited for, and a run can go on."""
        return StoppedError(words) if self._is_known else EndpointError(words)


def chat_overhead(
    messages: Sequence[Message],
    tokenizer: Tokenizer,
    counter: MessageCounter | None = None,
    message_overhead: int | None = None,
    reply_overhead: int | None = None,
) -> int:
    """Return the tokens of a chat request beyond those of its contents: the template's.

    By the server's own count where `counter` gives one (see `ServerTokenizer.count_messages`), else
    `message_overhead` for each message and `reply_overhead` once (by default 4 and 3, as OpenAI's models have it).
    """
    total = counter(messages) if counter is not None else None
    if total is not None:
        return total - sum(tokenizer.count(message.content) for message in messages)
    per_message = 4 if message_overhead is None else message_overhead
    return len(messages) * per_message + (3 if reply_overhead is None else reply_overhead)


class _PieceReader:
    """Turns llama.cpp's {id, piece} objects into bytes while the JSON is read, sharing equal ones.

    A book has millions of tokens, each a dictionary otherwise. A piece is a string, or a list of bytes where it is
    no valid UTF-8 by itself.
    """

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def __call__(self, value: dict[str, Any]) -> Any:
        if "piece" not in value:
            return value
        token, piece = value.get("id"), value["piece"]
        if not isinstance(token, int) or not isinstance(piece, (str, list)):
            raise ValueError(t("endpoint.token_not_should"))
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = piece.encode() if isinstance(piece, str) else bytes(piece)
        return known


def _lacks(endpoint: Endpoint, key: str, path: str) -> str:
    return t("endpoint.gave_no_update_server", host=endpoint.host, key=key, path=path)


# ---- counters --------------------------------------------------------------------------------------------------------
# Counting endpoints that give a number and no tokens: Moonshot's and Anthropic's. They cost nothing but a request.
#
# Which service has which is a preset's `counter`. Servers that show their tokens as well are in `counting`.

_TIMEOUTS = Timeouts(connect_s=10.0, write_s=120.0, idle_s=300.0)
_ATTEMPTS = 6
_ANTHROPIC_VERSION = "2023-06-01"


class CountingEndpoint(ClientOwner):
    """Counts whole chat requests by the provider's own endpoint; no model reads them.

    Args:
        endpoint: the chat endpoint; what it sends along is sent here too.
        kind: whose counting endpoint it is.
        model: the model's name.
        sleep: waits the given seconds between attempts.
    """

    def __init__(
        self, endpoint: Endpoint, kind: CounterKind, model: str, *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        super().__init__(endpoint, _TIMEOUTS, sleep)
        self._kind, self._model = kind, model

    def count_messages(self, messages: Sequence[Message]) -> int:
        """Return the prompt tokens of a chat request with these messages.

        Source: Moonshot POST /v1/tokenizers/estimate-token-count; Anthropic POST /v1/messages/count_tokens.

        Raises:
            StoppedError: the key or the account does not allow it.
            EndpointError: the server did not answer as it should.
        """
        if self._kind == "moonshot":
            answer = self._post("/tokenizers/estimate-token-count", self._body(messages), {})
            data = answer.get("data")
            count = data.get("total_tokens") if isinstance(data, dict) else None
        else:
            headers = {"anthropic-version": _ANTHROPIC_VERSION}
            if self._endpoint.api_key:
                headers["x-api-key"] = self._endpoint.api_key
            count = self._post("/messages/count_tokens", self._anthropic(messages), headers).get("input_tokens")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise EndpointError(t("endpoint.gave_no_token_count", host=self._endpoint.host))
        return count

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {"model": self._model, "messages": as_json(messages)}

    def _anthropic(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return the native form of what the OpenAI layer makes of the messages: system texts hoisted to the top."""
        system = "\n".join(message.content for message in messages if message.role == "system")
        body = self._body([message for message in messages if message.role != "system"])
        return body | {"system": system} if system else body

    def _post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
        content = json.dumps(body, ensure_ascii=False).encode()
        url = self._endpoint.url(path)

        def refused(found: Diagnosis) -> StoppedError | EndpointError:
            stops = HANDLING[found.kind].stop_run and found.kind != "bad_parameter"
            words = t("endpoint.refused_count_tokens", host=self._endpoint.host, said=found.message)
            return StoppedError(words) if stops else EndpointError(words)

        response = self._persist(
            lambda: self._client.post(url, content=content, headers=dict(headers)), _ATTEMPTS, (200,),
            lambda said: EndpointError(t("endpoint.tokens_cant_counted_2", no_answer=said)), refused,
        )  # fmt: skip
        return self._object(response.content)

    def _object(self, content: bytes) -> Mapping[str, Any]:
        try:
            value = parse_json(content)
        except ValueError as error:
            raise EndpointError(t("endpoint.sent_something_other_than_json_token", host=self._endpoint.host)) from error
        return value if isinstance(value, dict) else {}
