"""A headless Chromium for the tests of the report and for its screenshots: nothing but the page itself is reached."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--force-color-profile=srgb",
)  # fmt: skip


def browser_missing() -> str:
    """Return why there is no browser here, or nothing."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        return "chromium and chromedriver are not installed: apt-get install chromium chromium-driver"
    return ""


class Browser:
    """One Chromium with an empty profile, by ChromeDriver; closed at the end of a `with` block."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *error: object) -> None:
        self.driver.quit()

    def size(self, width: int, height: int, *, phone: bool = False, dark: bool = False) -> None:
        """Give the window a size, and the page the system's wish for dark or light."""
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, path: Path) -> None:
        """Open a file from disk and wait until it is loaded."""
        self.driver.get(path.resolve().as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def tell(self, command: str, **arguments: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def cell(self, panel: int, row: int, column: int) -> tuple[float, float]:
        """Bring a cell of a map into sight and return where its middle is in the window."""
        x, y = self.run(
            """const map = document.querySelectorAll("#maps svg.map")[arguments[0]];
            map.scrollIntoView({block: "center"});
            const found = [...map.querySelectorAll(".cell")].find((each) =>
              Number(each.dataset.row) === arguments[1] && Number(each.dataset.col) === arguments[2]);
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];""",
            panel,
            row,
            column,
        )
        return x, y

    def hover(self, panel: int, row: int, column: int) -> None:
        """Move the pointer onto a cell of a map."""
        x, y = self.cell(panel, row, column)
        self.tell("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, panel: int, row: int, column: int) -> None:
        """Click a cell of a map."""
        x, y = self.cell(panel, row, column)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def screenshot(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"]))
