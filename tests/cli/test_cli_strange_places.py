"""Commands in a working folder, or on a file, of a stranger: what lies there leads to no file of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nihbench.corpora.store import haystack_folder
from nihbench.run.known import known, remember_pairs
from tests.wording import says

CANARY = "ZHIPU_API_KEY=sk-of-the-victim-0123456789\n"


@pytest.fixture
def keys(nih: Any) -> Path:
    """A file of the user's keys, outside the stranger's folder."""
    file = nih.folder / "keys-of-the-user"
    file.write_text(CANARY * 200, encoding="utf-8")
    return file  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a link to keys", "no text", "a pipe"])
def test_settings_of_matplotlib_in_the_folder_are_not_read(nih: Any, keys: Path, tmp_path: Path, what: str) -> None:
    """A process of its own, for matplotlib reads them once."""
    settings = tmp_path / "matplotlibrc"
    if what == "a pipe":
        os.mkfifo(settings)
    elif what == "no text":
        settings.write_bytes(b"\xff\xfe\x00")
    else:
        settings.symlink_to(keys)
    code = "from nihbench.figures.panel import draw_heatmap as f; print(f.__name__); import os; print(os.getcwd())"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert ended.stdout.splitlines() == ["draw_heatmap", str(tmp_path)]


def test_a_corpus_that_is_a_link_to_a_file_is_refused_with_its_target(
    nih: Any, chat: Any, keys: Path, small: list[object]
) -> None:
    (nih.folder / "essay.txt").symlink_to(keys)
    options = [*small, "--corpus", "essay.txt"]
    ended = nih("run", *options, "--out", "run")
    assert ended.code == 2 and str(keys) in ended.error() and "ZHIPU" not in ended.err
    assert chat.asked == []


def test_a_file_called_like_a_choice_of_corpora_is_not_the_text_of_a_child(nih: Any, chat: Any, keys: Path) -> None:
    """A tree's child names `en=paul-graham-en`, and a link of that name lies in the working folder."""
    options = {"model": "x", "base_url": chat.base_url, "corpus": "en=paul-graham-en", "lengths": "300:300:1"}
    tree = {"format": 1, "created_at": "", "suite": None, "models": ["x"]}
    tree["children"] = [{"folder": "one", "options": options | {"repeat_corpus": True}, "withheld": []}]
    (nih.folder / "tree.json").write_text(json.dumps(tree), encoding="utf-8")
    (nih.folder / "en=paul-graham-en").symlink_to(keys)
    ended = nih("run", "--resume", ".", "--base-url", chat.base_url, "--yes")
    assert not any(b"ZHIPU" in each.body for each in chat.asked)
    assert ended.code == 2, ended.err


def test_a_haystack_folder_that_is_a_link_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "haystack").symlink_to(tmp_path / "elsewhere")
    assert haystack_folder(tmp_path).parent != tmp_path
    (tmp_path / "haystack").unlink()
    (tmp_path / "haystack").mkdir()
    assert haystack_folder(tmp_path) == tmp_path / "haystack"


def test_a_proxy_s_password_is_in_no_message(nih: Any) -> None:
    nih.environment.update({"HTTPS_PROXY": "http://user:PROXYPW#1@host", "https_proxy": "http://user:PROXYPW#1@host"})
    nih.environment["NIH_CACHE_DIR"] = str(nih.folder / "empty")
    ended = nih("corpus", "fetch", "paul-graham-en")
    assert ended.code != 0 and "PROXYPW" not in ended.err + ended.out


def _everything(folder: Path) -> str:
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in folder.rglob("*") if file.is_file())


PARTS = {
    "a field": ("--extra-body", '{"auth": {"api_key": "fld-0123456789"}, "max_tokens_x": "plain"}', "fld-0123456789"),
    "a cookie": ("--header", "Cookie=theme=dark; session=sess-0123456789", "sess-0123456789"),
    "a login's password": ("--header", "Authorization=Basic dXNlcjpsb2dpbi0wMTIzNDU2Nzg5", "login-0123456789"),
    "a session": ("--header", "X-Session-Id=sid-0123456789", "sid-0123456789"),
}


