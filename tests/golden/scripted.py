"""A model that says the same in every run, answers and faults, over a real socket."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.scripted.scenario import Provider
from benchmarks.scripted.server import Known, Server, Step, steps_of
from tests.cli.test_cli_judge import fair

ANSWERS = (
    "Eat a sandwich and sit in Dolores Park on a sunny day.",
    "You could eat a sandwich in Dolores Park.",
    "Ride a cable car to the Golden Gate Bridge.",
    "The document does not say.",
    "Perhaps sit in Dolores Park, or perhaps in Alamo Square with 12 friends.",
    "Das steht nicht in dem Text, und ich kann dazu leider nichts sagen.",
    "What would you like to know about San Francisco?",
)
WITHOUT_TEMPERATURE = {"error": {"message": "Unsupported parameter: temperature", "param": "temperature"}}
FAULTS: Mapping[int, Mapping[str, Any]] = {
    0: {"status": 400, "json": {"error": {"message": "content management policy", "code": "content_filter"}}},
    1: {"status": 429, "json": {"error": {"message": "slow down"}}, "headers": {"Retry-After": "0"}},
    2: {"events": [{"choices": [{"index": 0, "delta": {"content": ANSWERS[0] + " "}}]}], "endless_s": 0},
    3: {"answer": {"text": "", "finish": "length"}},
    4: {"status": 400, "json": {"error": {"message": "prompt is too long", "code": "context_length_exceeded"}}},
    5: {"answer": {"text": "", "finish": "content_filter"}},
    6: {"answer": {"text": "Eat a sand", "finish": "length"}},
}
"""What goes wrong the first time that a prompt comes, by its hash: for one in three."""
_KINDS = 21


class Scripted(Server):
    """Answers by the prompt alone, in whatever order they come; judges what is given to a judge."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count, self._seen = count, set[int]()
        super().__init__(Provider(), None)

    def _steps(self, head: bytes, body: bytes) -> Iterable[Step]:
        if b"/chat/completions" not in head.split(b"\r\n", 1)[0]:
            return super()._steps(head, body)
        asked = json.loads(body)
        contents = [message["content"] for message in asked["messages"]]
        known = Known(index=0, tokens=sum(self._count(text) + 4 for text in contents) + 3)
        return steps_of(self._does("\n".join(contents), asked), Provider(), known, asked)

    def _does(self, prompt: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if "Case mark: " in prompt:
            return {"answer": {"text": fair(prompt)}}
        if "temperature" in asked:
            return {"status": 400, "json": WITHOUT_TEMPERATURE}
        mark = zlib.crc32(prompt.encode())
        if mark not in self._seen and mark % _KINDS in FAULTS:
            self._seen.add(mark)
            return FAULTS[mark % _KINDS]
        return {"answer": {"text": ANSWERS[mark % len(ANSWERS)]}}
