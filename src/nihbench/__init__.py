"""nihbench: the needle-in-a-haystack long-context evaluation, with numbers that can be defended.

What a program can do with it (docs/python.md):

    import nihbench as nih

    run = nih.run(model="smollm2-135m", quick=True)
    run.grid("score")
    nih.plot(run, out="map.png")
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nihbench.app.comparing import Comparison as Comparison
    from nihbench.app.events import Bill as Bill
    from nihbench.app.events import ControlTold as ControlTold
    from nihbench.app.events import Drawn as Drawn
    from nihbench.app.events import Event as Event
    from nihbench.app.events import Fetching as Fetching
    from nihbench.app.events import Measured as Measured
    from nihbench.app.events import PartBegan as PartBegan
    from nihbench.app.events import PartEnded as PartEnded
    from nihbench.app.events import PassportMade as PassportMade
    from nihbench.app.events import Spent as Spent
    from nihbench.app.events import Told as Told
    from nihbench.app.events import TrialDone as TrialDone
    from nihbench.app.gating import Gate as Gate
    from nihbench.app.history import History as History
    from nihbench.app.keywords import Keywords as Keywords
    from nihbench.app.loaded import Run as Run
    from nihbench.app.loaded import load_run as load_run
    from nihbench.app.passports import Passports as Passports
    from nihbench.app.planning import Plan as Plan
    from nihbench.app.prompting import Prompt as Prompt
    from nihbench.app.python import aresume as aresume
    from nihbench.app.python import arun as arun
    from nihbench.app.python import compare as compare
    from nihbench.app.python import gate as gate
    from nihbench.app.python import grade as grade
    from nihbench.app.python import history as history
    from nihbench.app.python import passport as passport
    from nihbench.app.python import plan as plan
    from nihbench.app.python import plot as plot
    from nihbench.app.python import prompt as prompt
    from nihbench.app.python import report as report
    from nihbench.app.python import resume as resume
    from nihbench.app.python import run as run
    from nihbench.errors import DamagedDataError as DamagedDataError
    from nihbench.errors import EndpointError as EndpointError
    from nihbench.errors import LocalModelError as LocalModelError
    from nihbench.errors import NihError as NihError
    from nihbench.errors import StoppedError as StoppedError
    from nihbench.errors import UsageError as UsageError
    from nihbench.lang.messages import speak as speak
    from nihbench.types import Score as Score
    from nihbench.types import Unscored as Unscored

__version__ = "0.1.0"
_DEFINED = {
    "nihbench.app.comparing": "Comparison",
    "nihbench.app.events": (
        "Bill ControlTold Drawn Event Fetching Measured PartBegan PartEnded PassportMade Spent Told TrialDone"
    ),
    "nihbench.app.gating": "Gate",
    "nihbench.app.history": "History",
    "nihbench.app.keywords": "Keywords",
    "nihbench.app.loaded": "Run load_run",
    "nihbench.app.passports": "Passports",
    "nihbench.app.planning": "Plan",
    "nihbench.app.prompting": "Prompt",
    "nihbench.app.python": "aresume arun compare gate grade history passport plan plot prompt report resume run",
    "nihbench.errors": "DamagedDataError EndpointError LocalModelError NihError StoppedError UsageError",
    "nihbench.lang.messages": "speak",
    "nihbench.types": "Score Unscored",
}  # fmt: skip
_PLACES = {name: module for module, names in _DEFINED.items() for name in names.split()}
__all__ = ["__version__", *sorted(_PLACES)]  # noqa: PLE0604  names of the table


class _Face(ModuleType):
    """This package: what it offers is imported when it is asked for, so that `import nihbench` stays light.

    Two of its functions are called as two of its rooms are (`run`, `plan`). The name on the package is the function's;
    what is in a room is imported from the room's module, as everywhere.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PLACES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_PLACES[name]), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Face
