"""What a stranger's run folder can make a user pay: it is asked about as it is, and nothing of it is believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.batch_service import BatchService
from tests.wording import says

KEY = "sk-mine-0123456789"
PRICES = [{"input": 10.0, "output": 10.0}]


@pytest.fixture
def own(nih: Any, chat: Any, small: list[object]) -> Path:
    """A run that was made here, with a key, which owes half of its trials."""
    nih.environment["MY_KEY"] = KEY
    models = {"models": {"x": {"base_url": chat.base_url, "prices": PRICES, "prices_as_of": "2026-11"}}}
    (nih.folder / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    chat.say = lambda _: "Ride a cable car to the Golden Gate Bridge."
    ended = nih("run", *small, "--api-key-env", "MY_KEY", "--out", "run")
    assert ended.code == 0, ended.err
    _owe(nih.folder / "run")
    chat.asked.clear()
    return nih.folder / "run"  # type: ignore[no-any-return]


@pytest.fixture
def foreign(nih: Any, own: Path) -> Path:
    """The same run in another place: nobody can tell it from a stranger's."""
    shutil.copytree(own, nih.folder / "theirs")
    return nih.folder / "theirs"  # type: ignore[no-any-return]


def _owe(folder: Path) -> None:
    records = folder / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[: len(lines) // 2]))


def _edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def _fields(folder: Path, body: dict[str, Any]) -> None:
    """Put further fields of requests into a run, as consistently as a stranger would."""

    def change(content: dict[str, Any]) -> None:
        content["options"]["extra_body"] = content["identity"]["extra_body"] = body

    _edit(folder / "run.json", change)
    (folder / "records.jsonl").write_bytes(b"")


def test_a_run_that_was_not_made_here_asks_whatever_it_costs(nih: Any, chat: Any, own: Path, foreign: Path) -> None:
    """Below the threshold, too, and a bound is no agreement; a run of one's own goes on unasked."""
    host = chat.base_url.split("/")[2]
    for command in (["run", "--resume", "theirs"], ["run", "--resume", "theirs", "--max-cost", "5"]):
        last = nih(*command).error()
        assert says(last, "cli.not_made_machine_would", run="theirs") and f"x at {host}" in last, last
        assert "3 trials" in last and "$" in last and "--yes" in last, last
    probed = nih("cases", "theirs", "--probe")
    assert probed.code == 2 and says(probed.err.splitlines()[-1], "cli.not_made_machine_would"), probed.err
    assert chat.asked == []
    assert says(nih("run", "--resume", "theirs", "--yes").err, "cli.not_made_machine_would")
    assert len(chat.asked) == 3
    assert nih("run", "--resume", "run").code == 0 and len(chat.asked) == 6


def test_a_folder_in_the_place_of_one_s_own_is_a_stranger_s(nih: Any, chat: Any, own: Path) -> None:
    """A run is known by what it is, not by where it lies; what an older version remembered stays readable."""
    kept = own / "run.json"
    honest = kept.read_text(encoding="utf-8")
    _edit(kept, lambda content: content["options"].update(max_cost=1e6))
    assert says(nih("run", "--resume", "run").error(), "cli.not_made_machine_would")
    _edit(kept, lambda content: content.update(created_at="2020-01-01T00:00:00+00:00"))
    assert says(nih("run", "--resume", "run").error(), "cli.not_made_machine_would")
    assert chat.asked == []
    kept.write_text(honest, encoding="utf-8")
    known = Path(nih.environment["NIH_KNOWN_FILE"])
    before = known.read_text(encoding="utf-8")
    _edit(known, lambda content: content.update(runs=[str(own)]))
    assert nih("run", "--resume", "run").code == 0 and len(chat.asked) == 3
    known.write_text(before, encoding="utf-8")
    _owe(own)
    assert nih("run", "--resume", "run").code == 0


def test_further_fields_of_a_folder_are_shown_or_refused(nih: Any, chat: Any, foreign: Path) -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"models": ["a-dear-one"]}, {"api_base": "http://h"}, {"base_url": "http://h"}, {"service_tier": "priority"},
        {"provider": {"order": ["dear"]}}, {"route": "fallback"}, {"fallbacks": []}, {"best_of": 20},
        {"options": {"num_predict": 9}}, {"reasoning": {"max_tokens": 9}}, {"maxOutputTokens": 9},
        {"thinking": {"budget_tokens": 9}}, {"tools": [{"type": "mcp", "server_url": "http://h"}]},
    )  # fmt: skip
    for body in refused:
        _fields(foreign, body)
        last = nih("run", "--resume", "theirs", "--yes").error()
        assert "--extra-body" in last and says(last, "cli.not_made_machine_every"), (body, last)
    assert chat.asked == []
    # Named again, they are the user's; what decides nothing is shown, key by key, and agreed to with the cost.
    _fields(foreign, {"service_tier": "flex", "top_p": 0.5})
    again = ["--extra-body", '{"service_tier": "flex", "top_p": 0.5}']
    assert "--yes" in nih("run", "--resume", "theirs", *again).error()
    assert nih("run", "--resume", "theirs", "--yes", *again).code == 0 and len(chat.asked) == 6
    chat.asked.clear()
    _fields(foreign, {"top_p": 0.5, "tools": [{"type": "function", "note": "read " * 100_000}]})
    last = nih("run", "--resume", "theirs").error()
    assert "top_p=0.5" in last and 'tools=[{"type": "function"' in last and len(last) < 1000, last
    assert _cost(last) > 5, last  # what tools say is read with every prompt
    assert chat.asked == []


