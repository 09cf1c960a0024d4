"""The shape of the code that CONTRIBUTING.md promises: files and functions of a size to read, imports without circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("kits", "edge_agent", "cloud_sync")
ONE_WITH_THEIR_ROUTES = "cloud_sync.crm.simulator"
"""A pretended CRM and its routes are one application in several files."""
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 80


@dataclass(frozen=True)
class Shape:
    """What is looked at in one file.

    Attributes:
        functions: name → lines of the longest one of this name.
        imports: modules and names that it imports when it runs, also inside functions.
    """

    lines: int
    functions: Mapping[str, int]
    imports: Set[str]


def shape_of(text: str) -> Shape:
    """The shape of a module's text."""
    functions: dict[str, int] = {}
    imports: set[str] = set()
    for node in statements(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            functions[node.name] = max(size, functions.get(node.name, 0))
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.update((node.module, *(f"{node.module}.{a.name}" for a in node.names)))
    return Shape(text.count("\n"), functions, imports)


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Every statement but those that only a type checker reads."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting += [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)]


@cache
def shapes(folder: str) -> Mapping[Path, Shape]:
    """Of every module below a folder."""
    files = sorted((ROOT / folder).rglob("*.py"))
    return {path: shape_of(path.read_text(encoding="utf-8")) for path in files}


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "benchmarks"])
def test_files_and_functions_are_short_enough_to_read(folder: str) -> None:
    found = shapes(folder)
    assert len(found) > 10
    long = [f"{p.relative_to(ROOT)}: {s.lines}" for p, s in found.items() if s.lines > MOST_LINES]
    long += [
        f"{path.relative_to(ROOT)}: {name} has {size}"
        for path, shape in found.items()
        for name, size in shape.functions.items()
        if size > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("folder", ["kits", "cloud_sync"])
def test_so_are_the_scripts_of_pages(folder: str) -> None:
    scripts = [path for path in (ROOT / folder).rglob("*.js") if "vendor" not in path.parts]
    assert scripts
    long = [path.name for path in scripts if path.read_text("utf-8").count("\n") > MOST_LINES]
    assert long == []


def circle(modules: Mapping[str, Shape]) -> list[str]:
    """Modules that import each other in a circle; empty when there is none."""
    graph = {name: (shape.imports & modules.keys()) - {name} for name, shape in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): shape
        for path, shape in shapes(package).items()
        if path.name != "__init__.py"
    }
    modules = {n: s for n, s in modules.items() if not n.startswith(ONE_WITH_THEIR_ROUTES)}
    assert len(modules) > 100
    assert circle(modules) == []


def test_what_is_too_long_and_what_goes_round_is_found() -> None:
    one, two = shape_of("import b"), shape_of("def f():\n    from a import x\n")
    assert (two.lines, two.functions) == (2, {"f": 2})
    assert set(circle({"a": one, "b": two})) == {"a", "b"}
    only_types = shape_of("if TYPE_CHECKING:\n    import a")
    assert circle({"a": one, "b": only_types}) == []