@pytest.mark.parametrize("what", PARTS)
def test_a_part_of_what_is_sent_that_lets_in_is_masked_as_the_whole_is(
    nih: Any, chat: Any, small: list[object], what: str
) -> None:
    option, value, secret = PARTS[what]
    chat.say = lambda text: f"You sent {secret}. The best thing to do is to eat a sandwich."
    chat.fail = {1: (400, {"error": {"message": f"who is {secret}?"}})}
    ended = nih("run", *small, option, value, "--out", "run")
    assert "You sent ***" in _everything(nih.folder / "run")
    assert nih("report", "run").code == 0
    assert secret not in ended.err + ended.out + _everything(nih.folder)


def test_a_key_in_a_list_of_models_is_masked(nih: Any, chat: Any) -> None:
    key = nih.environment["MY_KEY"] = "sk-mine-0123456789"
    chat.lists["/v1/models"] = {"data": [{"id": key}, {"id": "x"}]}
    for options in ([], ["--json"]):
        ended = nih("models", "--base-url", chat.base_url, "--api-key-env", "MY_KEY", *options)
        assert ended.code == 0 and "***" in ended.out and key not in ended.out


def test_secrets_of_a_preset_are_shown_as_digests_and_stand_in_no_batch(
    nih: Any, chat: Any, small: list[object]
) -> None:
    secret = "prs-0123456789"
    preset = {"base_url": chat.base_url, "headers": {"X-Plain": secret}, "extra_body": {"api_key": secret, "top_k": 3}}
    (nih.folder / "models.yaml").write_text(json.dumps({"models": {"x": preset}}), encoding="utf-8")
    ended = nih("models", "--json")
    shown = next(each for each in json.loads(ended.out) if each["name"] == "x")
    assert shown["extra_body"]["top_k"] == 3 and secret not in ended.out
    ended = nih("batch", "export", *small, "--out", "batch")
    assert ended.code == 2 and says(ended.err, "run.extra_body_preset_holds")
    assert not (nih.folder / "batch").exists() or secret not in _everything(nih.folder / "batch")


@pytest.mark.parametrize("key", ["sk-of-the-user-0123456789", "0af3c3f2e1", "geheim"])
def test_a_key_in_place_of_its_variable_s_name_is_neither_kept_nor_shown(
    nih: Any, chat: Any, small: list[object], key: str
) -> None:
    for command in (
        ["run", *small],
        ["plan", *small],
        ["batch", "export", *small, "--out", "b"],
        ["models", "--base-url", chat.base_url],
    ):
        ended = nih(*command, "--api-key-env", key)
        assert ended.code == 2 and says(ended.error(), "cli.api_key_env_takes") and key not in ended.err
    assert key not in _everything(nih.folder) and chat.asked == []


def test_what_follows_a_sign_that_ends_an_address_is_no_part_of_one(nih: Any, chat: Any) -> None:
    """A password with a # in it: what stands before is no host's port."""
    ended = nih("models", "--base-url", "http://user:12#PW-of-the-user@127.0.0.1/v1")
    assert ended.code == 2 and "PW-of" not in ended.err
    assert not Path(nih.environment["NIH_KNOWN_FILE"]).exists()


def test_a_corpus_s_name_is_that_corpus_whatever_lies_in_the_working_folder(
    nih: Any, chat: Any, keys: Path, small: list[object]
) -> None:
    for name in ("paul-graham-en", "en=paul-graham-en"):
        (nih.folder / name).symlink_to(keys)
        options = [*small, "--corpus", name, "--depths", "2"]
        assert nih("run", *options, "--out", f"run-{len(name)}").code == 0
    assert len(chat.asked) == 8 and not any(b"ZHIPU" in each.body for each in chat.asked)
    assert "paul-graham" not in Path(nih.environment["NIH_KNOWN_FILE"]).read_text(encoding="utf-8")


@pytest.fixture
def other(chat: Any) -> Any:
    """A second server, which the user has named before, without a key."""
    model = type(chat)(count=chat.count)
    yield model
    model.close()


