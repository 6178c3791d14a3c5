"""OpenAI's chat completions, as most servers of today speak it: POST /chat/completions."""

from __future__ import annotations

from typing import Any

from nihbench.endpoint.wire.base import Dialect, Wire
from nihbench.types import Request


class ChatCompletions(Wire):
    """The format whose objects are the shape that answers are read in."""

    path = "/chat/completions"
    batches = True

    def settings(self, request: Request, dialect: Dialect) -> dict[str, Any]:
        """Return the body's fields but the messages and the user's own fields."""
        fields: dict[str, Any] = {"model": request.model, dialect.output_param: request.max_output}
        if request.temperature is not None:
            fields["temperature"] = request.temperature
        if request.seed is not None:
            fields["seed"] = request.seed
        if dialect.streams:
            fields["stream"] = True
            if dialect.stream_usage:
                fields["stream_options"] = {"include_usage": True}
        return fields


WIRE = ChatCompletions()
