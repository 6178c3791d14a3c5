"""The committed figures: the ledger tells what they were made from, and a change of any of it is noticed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from scripts import gallery

ROOT = Path(__file__).resolve().parents[2]


def ledger():
    return json.loads(gallery.LEDGER.read_text(encoding="utf-8"))["figures"]


def test_every_committed_figure_is_the_one_in_the_ledger():
    kept = ledger()
    files = {path for path in gallery.GALLERY.iterdir() if path.suffix in {".png", ".svg", ".gif"}}
    assert {ROOT / name for name in kept} == files | {gallery.REFERENCE_FIGURE}
    for name, line in kept.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == line["sha256"], name


def test_every_picture_of_the_page_is_there_and_synthetic_runs_are_called_so():
    page = (gallery.GALLERY / "README.md").read_text(encoding="utf-8")
    named = {part.split(")")[0] for part in page.split("](")[1:]} - {"../figures.md"}
    assert all((gallery.GALLERY / name).exists() for name in named)
    for name in (path.name for path in gallery.GALLERY.iterdir() if path.suffix in {".png", ".svg", ".gif"}):
        assert name in page, name
    for line in ledger().values():
        assert all(run.startswith("synthetic-") for run in line["runs"]) or line["runs"] == [gallery.REFERENCE.name]


def test_stale_figures_are_told():
    kept = ledger()
    assert gallery.stale(kept, kept, same=True) == []
    name = next(iter(kept))
    other = kept | {name: kept[name] | {"inputs": "0"}}
    assert gallery.stale(kept, other, same=False) == [
        f"{name}: its runs or the code that draws it changed since it was made"
    ]
    other = kept | {name: kept[name] | {"sha256": "0"}}
    assert gallery.stale(kept, other, same=True) == [f"{name}: made again with the same versions, it has other bytes"]
    assert gallery.stale(kept, other, same=False) == [], "another FreeType may set a glyph elsewhere"
    assert gallery.stale(other, kept, same=False) == [f"{name}: the file is missing, or not the one that was made"]
    assert len(gallery.stale({}, kept, same=True)) == len(gallery.stale(kept, {}, same=True)) == len(kept)
