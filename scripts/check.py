"""Run the project's gates: `python scripts/check.py` runs all, `python scripts/check.py ruff mypy` some.

Each gate runs in this interpreter's environment (`pip install -e ".[dev]"`); the exit code is 1 when one fails.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable

GATES: dict[str, list[list[str]]] = {
    "ruff": [[PYTHON, "-m", "ruff", "check", "."], [PYTHON, "-m", "ruff", "format", "--check", "."]],
    "mypy": [[PYTHON, "-m", "mypy"], [PYTHON, "-m", "mypy", "--strict", "examples/sweep.py"]],
    "imports": [[PYTHON, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]],
    "figures": [[PYTHON, "scripts/gallery.py", "--check"]],
    "pytest": [[PYTHON, "-m", "pytest", "-n", "auto", "--dist", "worksteal"]],
}


def main(names: list[str]) -> int:
    """Run the named gates (all if none is named) and return the exit code."""
    unknown = [name for name in names if name not in GATES]
    if unknown:
        print(f"no gate {unknown[0]!r}: the gates are {', '.join(GATES)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or list(GATES):
        print(f"== {name}", flush=True)
        if any(subprocess.run(command, cwd=ROOT, check=False).returncode for command in GATES[name]):
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all gates passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
