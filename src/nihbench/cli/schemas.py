"""`nih schema`: the JSON Schemas of the files that people write and of those that a run leaves."""

from __future__ import annotations

from nihbench.app.schemas import SCHEMAS, schema_of
from nihbench.cli.output import show_json, tell
from nihbench.lang.messages import said


def schema(name: str | None, as_json: bool) -> None:
    """Print one, or say which there are."""
    if name is not None:
        show_json(schema_of(name))
    elif as_json:
        show_json({each: schema_of(each) for each in SCHEMAS})
    else:
        tell("\n".join(f"  {each:<10} {said(told)}" for each, (told, _) in SCHEMAS.items()))