def _cost(sentence: str) -> float:
    """Return the most that a question says it can cost."""
    return float(sentence.split(" to $")[1].split(" ")[0].replace(",", ""))


@pytest.fixture
def fitted(nih: Any, chat: Any, own_texts: dict[str, Path], own: Path) -> Path:
    """A run made here whose lengths were fitted to what the server counts, in the place of a stranger's."""
    text = nih.folder / "long.txt"
    text.write_text(own_texts["en"].read_text(encoding="utf-8") * 20, encoding="utf-8")
    options = ["--model", "x", "--base-url", chat.base_url, "--window", 8000, "--no-preflight", "--no-controls"]
    grid = ["--corpus", text, "--lengths", "300,600", "--depths", "0,50,100", "--price", "10,10"]
    assert nih("run", *options, *grid, "--api-key-env", "MY_KEY", "--out", "fitted").code == 0
    (nih.folder / "fitted" / "records.jsonl").write_bytes(b"")
    shutil.move(nih.folder / "fitted", nih.folder / "theirs")
    chat.asked.clear()
    return nih.folder / "theirs"  # type: ignore[no-any-return]


def _stretch(times: int, overhead: int = 0) -> Callable[[dict[str, Any]], object]:
    """Return what makes a fit say that so many tokens here are one of the server's."""

    def change(content: dict[str, Any]) -> None:
        fit = content["calibration"]
        fit["curves"] = [[[times * local, server] for local, server in points] for points in fit["curves"]]
        fit["overheads"] = {name: tokens - overhead for name, tokens in fit["overheads"].items()}
        content["identity"]["calibration"] = {"bases": fit["bases"], "curves": fit["curves"]}
        content["length_unit"]["overheads"] = fit["overheads"]
        content["same_prompt"] = []

    return change


