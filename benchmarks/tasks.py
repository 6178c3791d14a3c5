"""How exact and how quick prompts of all tasks are: `python -m benchmarks.tasks --help`.

Every task, language and haystack at several lengths: the prompt is counted again as a whole, each insert is looked for,
and the distances between inserts are measured. It prints one line a task and length; the exit code is 1 where a prompt
is too long, more than 8 tokens short, or an insert stands elsewhere than recorded.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import pairwise, product
from pathlib import Path

from nihbench.catalog.loading import load
from nihbench.corpora.offsets import sentence_boundaries, token_starts
from nihbench.corpora.store import ensure, haystack_folder
from nihbench.endpoint.tokenizers import load_tokenizer
from nihbench.errors import UsageError
from nihbench.fetch.files import silent
from nihbench.plan.grid import trial_at
from nihbench.run.texts import made_source
from nihbench.tasks.planting import HAYSTACKS, TURNS
from nihbench.tasks.registry import SINGLE_NEEDLE, family, known
from nihbench.tasks.task import of_family
from nihbench.text.prompt import build_prompt
from nihbench.text.source import Source, make_source, shuffled_source
from nihbench.text.turns import turned_source
from nihbench.types import ASKED, REPLIED, Placement, Planted, Tokenizer

EXCHANGE = 8
"""Tokens of a template around a turn of the user's and one of the assistant's."""
CORPORA = {"en": "paul-graham-en", "zh": "three-kingdoms-zh"}


def source_of(language: str, tokenizer: Tokenizer, longest: int) -> Source:
    """Return the usual corpus of a language, as often as the longest length takes."""
    manifest = load().corpora[CORPORA[language]]
    corpus = ensure(manifest, folder=haystack_folder(Path.cwd()), report=silent)
    starts = token_starts(corpus.text, corpus.sha256, tokenizer)
    between = sentence_boundaries(corpus.text, corpus.sha256, language)
    return make_source(corpus.text, language, starts, between, tokenizer, copies=1 + longest // len(starts))


def wrong_in(planted: Planted, source: Source, length: int, tokenizer: Tokenizer) -> tuple[str, float]:
    """Build a prompt; return what is wrong with it, and the least distance of two inserts in percent."""
    template = load().prompt("original")
    messages, place = build_prompt(
        source, planted, template, length=length, overhead=7, tokenizer=tokenizer, exchange=EXCHANGE
    )
    whole = "".join(message.content for message in messages)
    turns = (len(messages) - len(template.messages)) * EXCHANGE // 2
    counted = 7 + turns + sum(tokenizer.count(message.content) for message in messages)
    found = ""
    if counted != place.total_tokens or not length - 8 <= counted <= length:
        found = f"{counted} tokens for {length}"
    if planted.turned:
        told = [(one.content, other.content) for one, other in pairwise(messages)]
        stood = [told.count((asked, reply)) for asked, reply in map(_turns, planted.texts)]
        found = found or ("" if all(count == 1 for count in stood) else "a turn is missing")
        return found, least_distance(place)
    at, pieces, places = place.start, list[str](), list[tuple[int, str]]()
    for each in place.inserts:
        text = planted.texts[each.index]
        pieces += [source.text[at : each.at], each.before]
        places.append((sum(map(len, pieces)), text))
        pieces += [text, each.after]
        at = each.at
    begin = whole.find("".join([*pieces, source.text[at : place.end], place.tail]))
    elsewhere = [text for where, text in places if whole.count(text) != 1 or whole.find(text) != begin + where]
    if begin < 0 or elsewhere:
        found = found or f"an insert is elsewhere: {elsewhere[:1]}"
    return found, least_distance(place)


def _turns(text: str) -> tuple[str, str]:
    asked, _, reply = text.removeprefix(ASKED).partition(REPLIED)
    return asked, reply


def least_distance(place: Placement) -> float:
    """Return the least distance of two inserts in percent of the haystack."""
    depths = [each.achieved_depth_percent for each in place.inserts]
    return min((b - a for a, b in pairwise(depths)), default=100.0)


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="250,1000,8000,64000,250000,1000000")
    parser.add_argument("--tokenizer", default="o200k_base")
    parser.add_argument("--tasks", default=",".join(known()))
    parser.add_argument("--haystacks", default=",".join(HAYSTACKS))
    chosen = parser.parse_args()
    lengths = [int(each) for each in chosen.lengths.split(",")]
    tokenizer, bad, made = load_tokenizer(chosen.tokenizer), 0, 0
    sources = {language: source_of(language, tokenizer, lengths[-1]) for language in CORPORA}
    for name in chosen.tasks.split(","):
        offered = family(name).options
        if name == SINGLE_NEEDLE:
            continue
        for length in lengths:
            began, least, built, faults = time.process_time(), 100.0, 0, list[str]()
            for language, source in sources.items():
                kinds = chosen.haystacks.split(",") if "haystack" in offered else ["text"]
                for haystack, turns in product(kinds, TURNS if "turns" in family(name).later else TURNS[:1]):
                    options = {"haystack": haystack, "distractors": "4"}
                    given = {key: options[key] for key in options if key in offered}
                    task = of_family(name, language, given | ({"turns": turns} if turns != TURNS[0] else {}))
                    where = {"experiment": "", "needle": "", "prompt": "original", "length": length}
                    trial = trial_at(task.axis.name, (*task.axis.values, 41.7, 41.7)[1], **where)
                    planted = task.planted(trial, 0)
                    text = source
                    if planted.haystack is not None:
                        text = made_source(planted.haystack, language, tokenizer)
                    elif planted.shuffled:
                        text = shuffled_source(source, length, tokenizer)
                    if planted.turned:
                        text = turned_source(text, length, tokenizer, EXCHANGE)
                    try:
                        fault, apart = wrong_in(planted, text, length, tokenizer)
                    except UsageError:
                        continue  # what is planted has no room
                    built, least = built + 1, min(least, apart)
                    faults += [f"{language} {haystack} {turns}: {fault}"] if fault else []
            seconds = time.process_time() - began
            print(
                f"{name} {length}: {built} prompts, {seconds:.1f} s, least distance {least:.2f}%", *faults, flush=True
            )
            bad, made = bad + len(faults), made + built
    print(f"{made} prompts, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
