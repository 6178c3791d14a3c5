"""`nih batch submit | status | fetch | import` with a scripted endpoint, against the live run of the same plan."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator

import pytest

from nihbench.endpoint.usage import MOST_BYTES
from nihbench.lang.messages import t
from nihbench.run.store import open_run
from tests.cli.batch_service import BatchService
from tests.cli.conftest import ChatModel, told_spent
from tests.cli.test_cli_report import data_of
from tests.wording import says, wording

TEN = ("--lengths", "300,600", "--depths", "0,25,50,75,100", "--max-output", 20)


@pytest.fixture
def service(chat: ChatModel) -> Iterator[BatchService]:
    found = BatchService(chat)
    yield found
    found.close()


@pytest.fixture
def options(small, service):
    words = [service.base_url if word == service.chat.base_url else word for word in small]
    return [word for word in words if word != "--no-controls"] + list(TEN)


def lines_of(folder):
    """The records by id, without what only one of the two ways to ask knows."""
    records = [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]
    for record in records:
        record.pop("started_at")
        batched = record["completion"].pop("via_batch", False)
        assert (record["completion"].pop("latency_s") is None) == batched
    return {record["id"]: record for record in records}


def jobs(folder):
    return json.loads((folder / "batch" / "batch.json").read_bytes())["files"]


def test_batches_give_the_records_of_the_live_run(nih, service, small, options):
    live = [word for word in small if word != "--no-controls"]
    assert nih("run", *live, *TEN, "--no-stream", "--concurrency", 1, "--out", "live").code == 0
    ended = nih("batch", "submit", *options, "--out", "later", "--max-requests", 8)
    assert ended.code == 0, ended.err
    assert "requests-0001.jsonl  batch_1  validating" in ended.out
    assert len(service.created) == len(jobs(nih.folder / "later")) > 2
    fetched = nih("batch", "fetch", "later", "--wait", "--every", 0.05)
    assert fetched.code == 0, fetched.err
    later, live_ones = lines_of(nih.folder / "later"), lines_of(nih.folder / "live")
    assert later.keys() == live_ones.keys()
    assert [json.dumps(later[key]) for key in later] == [json.dumps(live_ones[key]) for key in later]
    assert nih("score", "later").out.replace("later", "") == nih("score", "live").out.replace("live", "")
    ids = [json.loads(x)["id"] for x in (nih.folder / "later/records.jsonl").read_bytes().splitlines()]
    planned = (nih.folder / "later/batch/planned.jsonl").read_bytes().splitlines()
    assert ids == [json.loads(line)["id"] for line in planned]  # in the plan's order, however they came
    # What is not known is not made up: no latency, and the server's own time.
    record = json.loads((nih.folder / "later/records.jsonl").read_bytes().splitlines()[0])
    assert record["completion"]["latency_s"] is None and record["started_at"] == "2026-09-21T14:13:20+00:00"
    assert nih("report", "later", "--out", "page.html").code == 0
    (run,) = data_of(nih.folder / "page.html")["runs"]
    assert run["latency_s"] is None and run["order"] == "cache"
    # A second fetch, and a second import of the same files, change nothing.
    before = (nih.folder / "later/records.jsonl").read_bytes()
    assert nih("batch", "fetch", "later").code == 0
    again = nih("batch", "import", "later", *sorted((nih.folder / "later/batch").glob("output-*")))
    assert again.code == 0 and says(
        again.err, "run.imported_answers_failures_already", answers=0, failures=0, known=len(before.splitlines())
    )
    assert (nih.folder / "later/records.jsonl").read_bytes() == before
    assert says(nih("batch", "submit", "later").err, "cli.nothing_left_submit_bring")
    assert nih("run", "--resume", "later").code == 0


def test_status_says_how_batches_stand_and_a_live_run_waits_for_them(nih, service, options):
    service.ended = False
    assert says(nih("batch", "status", "nowhere").error(), "run.holds_no_run_no")
    assert nih("batch", "export", *options, "--out", "run").code == 0
    assert says(nih("batch", "fetch", "run").error(), "cli.no_batch_yet_nih")
    assert nih("batch", "submit", "run").code == 0
    (job,) = json.loads(nih("batch", "status", "run", "--json").out)
    assert (job["batch_id"], job["status"], job["fetched"]) == ("batch_1", "validating", False)
    refused = nih("run", "--resume", "run").error()
    assert says(refused, "run.requests_batch_bring_their", folder="run") and says(
        refused, "run.requests_batch_bring_their", folder="run"
    )
    assert says(nih("batch", "submit", "run").err, "cli.nothing_left_submit_bring")
    assert len(service.created) == 1
    half = nih("batch", "fetch", "run")
    assert half.code == 3 and says(half.err, "cli.owed_try_again_may")
    service.ended = True
    assert "batch_1  completed" in nih("batch", "status", "run").out
    assert nih("batch", "fetch", "run").code == 0
    del service.batches["batch_1"]
    assert "batch_1  completed" in nih("batch", "status", "run").out


def kill_at(nih, service, *words, moment):
    process = nih.start(*words)
    moment.wait(600)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)


@pytest.mark.parametrize("when", ["during the upload", "between upload and create", "while it is created"])
def test_a_kill_at_any_moment_pays_for_nothing_twice(nih, service, options, when):
    assert nih("batch", "export", *options, "--out", "run", "--max-requests", 12).code == 0
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go_on.wait(600)

    if when == "during the upload":
        service.before_upload = hold
    elif when == "while it is created":
        service.after_create = hold
    else:
        # The answer to the upload is the last thing that comes: the request to create a batch is refused at first.
        service.refuse["POST /v1/batches"] = [(503, {"error": {"message": "busy"}})]
        ended = nih("batch", "submit", "run")
        assert ended.code == 2 and says(ended.err, "run.may_all_same_submit")
        reached.set()
    if when != "between upload and create":
        kill_at(nih, service, "batch", "submit", "run", moment=reached)
    go_on.set()
    service.before_upload = service.after_create = lambda: None
    assert nih("batch", "submit", "run").code == 0
    files = jobs(nih.folder / "run")
    assert len(service.created) == len(files) == len(set(service.created))
    sent = [json.loads(line)["custom_id"] for name in service.created for line in service.files[name].splitlines()]
    assert len(sent) == len(set(sent)) == sum(file["requests"] for file in files)
    assert nih("batch", "fetch", "run").code == 0


def test_where_the_server_cannot_say_nothing_is_sent_unless_asked(nih, service, options):
    service.listed = False
    service.refuse["POST /v1/batches"] = [(500, {"error": {"message": "oops"}})]
    assert nih("batch", "export", *options, "--out", "run").code == 0
    assert nih("batch", "submit", "run").code == 2
    refused = nih("batch", "submit", "run")
    assert refused.code == 2 and says(refused.err, "run.batch_may_been_created") and service.created == []
    assert nih("batch", "submit", "run", "--again").code == 0 and len(service.created) == 1


def test_a_refusal_leaves_no_question_open(nih, service, options):
    wrong = {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
    service.refuse["POST /v1/batches"] = [(401, wrong)]
    assert nih("batch", "export", *options, "--out", "run").code == 0
    ended = nih("batch", "submit", "run")
    assert ended.code == 4 and "Incorrect API key" in ended.err
    service.listed = False
    assert nih("batch", "submit", "run").code == 0
    assert service.requests.count("POST /v1/files") == 1


def test_a_batch_that_failed_as_a_whole_is_submitted_anew(nih, service, options):
    service.ends_with = "failed"
    assert nih("batch", "submit", *options, "--out", "run").code == 0
    ended = nih("batch", "fetch", "run")
    assert ended.code == 3 and "the file is no good" in ended.err and "\x1b" not in ended.err
    service.ends_with = "completed"
    assert nih("batch", "submit", "run").code == 0
    assert nih("batch", "fetch", "run").code == 0
    assert jobs(nih.folder / "run")[0]["earlier"] == ["batch_1"]


def test_what_expired_is_submitted_again_and_what_is_done_is_not(nih, service, options):
    turn = iter(range(1000))

    def line(request):
        if next(turn) % 3 == 0:
            error = {"code": "batch_expired", "message": "This request could not be executed in time."}
            return {"custom_id": request["custom_id"], "response": None, "error": error}
        service.line, kept = None, service.line
        try:
            return service.result(request)
        finally:
            service.line = kept

    service.line, service.ends_with = line, "expired"
    assert nih("batch", "submit", *options, "--out", "run").code == 0
    assert nih("batch", "fetch", "run").code == 3
    failed = [json.loads(x) for x in (nih.folder / "run/records.jsonl").read_bytes().splitlines() if b'"failure"' in x]
    assert {record["failure"]["kind"] for record in failed} == {"transient"}
    assert not any(record["failure"]["may_be_billed"] for record in failed)
    service.line, service.ends_with = None, "completed"
    assert nih("batch", "submit", "run").code == 0
    second = [json.loads(line)["custom_id"] for line in service.files[service.created[1]].splitlines()]
    assert sorted(second) == sorted(record["id"] for record in failed)
    assert nih("batch", "fetch", "run").code == 0
    assert [job["name"] for job in jobs(nih.folder / "run")] == ["requests-0001.jsonl", "again-0001.jsonl"]


def test_lines_of_every_kind_are_handled_like_live_failures(nih, service, options):
    assert nih("batch", "export", *options, "--no-controls", "--out", "run").code == 0
    rows = [json.loads(x) for x in (nih.folder / "run/batch/requests-0001.jsonl").read_bytes().splitlines()]
    good = [service.result(row) for row in rows]

    def refused(row, status, **error):
        return {"custom_id": row["custom_id"], "response": {"status_code": status, "body": {"error": error}}}

    cut = json.loads(json.dumps(good[3]))
    cut["response"]["body"]["usage"]["prompt_tokens"] = 64
    lone = json.loads(json.dumps(good[4]))
    lone["response"]["body"]["choices"] = lone["response"]["body"]["choices"][0]  # one choice without its list
    bare = {"custom_id": rows[5]["custom_id"], "response": good[5]["response"]["body"]}  # no envelope
    vllm = {
        "id": "vllm-1",
        "custom_id": rows[6]["custom_id"],
        "response": {"status_code": 400, "body": None},
        "error": {"object": "error", "message": "This model's maximum context length is 512", "code": 400},
    }
    lines = [
        good[0], good[0],
        good[1] | {"response": {"status_code": 200, "body": {**good[0]["response"]["body"], "model": "y"}}},
        refused(rows[1], 500, message="late"),
        refused(rows[2], 429, message="Rate limit reached", code="rate_limit_exceeded"),
        cut, lone, bare, vllm,
        refused(rows[7], 401, message="Incorrect API key", code="invalid_api_key"),
        {"custom_id": rows[8]["custom_id"], "response": None, "error": None},
        {"custom_id": "0123456789abcdef", "response": good[0]["response"]},
    ]  # fmt: skip
    content = b"\xef\xbb\xbf" + b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b'{"custom_id": "ab'
    (nih.folder / "out.jsonl").write_bytes(content)
    ended = nih("batch", "import", "run", "out.jsonl")
    assert ended.code == 3 and "Traceback" not in ended.err
    records = [json.loads(x) for x in (nih.folder / "run/records.jsonl").read_bytes().splitlines()]
    # As in a live run, only the other answers of the run can tell that a prompt was cut where counts are estimates.
    found = open_run(nih.folder / "run").records().values()
    kinds = {record.id: getattr(record.outcome, "kind", "answer") for record in found}
    expected = "answer answer rate_limit cut_prompt answer answer overflow - bad_response -".split()
    assert [kinds.get(row["custom_id"], "-") for row in rows] == expected
    assert len(records) == 8
    assert says(ended.err, "run.imported_answers_failures_already", answers="5", failures="3", known="1")
    assert says(ended.err, "run.lines_trials_answer_first", surplus=1)
    assert says(ended.err, "run.lines_belong_no_trial", count=1, first="out.jsonl:12")
    assert says(ended.err, "run.lines_cant_read_first", count=1, first="out.jsonl:13")
    assert says(ended.err, "run.requests_refused_their_trials", count=1, message="Incorrect API key")
    assert says(ended.err, "cli.trials_failed_not_sent", failed=4, unsent=2)
    before = (nih.folder / "run/records.jsonl").read_bytes()
    again = nih("batch", "import", "run", "out.jsonl")
    assert again.code == 3 and (nih.folder / "run/records.jsonl").read_bytes() == before
    # A later answer takes a failure's place; what is owed can be asked live.
    (nih.folder / "more.jsonl").write_bytes(json.dumps(good[2]).encode() + b"\n")
    assert says(nih("batch", "import", "run", "more.jsonl").err, "run.imported_answers_failures_already", answers="1")
    assert nih("run", "--resume", "run", "--base-url", service.chat.base_url).code == 3
    assert (nih.folder / "run/records.jsonl").read_bytes().startswith(before)


def test_a_line_longer_than_a_live_answer_may_be_is_told_and_the_next_one_counts(nih, service, options):
    assert nih("batch", "export", *options, "--no-controls", "--out", "run").code == 0
    rows = [json.loads(x) for x in (nih.folder / "run/batch/requests-0001.jsonl").read_bytes().splitlines()]
    first, second = (json.dumps(service.result(row)).encode() for row in rows[:2])
    # Two limits long, so that what follows a piece of it is no line of its own either.
    (nih.folder / "out.jsonl").write_bytes(first[:-1] + b" " * (2 * MOST_BYTES) + b"}\n" + second)
    ended = nih("batch", "import", "run", "out.jsonl")
    assert says(ended.err, "run.lines_cant_read_first", count=1, first="out.jsonl:1")
    assert [record.id for record in open_run(nih.folder / "run").records().values()] == [rows[1]["custom_id"]]


def test_a_foreign_file_a_missing_one_and_an_unexported_run_are_refused(nih, options, small):
    assert nih("batch", "export", *options, "--out", "run").code == 0
    (nih.folder / "foreign.jsonl").write_text('{"custom_id": "request-1", "response": {}}\n', encoding="utf-8")
    assert says(nih("batch", "import", "run", "foreign.jsonl").error(), "run.holds_no_result_custom")
    assert says(nih("batch", "import", "run", "missing.jsonl").error(), "errors.cant_read")
    assert nih("run", *small, "--out", "live").code == 0
    assert says(nih("batch", "import", "live", "foreign.jsonl").error(), "run.no_requests_batch_make")
    assert says(nih("batch", "submit", "live").error(), "run.no_requests_batch_make")
    assert says(nih("batch", "status", "live").error(), "run.no_requests_batch_make")
    assert says(nih("batch", "submit").error(), "cli.give_folder_run_exported")
    requests = nih.folder / "run/batch/requests-0001.jsonl"
    requests.write_bytes(requests.read_bytes().replace(b"Dolores", b"Colores"))
    changed = nih("batch", "submit", "run")
    assert changed.code == 5 and says(changed.err, "run.not_exported_restore_from")


PRICED = """
models:
  x: {
    prices: [{input: 100, output: 1000}], prices_as_of: "2026-11",
    batch: {price: 0.5, as_of: "2026-11", max_file_mb: 0.02}}
