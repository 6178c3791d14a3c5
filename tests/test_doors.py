"""Imports stand at the top, from the module that defines the name; package files hold a docstring.

What is listed here is all that may stand inside a function, each with its reason; a cycle is none: the name that two
modules want belongs to a third.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src"

# module -> what it imports inside functions. Our own modules:
OWN = {
    "nihbench.tasks.family": {"nihbench.tasks.grading"},  # who only plans loads no scorer
    "nihbench.tasks.bank": {"nihbench.tasks.grading"},  # likewise
    "nihbench.tasks.changing": {"nihbench.tasks.grading"},  # likewise
    "nihbench.tasks.linked": {"nihbench.tasks.grading"},  # likewise
    "nihbench.tasks.listed": {"nihbench.tasks.grading"},  # likewise
    "nihbench.tasks.needle": {"nihbench.score.rules"},  # likewise
    "nihbench.app.loaded": {"nihbench.app.drawing", "nihbench.figures.page", "nihbench.figures.style"},  # the same
    "nihbench.app.python": {"nihbench.app.drawing", "nihbench.app.reporting"},  # the same, and the page of a report
    "nihbench.app.wiring": {"nihbench.score.selfcheck"},  # likewise
    "nihbench.cli.catalog": {"nihbench.score.selfcheck", "nihbench.score.values.told"},  # likewise
    "nihbench.tasks.latent": {"nihbench.score.grammar"},  # where the overlap of a pair is measured
    "nihbench.score.values.amounts": {"nihbench.score.values.units"},  # the registry of units, where one occurs
    "nihbench.app.finishing": {"nihbench.app.drawing", "nihbench.figures.style"},  # matplotlib, when something is drawn
    "nihbench.cli.gate": {"nihbench.app.live"},  # what sends, where a model is asked
    "nihbench.app.session": {"nihbench.app.finishing"},  # what reads results, when there are some
    "nihbench.app.sending": {"nihbench.app.finishing", "nihbench.app.rounds"},  # the same; for an adaptive run only
    "nihbench.cli.completing": {  # at a Tab: the families of tasks, the schemas, where one is asked for
        "nihbench.app.schemas",
        "nihbench.tasks.registry",
    },
    "nihbench.cli.history": {"nihbench.app.drawing", "nihbench.figures.style"},  # the same
    "nihbench.cli.hearing": {
        "nihbench.cli.passport",
        "nihbench.cli.progress",
    },  # the same, and the live view on a terminal only
}
# Others' that are slow to import and that most callers of the module never need, and those of extras:
OTHERS = {
    "nihbench.analysis.cases": {"rapidfuzz", "rapidfuzz.distance"},  # where cases are many
    "nihbench.analysis.table": {"pandas"},  # where a frame is asked for
    "nihbench.app.loaded": {"pandas"},  # the same
    "nihbench.cli.output": {"rich.console"},  # where something is drawn on a terminal
    "nihbench.cli.progress": {"rich.live"},  # on a terminal only
    "nihbench.cli.speech": {"typer.rich_utils"},  # help in another language
    "nihbench.corpora.store": {"pydoc_data.topics"},  # a corpus of 700 kB in one module
    "nihbench.endpoint.tokenizers": {"tiktoken", "tokenizers"},  # the one that is asked for; the extra `hf`
    "nihbench.fetch.pinned": {"httpx"},  # where something is fetched
    "nihbench.local.child": {"xllamacpp"},  # the extra `local`
    "nihbench.local.server": {"httpx"},  # where the embedded model is started
    # for a code that is nearly right, and for a telephone number with a country's code
    "nihbench.score.values.codes": {"rapidfuzz.distance", "phonenumbers"},
    "nihbench.score.values.names": {"rapidfuzz.distance"},  # for a name that is
    "nihbench.score.match": {"rapidfuzz.distance"},  # for an answer with a misspelt fact
    "nihbench.languages.zh": {"opencc", "pypinyin"},  # tables of megabytes, for Chinese answers
}
# Package files that do something.
FILES = {"nihbench", "nihbench.figures"}  # its face; what has to run before matplotlib


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the package as its syntax tree."""
    return {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """Keep no trees for the tests of other files: they are a million objects."""
    yield
    trees.cache_clear()


def inside(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that are imported inside functions."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_inside = waiting.pop()
        if is_inside and isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif is_inside and isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif not isinstance(node, ast.expr):  # no expression holds an import
            is_inside |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            waiting += [(child, is_inside) for child in ast.iter_child_nodes(node)]


def test_only_what_is_listed_is_imported_inside_a_function() -> None:
    found = {module: set(inside(tree)) for module, tree in trees().items()}
    ours = {module: {name for name in names if name.split(".")[0] == "nihbench"} for module, names in found.items()}
    others = {module: names - ours[module] for module, names in found.items()}
    assert {module: names for module, names in ours.items() if names} == OWN
    assert {module: names for module, names in others.items() if names} == OTHERS
    assert len(trees()) > 100


def test_a_package_file_holds_its_docstring() -> None:
    packages = [module for module in trees() if (ROOT / Path(*module.split(".")) / "__init__.py").exists()]
    assert {module for module in packages if len(trees()[module].body) != 1} == FILES
    assert all(ast.get_docstring(trees()[module]) for module in packages)


@cache
def defined(module: str) -> frozenset[str]:
    """The names that a module defines at its top, and those that it gives to others by its `__all__`."""
    names: set[str] = set()
    for node in trees()[module].body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            places = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for place in places for n in ast.walk(place) if isinstance(n, ast.Name)}
            if names & {"__all__"} and isinstance(node.value, ast.List):
                names |= {str(each.value) for each in node.value.elts if isinstance(each, ast.Constant)}
    return frozenset(names)


def hands_on(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether all that a function does is to call another one with what it was given, and with nothing else."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if function.decorator_list or len(body) != 1 or not isinstance(body[0], (ast.Return, ast.Expr)):
        return False
    call = body[0].value.value if isinstance(body[0].value, ast.Await) else body[0].value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return False
    its = function.args
    own = {each.arg for each in (*its.posonlyargs, *its.args, *its.kwonlyargs)} - {"self", "cls"}
    given = [*call.args, *(each.value for each in call.keywords)]
    return bool(own) and sorted(own) == sorted(ast.unparse(each) for each in given)


def test_no_function_only_hands_on_its_arguments() -> None:
    code = "def a(x, y): return b(y, z=x)\ndef c(x): return d(x, 1)\nasync def e(x):\n    'Do.'\n    await f(x)"
    assert [hands_on(each) for each in ast.parse(code).body] == [True, False, True]  # type: ignore[arg-type]
    functions = [
        (f"{module}.{node.name}", node)
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    # Families of tasks by others may say otherwise what a record holds of a draw.
    assert [name for name, node in functions if hands_on(node)] == ["nihbench.tasks.planting.drawn"]


def test_a_name_is_imported_from_the_module_that_defines_it() -> None:
    wrong = []
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nihbench":
                source = node.module or ""
                wrong += [
                    f"{module}: from {source} import {alias.name}"
                    for alias in node.names
                    if alias.name not in defined(source) and f"{source}.{alias.name}" not in trees()
                ]
    assert wrong == []
