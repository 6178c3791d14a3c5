"""Corpora: from a manifest, or a path of the user's own, to a text with a name, a language and a hash.

Texts are fetched once, cleaned as the manifest says, and kept as NAME.txt in the haystack folder; a text is never
used without its hash being what the manifest says. Tokens and sentences are the room `text`'s matter; only the cache
of token offsets is here, because it is a file.
"""
