"""Who in the corpora rivals the pairs of `latent`: `python -m benchmarks.rivals --help`.

A question asks for somebody of whom a fact is told. It would be ambiguous in a text that says as much of somebody else.
Every sentence of every packaged corpus of a language is searched for the content words (stems in English, neighbouring
signs in Chinese) of each needle, its person left out, and of each question. A sentence that says all of a needle is a
rival. One that has most of a needle or a question (`--share`) is listed, for somebody to read: whether it tells of
somebody whom the question fits is nothing that words tell. The exit code is 1 where there is a rival.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path

from nihbench.catalog.loading import load
from nihbench.corpora.store import alternatives_to, ensure, haystack_folder
from nihbench.errors import NihError
from nihbench.fetch.files import silent
from nihbench.tasks.latent import PAIRS, content_words
from nihbench.text.sentences import boundaries

LANGUAGES = ("en", "zh")


def units_of(text: str, language: str) -> frozenset[str]:
    """Return what of a text is looked for: content stems, or in Chinese each two signs of them that stand together."""
    words = content_words(text, language)
    if language != "zh":
        return words
    return frozenset(one + other for one, other in pairwise(text) if one in words and other in words)


def wanted_in(language: str) -> list[tuple[str, bool, frozenset[str]]]:
    """Return every needle and question of a language: its text, whether it is the needle, and what is looked for."""
    told = [(pair.sentence("", language), True) for pair in PAIRS]
    told += [(pair.question("latent", language), False) for pair in PAIRS]
    return [(text, is_needle, units_of(text, language)) for text, is_needle in told]


def near(
    sentence: frozenset[str], wanted: list[tuple[str, bool, frozenset[str]]], share: float
) -> list[tuple[str, bool, float]]:
    """Return the needles and questions of which a sentence has at least a share."""
    found = ((text, is_needle, len(words & sentence) / len(words)) for text, is_needle, words in wanted if words)
    return [each for each in found if each[-1] >= share]


def main() -> int:
    """Search and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.8, help="of the content words that a listed sentence has")
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    chosen = parser.parse_args()
    catalog, rivals = load(), 0
    for language in chosen.languages.split(","):
        wanted = wanted_in(language)
        for manifest in catalog.corpora.values():
            if manifest.language != language:
                continue
            others = alternatives_to(manifest, catalog.corpora.values())
            try:
                corpus = ensure(manifest, folder=haystack_folder(Path.cwd()), report=silent, alternatives=others)
            except NihError as error:
                print(f"{manifest.name}: not searched: {error}")
                continue
            ends = [0, *boundaries(corpus.text, language).tolist(), len(corpus.text)]
            count, listed = 0, list[str]()
            for one, other in zip(ends, ends[1:], strict=False):
                sentence = corpus.text[one:other].strip()
                count += 1
                for text, is_needle, has in (
                    near(units_of(sentence, language), wanted, chosen.share) if sentence else []
                ):
                    rivals += is_needle and has == 1
                    listed.append(f"  {has:.0%} of {text!r}: {sentence[:200]!r}")
            print(f"{manifest.name}: {count:,} sentences, {len(listed)} listed", *listed, sep="\n", flush=True)
    print(f"{len(PAIRS)} pairs, {rivals} rivals")
    return 1 if rivals else 0


if __name__ == "__main__":
    sys.exit(main())
