"""Make the screenshots of the report in docs/report: `python scripts/report_screenshots.py` (it needs chromium).

They show the reference run in results/, which is real, and a report on synthetic runs, which says that it is. Text is
drawn with the fonts of the machine: for the Chinese ones install a Chinese font (apt-get install fonts-noto-cjk).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from nihbench.cli.app import main as nih  # noqa: E402
from scripts.browser import Browser, browser_missing  # noqa: E402
from scripts.synthetic_runs import write_run  # noqa: E402

REFERENCE = ROOT / "results" / "reference-smollm2-135m"
SHOTS = ROOT / "docs" / "report"


def main() -> int:
    """Make all screenshots; return the exit code."""
    if browser_missing():
        print(browser_missing(), file=sys.stderr)
        return 2
    SHOTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, several = folder / "one.html", folder / "several.html"
        _report(one, REFERENCE)
        runs = [
            write_run(REFERENCE, folder, f"synthetic-{model}", strength=strength, prompts=("original", "explicit"))
            for model, strength in (("alpha", 3.4), ("beta", 1.6))
        ]
        _report(several, *runs)
        with Browser(folder / "profile") as browser:
            browser.size(1280, 900)
            browser.open(one)
            _settled(browser, "report-1280-page.png")
            browser.click(0, 6, 4)
            _settled(browser, "report-1280.png")
            browser.open(several)
            browser.size(1280, 900, dark=True)
            browser.hover(0, 8, 8)
            _settled(browser, "report-1280-dark.png")
            browser.size(390, 844, phone=True)
            browser.open(one)
            _settled(browser, "report-390.png")
            browser.run("document.getElementById('language').click()")
            browser.click(0, 6, 4)
            _settled(browser, "report-390-zh.png")
    return 0


def _report(out: Path, *runs: Path) -> None:
    try:
        nih(["report", *map(str, runs), "--out", str(out)])
    except SystemExit as ended:
        if ended.code:
            raise


def _settled(browser: Browser, name: str) -> None:
    time.sleep(0.5)  # the page draws again a moment after its width changed
    browser.screenshot(SHOTS / name)


if __name__ == "__main__":
    raise SystemExit(main())
