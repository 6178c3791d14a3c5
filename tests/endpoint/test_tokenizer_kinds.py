"""Lengths under every kind of tokenizer.json: totals against the package's own count of the whole texts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.text.prompt import build_bare, build_prompt
from nihbench.text.sentences import boundaries
from nihbench.text.source import make_source, sentence_start
from nihbench.types import Message, PromptTemplate
from tests.composing import one_needle
from tests.conftest import CHINESE, ENGLISH, HAN, WORDS

NEEDLE = "The best thing to do in Zürich is to eat 🥪 and sit by the lake for 3½ hours."
QUESTION = "What is the best thing to do in Zürich?"
OVERHEAD = 7
TEMPLATES = (
    PromptTemplate(name="plain", messages=(Message(role="user", content="{haystack}\n\n{question}"),)),
    PromptTemplate(
        name="framed",
        messages=(
            Message(role="system", content=" Answer  from the text."),
            Message(role="user", content="<doc>{haystack}</doc>\n{question}"),
        ),
    ),
)
ODD = (
    "Ein Flüßchen  rauscht…   naïve ﬁne ½ ²³ x² Å e\u0301 ",
    "<tag> 1234567 10,000 <|im_end|> a_b __x__ …… ",
    "नमस्ते दुनिया। สวัสดีชาวโลก ",
    "👩\u200d👩\u200d👧 🏳️\u200d🌈 🇩🇪🇫🇷 ok ",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\t\t\t\n \n",
    "         far         apart        ",
)


def made_text(seed: int, sentences: int, odd: float = 0.2) -> str:
    draw = random.Random(seed)
    parts = []
    for _ in range(sentences):
        if draw.random() < odd:
            parts.append(draw.choice(ODD))
        elif draw.random() < 0.3:
            parts.append(draw.choice(CHINESE).format(**{k: draw.choice(v) for k, v in HAN.items()}))
        else:
            parts.append(draw.choice(ENGLISH).format(**{k: draw.choice(v) for k, v in WORDS.items()}) + " ")
        parts.append(draw.choice(["", "", "", "\n", "\n\n"]))
    return "".join(parts)


TRAINED_ON = made_text(1, 600)
ALPHABET = pre_tokenizers.ByteLevel.alphabet()


def bpe(size: int = 900, **options: Any) -> tuple[models.BPE, trainers.BpeTrainer]:
    special = ["<unk>", *(f"<0x{i:02X}>" for i in range(256))] if options.get("byte_fallback") else ["<unk>"]
    return models.BPE(unk_token="<unk>", **options), trainers.BpeTrainer(
        vocab_size=size + len(special), special_tokens=special, show_progress=False
    )


def llama_2() -> Tokenizer:
    """As Llama-2's: no pre-tokenizer, one blank before every text, and merges that reach over blanks."""
    model, trainer = bpe(byte_fallback=True, fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def split_llama_2() -> Tokenizer:
    """The same with a vocabulary that was learnt word by word: pieces of words, and blanks before them."""
    learnt = metaspace("always", split=True)
    learnt.pre_tokenizer = None
    learnt.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return learnt


def metaspace(scheme: str, *, split: bool) -> Tokenizer:
    model, trainer = bpe(byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def byte_level(*, prefix: bool = False, trim: bool = False, regex: bool = True, normal: Any = None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normal
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim)
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=ALPHABET, show_progress=False)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    tokenizer.add_tokens(["<tag>", "  ", "    ", "\t\t"])
    return tokenizer


def llama_3() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=ALPHABET, show_progress=False)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def unigram(*, parted: bool, scheme: str = "always") -> Tokenizer:
    """As T5's and Gemma's: pieces of highest probability; `parted`: within words, else through the whole text."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=True)
    trainer = trainers.UnigramTrainer(vocab_size=700, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    if not parted:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    return tokenizer


def word_piece(*, accents: bool = True) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=accents)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=700, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(vocab_size=300, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def clip() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(TRAINED_ON.splitlines(), trainer)
    return tokenizer


def fixed_pieces() -> Tokenizer:
    """Seven characters each from the beginning on: nothing behind a seam is as it was."""
    tokenizer = byte_level(regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\s\S]{1,7}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


KINDS = {
    "llama-2": llama_2,
    "llama-2, words": split_llama_2,
    "llama-3": llama_3,
    "metaspace first": lambda: metaspace("first", split=True),
    "metaspace always": lambda: metaspace("always", split=True),
    "metaspace never": lambda: metaspace("never", split=True),
    "metaspace unsplit": lambda: metaspace("first", split=False),
    "byte-level": byte_level,
    "byte-level, blank before": lambda: byte_level(prefix=True, trim=True),
    "byte-level, unsplit": lambda: byte_level(regex=False),
    "byte-level, NFC": lambda: byte_level(trim=True, normal=normalizers.NFC()),
    "byte-level, NFKC": lambda: byte_level(normal=normalizers.NFKC()),
    "unigram": lambda: unigram(parted=True),
    "unigram, first": lambda: unigram(parted=True, scheme="first"),
    "unigram, unsplit": lambda: unigram(parted=False),
    "word-piece": word_piece,
    "word-piece, accents": lambda: word_piece(accents=False),
    "word-level": word_level,
    "clip": clip,
    "fixed pieces": fixed_pieces,
}


@pytest.fixture(scope="module", params=KINDS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """One kind as our tokenizer and as the package's own."""
    path: Path = tmp_path_factory.mktemp("kinds") / "tokenizer.json"
    KINDS[request.param]().save(str(path))
    whole = Tokenizer.from_file(str(path))
    whole.encode_special_tokens = True
    return load_tokenizer(f"hf:{path}"), lambda text: len(whole.encode(text, add_special_tokens=False).ids)


