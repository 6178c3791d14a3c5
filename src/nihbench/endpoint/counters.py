"""Counting endpoints that give a number and no tokens: Moonshot's and Anthropic's. They cost nothing but a request.

Which service has which is a preset's `counter`. Servers that show their tokens as well are in `counting`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nihbench.endpoint.connection import NO_ANSWER, Endpoint, Timeouts, no_answer
from nihbench.endpoint.dialect import as_json
from nihbench.endpoint.error_body import parse_json
from nihbench.endpoint.failures import HANDLING, classify
from nihbench.endpoint.transport import ClientOwner
from nihbench.errors import EndpointError, StoppedError
from nihbench.lang.messages import t
from nihbench.types import CounterKind, Message

_TIMEOUTS = Timeouts(connect_s=10.0, write_s=120.0, idle_s=300.0)
_ATTEMPTS = 6
_LONGEST_WAIT_S = 60.0
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
        super().__init__(endpoint, _TIMEOUTS)
        self._kind, self._model, self._sleep = kind, model, sleep

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
        for attempt in range(1, _ATTEMPTS + 1):
            wait_s: float = 2.0**attempt
            last = attempt == _ATTEMPTS
            try:
                response = self._client.post(self._endpoint.url(path), content=content, headers=dict(headers))
            except NO_ANSWER as error:
                if last:
                    raise EndpointError(
                        t("endpoint.tokens_cant_counted_2", no_answer=no_answer(error, self._endpoint)[1])
                    ) from error
            else:
                if response.status_code == 200:
                    return self._object(response.content)
                secrets = self._endpoint.secrets()
                found = classify(response.status_code, response.content, response.headers, secrets=secrets)
                words = t("endpoint.refused_count_tokens", host=self._endpoint.host, said=found.message)
                if HANDLING[found.kind].stop_run and found.kind != "bad_parameter":
                    raise StoppedError(words)
                if last or not HANDLING[found.kind].retry:
                    raise EndpointError(words)
                wait_s = wait_s if found.wait_s is None else found.wait_s
            self._sleep(min(wait_s, _LONGEST_WAIT_S))
        raise AssertionError("the last attempt returns or raises")

    def _object(self, content: bytes) -> Mapping[str, Any]:
        try:
            value = parse_json(content)
        except ValueError as error:
            raise EndpointError(t("endpoint.sent_something_other_than_json_token", host=self._endpoint.host)) from error
        return value if isinstance(value, dict) else {}
