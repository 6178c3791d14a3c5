"""One request to a model, and the counting of tokens: client, failure classes, tokenizers.

The names are loaded when they are first used, because httpx and tiktoken are slow to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nihbench.endpoint.access import ModelAccess, open_model
    from nihbench.endpoint.canary import FRAME_TOKENS, Canary, arrives_whole, filler, sing
    from nihbench.endpoint.checkup import CHECK_PATIENCE_S, KNOWN_TEXT, Preflight, preflight, verdict
    from nihbench.endpoint.client import ChatClient
    from nihbench.endpoint.connection import Endpoint, Timeouts, is_telling
    from nihbench.endpoint.counting import ServerTokenizer, chat_overhead
    from nihbench.endpoint.dialect import Call, Dialect
    from nihbench.endpoint.failures import HANDLING, Diagnosis, Handling, classify, may_pass
    from nihbench.endpoint.holdoff import put_off
    from nihbench.endpoint.limits import Limiter, Limits
    from nihbench.endpoint.pool import SideBySide
    from nihbench.endpoint.request_counts import request_counter
    from nihbench.endpoint.retries import LONGEST_WAIT_S
    from nihbench.endpoint.servers import ServerInfo, probe
    from nihbench.endpoint.spending import Budget, cost_of
    from nihbench.endpoint.tokenizers import is_tokenizer_file, load_tokenizer
    from nihbench.endpoint.waits import in_words

_HOMES = {
    "Budget": "spending",
    "cost_of": "spending",
    "SideBySide": "pool",
    "Limiter": "limits",
    "Limits": "limits",
    "put_off": "holdoff",
    "LONGEST_WAIT_S": "retries",
    "in_words": "waits",
    "ModelAccess": "access",
    "open_model": "access",
    "Call": "dialect",
    "ChatClient": "client",
    "Endpoint": "connection",
    "Timeouts": "connection",
    "ServerInfo": "servers",
    "ServerTokenizer": "counting",
    "chat_overhead": "counting",
    "probe": "servers",
    "HANDLING": "failures",
    "Diagnosis": "failures",
    "Dialect": "dialect",
    "Handling": "failures",
    "classify": "failures",
    "may_pass": "failures",
    "Preflight": "checkup",
    "is_telling": "connection",
    "is_tokenizer_file": "tokenizers",
    "load_tokenizer": "tokenizers",
    "preflight": "checkup",
    "CHECK_PATIENCE_S": "checkup",
    "KNOWN_TEXT": "checkup",
    "verdict": "checkup",
    "Canary": "canary",
    "sing": "canary",
    "FRAME_TOKENS": "canary",
    "arrives_whole": "canary",
    "filler": "canary",
    "request_counter": "request_counts",
}

__all__ = [
    "HANDLING",
    "Call",
    "Budget",
    "CHECK_PATIENCE_S",
    "FRAME_TOKENS",
    "KNOWN_TEXT",
    "LONGEST_WAIT_S",
    "Canary",
    "ChatClient",
    "Diagnosis",
    "Dialect",
    "Endpoint",
    "Handling",
    "Limiter",
    "Limits",
    "ModelAccess",
    "Preflight",
    "ServerInfo",
    "ServerTokenizer",
    "SideBySide",
    "Timeouts",
    "arrives_whole",
    "chat_overhead",
    "classify",
    "cost_of",
    "filler",
    "in_words",
    "is_telling",
    "is_tokenizer_file",
    "load_tokenizer",
    "may_pass",
    "request_counter",
    "open_model",
    "preflight",
    "probe",
    "put_off",
    "sing",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
