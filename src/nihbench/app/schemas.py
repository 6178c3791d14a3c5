"""The JSON Schemas of the files that people write and of those that a run leaves, for editors and other programs.

They are made of the declarations by which the tool itself checks these files, so nothing is said twice; `schemas/` in
the repository and in the package holds them as files (`scripts/schemas.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from nihbench.app.baseline import Baseline
from nihbench.catalog.schema import CorpusFile, ModelsFile, NeedlesFile
from nihbench.errors import UsageError
from nihbench.lang.messages import Message, t
from nihbench.run.stored import Manifest
from nihbench.types import Bare, Completion, Failure, GradedElsewhere, Placement, Planted, Record, Score, Unscored

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WORDS = ("title", "default", "discriminator")
"""What pydantic adds that tells an editor nothing: its names of the fields, and defaults of null."""


def _of_model(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _of_run() -> Schema:
    """Return run.json's: what is read back; a file may hold more."""
    made = _adapted(Manifest)
    properties = made["properties"]
    for name, stored in (("planting", "task"), ("imported", "import")):
        properties[stored] = properties.pop(name)
    del properties["raw"]
    made["required"] = [name for name in made["required"] if name != "raw"]
    return made


def _of_record() -> Schema:
    """Return that of a line of records.jsonl: under the name of its outcome stands what came of it."""
    made = _adapted(Record)
    properties, defs = made["properties"], made["$defs"]
    del properties["outcome"]
    for name, kind in (("completion", Completion), ("failure", Failure), ("graded_elsewhere", GradedElsewhere)):
        properties[name] = {"$ref": f"#/$defs/{kind.__name__}"}
    for kind in (Completion, Failure):  # an imported answer's is not known
        latency = defs[kind.__name__]["properties"]
        latency["latency_s"] = {"anyOf": [latency["latency_s"], {"type": "null"}]}
    properties["placement"] = {
        "anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in (Placement, Bare)] + [{"type": "null"}]
    }
    planted = defs[Planted.__name__]["properties"]
    planted.pop("haystack", None)
    planted["haystack_made"] = {"type": "boolean"}
    made["required"] = [name for name in made["required"] if name != "outcome"]
    made["oneOf"] = [{"required": [name]} for name in ("completion", "failure", "graded_elsewhere")]
    return made


def _of_score() -> Schema:
    """Return that of a line of a scores file: a grade, or why there is none."""
    grade, none = _adapted(Score), _adapted(Unscored)
    defs = grade.pop("$defs", {}) | none.pop("$defs", {})
    for each in (grade, none):
        each["properties"]["id"] = {"type": "string"}
        each["required"] = ["id", *each["required"]]
    none["properties"]["unscored"] = none["properties"].pop("reason")
    none["required"] = [{"reason": "unscored"}.get(name, name) for name in none["required"]]
    return {"oneOf": [grade, none], "$defs": defs}


SCHEMAS: Mapping[str, tuple[Message, Callable[[], Schema]]] = {
    "needles": (t("schema.needles"), lambda: _of_model(NeedlesFile)),
    "models": (t("schema.models"), lambda: _of_model(ModelsFile)),
    "corpus": (t("schema.corpus"), lambda: _of_model(CorpusFile)),
    "run": (t("schema.run"), _of_run),
    "record": (t("schema.record"), _of_record),
    "score": (t("schema.score"), _of_score),
    "baseline": (t("schema.baseline"), lambda: _of_model(Baseline)),
}
"""By name: what file it is of, and what makes it."""


def schema_of(name: str) -> Schema:
    """Return a JSON Schema (draft 2020-12).

    Args:
        name: one of `SCHEMAS`.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SCHEMAS:
        raise UsageError(t("schema.no_such_schema", name=name, names=tuple(SCHEMAS)))
    told, make = SCHEMAS[name]
    return {"$schema": DIALECT, "title": f"nihbench: {told}", **_tidy(make())}


def _adapted(kind: type) -> Schema:
    made = TypeAdapter(kind).json_schema()
    defs = made.setdefault("$defs", {})
    if kind.__name__ in defs:  # it holds itself
        made = {**made, **defs[kind.__name__]}
        made.pop("$ref", None)
    if "Note" in defs:  # in files a note's fields stand beside its code
        defs["Note"] = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    return made


def _tidy(value: Any, *, names: bool = False) -> Any:
    """Return a schema without what pydantic adds of its own, its keys' patterns said so that others are refused.

    Args:
        value: a schema, or a part of one.
        names: it is a group whose keys are names and no words of the schema's.
    """
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, dict):
        return " ".join(value.split()) if isinstance(value, str) and "\n" in value else value
    kept = {
        key: _tidy(each, names=key in ("properties", "$defs", "patternProperties") and not names)
        for key, each in value.items()
        if names or key not in _WORDS
    }
    patterns = kept.get("patternProperties")
    if not names and isinstance(patterns, dict) and len(patterns) == 1:
        del kept["patternProperties"]
        ((pattern, each),) = patterns.items()
        kept |= {"propertyNames": {"pattern": pattern}, "additionalProperties": each}
    return kept
