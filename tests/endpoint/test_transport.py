"""How the client gets there: certificates, proxies, keep-alive. A test authority and sockets stand for the world."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import traceback
from pathlib import Path
from typing import Any

import pytest

from nihbench.endpoint.connection import Endpoint, Timeouts, proxy_for
from nihbench.endpoint.transport import Asker, Lanes, keep_alive_options
from nihbench.errors import UsageError
from nihbench.types import Completion, Failure
from tests.wording import says

JSON = json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}).encode()
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def good(playing: Any) -> tuple[bytes, bytes]:
    return playing.head(f"Content-Length: {len(JSON)}"), JSON


# ---- certificates -----------------------------------------------------------------------------------------------


def test_an_unknown_authority_is_refused_and_the_mend_is_named(tls_wire: Any, playing: Any, ask: Any) -> None:
    tls_wire.play(*good(playing))
    failed = ask(tls_wire.base_url, api_key="k-123456")
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.attempts, failed.may_be_billed) == ("auth", 1, False)
    assert "--ca-file" in str(failed.message) and says(str(failed.message), "note.certificate_untrusted")
    assert tls_wire.requests == [], "no prompt and no key may go to a server that is not trusted"


def test_a_named_authority_is_trusted(tls_wire: Any, certificates: Any, playing: Any, ask: Any) -> None:
    tls_wire.play(*good(playing))
    assert isinstance(ask(tls_wire.base_url, ca_file=certificates.ca), Completion)


def test_the_environments_authority_is_trusted(
    tls_wire: Any, certificates: Any, playing: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    tls_wire.play(*good(playing))
    assert isinstance(ask(tls_wire.base_url), Completion)


def test_another_name_than_the_certificates_is_refused(
    tls_wire: Any, certificates: Any, playing: Any, ask: Any
) -> None:
    tls_wire.play(*good(playing))
    failed = ask(tls_wire.base_url.replace("127.0.0.1", "localhost"), ca_file=certificates.ca)
    assert failed.kind == "auth" and tls_wire.requests == []
    assert says(failed.message, "note.certificate_name") and "--ca-file" not in str(failed.message)


def test_an_expired_certificate_is_said_to_be_one(expired_wire: Any, certificates: Any, ask: Any) -> None:
    failed = ask(expired_wire.base_url, ca_file=certificates.ca, api_key="k-123456")
    assert (failed.kind, failed.attempts, expired_wire.requests) == ("auth", 1, [])
    assert says(str(failed.message), "note.renew_certificate") and "--ca-file" not in str(failed.message)


def test_without_the_check_any_certificate_will_do(tls_wire: Any, playing: Any, ask: Any) -> None:
    tls_wire.play(*good(playing))
    assert isinstance(ask(tls_wire.base_url, insecure=True), Completion)


def test_an_old_fashioned_server_behind_https_is_recognised(wire: Any, ask: Any) -> None:
    wire.play(b"HTTP/1.1 400 Bad\r\n\r\n", "close")
    failed = ask(wire.base_url.replace("http:", "https:"), max_attempts=1, timeouts=Timeouts(connect_s=0.5))
    assert isinstance(failed, Failure) and not failed.may_be_billed


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_is_none_is_a_mistake_of_the_user(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="--ca-file"):
        Lanes(Endpoint(base_url="https://host/v1", ca_file=tmp_path / "ca.pem"), Timeouts())


def test_the_systems_authorities_are_trusted_by_default() -> None:
    client = Asker(Endpoint(base_url="https://host/v1"), Timeouts())
    context = client._http._transport._pool._ssl_context  # type: ignore[attr-defined]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    client.close()


# ---- proxies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://host/v1", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://host/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://host/v1", {"ALL_PROXY": "p:1"}, "http://p:1"),
        ("https://host/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other,host"}, None),
        ("https://api.host/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".host"}, None),
        ("https://host/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("http://127.0.0.1:8/v1", {"ALL_PROXY": "http://p:1", "HTTP_PROXY": "http://p:1"}, None),
        ("http://127.9.9.9/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://[::1]:8/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://localhost/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://me.localhost/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://0.0.0.0:8/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://192.168.1.5/v1", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://localhost.:8/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://[::ffff:127.0.0.1]:8/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://10.1.2.3:8/v1", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "x, 10.0.0.0/8"}, None),
        ("http://11.1.2.3:8/v1", {"HTTP_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8,fd00::/8,"}, "http://p:1"),
        ("http://[fd00::1]:8/v1", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "fd00::1"}, None),
        ("http://[fd00::1]:8/v1", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "fd00::/8"}, None),
        ("http://a.corp/v1", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "*.Corp"}, None),
        ("http://acorp/v1", {"HTTP_PROXY": "http://p:1", "NO_PROXY": "*.corp"}, "http://p:1"),
    ],
)
def test_proxies_of_the_environment(
    url: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(Endpoint(base_url=url)) == proxy


def test_a_tunnel_through_a_proxy_reaches_a_server_by_tls(
    wire: Any, playing: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", wire.base_url.removesuffix("/v1").replace("//", "//user:pass-123@"))
    wire.play(playing.head(status="407 Proxy Authentication Required"), "close")
    failed = ask("https://models.example/v1", max_attempts=1, api_key="k-123456")
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.may_be_billed) == ("auth", False)
    assert says(failed.message, "note.proxy_login") and "pass-123" not in repr(failed)
    assert wire.requests[0].startswith(b"CONNECT models.example:443 ")
    assert b"k-123456" not in wire.requests[0] and b"roxy-" in wire.requests[0]


def test_a_proxy_that_does_not_answer_is_named_and_not_the_server(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:pass-123@127.0.0.1:1")
    failed = ask("http://models.example:8000/v1", max_attempts=1)
    assert (failed.kind, failed.may_be_billed) == ("transient", False)
    assert failed.message.fields["host"] == "models.example:8000" and failed.message.fields["proxy"] == "127.0.0.1:1"
    assert "pass-123" not in repr(failed)


def test_a_proxy_that_can_not_be_used_is_a_mistake_of_the_user_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:pass-123@p:1")
    with pytest.raises(UsageError, match="HTTPS_PROXY") as caught:
        Lanes(Endpoint(base_url="https://host/v1"), Timeouts())
    assert "pass-123" not in str(caught.value)


@pytest.mark.parametrize("make", [Lanes, Asker])
@pytest.mark.parametrize("proxy", ["http://me:PROXYPW@p:notaport", "http://me:PROXYPW/x@p"])
def test_a_proxy_that_is_no_address_is_one_too(make: Any, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(UsageError, match="HTTP_PROXY") as caught:
        make(Endpoint(base_url="http://host.example/v1"), Timeouts())
    assert "PROXYPW" not in "".join(traceback.format_exception(caught.value))


# ---- keep-alive -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("through_proxy", [False, True])
def test_connections_are_kept_alive(
    wire: Any, playing: Any, ask: Any, monkeypatch: pytest.MonkeyPatch, through_proxy: bool
) -> None:
    opened: list[socket.socket] = []
    connect = asyncio.SelectorEventLoop.create_connection

    async def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        transport, protocol = await connect(self, *args, **kwargs)
        opened.append(transport.get_extra_info("socket"))
        return transport, protocol

    if through_proxy:
        monkeypatch.setenv("HTTP_PROXY", wire.base_url.removesuffix("/v1"))
    monkeypatch.setattr(asyncio.SelectorEventLoop, "create_connection", noted)
    seen: dict[str, int] = {}

    def while_open(sentence: str) -> None:  # called while the answer is waited for
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
            if hasattr(socket, name):
                seen[name] = opened[0].getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
        seen["on"] = opened[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    wire.play(0.2, *good(playing))
    url = "http://models.example/v1" if through_proxy else wire.base_url
    assert isinstance(ask(url, on_silence=while_open, timeouts=Timeouts(tell_s=0.05)), Completion)
    assert seen.pop("on")
    wanted = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 5}
    assert seen == {name: value for name, value in wanted.items() if hasattr(socket, name)}
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in keep_alive_options()


# ---- lanes ------------------------------------------------------------------------------------------------------


def test_a_connection_carries_one_request(wire: Any, playing: Any) -> None:
    for _ in range(4):
        wire.play(0.05, *good(playing))

    async def run() -> list[int]:
        lanes = Lanes(Endpoint(base_url=wire.base_url), Timeouts())

        async def ask() -> None:
            with lanes.lane() as http:
                assert (await http.post(f"{wire.base_url}/chat/completions", content=b"{}")).content == JSON

        await ask()
        await ask()
        seen = [wire.connections]
        await asyncio.gather(ask(), ask())
        await lanes.aclose()
        return [*seen, wire.connections]

    assert asyncio.run(run()) == [2, 4]
    assert all(b"\r\nConnection: close\r\n" in request for request in wire.requests)


# ---- addresses --------------------------------------------------------------------------------------------------


def test_a_password_in_the_address_becomes_a_header(scripted: Any, ask: Any) -> None:
    scripted.reply(JSON)
    assert isinstance(ask(scripted.base_url.replace("//", "//me:p%40ss@")), Completion)
    assert scripted.asked[0].headers["Authorization"] == "Basic bWU6cEBzcw=="


def test_private_networks_are_known() -> None:
    for url, private in (("http://10.0.0.7:8/v1", True), ("http://8.8.8.8/v1", False), ("https://host/v1", False)):
        assert Endpoint(base_url=url).is_private is private