"""


def test_money_is_asked_for_at_half_price_before_anything_is_sent(nih, service, options):
    plain = [word for word in options if word not in ("--base-url", service.base_url)]
    models = PRICED.replace("x: {", f'x: {{base_url: "{service.base_url}", ')
    (nih.folder / "models.yaml").write_text(models, encoding="utf-8")
    assert nih("batch", "export", *plain, "--no-controls", "--out", "run").code == 0
    assert re.search(
        wording("cli.batch") + r"\s+" + wording("cli.most_live_price", most=re.compile(r"\$0\.38")),
        nih("plan", *plain, "--no-controls").out,
    )
    assert json.loads(nih("plan", *plain, "--json").out)["cost_usd"]["batch"]["price"] == 0.5
    tokens = 5 * 300 + 5 * 600
    worst = (tokens * 1.25 * 100 + 10 * 20 * 1000) / 1e6 / 2
    low = nih("batch", "submit", "run", "--max-cost", round(worst - 0.01, 4))
    assert low.code == 4 and "--max-cost" in low.err and service.created == [] and service.files == {}
    assert nih("batch", "submit", "run", "--max-cost", round(worst + 0.01, 4)).code == 0
    # What waits in a batch and what is spent count, too.
    assert len(jobs(nih.folder / "run")) > 1  # as large as the service takes
    assert nih("batch", "fetch", "run").code == 0
    answers = [record["completion"]["usage"] for record in lines_of(nih.folder / "run").values()]
    spent = sum(a["prompt_tokens"] * 100 + a["completion_tokens"] * 1000 for a in answers) / 1e6 / 2
    assert spent < worst
    ended = nih("run", "--resume", "run", "--max-cost", spent + 1)
    assert ended.code == 0 and told_spent(ended.err, spent)


def test_an_engine_without_a_server_gets_requests_for_a_model_of_any_name(nih, service, small):
    server = ("--base-url", service.chat.base_url, "--model", "x")
    plain = [word for word in small if word not in server]
    assert nih("batch", "export", *plain, "--model", "Org/Some-Model", "--out", "run").code == 0
    requests = (nih.folder / "run/batch/requests-0001.jsonl").read_bytes().splitlines()
    assert {json.loads(line)["body"]["model"] for line in requests} == {"Org/Some-Model"}
    results = [service.result(json.loads(line)) for line in requests]
    (nih.folder / "out.jsonl").write_text("\n".join(map(json.dumps, results)), encoding="utf-8")
    assert nih("batch", "import", "run", "out.jsonl").code == 0
    assert t("catalog.nih_models_shows_all") in nih("batch", "submit", "run").err
    assert nih("run", "--resume", "run", "--base-url", service.chat.base_url).code == 0


def test_parts_of_a_plan_go_through_batches_and_are_merged(nih, service, options):
    assert nih("batch", "export", *options, "--out", "whole").code == 0
    for number in (1, 2):
        assert nih("batch", "submit", *options, "--shard", f"{number}/2", "--out", f"part{number}").code == 0
    # What waits in a batch would be owed in the merged run, and be paid for twice.
    assert nih("batch", "fetch", "part1").code == 0
    waits = nih("merge", "part1", "part2", "--out", "merged")
    assert (
        says(waits.error(), "run.requests_batch_bring_their", folder="part2") and not (nih.folder / "merged").exists()
    )
    assert nih("batch", "fetch", "part2").code == 0
    assert nih("merge", "part1", "part2", "--out", "merged").code == 0
    planned = [json.loads(x)["id"] for x in (nih.folder / "whole/batch/planned.jsonl").read_bytes().splitlines()]
    assert list(lines_of(nih.folder / "merged")) == planned


def test_a_batch_that_the_server_does_not_know_is_given_up_only_when_asked(nih, service, options):
    service.ended = False
    assert nih("batch", "submit", *options, "--out", "run").code == 0
    service.batches.clear()
    assert "batch_1  lost" in nih("batch", "status", "run").out
    assert says(nih("batch", "submit", "run").err, "cli.nothing_left_submit_bring") and len(service.created) == 1
    service.ended = True
    assert nih("batch", "submit", "run", "--again").code == 0 and len(service.created) == 2
    assert service.files[service.created[0]] == service.files[service.created[1]]
    assert nih("batch", "fetch", "run").code == 0


def test_another_server_is_not_asked_for_a_batch(nih, service, options, chat):
    assert nih("batch", "submit", *options, "--out", "run").code == 0
    for words in (["submit", "run"], ["fetch", "run"], ["status", "run"]):
        refused = nih("batch", *words, "--base-url", chat.base_url)
        assert refused.code == 2 and f"--base-url {service.base_url}" in refused.err


def test_what_is_dear_is_not_submitted_off_a_terminal(nih, options, own_texts):
    lines = ["models:", "  paid: {base_url: 'http://192.0.2.1/v1', key_env: NIH_TEST_KEY, window: 8000}"]
    (nih.folder / "models.yaml").write_text("\n".join(lines), encoding="utf-8")
    nih.environment["NIH_TEST_KEY"] = "k-123456"
    words = ["--model", "paid", "--length-unit", "cl100k_base", "--corpus", own_texts["en"], "--repeat-corpus"]
    words += ["--lengths", "4k,6k", "--depths", "15", "--no-controls", "--price", "40,1"]
    words += ["--base-url", "http://192.0.2.1/v1", "--api-key-env", "NIH_TEST_KEY"]
    ended = nih("batch", "submit", *words, "--out", "run")
    assert ended.code == 2 and says(ended.err, "cli.trials_send_tokens_cost_predicted") and "--yes" in ended.err
    assert "Traceback" not in ended.err and not any(job.get("input_file_id") for job in jobs(nih.folder / "run"))
    assert not any(b"k-123456" in path.read_bytes() for path in (nih.folder / "run").rglob("*") if path.is_file())


def test_a_batch_that_is_lost_stays_paid_for(nih, service, options):
    """It may have been worked on: what was set aside for it is spent, however often it is submitted again."""
    plain = [*options, "--no-controls", "--depths", "50%", "--price", "100,1000"]
    assert nih("batch", "export", *plain, "--out", "run").code == 0
    service.ended = False
    cap = ("--max-cost", 0.5)
    assert nih("batch", "submit", "run", *cap).code == 0
    for _ in range(6):
        service.batches.clear()
        nih("batch", "fetch", "run")
        ended = nih("batch", "submit", "run", "--again", *cap)
        if ended.code:
            break
    assert ended.code == 4 and says(ended.err, "cli.requests_could_cost_max"), ended.err
    one = (300 + 600) * 100e-6 + 2 * 20 * 1000e-6  # what the service bills for a batch at most
    assert 2 <= len(service.created) <= 0.5 / one


def test_answers_to_what_a_batch_did_not_ask_are_not_taken(nih, service, options):
    """A server answers, with the first batch, the requests of the second one too, which waits for nothing yet."""
    assert nih("batch", "submit", *options, "--out", "run", "--max-requests", 8).code == 0
    every = [json.loads(line) for data in service.files.values() for line in data.splitlines()]
    first = next(iter(service.batches.values()))
    service.end(first)
    rows = [json.dumps(service.result(request)) for request in every]
    service.files[first["output_file_id"]] = "\n".join(rows).encode()
    service.ended = False
    ended = nih("batch", "fetch", "run")
    asked = {json.loads(line)["custom_id"] for line in service.files[first["input_file_id"]].splitlines()}
    assert len(asked) < len(every) and lines_of(nih.folder / "run").keys() == asked
    assert says(ended.err, "run.lines_belong_no_trial")


def test_results_without_a_batch_are_not_fetched(nih, service, options):
    """batch.json calls a file of the account the results of a batch that was never made."""
    assert nih("batch", "submit", *options, "--out", "run", "--max-requests", 8).code == 0
    service.files["file-PRIVATE"] = b"private"
    file = nih.folder / "run" / "batch" / "batch.json"
    content = json.loads(file.read_bytes())
    gone = {"batch_id": None, "creating": True, "status": "completed"}
    content["files"][1] |= gone | {"output_file_id": "file-PRIVATE"}
    file.write_text(json.dumps(content), encoding="utf-8")
    nih("batch", "fetch", "run")
    assert not [each for each in service.requests if "PRIVATE" in each]
    assert not [path for path in (nih.folder / "run").rglob("*") if path.is_file() and path.read_bytes() == b"private"]
