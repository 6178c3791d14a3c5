"""A scripted endpoint with /files and /batches, over the scripted chat model: requests get the answers they get live.

Real sockets. What is paid for is counted: `created` holds the file of every batch that was made.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.cli.conftest import Asked, ChatModel
from tests.serving import Answering, Serving


@dataclass
class BatchService(Serving):
    """Batches end, with `ends_with`, when they are asked for while `ended`; `line` makes a request's result line.

    `before_upload` and `after_create` are called before the request is answered. `refuse` maps a method and path to
    the statuses and error bodies that it is answered with at first. Lists of batches come two a page.
    """

    chat: ChatModel
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    ended: bool = True
    ends_with: str = "completed"
    listed: bool = True
    refuse: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    line: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    before_upload: Callable[[], None] = lambda: None
    after_create: Callable[[], None] = lambda: None
    requests: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.serve(_handler(self))

    def seen(self, request: str) -> None:
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()

    def wait_for(self, request: str, times: int = 1) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.requests.count(request) >= times, 600), "it did not come"

    def result(self, request: dict[str, Any]) -> dict[str, Any] | None:
        body = json.dumps(request["body"], ensure_ascii=False, separators=(",", ":")).encode()
        if self.line is not None:
            return self.line(request)
        status, answer = self.chat.take(Asked({}, body))
        response = {"status_code": status, "request_id": "r", "body": answer | {"created": 1_790_000_000}}
        return {"id": "batch_req_1", "custom_id": request["custom_id"], "response": response, "error": None}

    def value(self, asked: Any, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        parts = path.removeprefix("/v1/").split("/")
        if asked.command == "POST":
            return 200, self.upload(asked.headers, body) if parts == ["files"] else self.create(json.loads(body))
        if parts == ["models"]:
            return 200, {"data": [{"id": "x", "owned_by": "test"}]}
        if parts == ["batches"] and self.listed:
            return 200, self.page(query.get("after", [""])[0])
        if parts[0] == "batches" and parts[-1] in self.batches:
            return 200, self.retrieve(parts[1])
        if parts[0] == "files" and parts[1] in self.files:
            return 200, self.files[parts[1]]
        return 404, {"error": {"message": f"there is no {path}", "code": "not_found"}}

    def page(self, after: str) -> dict[str, Any]:
        rows = list(reversed(self.batches.values()))
        first = next((number + 1 for number, row in enumerate(rows) if row["id"] == after), 0)
        return {"data": rows[first : first + 2], "has_more": len(rows) > first + 2}

    def upload(self, headers: Any, body: bytes) -> dict[str, Any]:
        self.before_upload()
        head = b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n"
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        assert parts["purpose"].get_content().strip() == "batch"
        name = f"file-{len(self.files) + 1}"
        self.files[name] = parts["file"].get_payload(decode=True)
        return {"id": name, "object": "file", "filename": parts["file"].get_filename(), "bytes": len(self.files[name])}

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["endpoint"] == "/v1/chat/completions" and asked["completion_window"] == "24h"
        number = len(self.batches) + 1
        batch = {"id": f"batch_{number}", "status": "validating", "input_file_id": asked["input_file_id"]}
        self.batches[batch["id"]] = batch
        self.created.append(asked["input_file_id"])
        self.after_create()
        return dict(batch)

    def retrieve(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        if self.ended and batch["status"] == "validating":
            self.end(batch)
        return batch

    def end(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.ends_with
        if self.ends_with == "failed":
            batch["errors"] = {"data": [{"code": "x", "message": "the file is no good\x1b[31m", "line": 1}]}
            return
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        results = [found for found in map(self.result, reversed(lines)) if found is not None]
        good = [found for found in results if (found.get("response") or {}).get("status_code") == 200]
        bad = [found for found in results if found not in good]
        counts = {"total": len(lines), "completed": len(good), "failed": len(bad)}
        batch["request_counts"] = counts
        for key, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                name = f"{key.split('_')[0]}-{batch['id']}"
                self.files[name] = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
                batch[key] = name


def _handler(owner: BatchService) -> type[Answering]:
    class Handler(Answering):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            body = self.body()
            if body is not None:
                self._answer(body)

        def _answer(self, body: bytes) -> None:
            path = urlsplit(self.path)
            owner.seen(f"{self.command} {path.path}")
            refusals = owner.refuse.get(f"{self.command} {path.path}")
            status, value = refusals.pop(0) if refusals else owner.value(self, path.path, parse_qs(path.query), body)
            self.answer(status, value if isinstance(value, bytes) else json.dumps(value).encode())

    return Handler
