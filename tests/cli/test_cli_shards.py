"""`nih run --shard` and `nih merge` against the run of the whole plan, with real sockets."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.wording import says

GRID = ("--lengths", "300,600,900", "--depths", "0,25,50,75,100", "--repeats", 2, "--concurrency", 1)


@pytest.fixture
def options(small):
    rest = [word for word in small if word != "--no-controls"]
    return [*rest, *GRID]


def lines_of(folder):
    """The records by id, without what differs from one time to the next."""
    records = [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]
    for record in records:
        record.pop("started_at")
        record["completion"].pop("latency_s")
        record["completion"].pop("first_token_s")
    return {record["id"]: record for record in records}


@pytest.fixture
def parts(nih, options):
    folders = [f"part{number}" for number in range(1, 4)]
    for number, folder in enumerate(folders, 1):
        assert nih("run", *options, "--shard", f"{number}/3", "--out", folder).code == 0
    return folders


def test_sharded_and_merged_is_the_whole_run(nih, chat, options, parts):
    sent = len(chat.asked)
    assert nih("run", *options, "--out", "undivided").code == 0
    assert len(chat.asked) == 2 * sent  # every trial once, controls too
    merged = nih("merge", *reversed(parts), "--out", "merged")
    assert merged.code == 0, merged.err
    assert lines_of(nih.folder / "merged") == lines_of(nih.folder / "undivided")
    ours, whole = (json.loads((nih.folder / name / "run.json").read_bytes()) for name in ("merged", "undivided"))
    assert {**ours, "created_at": whole["created_at"]} == {**whole, "merged": ours["merged"]}
    assert [origin["part"] for origin in ours["merged"]] == ["1/3", "2/3", "3/3"]
    shown = [nih("score", name).out.replace(name, "") for name in ("merged", "undivided")]
    assert shown[0] == shown[1] and says(shown[0], "figure.metric_found")
    for name in ("merged", "undivided"):
        assert nih("plot", name, "--out", f"{name}.svg").code == 0
    figures = [(nih.folder / f"{name}.svg").read_text(encoding="utf-8") for name in ("merged", "undivided")]
    assert figures[0] == figures[1]
    # Byte for byte: the merged file is its parts, one after the other.
    raw = [(nih.folder / part / "records.jsonl").read_bytes() for part in parts]
    assert (nih.folder / "merged/records.jsonl").read_bytes() == b"".join(raw)
    sizes = [sum(json.loads(line)["trial"]["length"] for line in part.splitlines()) for part in raw]
    assert max(sizes) < 1.3 * min(sizes)


def test_a_merge_without_a_part_is_gone_on_with(nih, chat, options, parts, records_of):
    ended = nih("merge", parts[0], parts[2], "--out", "two")
    assert ended.code == 3 and says(ended.err, "cli.owed_try_again_may")
    before = len(chat.asked)
    own = len((nih.folder / parts[1] / "records.jsonl").read_bytes().splitlines())
    assert nih("run", "--resume", "two").code == 0
    assert len(chat.asked) == before + own
    assert nih("merge", *parts, "--out", "three").code == 0
    assert records_of(nih.folder / "two").keys() == records_of(nih.folder / "three").keys()


def test_a_part_is_resumed_as_that_part_only(nih, chat, options, parts):
    records = nih.folder / parts[1] / "records.jsonl"
    kept = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(kept[:-2]))
    before = len(chat.asked)
    assert says(
        nih("run", "--resume", parts[1], "--shard", "1/3").error(), "cli.cant_resume_other_options", changed="--shard"
    )
    assert nih("run", "--resume", parts[1]).code == 0
    assert len(chat.asked) == before + 2
    assert nih("merge", *parts, "--out", "again").code == 0


def test_what_does_not_belong_together_is_refused_by_name(nih, options, parts):
    other = [*options, "--shard", "2/3"]
    assert nih("run", *other, "--temperature", 0.5, "--out", "warm").code == 0
    wrong = nih("merge", parts[0], "warm", "--out", "out").error()
    assert says(wrong, "run.not_one_plan_differ", other="warm", changed="identity.temperature")
    assert nih("run", *other, "--depths", "0,50,100", "--out", "shallow").code == 0
    assert says(
        nih("merge", parts[0], "shallow", "--out", "out").error(), "run.not_one_plan_differ", changed="depths, controls"
    )
    assert says(nih("merge", parts[0], parts[0], "--out", "out").error(), "run.nih_merge_takes_two")
    assert says(nih("merge", parts[0], "--out", "out").error(), "run.nih_merge_takes_two")
    assert says(nih("merge", parts[0], "nowhere", "--out", "out").error(), "run.holds_no_run_no")
    assert says(nih("merge", *parts, "--out", parts[0]).error(), "run.already_holds_run_go")
    manifest = nih.folder / "warm" / "run.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    ended = nih("merge", parts[0], "warm", "--out", "out")
    assert ended.code == 5 and says(ended.error(), "run.not_format_written_another", format="1")
    assert not (nih.folder / "out").exists()


@pytest.mark.parametrize("option", [["--vary", "sampling"], ["--order", "random"], ["--adaptive"]])
def test_parts_that_were_cut_from_other_plans_are_refused_by_the_option(nih, options, option):
    plan = [*options, "--temperature", 0.5, "--repeats", 2, "--order", "grid"]
    assert nih("run", *plan, "--shard", "1/2", "--out", "first").code == 0
    assert nih("run", *plan, *option, "--shard", "2/2", "--out", "second").code == 0
    name = option[0].removeprefix("--")
    assert says(
        nih("merge", "first", "second", "--out", "out").error(), "run.not_one_plan_differ", changed=f"options.{name}"
    )
    assert not (nih.folder / "out").exists()


def test_a_trial_with_two_outcomes_is_refused_and_a_copy_is_not(nih, parts):
    shutil.copytree(nih.folder / parts[0], nih.folder / "copy")
    assert nih("merge", "copy", *parts, "--out", "with-copy").code == 0
    whole = (nih.folder / "with-copy/records.jsonl").read_bytes()
    assert nih("merge", *parts, "--out", "without").code == 0
    assert whole == (nih.folder / "without/records.jsonl").read_bytes()
    # The copy was gone on with: its later state counts, in either order.
    records = nih.folder / "copy" / "records.jsonl"
    last = json.loads(records.read_bytes().splitlines()[-1])
    records.write_bytes(records.read_bytes() + json.dumps(last | {"started_at": "2027-01-01"}).encode() + b"\n")
    assert nih("merge", *parts, "copy", "--out", "later").code == 0
    assert b"2027-01-01" in (nih.folder / "later/records.jsonl").read_bytes()
    # Another answer to the same trial is not.
    first, *rest = records.read_bytes().splitlines(keepends=True)
    changed = json.loads(first)
    changed["completion"]["text"] = "Something else."
    records.write_bytes(json.dumps(changed).encode() + b"\n" + b"".join(rest))
    wrong = nih("merge", *parts, "copy", "--out", "out").error()
    assert says(wrong, "run.both_measured_trial_different", trial_id=changed["id"])


def test_suites_are_merged_run_by_run(nih, options):
    suite = [*options, "--model", "y", "--length-unit", "cl100k_base"]
    for number in (1, 2):
        assert nih("run", *suite, "--shard", f"{number}/2", "--out", f"tree{number}").code == 0
    assert nih("merge", "tree1", "tree2", "--out", "tree").code == 0
    assert (nih.folder / "tree/panel.png").exists()
    tree = json.loads((nih.folder / "tree/tree.json").read_bytes())
    assert [child["options"]["shard"] for child in tree["children"]] == [None, None]
    assert nih("run", "--resume", "tree").code == 0
    assert says(nih("merge", "tree1", "tree/x", "--out", "mixed").error(), "run.folder_runs_others_single")


def test_every_part_has_a_piece_of_the_grid(nih, options):
    few = [*options, "--lengths", "300:300:1", "--depths", "0,50", "--repeats", 1]
    assert nih("plan", *few, "--shard", "1/2", "--json").code == 0
    for number in (1, 2):
        assert nih("run", *few, "--shard", f"{number}/2", "--out", f"few{number}").code == 0
        assert (nih.folder / f"few{number}" / "heatmap.png").exists()
    assert nih("merge", "few1", "few2", "--out", "few").code == 0
    assert says(nih("run", *few, "--shard", "1/3", "--out", "x").error(), "plan.shard_plan_places_only", places=2)
