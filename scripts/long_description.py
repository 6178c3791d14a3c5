"""What the package's page on an index says: the README without what only the repository has.

Hatchling calls it when a wheel or an sdist is built (`[tool.hatch.metadata.hooks.custom]`). An index shows one page and
no other file: pictures that lie in the repository are left out with their captions, links to its files are text, and
what stands between the comments `repository` and `/repository` is about a checkout.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_ELSEWHERE = ("https://", "http://", "mailto:")
# A picture, perhaps inside a link; a link of words.
_PICTURE = re.compile(r"\[?!\[[^\]]*\]\((?P<to>[^)\s]+)\)(?:\]\([^)]*\))?")
_LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]+)\]\((?P<to>[^)\s]+)\)")


def page_of(readme: str) -> str:
    """Return a README as a page that stands alone."""
    readme = re.sub(r"<!-- repository -->.*?<!-- /repository -->\n*", "", readme, flags=re.DOTALL)
    kept: list[str] = []
    lost = False  # a picture was left out: what comes next may be its caption
    for block in re.split(r"\n{2,}", readme):
        picture = _PICTURE.fullmatch(block.strip())
        if picture and not picture["to"].startswith(_ELSEWHERE):
            lost = True
            continue
        if lost and re.fullmatch(r"\*[^*].*\*", block.strip(), re.DOTALL):
            continue
        lost = False
        kept.append(_unlinked(block))
    return "\n\n".join(kept).strip() + "\n"


def _unlinked(block: str) -> str:
    return _LINK.sub(lambda link: link[0] if link["to"].startswith(_ELSEWHERE) else link["words"], block)


class LongDescription(MetadataHookInterface):
    """Puts the page into the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": page_of(text)}