def _foreign(nih: Any, small: list[object], **options: Any) -> None:
    """A run of the user's own that owes half of its trials, with other options written into it."""
    if not (nih.folder / "run").exists():
        assert nih("run", *small, "--out", "run").code == 0
    records = nih.folder / "run" / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:3]))
    file = nih.folder / "run" / "run.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["options"] |= options
    file.write_text(json.dumps(content), encoding="utf-8")


SECRET = "prs-of-the-user-0123456789"
OWN = {
    "a header": {"headers": {"X-Api-Key": SECRET}},
    "a header under a plain name": {"headers": {"X-Customer": SECRET}},
    "a field": {"extra_body": {"auth": {"password": SECRET}}},
}


@pytest.mark.parametrize("what", OWN)
@pytest.mark.parametrize("has_address", [True, False])
@pytest.mark.parametrize("further", [True, False])
def test_what_a_preset_holds_goes_to_no_address_that_only_a_folder_names(
    nih: Any, chat: Any, other: Any, small: list[object], what: str, has_address: bool, further: bool
) -> None:
    preset = OWN[what] | ({"base_url": chat.base_url} if has_address else {})
    (nih.folder / "models.yaml").write_text(json.dumps({"models": {"x": preset}}), encoding="utf-8")
    assert nih("models", "--base-url", other.base_url, "--api-key-env", "none").code == 0
    moved = {"more_urls": [other.base_url]} if further else {"base_url": other.base_url}
    _foreign(nih, small, **moved)
    ended = nih("run", "--resume", "run", "--yes")
    assert not any(SECRET in str(each.headers) + str(each.body) for each in other.asked)
    assert ended.code == 2 and "--base-url" in ended.err.splitlines()[-1], ended.err


def test_what_is_asked_for_again_goes_to_no_address_that_only_a_folder_names(
    nih: Any, chat: Any, other: Any, small: list[object]
) -> None:
    again = ["--header", f"Authorization=Bearer {SECRET}", "--extra-body", json.dumps({"api_key": SECRET})]
    assert nih("models", "--base-url", other.base_url, "--api-key-env", "none").code == 0
    assert nih("run", *small, *again, "--out", "run").code == 0
    _foreign(nih, small, base_url=other.base_url)
    ended = nih("run", "--resume", "run", *again, "--yes")
    assert ended.code == 2 and other.asked == [], ended.err
    assert nih("run", "--resume", "run", *again, "--yes", "--base-url", chat.base_url).code == 0


def test_a_preset_in_the_working_folder_alone_lets_no_key_go(nih: Any, chat: Any, small: list[object]) -> None:
    """A packaged model that a stranger's models.yaml moves, and any variable that it names."""
    nih.environment.update({"MOONSHOT_API_KEY": SECRET, "GITHUB_TOKEN": SECRET})
    moved = {"kimi-k2.6": {"base_url": chat.base_url}, "mine": {"base_url": chat.base_url, "key_env": "GITHUB_TOKEN"}}
    (nih.folder / "models.yaml").write_text(json.dumps({"models": moved}), encoding="utf-8")
    options = [*small[small.index("--length-unit") :], "--max-output", 60]
    for name in moved:
        ended = nih("run", "--model", name, *options, "--yes", "--out", f"run-{name}")
        assert ended.code == 2 and "--api-key-env NAME" in ended.err, ended.err
    assert chat.asked == [] and chat.looked == []
    named = ["--base-url", chat.base_url, "--api-key-env", "GITHUB_TOKEN"]
    assert nih("run", "--model", "mine", *options, *named, "--yes", "--out", "named").code == 0
    assert nih("run", "--model", "mine", *options, "--yes", "--out", "known").code == 0


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_what_is_known_counts_where_nobody_else_can_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "config" / "known.json"
    monkeypatch.setenv("NIH_KNOWN_FILE", str(place))
    remember_pairs([("http://a.example/v1", "MY_KEY")])
    assert known().pairs
    for path in (place.parent, place):
        usual = path.stat().st_mode
        path.chmod(usual | 0o022)
        assert not known().pairs
        path.chmod(usual)
    assert known().pairs
