"""A model within reach: its preset, what its server says of itself, its tokenizer and its client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from nihbench.endpoint.client import ChatClient
from nihbench.endpoint.counting import ServerInfo, ServerTokenizer, chat_overhead, probe
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import UsageError
from nihbench.fetch import Report
from nihbench.types import Message, ModelPreset, Tokenizer

REFERENCE_TOKENIZER = "cl100k_base"
"""Counts lengths for a model whose own tokenizer is not to be had; the server's count is recorded beside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelAccess:
    """A model that can be asked. The key and the headers' values never show in its repr.

    `server` is what the server says of itself; None where it was not asked. `model_sha256` is that of the model's
    file, where it is known.
    """

    preset: ModelPreset
    server: ServerInfo | None
    server_tokenizer: ServerTokenizer | None
    model_sha256: str | None
    key: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def window(self) -> int | None:
        """The window in tokens, as the server says it, else as the preset does."""
        told = self.server.window if self.server else None
        return told or self.preset.window

    def tokenizer(self, length_unit: str, report: Report) -> tuple[Tokenizer, bool]:
        """Return the tokenizer of a length unit, and whether it counts as the model does.

        Args:
            length_unit: `model`, or a tokenizer's name.
            report: told what has to be fetched.
        """
        if length_unit != "model":
            return load_tokenizer(length_unit, report=report), length_unit == self.preset.tokenizer
        if self.server_tokenizer is not None:
            return self.server_tokenizer, True
        name = self.preset.tokenizer or REFERENCE_TOKENIZER
        return load_tokenizer(name, report=report), self.preset.tokenizer is not None

    def overhead(self, messages: Sequence[Message], tokenizer: Tokenizer) -> int:
        """Return the tokens of the chat template around `messages`."""
        counts = self.server_tokenizer is not None and tokenizer is self.server_tokenizer
        return chat_overhead(
            messages,
            tokenizer,
            self.server_tokenizer.count_messages if self.server_tokenizer is not None and counts else None,
            self.preset.message_overhead,
            self.preset.reply_overhead,
        )

    def client(self) -> ChatClient:
        """Return a client for the model; a context manager."""
        return ChatClient(
            _base_url(self.preset),
            api_key=self.key,
            key_header=self.preset.key_header,
            headers=dict(self.preset.headers) | dict(self.headers),
            output_param=self.preset.output_param,
        )


@contextmanager
def open_model(
    preset: ModelPreset,
    *,
    key: str | None,
    headers: Mapping[str, str],
    ask_server: bool,
    model_sha256: str | None = None,
) -> Iterator[ModelAccess]:
    """Reach a model.

    Args:
        preset: the model, with its base URL.
        key: the API key, if there is one.
        headers: the user's further headers.
        ask_server: whether the server may be asked what it is (no model reads anything for it).
        model_sha256: hash of the model's file, where it is known.

    Raises:
        UsageError: the preset has no base URL.
        EndpointError: the server can't be reached.
    """
    base_url = _base_url(preset)
    sent = dict(preset.headers) | dict(headers)
    if not ask_server:
        yield ModelAccess(
            preset=preset, server=None, server_tokenizer=None, model_sha256=model_sha256, key=key, headers=headers
        )
        return
    info = probe(base_url, key, sent, key_header=preset.key_header, model=preset.model or None)
    if not preset.model:
        if not info.models:
            raise UsageError(f"the server at {base_url} does not say which models it has: name one by --model")
        preset = replace(preset, model=info.models[0])
    counter = None
    if info.kind != "other":
        counter = ServerTokenizer(
            base_url,
            info,
            model=preset.model,
            api_key=key,
            headers=sent,
            key_header=preset.key_header,
            extra_body=preset.extra_body,
        )
    try:
        yield ModelAccess(
            preset=preset, server=info, server_tokenizer=counter, model_sha256=model_sha256, key=key, headers=headers
        )
    finally:
        if counter is not None:
            counter.close()


def _base_url(preset: ModelPreset) -> str:
    if not preset.base_url:
        raise UsageError(f"the model {preset.name!r} has no server: give --base-url")
    return preset.base_url
