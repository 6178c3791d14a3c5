"""One request to a model, and the counting of tokens: client, failure classes, tokenizers."""

import sys

# httpx brings a command line of its own where rich and click are there: a tenth of a second that no run needs. A module
# that is None counts as one that is not there.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