@pytest.mark.parametrize("change", [_stretch(6), _stretch(1, overhead=3000)])
def test_a_fit_of_a_folder_makes_no_prompt_longer_than_what_is_asked(
    nih: Any, chat: Any, fitted: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    """Cost, question and cap go by what is sent, as it is counted here; the folder says a fraction of that."""
    _edit(fitted / "run.json", change)
    last = nih("run", "--resume", "theirs", "--price", "10,10").error()
    chat.asked.clear()
    ended = nih("run", "--resume", "theirs", "--yes", "--price", "10,10")
    sent = sum(_usd(chat, each) for each in chat.asked)
    assert chat.asked, ended.err
    assert says(last, "cli.trials_send_tokens_cost_predicted") and _cost(last) >= sent, (last, sent)
    chat.asked.clear()
    (fitted / "records.jsonl").write_bytes(b"")
    (fitted / "spent.jsonl").unlink()
    cap = 1.5 * sent / 6
    assert nih("run", "--resume", "theirs", "--yes", "--price", "10,10", "--max-cost", cap).code in (2, 4)
    assert sum(_usd(chat, each) for each in chat.asked) <= cap


def _usd(chat: Any, asked: Any) -> float:
    return sum(chat.count(message["content"]) + 4 for message in asked.messages) * 10.0 / 1e6


def test_places_of_a_folder_cost_what_they_send(nih: Any, chat: Any, foreign: Path, small: list[object]) -> None:
    """`--like` and probes make prompts again from where records say that they were cut: far more than they say."""
    records = (foreign / "records.jsonl").read_text(encoding="utf-8")
    text = Path(str(small[small.index("--corpus") + 1])).read_text(encoding="utf-8")
    model = ["--model", "x", "--base-url", chat.base_url, "--api-key-env", "MY_KEY", "--no-preflight", "--no-controls"]
    like = ["run", "--like", "theirs", *model, "--price", "10,10", "--max-cost", "0.02"]
    changes: dict[str, dict[str, Any]] = {
        "the whole text": {"end": len(text)},
        "many texts": {"source_copies": 40, "end": 40 * len(text)},
        "blanks": {"before": " " * 300_000},
    }
    for number, (what, change) in enumerate(changes.items()):
        (foreign / "records.jsonl").write_text(_placed(records, change, text, foreign), encoding="utf-8")
        chat.asked.clear()
        ended = nih(*like, "--yes", "--out", f"like{number}")
        assert ended.code in (2, 4, 5) and "Traceback" not in ended.err, (what, ended.err)
        assert sum(_usd(chat, each) for each in chat.asked) <= 0.02, what
        chat.asked.clear()
        ended = nih("cases", "theirs", "--probe", "--yes", "--price", "10,10", "--max-cost", "0.02")
        assert sum(_usd(chat, each) for each in chat.asked) <= 0.02, (what, ended.err)
        assert ended.code in (2, 4, 5), (what, ended.err)


def _placed(records: str, change: dict[str, Any], text: str, run: Path) -> str:
    """Return records whose prompts are cut elsewhere, with the hash of what comes of that."""
    from nihbench.run.like import source_text
    from nihbench.run.records import placement_of
    from nihbench.run.store import open_run
    from nihbench.text.prompt import digest, rebuild

    manifest = open_run(run).manifest
    needle, prompts, rows = manifest.needle, manifest.prompts, []
    for line in records.splitlines():
        row = json.loads(line)
        row["placement"] |= change
        place = placement_of(row["placement"], None)
        prompt = row["trial"]["prompt"]
        made = rebuild(source_text(text, place), place, needle.statements, prompts[prompt], needle.question_for(prompt))
        row["placement"]["prompt_sha256"] = digest(made)
        rows.append(json.dumps(row))
    return "\n".join(rows) + "\n"


# ---- judges ----------------------------------------------------------------------------------------------------


def test_a_judge_asks_before_it_is_paid(nih: Any, chat: Any, own: Path, foreign: Path) -> None:
    """Of a stranger's answers whatever it costs; of one's own above the threshold; a bound agrees for one's own."""
    judge = ["--judge", "x", "--judge-base-url", chat.base_url, "--api-key-env", "MY_KEY"]
    last = nih("score", "theirs", *judge, "--max-cost", "5")
    assert last.code == 2 and says(last.err.splitlines()[-1], "cli.not_made_machine_answers", run="theirs"), last.err
    assert says(last.err, "cli.answers_calls_make_verdicts", calls=1) and "$" in last.err
    assert chat.asked == []
    assert nih("score", "theirs", *judge, "--yes").code in (0, 3) and len(chat.asked) == 1
    assert nih("score", "run", *judge).code in (0, 3)
    chat.asked.clear()
    dear = {"models": {"y": {"base_url": chat.base_url, "prices": [{"input": 1e4, "output": 1e4}]}}}
    dear["models"]["y"]["prices_as_of"] = "2026-11"
    (nih.folder / "models.yaml").write_text(json.dumps(dear), encoding="utf-8")
    judge = ["--judge", "y", "--api-key-env", "MY_KEY"]
    last = nih("score", "run", *judge)
    assert last.code == 2 and "--yes" in last.err.splitlines()[-1], last.err
    assert chat.asked == []
    assert nih("score", "run", *judge, "--max-cost", "500").code in (0, 3) and chat.asked


def test_a_judge_s_first_call_keeps_to_a_small_cap(nih: Any, chat: Any, own: Path) -> None:
    """Nothing is known of a judge's tokens before its first answer: at worst every byte is one."""
    records = own / "records.jsonl"
    rows = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["completion"]["text"] = "Q7#" * 4000
    records.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    chat.count = lambda text: len(text.encode())
    models = {"models": {"z": {"base_url": chat.base_url, "prices": [{"input": 10.0, "output": 0.0}]}}}
    models["models"]["z"]["prices_as_of"] = "2026-11"
    (nih.folder / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    ended = nih("score", "run", "--judge", "z", "--api-key-env", "MY_KEY", "--max-cost", "0.1")
    assert ended.code == 4, ended.err
    assert sum(_usd(chat, each) for each in chat.asked) <= 0.1


# ---- batches ---------------------------------------------------------------------------------------------------


@pytest.fixture
def service(chat: Any) -> Iterator[BatchService]:
    running = BatchService(chat=chat)
    yield running
    running.close()


def _options(chat: Any, service: BatchService, small: list[object]) -> list[object]:
    return [service.base_url if each == chat.base_url else each for each in small] + ["--api-key-env", "MY_KEY"]


def test_only_what_the_plan_makes_is_uploaded(
    nih: Any, chat: Any, service: Any, own: Path, small: list[object]
) -> None:
    """A stored file of requests is compared with the plan, whatever its own hash and planned.jsonl say."""
    import hashlib

    assert nih("batch", "export", *_options(chat, service, small), "--out", "theirs").code == 0
    batch = nih.folder / "theirs" / "batch"
    honest = (batch / "requests-0001.jsonl").read_bytes()
    lines = honest.splitlines(keepends=True)
    first = json.loads(lines[0])
    other = json.dumps(first | {"custom_id": "0123456789abcdef"}).encode() + b"\n"
    for what, content in {
        "a dear model": honest.replace(b'"model": "x"', b'"model": "dear"'),
        "longer answers": honest.replace(b'"max_tokens": ', b'"max_tokens": 9'),
        "a longer prompt": honest.replace(b'"role":"user","content":"', b'"role":"user","content":"' + b"more " * 9000),
        "a request twice": honest + lines[0],
    }.items():
        assert content != honest, what
        (batch / "requests-0001.jsonl").write_bytes(content)
        told = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        _edit(batch / "batch.json", lambda state, told=told: state["files"][0].update(told))
        ended = nih("batch", "submit", "theirs", "--yes")
        assert ended.code == 2 and says(ended.err.splitlines()[-1], "run.holds_other_requests_than"), (what, ended.err)
    assert service.files == {} and service.created == []
    # What is of no plan is left where it is.
    (batch / "requests-0001.jsonl").write_bytes(honest + other)
    told = {"sha256": hashlib.sha256(honest + other).hexdigest()}
    _edit(batch / "batch.json", lambda state: state["files"][0].update(told))
    assert nih("batch", "submit", "theirs", "--yes").code == 0
    assert sorted(b"".join(service.files.values()).splitlines()) == sorted(honest.splitlines())


def test_ids_of_a_folder_are_used_where_they_stand_for_its_requests(
    nih: Any, chat: Any, service: Any, own: Path, small: list[object]
) -> None:
    """A file that is there already under the user's key is not made into a batch because a folder names it."""
    assert nih("batch", "export", *_options(chat, service, small), "--out", "run2").code == 0
    service.ended = False
    service.files["file-of-the-user"] = b'{"custom_id": "a", "body": "dear"}\n'
    service.batches["batch-of-the-user"] = {
        "id": "batch-of-the-user", "status": "validating", "input_file_id": "file-of-the-user"
    }  # fmt: skip
    state = nih.folder / "run2" / "batch" / "batch.json"
    untouched = state.read_text(encoding="utf-8")
    for ids in (
        {"input_file_id": "file-of-the-user"},
        {"input_file_id": "file-of-the-user", "creating": True},
        {"batch_id": "batch-of-the-user", "status": "in_progress"},
    ):
        state.write_text(untouched, encoding="utf-8")
        _edit(state, lambda content, ids=ids: content["files"][0].update(ids, base_url=service.base_url))
        for verb in ("submit", "status", "fetch"):
            ended = nih("batch", verb, "run2", *(["--yes"] if verb == "submit" else []))
            assert ended.code == 2 and "Traceback" not in ended.err, (ids, verb, ended.err)
    assert service.created == []
    service.ended = True
    # What was submitted from here is known, and where that is forgotten the service shows what it holds.
    state.write_text(untouched, encoding="utf-8")
    assert nih("batch", "submit", "run2").code == 0 and len(service.created) == 1
    known = Path(nih.environment["NIH_KNOWN_FILE"])
    _edit(known, lambda content: content.update(batches=[]))
    ended = nih("batch", "fetch", "run2")
    assert ended.code == 0, ended.err
    assert len(json.loads(known.read_text(encoding="utf-8"))["batches"]) == 2


def test_cost_of_a_batch_is_the_plan_s(nih: Any, chat: Any, service: Any, own: Path, small: list[object]) -> None:
    """What planned.jsonl says of lengths is not what a batch is thought to cost."""
    assert nih("batch", "export", *_options(chat, service, small), "--out", "run3").code == 0
    shutil.move(nih.folder / "run3", nih.folder / "theirs")
    planned = nih.folder / "theirs" / "batch" / "planned.jsonl"
    rows = [json.loads(line) for line in planned.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["trial"]["length"] = 1
    planned.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    last = nih("batch", "submit", "theirs").error()
    assert says(last, "cli.not_made_machine_would") and " 2,700 " in last, last
    assert service.files == {}


def test_a_key_goes_to_the_base_url_that_was_named_with_it(nih: Any, chat: Any, own: Path) -> None:
    """At a gateway every path may be another customer: the key of one goes to no other."""
    gateway = chat.base_url.removesuffix("/v1")
    for path, code in (
        ("/tenant-b/v1", 2),
        ("/v1/../tenant-b/v1", 2),
        ("/v1/%2e%2e/b", 2),
        ("/v1?tenant=b", 2),
        ("/v1/", 0),
    ):
        _edit(own / "run.json", lambda content, path=path: content["options"].update(base_url=gateway + path))
        ended = nih("run", "--resume", "run", "--yes")
        assert ended.code == code, (path, ended.err)
        assert code == 0 or "--api-key-env" in ended.err.splitlines()[-1]
        assert code == 0 or chat.asked == []
    assert chat.asked
