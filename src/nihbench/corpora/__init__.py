"""Corpora: from a manifest, or a path of the user's own, to a text with a name, a language and a hash.

Texts are fetched once, cleaned as the manifest says, and kept as NAME.txt in the haystack folder; a text is never
used without its hash being what the manifest says. Tokens and sentences are the room `text`'s matter; only the cache
of token offsets is here, because it is a file.
"""

from nihbench.corpora.cleaning import clean
from nihbench.corpora.offsets import repeated_windows, sentence_boundaries, token_starts
from nihbench.corpora.ownfile import load_path
from nihbench.corpora.stats import CorpusStats, TokenCount, stats
from nihbench.corpora.store import alternatives_to, ensure, fetch, haystack_folder, is_intact, load, stored_path

__all__ = [
    "CorpusStats",
    "TokenCount",
    "alternatives_to",
    "clean",
    "ensure",
    "fetch",
    "haystack_folder",
    "is_intact",
    "load",
    "load_path",
    "repeated_windows",
    "sentence_boundaries",
    "stats",
    "stored_path",
    "token_starts",
]
