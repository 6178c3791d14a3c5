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
    splice_of,
)
from nihbench.text.running import running_start
from nihbench.text.sentences import boundaries, sentence_ends
from nihbench.text.source import GLUE, Source, SourceText, make_source, sentence_start
from nihbench.text.starts import MOST_COMPARED, Layout, Ring, haystack_starts, layout_for

__all__ = [
    "GLUE",
    "PLACEMENT_VERSION",
    "EncodedMessages",
    "TOLERANCE_TOKENS",
    "Frame",
    "MOST_COMPARED",
    "Layout",
    "Pieces",
    "Ring",
    "Source",
    "Splice",
    "asks_first",
    "around",
    "boundaries",
    "build_alone",
    "build_bare",
    "build_prompt",
    "SourceText",
    "digest",
    "fit",
    "frame_of",
    "haystack_starts",
    "head_of",
    "layout_for",
    "make_source",
    "messages_json",
    "rebuild",
    "rebuild_bare",
    "render",
    "running_start",
    "sentence_ends",
    "sentence_start",
    "splice_of",
]
