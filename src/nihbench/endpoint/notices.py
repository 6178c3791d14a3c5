"""What a user is told, once a client, while requests are under way: an answer is long in coming, a limit is not kept.

It knows neither a screen nor a log: it calls what it was given.
"""

from __future__ import annotations

from collections.abc import Callable

from nihbench.endpoint.waits import in_words
from nihbench.lang.messages import t


class Notices:
    """The sentences of one client about one host.

    Args:
        host: who is spoken of.
        on_silence: told that nothing of an answer has come for long.
        on_excess: told that the server goes past the output limit.
    """

    def __init__(self, host: str, on_silence: Callable[[str], None], on_excess: Callable[[str], None]) -> None:
        self._host = host
        self._on_silence: Callable[[str], None] | None = on_silence
        self._on_excess: Callable[[str], None] | None = on_excess

    def silence(self, waited_s: float, prompt_tokens: int, most_s: float) -> None:
        """Say that nothing has come for `waited_s` in answer to such a prompt, and that `most_s` are waited in all."""
        if self._on_silence is not None:
            tell, self._on_silence = self._on_silence, None
            tell(
                t(
                    "endpoint.sent_nothing_answer_prompt",
                    host=self._host,
                    waited=in_words(waited_s),
                    tokens=prompt_tokens,
                    most=in_words(most_s),
                )
            )

    def excess(self) -> None:
        """Say that the output limit is not kept."""
        if self._on_excess is not None:
            tell, self._on_excess = self._on_excess, None
            tell(t("endpoint.not_keep_output_limit", host=self._host))