def check(both: tuple[Any, Any], text: str, drawn: random.Random, shortfall: int | None) -> None:
    ours, whole = both
    found = boundaries(text, "en")
    start = sentence_start(text, found, drawn.randrange(len(text)))
    source = make_source(text, "en", ours.starts(text), found, ours, start=start, copies=drawn.choice([1, 1, 2]))
    assert len(source.starts) == whole(source.text)
    for template in TEMPLATES:
        for depth in (0.0, drawn.uniform(1, 99), 100.0):
            length = drawn.randrange(300, max(301, min(2500, len(source.starts))))
            terms = {"length": length, "overhead": OVERHEAD, "tokenizer": ours}
            made = [
                build_prompt(source, one_needle(NEEDLE, QUESTION, depth), template, **terms),
                build_bare(source, template, QUESTION, **terms),
            ]
            for messages, placement in made:
                assert placement.total_tokens == OVERHEAD + sum(whole(message.content) for message in messages)
                assert placement.total_tokens <= length
                if shortfall is not None:
                    assert placement.total_tokens >= length - shortfall


def test_a_prompt_has_the_tokens_of_its_whole_text(both: tuple[Any, Any]) -> None:
    for seed in range(4):
        check(both, made_text(seed + 10, 250, odd=0.15), random.Random(seed), shortfall=8)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.text(max_size=60), min_size=3, max_size=5))
def test_so_it_has_with_any_text(both: tuple[Any, Any], seed: int, odd: list[str]) -> None:
    drawn = random.Random(seed)
    odd = [part.encode("utf-8", "ignore").decode() for part in odd]
    text = "".join(made_text(seed + i, 40) + part for i, part in enumerate(odd))
    check(both, text, drawn, shortfall=None)


def test_starts_are_as_many_as_tokens_and_go_up(both: tuple[Any, Any]) -> None:
    ours, whole = both
    for seed in range(3):
        text = made_text(seed, 60)
        starts = ours.starts(text)
        assert len(starts) == ours.count(text) == whole(text)
        assert (np.diff(starts) >= 0).all() and starts[0] >= 0 and starts[-1] < len(text)
