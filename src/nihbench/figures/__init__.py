"""Table -> picture: maps, panels, differences and profiles as files, the map in a terminal, and captions.

Nothing here computes a score.
"""

import os
from contextlib import chdir
from importlib import import_module
from pathlib import Path

if os.path.lexists("matplotlibrc"):
    # matplotlib reads its settings from the working folder when it is imported, and prints what it can't read there:
    # in somebody else's folder such a file may be a link to a file of keys, or a pipe.
    with chdir(Path(__file__).parent):
        import_module("matplotlib")
