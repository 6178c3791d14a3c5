"""A run's folder that a stranger made: no key and no request goes where only it says, no file is read for it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wording import says

SECRET = "AKIA-of-the-victim-0123456789"
CANARY = "The safe opens with the number 90417."


@pytest.fixture
def thief(chat: Any) -> Iterator[Any]:
    """A server that only the folder names."""
    model = type(chat)(count=chat.count)
    yield model
    model.close()


@pytest.fixture
def begun(nih: Any, chat: Any, small: list[object]) -> Path:
    """A run of the user's own that owes half of its trials; what they named for it is known on this machine."""
    nih.environment.update({"AWS_SECRET_ACCESS_KEY": SECRET, "MY_KEY": "sk-mine-0123456789", "OPENAI_API_KEY": SECRET})
    ended = nih("run", *small, "--api-key-env", "MY_KEY", "--out", "run")
    assert ended.code == 0, ended.err
    _owe(nih.folder / "run")
    chat.asked.clear()
    chat.looked.clear()
    return nih.folder / "run"  # type: ignore[no-any-return]


def _owe(folder: Path) -> None:
    records = folder / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[: len(lines) // 2]))


def _edit(folder: Path, **options: Any) -> None:
    file = folder / "run.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["options"] |= options
    file.write_text(json.dumps(content), encoding="utf-8")


def _was_asked(*servers: Any) -> list[str]:
    return [path for server in servers for path in (*server.looked, *(str(each.headers) for each in server.asked))]


def _theft(thief: Any, chat: Any) -> dict[str, dict[str, Any]]:
    """What a stranger may write into a run.json, by a name of its own."""
    port, own = thief.base_url.split(":")[2].split("/")[0], chat.base_url
    return {
        "a key and a host": {"base_url": thief.base_url, "api_key_env": "AWS_SECRET_ACCESS_KEY"},
        "a host for the run's key": {"base_url": thief.base_url},
        "a host and no key": {"base_url": thief.base_url, "api_key_env": None},
        "another key for the run's host": {"api_key_env": "AWS_SECRET_ACCESS_KEY"},
        "a further host": {"more_urls": [thief.base_url]},
        "a login that looks like the host": {"base_url": f"http://{own[7:].split('/')[0]}@127.0.0.1:{port}/v1"},
        "a fragment": {"base_url": f"http://127.0.0.1:{port}/v1#{own}"},
        "a backslash": {"base_url": own.removesuffix("/v1") + f"\\@127.0.0.1:{port}/v1"},
        "a tab": {"base_url": f"http://127.0.0.1:{port[:2]}\t{port[2:]}/v1"},
        "another writing of the loopback": {"base_url": f"http://127.1:{port}/v1"},
        "an address in hexadecimals": {"base_url": f"http://0x7f000001:{port}/v1"},
        "a name of this machine": {"base_url": f"http://LOCALHOST.:{port}/v1"},
        "a service by its preset, another key": {
            "model": "gpt-4-turbo", "base_url": None, "api_key_env": "AWS_SECRET_ACCESS_KEY"
        },
        "a service without encryption": {
            "model": "gpt-4-turbo", "base_url": "http://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY"
        },
    }  # fmt: skip


def test_no_key_and_no_request_goes_where_only_the_folder_says(nih: Any, chat: Any, thief: Any, begun: Path) -> None:
    untouched = (begun / "run.json").read_text(encoding="utf-8")
    for what, options in _theft(thief, chat).items():
        (begun / "run.json").write_text(untouched, encoding="utf-8")
        _edit(begun, **options)
        for command in (["run", "--resume", "run"], ["cases", "run", "--probe", "--yes"]):
            ended = nih(*command)
            assert ended.code == 2, (what, command, ended.err)
            last = ended.err.splitlines()[-1]
            assert "--api-key-env" in last and "--base-url" in last, (what, last)
            assert _was_asked(thief, chat) == [], (what, command)
            assert SECRET not in ended.err + ended.out


def test_what_the_user_names_together_is_sent_and_is_known_from_then_on(
    nih: Any, chat: Any, thief: Any, begun: Path
) -> None:
    _edit(begun, base_url=thief.base_url)
    # A key that is named without the host does not go to the folder's host, nor the folder's key to a named host.
    assert nih("run", "--resume", "run", "--api-key-env", "MY_KEY").code == 2
    assert nih("run", "--resume", "run", "--base-url", thief.base_url).code == 2
    assert _was_asked(thief, chat) == []
    ended = nih("run", "--resume", "run", "--base-url", thief.base_url, "--api-key-env", "MY_KEY", "--yes")
    assert ended.code == 0, ended.err
    assert {each.headers["Authorization"] for each in thief.asked} == {"Bearer sk-mine-0123456789"}
    _owe(begun)
    assert nih("run", "--resume", "run", "--yes").code == 0
    kept = Path(nih.environment["NIH_KNOWN_FILE"])
    assert "sk-mine" not in kept.read_text(encoding="utf-8")
    assert os.name != "posix" or kept.stat().st_mode & 0o077 == 0
    # What is remembered is this machine's, not the folder's: without it the same folder is a stranger's.
    kept.unlink()
    _owe(begun)
    assert nih("run", "--resume", "run").code == 2


def test_no_key_is_guessed_for_a_host_that_is_named_alone(
    nih: Any, chat: Any, small: list[object], begun: Path
) -> None:
    ended = nih("run", *small, "--out", "other")
    assert ended.code == 0, ended.err
    for nobody in ("", None):
        _owe(nih.folder / "other")
        _edit(nih.folder / "other", api_key_env=nobody)
        assert nih("run", "--resume", "other").code == 0
    assert nih("run", *small, "--api-key-env", "", "--out", "empty").code == 0
    assert all("Authorization" not in each.headers for each in chat.asked)
    chat.asked.clear()
    error = nih("run", "--model", "gpt-4-turbo", *small[2:], "--out", "third").err.splitlines()[-1]
    assert "--api-key-env" in error and chat.asked == []
    assert nih("run", "--model", "gpt-4-turbo", *small[2:], "--api-key-env", "none", "--out", "third").code == 0
    assert all("Authorization" not in each.headers for each in chat.asked)
    assert nih("models", "--base-url", chat.base_url).code == 0
    error = nih("score", "other", "--judge", "gpt-4-turbo", "--judge-base-url", chat.base_url).err.splitlines()[-1]
    assert "--api-key-env" in error


def test_security_settings_of_a_folder_count_for_nothing(nih: Any, chat: Any, begun: Path) -> None:
    _edit(begun, insecure=True, ca_file="/etc/hostname")
    ended = nih("run", "--resume", "run", "--yes")
    assert ended.code == 0, ended.err
    assert not says(ended.err, "cli.note_insecure_certificates_not")
    _owe(begun)
    assert says(nih("run", "--resume", "run", "--yes", "--insecure").err, "cli.note_insecure_certificates_not")


def test_the_batches_of_a_folder_go_nowhere_else(nih: Any, chat: Any, thief: Any, small: list[object]) -> None:
    nih.environment.update({"AWS_SECRET_ACCESS_KEY": SECRET})
    assert nih("batch", "export", *small, "--out", "run").code == 0
    chat.looked.clear()
    _edit(nih.folder / "run", base_url=thief.base_url, api_key_env="AWS_SECRET_ACCESS_KEY")
    state = nih.folder / "run" / "batch" / "batch.json"
    content = json.loads(state.read_text(encoding="utf-8"))
    content["files"][0] |= {"base_url": thief.base_url, "batch_id": "b1", "status": "in_progress"}
    for verb in ("submit", "status", "fetch"):
        ended = nih("batch", verb, "run")
        assert ended.code == 2 and "--api-key-env" in ended.err.splitlines()[-1], (verb, ended.err)
        state.write_text(json.dumps(content), encoding="utf-8")
    assert _was_asked(thief, chat) == []


def test_an_id_of_a_folder_chooses_no_other_address(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("batch", "export", *small, "--out", "run").code == 0
    state = nih.folder / "run" / "batch" / "batch.json"
    content = json.loads(state.read_text(encoding="utf-8"))
    for name in ("../models?x=", "b1/cancel", "%2e%2e/models", ""):
        content["files"][0] |= {"base_url": chat.base_url, "batch_id": name, "status": "in_progress"}
        content["files"][0] |= {"input_file_id": "f1"}
        state.write_text(json.dumps(content), encoding="utf-8")
        chat.looked.clear()
        for verb in ("status", "fetch"):
            ended = nih("batch", verb, "run")
            assert ended.code != 1 and "Traceback" not in ended.err, ended.err
        # What kind of server it is may be asked; nothing else.
        assert set(chat.looked) <= {"/v1/models", "/api/tags", "/api/v0/models", "/props"}, chat.looked


def _tree(folder: Path, options: Callable[[str], dict[str, Any]]) -> None:
    """Make a tree of two runs that were not begun."""
    folder.mkdir()
    children = [{"folder": name, "options": options(name), "withheld": []} for name in ("one", "two")]
    content = {"format": 1, "created_at": "", "suite": None, "models": ["x"], "children": children}
    (folder / "tree.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_child_that_was_not_begun_sends_no_file_of_this_machine(
    nih: Any, chat: Any, thief: Any, begun: Path, own_texts: dict[str, Path]
) -> None:
    key = nih.folder / "id_rsa"
    key.write_text((CANARY + "\n") * 400, encoding="utf-8")
    stored = json.loads((begun / "run.json").read_text(encoding="utf-8"))["options"]
    (begun / "text.txt").symlink_to(key)
    refused = {
        "a file": {"corpus": str(key)},
        "a file for one language": {"corpus": f"en={key},zh=tech-weekly-zh"},
        "a text that was named once": {"corpus": str(own_texts["en"])},
        "a link within": {"corpus": str(begun / "text.txt")},
        "a share": {"corpus": "\\\\thief\\share\\a.txt"},
        "a share in other signs": {"corpus": "//thief/share/a.txt"},
        "a tokenizer": {"corpus": "paul-graham-en", "length_unit": str(key) + ".json"},
        "a model": {"corpus": "paul-graham-en", "model": str(key) + ".gguf", "base_url": None, "api_key_env": None},
        "another run": {"corpus": None, "like": str(begun)},
        "a host": {"base_url": thief.base_url},
    }
    for number, (what, options) in enumerate(refused.items()):
        _tree(nih.folder / f"tree{number}", lambda name, options=options: stored | options)
        ended = nih("run", "--resume", f"tree{number}")
        assert ended.code == 2 and ended.err.splitlines()[-1].startswith("nih: "), (what, ended.err)
        assert "--" in ended.err.splitlines()[-1], (what, ended.err)
        assert _was_asked(chat, thief) == [] and CANARY not in ended.err, what
    # Named again, it is used.
    _tree(nih.folder / "own", lambda name: stored | {"corpus": str(key)})
    assert nih("run", "--resume", "own", "--yes", "--corpus", own_texts["en"]).code == 0
    assert chat.asked and not any(CANARY.encode() in each.body for each in chat.asked)
    # What was begun of it is not taken for a run that was made here.
    assert str(nih.folder / "own") not in Path(nih.environment["NIH_KNOWN_FILE"]).read_text(encoding="utf-8")


def test_the_text_of_a_run_is_read_from_no_place_that_only_its_folder_names(
    nih: Any, chat: Any, begun: Path, own_texts: dict[str, Path]
) -> None:
    key = nih.folder / "id_rsa"
    key.write_text((CANARY + "\n") * 400, encoding="utf-8")
    _edit(begun, corpus=str(key))
    trial = json.loads((begun / "records.jsonl").read_text(encoding="utf-8").splitlines()[0])["id"]
    for command in (
        ["run", "--resume", "run"],
        ["rebuild", "run", trial],
        ["run", "--like", "run", "--model", "x", "--base-url", chat.base_url, "--out", "again", "--no-preflight"],
    ):
        ended = nih(*command)
        assert ended.code == 2 and "--corpus" in ended.err.splitlines()[-1], (command, ended.err)
    assert "--corpus" in nih("cases", "run").out
    assert "--corpus" in nih("report", "run").err
    assert chat.asked == []
    assert nih("run", "--resume", "run", "--yes", "--corpus", own_texts["en"]).code == 0


@pytest.mark.parametrize("place", [".", "batch", "batch/deeper"])
def test_a_catalog_in_a_run_s_folder_is_none(nih: Any, chat: Any, thief: Any, begun: Path, place: str) -> None:
    """Who stands in the folder of a run and goes on with it uses the presets of nobody else."""
    models = {"models": {"x": {"base_url": thief.base_url, "key_env": "AWS_SECRET_ACCESS_KEY"}}}
    (begun / place).mkdir(parents=True, exist_ok=True)
    (begun / place / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    _edit(begun, base_url=None, api_key_env=None)
    monkeypatch = nih.monkeypatch
    with monkeypatch.context() as patch:
        here = type(nih)(begun / place, nih.environment, patch, nih.capture)
        ended = here("run", "--resume", begun)
    assert ended.code == 2 and _was_asked(thief, chat) == [], ended.err


@pytest.mark.parametrize("command", [("run", "--resume"), ("cases", "--probe")])
def test_neither_price_nor_bound_of_a_strangers_folder_agrees_to_what_it_costs(
    nih: Any, chat: Any, begun: Path, command: tuple[str, str]
) -> None:
    """A run that was made here goes on with what the user said of it; the same from elsewhere asks, at true prices."""
    chat.say = lambda _: "No idea."
    presets = {
        "models": {
            "x": {
                "base_url": chat.base_url,
                "key_env": "MY_KEY",
                "prices": [{"input": 1e5, "output": 1}],
                "prices_as_of": "2026-11",
            }
        }
    }
    (nih.folder / "models.yaml").write_text(json.dumps(presets), encoding="utf-8")
    shutil.copytree(begun, nih.folder / "elsewhere")
    _edit(nih.folder / "elsewhere", price="0,0", max_cost=1e6, base_url=None, api_key_env=None)
    ended = nih(command[0], command[1], "elsewhere") if command[0] == "run" else nih("cases", "elsewhere", "--probe")
    assert ended.code == 2 and "--yes" in ended.err.splitlines()[-1], ended.err
    assert (
        says(ended.err.splitlines()[-1], "cli.trials_send_tokens_cost_predicted", least=re.compile(r"\$[1-9]"))
        and chat.asked == []
    )
    assert nih("run", "--resume", "run", "--price", "0,0").code == 0 and chat.asked


def test_a_folder_adds_no_field_that_the_command_line_refuses(nih: Any, chat: Any, begun: Path) -> None:
    for field in ({"model": "a-dear-one"}, {"max_tokens": 100_000}, {"n": 50}):
        _edit(begun, extra_body=field)
        assert says(nih("run", "--resume", "run").error(), "cli.extra_body_may_not")
    assert chat.asked == []


def test_a_key_in_a_preset_s_header_stays_with_its_server(nih: Any, chat: Any, small: list[object]) -> None:
    preset = {"base_url": "https://a.example/v1", "headers": {"X-Api-Key": SECRET, "X-Title": "nih"}}
    (nih.folder / "models.yaml").write_text(json.dumps({"models": {"x": preset}}), encoding="utf-8")
    assert nih("run", *small, "--out", "run").code == 0
    assert chat.asked[0].headers["X-Title"] == "nih" and SECRET not in str(chat.asked[0].headers)
