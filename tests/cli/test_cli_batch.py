"""`nih batch export` against the requests that `nih run` sends, and `nih plan`'s forecast."""

import hashlib
import json

import pytest

from nihbench.lang.messages import t
from tests.wording import says


def exported(folder):
    manifest = json.loads((folder / "batch" / "batch.json").read_text(encoding="utf-8"))
    lines = []
    for file in manifest["files"]:
        content = (folder / "batch" / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size_bytes"], file["sha256"])
        found = [json.loads(line) for line in content.splitlines()]
        assert len(found) == file["requests"]
        lines += found
    return lines, manifest


def test_exported_bodies_are_those_of_the_live_run(nih, chat, small, records_of):
    assert nih("run", *small, "--no-stream", "--out", "live", "--concurrency", 1, "--max-output", 20).code == 0
    ended = nih("batch", "export", *small, "--out", "later", "--max-output", 20)
    assert ended.code == 0 and "requests-0001.jsonl  6 requests" in ended.out
    lines, manifest = exported(nih.folder / "later")
    assert manifest["url"] == "/v1/chat/completions"
    assert {(line["method"], line["url"]) for line in lines} == {("POST", manifest["url"])}
    live = records_of(nih.folder / "live")
    assert [line["custom_id"] for line in lines] == list(live)
    assert [line["body"] for line in lines] == [json.loads(asked.body) for asked in chat.asked]
    # What is sent is what was hashed, byte for byte.
    assert [asked.sha256 for asked in chat.asked] == [record["placement"]["prompt_sha256"] for record in live.values()]
    planned = [json.loads(line) for line in (nih.folder / "later/batch/planned.jsonl").read_bytes().splitlines()]
    for plan in planned:
        record = live[plan["id"]]
        assert plan == {key: record[key] for key in ("id", "trial", "placement", "fresh", "expected")}
    assert json.loads((nih.folder / "later/run.json").read_bytes())["trials"] == 6
    assert len(chat.asked) == 6  # an export sends nothing


def test_files_are_split_by_number_and_by_size(nih, small):
    assert nih("batch", "export", *small, "--out", "four", "--max-requests", 4).code == 0
    lines, manifest = exported(nih.folder / "four")
    assert [file["requests"] for file in manifest["files"]] == [4, 2]
    assert nih("batch", "export", *small, "--out", "small", "--max-file-mb", 0.005).code == 0
    again, split = exported(nih.folder / "small")
    assert again == lines and len(split["files"]) > 2
    assert all(file["size_bytes"] <= 5000 for file in split["files"])
    assert says(
        nih("batch", "export", *small, "--out", "x", "--max-file-mb", 0.001).error(), "run.one_request_bytes_more"
    )
    assert not (nih.folder / "x" / "run.json").exists() and not list((nih.folder / "x" / "batch").iterdir())


def test_an_export_never_overwrites_a_run_nor_writes_a_secret(nih, small):
    assert nih("batch", "export", *small, "--out", "a").code == 0
    assert says(nih("batch", "export", *small, "--out", "a").error(), "run.already_holds_run_go")
    secret = ("--extra-body", '{"api_key": "s3cret-value"}')
    assert "secret" in nih("batch", "export", *small, *secret, "--out", "b").error()
    assert not any(b"s3cret" in path.read_bytes() for path in nih.folder.rglob("*.json*"))


def test_vary_decides_what_differs_between_repeats(nih, small):
    grid = ("--depths", "50:50:1", "--lengths", "300:300:1", "--repeats", 3)
    same, fresh = [], []
    for found, vary in ((same, "sampling"), (fresh, "haystack")):
        options = (*small, *grid, "--vary", vary, "--temperature", 0.7, "--seed", 5)
        assert nih("batch", "export", *options, "--out", vary).code == 0
        found += exported(nih.folder / vary)[0]
    assert len({json.dumps(line["body"]["messages"]) for line in same}) == 1
    assert [line["body"]["seed"] for line in same] == [5, 6, 7]
    assert len({json.dumps(line["body"]["messages"]) for line in fresh}) == 3
    assert {line["body"]["seed"] for line in fresh} == {5}
    ids = [line["custom_id"] for line in same + fresh]
    assert ids[0] == ids[3] and len(set(ids)) == 5


def test_a_fresh_needle_has_a_new_number_in_every_repeat_whatever_else_varies(nih, small):
    grid = ("-e", "magic-number", "--depths", "50:50:1", "--lengths", "300:300:1", "--repeats", 3)
    for vary, texts in (("haystack", 3), ("needle", 1), ("sampling", 1)):
        assert nih("batch", "export", *small, *grid, "--vary", vary, "--out", vary).code == 0
        text = (nih.folder / vary / "batch/planned.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        assert len({row["fresh"]["number"] for row in rows}) == 3
        assert len({row["placement"]["source_start"] for row in rows}) == texts
    assert says(nih("plan", *small, "--vary", "needle").error(), "run.vary_needle_needle_no")
    assert "haystack" in nih("plan", *small, "--vary", "colour").error()
    assert t("run.vary_temperature_vary_sampling") in nih("plan", *small, "--vary", "temperature").error()
    same = (*small, "--vary", "sampling", "--temperature", 0, "--repeats", 2)
    assert says(nih("plan", *same).error(), "run.vary_sampling_asks_same")


def test_the_plan_says_what_it_costs_and_how_sure_it_is(nih, small):
    unknown = json.loads(nih("plan", *small, "--json").out)
    assert unknown["cost_usd"]["most"] is None and unknown["seconds"] is None
    assert says(nih("plan", *small).out, "cli.unknown_no_price")
    prices = (
        'models: {x: {prices: [{input: 1, output: 10, cached_input: 0.5}], prices_as_of: "2026-11", cache: sglang}}'
    )
    (nih.folder / "models.yaml").write_text(prices, encoding="utf-8")
    known = json.loads(nih("plan", *small, "--json", "--max-output", 100, "--rpm", 6, "--concurrency", 1).out)
    # At most, a token of an unknown vocabulary is a quarter more.
    assert float(known["cost_usd"]["most"]) == pytest.approx((6 * 450 * 1.25 + 6 * 100 * 10) / 1e6)
    assert float(known["cost_usd"]["least"]) == pytest.approx((6 * 450 * 0.5 + 6 * 60 * 10) / 1e6)
    assert known["cache"]["predicted_cached_tokens"] > 0 and known["seconds"] >= 50
    assert known["half_widths"]["grid"]["trials"] == 6
    # 0.95 one-sided: 0.05 ** (1 / 19) = 0.854 is the first above 0.85; docs/method.md has both.
    assert known["row_trials_to_demonstrate"] == {"threshold": 0.85, "at_1": 19, "at_0.97": 40}
    text = nih("plan", *small).out
    assert says(text, "cli.prices", day="2026-11") and says(text, "cli.tokens_predicted_cached_computed")
    rows = [line for line in text[: text.index("\n\n")].splitlines()]
    assert all(line[:11].strip() and line[11] == " " and line[12] != " " for line in rows)


def test_a_plan_leaves_out_what_the_window_cannot_hold_and_a_run_refuses_it(nih, small):
    long = [*small, "--window", 700, "--max-output", 50, "--lengths", "300,600,700,9k"]
    plan = json.loads(nih("plan", *long, "--json").out)
    assert (plan["lengths"], plan["too_long"]) == ([300, 600], [700, 9000])
    assert t("cli.over_window", lengths="700, 9,000") in nih("plan", *long).out
    assert plan["estimate"]["trials"] == 6
    for words in (["run"], ["batch", "export", "--out", "b"]):
        ended = nih(*words, *long)
        assert ended.code == 2 and " 9,000 " in ended.error()
    assert nih("plan", *small, "--window", 700, "--lengths", "9k").code == 2
