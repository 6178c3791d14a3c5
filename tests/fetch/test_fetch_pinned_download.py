"""Downloads against a real HTTP server on the loopback."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nihbench.errors import FetchError
from nihbench.fetch.pinned import download_url
from tests.wording import wording

BODY = "深度\n".encode() * 50_000
SHA = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
        elif self.path in ("/whole", "/cut"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY if self.path == "/whole" else BODY[:1000])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_file_comes_whole_with_progress(base: str) -> None:
    seen: list[tuple[str, int, int | None]] = []
    content = download_url(f"{base}/whole", sha256=SHA, report=lambda *state: seen.append(state))
    assert content == BODY
    assert seen[-1] == ("whole", len(BODY), len(BODY))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_redirects_are_followed(base: str) -> None:
    assert download_url(f"{base}/moved", sha256=SHA) == BODY


def test_a_wrong_checksum_is_refused(base: str) -> None:
    with pytest.raises(FetchError, match=wording("fetch.came_from_not_expected")):
        download_url(f"{base}/whole", sha256="0" * 64)


def test_a_missing_file_is_named_with_its_status(base: str) -> None:
    with pytest.raises(
        FetchError, match=wording("fetch.could_not_fetch_server", url=re.compile("/nothing"), status_code=404)
    ):
        download_url(f"{base}/nothing", sha256=SHA)


def test_a_cut_body_is_an_error_even_before_the_checksum(base: str) -> None:
    with pytest.raises(FetchError, match=wording("fetch.could_not_fetch_check")):
        download_url(f"{base}/cut", sha256=hashlib.sha256(BODY[:1000]).hexdigest())


def test_a_closed_port_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(FetchError, match=wording("fetch.could_not_fetch_check")):
            download_url(f"http://127.0.0.1:{port}/x", sha256=SHA)


@pytest.mark.parametrize("url", ["http://[bad", "ftp://127.0.0.1/x", "no address"])
def test_an_impossible_address_is_an_error(url: str) -> None:
    with pytest.raises(FetchError, match=wording("fetch.could_not_fetch_check")):
        download_url(url, sha256=SHA)


def test_an_unusable_proxy_setting_is_an_error(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(FetchError, match=wording("fetch.could_not_fetch_check")):
        download_url(f"{base}/whole", sha256=SHA)
