"""Cut prompts, as a run's counts show them, and what is no cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.lang.messages import Note
from nihbench.run.verify import Expectation, checked, count_summary, cut_prompts, verified
from nihbench.types import Completion, Failure, Placement, Record, Trial, Usage
from tests.wording import says

ESTIMATE, EXACT = Expectation(exact=False), Expectation(exact=True)
LENGTHS = (1000, 2000, 4000, 8000, 16_000)


def record(length: int, seen: int | None, name: str = "") -> Record:
    placement = Placement(
        source_start=0, source_copies=1, start=0, at=0, end=1, before="", after="", tail="",
        achieved_depth_percent=0.0, needle_token=0, haystack_tokens=length - 60, needle_tokens=20,
        total_tokens=length, sentence_tokens=20, prompt_sha256="",
    )  # fmt: skip
    trial = Trial(experiment="e", needle="n", prompt="p", length=length, depth_percent=50.0)
    outcome = Completion(text="t", finish_reason="stop", usage=Usage(prompt_tokens=seen), model=None, latency_s=1.0,
        attempts=1)  # fmt: skip
    return Record(id=name or str(length), trial=trial, placement=placement, outcome=outcome, fresh={}, expected="",
        started_at="")  # fmt: skip


def run(count: Callable[[int], int | None]) -> dict[str, Record]:
    return {str(length): record(length, count(length)) for length in LENGTHS}


@pytest.mark.parametrize("share", [0.45, 0.62, 0.9, 1.0, 1.07, 1.4])
def test_another_vocabulary_is_no_cut(share: float) -> None:
    assert cut_prompts(run(lambda n: round(n * share) + 3), ESTIMATE) == {}


def test_a_context_of_4096_cuts_what_is_longer() -> None:
    """Ollama's default: the count is the window's; what counts like them is cut too."""
    found = cut_prompts(run(lambda n: min(round(n * 1.05), 4096)), ESTIMATE)
    assert set(found) == {"4000", "8000", "16000"} and found["4000"].code == "count_alike"


def test_half_a_window_is_kept() -> None:
    found = cut_prompts(run(lambda n: n if n < 4096 else 2048 + n % 7 * 3 + n // 4000), ESTIMATE)
    assert set(found) == {"8000", "16000"}


def test_a_single_length() -> None:
    def only(length: int, seen: int) -> dict[str, Record]:
        return {"a": record(length, seen)}

    assert cut_prompts(only(4350, 4096), ESTIMATE)["a"].code == "count_power_of_two"
    assert cut_prompts(only(4096, 4096), ESTIMATE) == {} == cut_prompts(only(4096, 4096), EXACT)
    assert cut_prompts(only(10_000, 8400), ESTIMATE) and not cut_prompts(only(10_000, 8600), ESTIMATE)
    # Newer vocabularies need half the tokens that cl100k_base needs for Chinese.
    assert cut_prompts(only(10_000, 5200), Expectation(exact=False, language="zh")) == {}
    assert cut_prompts(only(10_000, 3900), Expectation(exact=False, language="zh"))


def test_an_exact_count_and_a_fitted_one() -> None:
    assert set(cut_prompts(run(lambda n: n if n < 8000 else round(0.96 * n)), EXACT)) == {"8000", "16000"}
    # A fitted length is nominal: what the reference tokenizer counts beside it does not matter.
    fitted = Expectation(exact=True, nominal=True)
    records = {"a": record(8000, 7990)}
    object.__setattr__(records["a"].placement, "total_tokens", 12_000)
    assert cut_prompts(records, fitted) == {} != cut_prompts(records, EXACT)


def test_an_answer_by_itself() -> None:
    answer = record(1000, 990).outcome
    assert isinstance(answer, Completion)
    assert getattr(checked(answer, 1000, True), "prompt_check", None) == "fits"
    assert isinstance(checked(answer, 1030, True), Failure)
    # By another tokenizer's count nothing is sure, and the answer was paid for: it is kept, and judged with the others.
    assert checked(answer, 1500, False) == answer
    nothing = record(1000, None).outcome
    assert checked(nothing, 1000, True) == nothing and getattr(nothing, "prompt_check", None) == "unverified"


def counted(name: str, **counts: int) -> dict[str, Record]:
    """One record of a prompt of 2,000 tokens, and one of 8,000, of which the server tells these counts."""
    records = {"2000": record(2000, 2000), name: record(8000, 1, name)}
    object.__setattr__(records[name].outcome, "usage", Usage(**counts))
    return records


@pytest.mark.parametrize(
    ("counts", "cut"),
    [
        ({"prompt_tokens": 500, "cached_tokens": 7500}, False),  # more cached than counted: it leaves it out
        ({"prompt_tokens": 5000, "cached_tokens": 3000}, False),
        ({"prompt_tokens": 500, "cached_tokens": 4000, "written_tokens": 3500}, False),
        ({"prompt_tokens": 500, "completion_tokens": 20, "total_tokens": 8020}, False),
        ({"prompt_tokens": 500, "completion_tokens": 20, "total_tokens": 520}, True),
        ({"prompt_tokens": 4096, "cached_tokens": 2048}, True),
        ({"prompt_tokens": 500}, True),
    ],
)
def test_counts_that_leave_out_what_was_cached(counts: dict[str, int], cut: bool) -> None:
    for expectation in (EXACT, ESTIMATE):
        records = counted("long", **counts)
        found = cut_prompts(records, expectation)
        assert ("long" in found) is cut, found
    alone = checked(records["long"].outcome, 8000, True)  # type: ignore[arg-type]
    assert isinstance(alone, Failure) is cut
    if cut:
        assert found["long"].code in ("count_too_small", "count_power_of_two")


def test_a_server_that_counts_what_is_cached_is_taken_at_its_word() -> None:
    """It cuts at 4,096 tokens, all of which it had cached: twice that is no count of its prompt of 8,000."""
    records = counted("long", prompt_tokens=4090, cached_tokens=4000)
    object.__setattr__(records["2000"].outcome, "usage", Usage(prompt_tokens=2000, cached_tokens=1500))
    assert "long" in cut_prompts(records, EXACT)


def test_a_count_that_no_prompt_of_this_run_can_have_is_anothers() -> None:
    answer = record(1000, 90_000).outcome
    for exact in (True, False):
        found = checked(answer, 1000, exact)  # type: ignore[arg-type]
        assert isinstance(found, Failure) and isinstance(found.message, Note)
        assert (found.kind, found.message.code) == ("bad_response", "count_too_large")
    assert isinstance(checked(record(1000, 3000).outcome, 1000, True), Completion)  # type: ignore[arg-type]


def test_what_was_paid_for_stays_and_reads_as_a_failure() -> None:
    records = run(lambda n: min(n, 4096))
    read = verified(records, ESTIMATE)
    kinds = {key: getattr(r.outcome, "kind", "answer") for key, r in read.items()}
    assert kinds == {"1000": "answer", "2000": "answer", "4000": "answer", "8000": "cut_prompt", "16000": "cut_prompt"}
    assert read["8000"].outcome.usage.prompt_tokens == 4096
    assert all(isinstance(r.outcome, Completion) for r in records.values())


@given(
    sizes=st.lists(st.integers(100, 100_000), min_size=1, max_size=20, unique=True),
    share=st.floats(0.9, 1.6),
)
def test_no_honest_server_is_accused(sizes: list[int], share: float) -> None:
    """Whatever the vocabulary, counts in proportion are no cut (but for a power of two hit by chance)."""
    records = {str(n): record(n, max(round(n * share), 1)) for n in sizes}
    found = cut_prompts(records, ESTIMATE)
    assert all(says(reason, "note.count_power_of_two") for reason in found.values())


def test_the_summary_names_the_largest_difference() -> None:
    records = run(lambda n: {1000: 1009, 8000: 7800, 16_000: None}.get(n, n))
    summary = count_summary(records)
    assert (summary.nominal, summary.server, summary.answers, summary.unverified) == (8000, 7800, 4, 1)
    said = summary.sentences()
    counts = {"difference": 0.025, "nominal": 8000, "server": 7800}
    assert len(said) == 2 and says(said[0], "run.token_counts_server_differ", **counts)
    assert says(said[1], "run.answers_came_without_token", count=1)
    assert count_summary({}).sentences() == []
