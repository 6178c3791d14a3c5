"""Write the JSON Schemas into `schemas/`: `python scripts/schemas.py`; with `--check`, say whether they are as made.

They are package data, and stand in the repository so that an editor finds them beside the files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nihbench.app.schemas import SCHEMAS, schema_of

FOLDER = Path(__file__).resolve().parent.parent / "schemas"


def files() -> dict[str, str]:
    """Return each file's name with its content."""
    return {f"{name}.schema.json": json.dumps(schema_of(name), indent=2) + "\n" for name in SCHEMAS}


def main(arguments: list[str]) -> int:
    """Write them, or check them; return the exit code."""
    made = files()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if arguments == ["--check"]:
        wrong = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        print(f"not as made: {', '.join(wrong)}: run python scripts/schemas.py" if wrong else "schemas are as made")
        return 1 if wrong else 0
    for name in there.keys() - made.keys():
        (FOLDER / name).unlink()
    for name, content in made.items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
