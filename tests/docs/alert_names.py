"""Which alerts the code raises, read from its syntax trees.

A name may be written where the alert is raised, be a constant, or come through a function's
parameter: then the calls of that function are looked at, in the same file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

RAISERS = frozenset({"alerts", "_alerts", "alert", "raise_alert", "raise_lasting", "raise_own"})
_NAME = re.compile(r"[a-z*]+(-[a-z*]+)+|drift")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def raised_in(folder: Path) -> dict[str, Path]:
    """Name → a file that raises it; `*` in a name stands for what is put in at run time."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for name in _Module(ast.parse(path.read_text(encoding="utf-8"))).names():
            found[name] = path
    return found


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._functions = [n for n in ast.walk(tree) if isinstance(n, Function)]
        self._constants: dict[str, list[str]] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign):
                self._note(node.targets[0], node.value)

    def _note(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._note(one, its)
        elif isinstance(target, ast.Name):
            self._constants[target.id] = list(self._texts(value))

    def names(self) -> Iterator[str]:
        pending, done = set(RAISERS), set()
        while pending:
            raiser = pending.pop()
            done.add(raiser)
            for function in self._functions:
                for call in _calls(function, raiser):
                    given = _name_argument(call)
                    parameters = [a.arg for a in function.args.args if a.arg != "self"]
                    if isinstance(given, ast.Name) and given.id in parameters:
                        pending |= {function.name} - done
                    elif given is not None:
                        yield from self._named(given, function)

    def _named(self, given: ast.expr, function: Function) -> Iterator[str]:
        texts = list(self._texts(given))
        if not texts:  # a local variable: whatever this function could have put into it
            texts = [text for node in ast.walk(function) for text in self._texts(node)]
        yield from (text for text in texts if _NAME.fullmatch(text))

    def _texts(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else "*" for p in node.values)
        elif isinstance(node, ast.Name):
            yield from self._constants.get(node.id, ())
        elif isinstance(node, ast.Tuple):
            for part in node.elts:
                yield from self._texts(part)


def _calls(function: Function, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", _id(node.func)) == name:
            yield node


def _id(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _name_argument(call: ast.Call) -> ast.expr | None:
    """The hub's functions take session and receivers first: a name is followed by a severity."""
    receivers = {"raise_alert": 2, "raise_lasting": 2, "raise_own": 1}
    skipped = receivers.get(getattr(call.func, "attr", _id(call.func)), 0)
    return call.args[skipped] if len(call.args) > skipped else None
