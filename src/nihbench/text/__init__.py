"""Pure text work: token positions, sentence boundaries, fit and splice, and whole prompts. No I/O."""

from nihbench.text.bare import build_alone, build_bare, rebuild_bare
from nihbench.text.encoded import EncodedMessages, Pieces, messages_json
from nihbench.text.fit import TOLERANCE_TOKENS, Frame, Splice, fit
from nihbench.text.prompt import (
    PLACEMENT_VERSION,
    around,
    asks_first,
    build_prompt,
    digest,
    frame_of,
    head_of,
    rebuild,
    render,
)
from nihbench.text.sentences import boundaries
from nihbench.text.source import Source, compose_text, make_source, sentence_start

__all__ = [
    "PLACEMENT_VERSION",
    "EncodedMessages",
    "TOLERANCE_TOKENS",
    "Frame",
    "Pieces",
    "Source",
    "Splice",
    "asks_first",
    "around",
    "boundaries",
    "build_alone",
    "build_bare",
    "build_prompt",
    "compose_text",
    "digest",
    "fit",
    "frame_of",
    "head_of",
    "make_source",
    "messages_json",
    "rebuild",
    "rebuild_bare",
    "render",
    "sentence_start",
]
