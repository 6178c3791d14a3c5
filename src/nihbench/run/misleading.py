"""The sentences of a run's corpus that could answer its question too: where a wrong answer's source is looked for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nihbench.catalog.loading import load
from nihbench.errors import NihError
from nihbench.run.store import open_run
from nihbench.run.stored import corpus_of, stored_needle
from nihbench.run.texts import stored_corpus
from nihbench.score.rivals import rivals, sentences_of


@lru_cache(maxsize=8)
def misleading_text(path: Path) -> str:
    """Return these sentences, one a line, under any wording of the question; empty where the corpus is not here.

    Args:
        path: the run's folder, absolute; what was found for it is kept.
    """
    content = open_run(path).manifest
    needle = stored_needle(content)
    try:
        catalog = load()
        corpus = stored_corpus(catalog, corpus_of(content, path, catalog), Path.cwd(), content["corpus"]["sha256"])
    except NihError:
        return ""
    sentences = sentences_of(corpus.text, corpus.language)
    questions = dict.fromkeys(needle.question_for(prompt) for prompt in content["prompts"])
    found = {rival.start: rival.text for question in questions for rival in rivals(sentences, needle, question)}
    return "\n".join(" ".join(text.split()) for text in found.values())
