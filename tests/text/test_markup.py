"""Reasoning in the markup of each family is no answer, and an answer that only speaks of such markup is one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nihbench.text.markup import markup_of, opens_reasoning, split_reasoning, template_marks

ANSWER = "Eat a sandwich and sit in Dolores Park on a sunny day."
DRAFT = "It may also say Alcatraz; I don't know yet."


@pytest.mark.parametrize(
    "form",
    [
        "<|channel|>analysis<|message|>{r}<|end|><|start|>assistant<|channel|>final<|message|>{a}",
        "{r}<|end|><|start|>assistant<|channel|>final<|message|>{a}<|return|>",
        "<|start|>assistant<|channel|>analysis<|message|>{r}<|end|><|start|>assistant<|channel|>commentary to=f "
        "<|constrain|>json<|message|>{{}}<|call|><|start|>assistant<|channel|>final<|message|>{a}<|end|>",
        "analysis{r}assistantfinal{a}",
        "analysis\n\n{r}\n\nassistantfinal\n\n{a}",
        "{r}assistantfinal{a}",
        "<|channel>thought\n{r}<channel|>{a}",
        "<|channel>thought\n{r}\n<channel|>\n<|channel>final\n{a}<channel|><turn|>",
        "<unused94>thought\n{r}<unused95>{a}",
        "<analysis>{r}</analysis>\n{a}",
        "<analysis>{r}</analysis><answer>{a}</answer>",
        "<Reflection>{r}</Reflection>\n<final_answer>{a}</final_answer>",
        "<|begin_of_thought|>{r}<|end_of_thought|>\n\n<|begin_of_solution|>{a}<|end_of_solution|>",
        "<|START_THINKING|>{r}<|END_THINKING|><|START_RESPONSE|>{a}<|END_RESPONSE|>",
        "<｜begin▁of▁thought｜>{r}<｜end▁of▁thought｜>{a}",
        "<think>{r}</think>{a}",
        '<think duration="3">{r}</think>{a}',
        "{r}</think>\n\n{a}",
        "<think>{r}</think>\n\n</think>{a}",
        "<think>a <analysis>{r}</analysis> b</think>{a}",
        "<longcat_think>{r}</longcat_think>{a}",
        "<scratchpad>{r}</scratchpad>{a}",
        "[THINK]{r}[/THINK]{a}",
        "【思考】{r}【/思考】{a}",
        "<思考过程>{r}</思考过程>{a}",
        "{a}\n<think>{r}</think>",
    ],
)
def test_reasoning_is_parted_from_the_answer(form: str) -> None:
    thought, answer = split_reasoning(form.format(r=DRAFT, a=ANSWER))
    assert answer == ANSWER
    assert DRAFT in thought and ANSWER not in thought


@pytest.mark.parametrize(
    "form",
    ["<think>{r}", "<|channel|>analysis<|message|>{r}", "<|start|>assistant<|channel|>analysis<|message|>{r}<|end|>",
     "analysis{r}", "<|channel>thought\n{r}", "<analysis>{r}", "<|begin_of_thought|>{r}", "[THINK]{r}"],
)  # fmt: skip
def test_reasoning_that_never_ends_is_all_there_is(form: str) -> None:
    text = form.format(r=DRAFT)
    assert markup_of(text).is_open and opens_reasoning(text)
    assert split_reasoning(text) == (DRAFT, "")


@pytest.mark.parametrize(
    "text",
    [ANSWER, "The tag <analysis> is quoted here.", "analysis of the text says so", "final answer: eat", "Analysis: eat",
     "[Analysis] The text says: eat.", "I think it is <b>eat</b>.", "thoughtful people eat", "Eat <think> and sit",
     "finally, eat", "见【思考】一节", "", "<", "<answer>Eat.</answer>"],
)  # fmt: skip
def test_an_answer_stays_as_it_is(text: str) -> None:
    assert split_reasoning(text) == ("", text)
    assert not opens_reasoning(text)


TAGS = (
    "<think> </think> <|channel|> analysis final <|message|> <|end|> assistantfinal a <|channel> thought <channel|> "
    "[THINK] [/THINK] <analysis> </analysis> <|start|>"
).split(" ")


@given(st.lists(st.sampled_from(TAGS), max_size=12).map("".join))
def test_no_text_breaks_it_and_its_spans_are_in_order(text: str) -> None:
    split_reasoning(text)
    gone = markup_of(text).gone
    assert all(0 <= start < end <= len(text) for start, end in gone)
    assert all(one[1] <= other[0] for one, other in zip(gone, gone[1:], strict=False))


def test_time_is_linear() -> None:
    def seconds(piece: str, count: int) -> float:
        began = time.process_time()
        split_reasoning(piece * count)
        return time.process_time() - began

    for piece in (*TAGS, "<think></think><answer>", " ", "\n"):
        few = min(seconds(piece, 2_000) for _ in range(3))
        assert min(seconds(piece, 16_000) for _ in range(3)) < 40 * few + 0.02, piece


MARKS = ["<|im_start|>assistant", "<|im_end|>", "<|start_header_id|>user<|end_header_id|>", "<|eot_id|>", "</s>", "<s>",
         "<start_of_turn>model", "<end_of_turn>", "[INST]", "[/INST]", "<bos>", "<<SYS>>", "<|assistant|>",
         "<｜end▁of▁sentence｜>"]  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
def test_a_chat_templates_marks_are_found_whole(mark: str) -> None:
    text = f"Eat.\n{mark}\n坐着 {mark}"
    spans = template_marks(text)
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    assert text.split() == ["Eat.", "坐着"]


@pytest.mark.parametrize("text", ["a < b |> c", "vec<int> s", "<|>", "List[int]", "<p>x</p>", "im", "[1] [INSTALL]"])
def test_other_text_holds_no_marks(text: str) -> None:
    assert template_marks(text) == ()
