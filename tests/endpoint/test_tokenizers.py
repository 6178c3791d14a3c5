"""Local tokenizers against tiktoken and tokenizers themselves."""

from __future__ import annotations

import hashlib
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from nihbench.endpoint import tokenizers as module
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import UsageError
from tests.wording import wording

SAMPLE = "The cat's 3.14 — 在北京喝一杯热美式。\n\n  Größe, こんにちは 🥪🏳️‍🌈! <|endoftext|> <|im_end|> end"
TEXTS = st.text(
    alphabet=st.sampled_from("ab 1.\n\t'é在北京🥪🏳\u200d\u0301<|>") | st.characters(exclude_categories=["Cs"])
)


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text=SAMPLE)
@example(text="")
def test_tiktoken_counts_and_starts_are_its_own(name: str, text: str) -> None:
    tokenizer = load_tokenizer(name)
    oracle = tiktoken.get_encoding(name)
    ids = oracle.encode_ordinary(text)
    assert (tokenizer.name, tokenizer.exact, tokenizer.count(text)) == (name, True, len(ids))
    # tiktoken's own offsets follow the same rule: the character that holds the first byte.
    assert tokenizer.starts(text).tolist() == oracle.decode_with_offsets(ids)[1]


def test_starts_cut_the_text_into_pieces_that_are_the_text() -> None:
    starts = load_tokenizer("o200k_base").starts(SAMPLE * 50)
    edges = [*starts.tolist(), len(SAMPLE * 50)]
    assert starts.dtype == np.int64
    assert edges[0] == 0
    assert "".join((SAMPLE * 50)[a:b] for a, b in pairwise(edges)) == SAMPLE * 50


def test_a_damaged_rank_file_of_tiktokens_own_cache_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_tokenizer("cl100k_base")  # ours is there now
    key = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    (tmp_path / key).write_bytes(b"half a fi")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setattr(module, "wheel_member_to_file", None)  # nothing may be fetched
    assert load_tokenizer("cl100k_base").count("hello world") == 2
    assert os.environ["TIKTOKEN_CACHE_DIR"] == str(tmp_path)
    assert (tmp_path / key).read_bytes() == b"half a fi"


def byte_level(path: Path, *, trim: bool = False) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([SAMPLE] * 3, trainer)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(path))
    return path


@pytest.mark.parametrize("trim", [False, True])
def test_a_byte_level_tokenizer_starts_at_first_bytes(tmp_path: Path, trim: bool) -> None:
    path = byte_level(tmp_path / "tokenizer.json", trim=trim)
    tokenizer = load_tokenizer(f"hf:{path}")
    oracle = Tokenizer.from_file(str(path))
    oracle.no_truncation()
    oracle.encode_special_tokens = True
    ids = oracle.encode(SAMPLE).ids
    assert tokenizer.count(SAMPLE) == len(ids)
    assert oracle.token_to_id("<|im_end|>") not in ids
    # Independent of any table: a token begins where what is decoded before it ends, less the broken character.
    expected = [len(oracle.decode(ids[:i]).rstrip("\ufffd")) for i in range(len(ids))]
    assert tokenizer.starts(SAMPLE).tolist() == expected
    assert tokenizer.name == f"hf:{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    assert load_tokenizer(str(path)).name == load_tokenizer(f"hf:{tmp_path}").name == tokenizer.name


def test_a_tokenizer_that_changes_the_text_falls_back_on_its_own_offsets(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "cat": 2}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "t.json"))
    assert load_tokenizer(str(tmp_path / "t.json")).starts("A CAT 在").tolist() == [0, 2, 6]


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_the_estimate_agrees_with_itself(text: str) -> None:
    tokenizer = load_tokenizer("estimate")
    starts = tokenizer.starts(text)
    assert not tokenizer.exact
    assert len(starts) == tokenizer.count(text)
    assert (np.diff(starts) > 0).all()
    assert not len(starts) or (starts[0] == 0 and starts[-1] < len(text))


@pytest.mark.parametrize(
    "text",
    [
        "Most startups fail because they make something that nobody wants, and they learn it too late. " * 20,
        "秋天里最好的事情就是坐在胡同里的咖啡馆，喝一杯热美式，看看来往的人。" * 20,
    ],
)
def test_the_estimate_is_near_todays_vocabularies(text: str) -> None:
    exact = load_tokenizer("o200k_base").count(text)
    assert 0.8 * exact <= load_tokenizer("estimate").count(text) <= 1.5 * exact


@pytest.mark.parametrize(
    ("name", "says"),
    [("cl200k", "cl100k_base"), ("hf:/nowhere/tokenizer.json", "tokenizer.json"), ("", "o200k_base")],
)
def test_an_unknown_name_tells_the_choices(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_tokenizer(name)


def test_a_file_that_is_no_tokenizer_and_a_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=wording("endpoint.not_hugging_face_tokenizer")):
        load_tokenizer(str(path))
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match=wording("endpoint.hugging_face_tokenizers_need")):
        load_tokenizer(str(path))


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(["cl100k_base", "o200k_base"]),
    unit=st.text(alphabet="ab ZéЖ中文，、。 \n\t'1s3-🥪\u200d\u0301", min_size=1, max_size=30),
)
@example(name="cl100k_base", unit="他说，我们走吧。 The cat's 12,345 cats 、and")
@example(name="cl100k_base", unit=" ")
@example(name="o200k_base", unit="\t")
@example(name="o200k_base", unit="1")
@example(name="o200k_base", unit="aB")
@example(name="cl100k_base", unit="🥪")
def test_a_long_text_has_the_same_tokens_in_parts(name: str, unit: str) -> None:
    tokenizer = load_tokenizer(name)
    long = "So it begins: " + unit * (16_000 // len(unit)) + "x"
    oracle = tiktoken.get_encoding(name).encode(long, disallowed_special=())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_CHUNK_CHARACTERS", 6_000)
        parts = list(tokenizer._parts(long))
        assert len(parts) > 1 or len(oracle) < 1_000  # a chunk of few tokens may stay whole
        assert [token for ids, _ in parts for token in ids.tolist()] == oracle
        assert tokenizer.count(long) == len(tokenizer.starts(long)) == len(oracle)


def test_a_million_blanks_in_a_row_are_counted() -> None:
    """Tiktoken itself reads half a million of them; every 16 tabs more are one token more."""
    tokenizer = load_tokenizer("cl100k_base")
    oracle = tiktoken.get_encoding("cl100k_base")
    some = oracle.encode("a" + "\t" * 160_000 + "b", disallowed_special=())
    assert max(len(oracle.decode_single_token_bytes(token)) for token in set(some)) == 16
    assert tokenizer.count("a" + "\t" * 1_200_000 + "b") == len(some) + 1_040_000 // 16
