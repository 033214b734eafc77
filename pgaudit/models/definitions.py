"""What a file of Python defines, read without running it."""

from __future__ import annotations

import ast
from pathlib import Path

_BASES = frozenset({"Module", "LightningModule", "Sequential", "PreTrainedModel"})
_VERBS = ("make", "build", "create", "get", "load")


def models_defined(path: Path) -> list[str]:
    """Returns the names at the top of a file that are probably models: functions without required arguments whose name
    or annotation says so, then classes of modules, the last first, since those before it are mostly its parts.
    """
    body = _parsed(path)
    functions = [each.name for each in body if isinstance(each, ast.FunctionDef) and _makes_a_model(each)]
    known = set(_BASES)
    classes: list[str] = []
    for each in body:
        if isinstance(each, ast.ClassDef) and any(_last_name(base) in known or _is_of_nn(base) for base in each.bases):
            known.add(each.name)
            classes.insert(0, each.name)
    return functions + classes


def names_defined(path: Path) -> list[str]:
    """Returns the names of the functions and classes at the top of a file that are meant for others, in its order."""
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
    return [each.name for each in _parsed(path) if isinstance(each, kinds) and not each.name.startswith("_")]


def _parsed(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []


def _makes_a_model(function: ast.FunctionDef) -> bool:
    arguments = function.args
    needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if needed or None in arguments.kw_defaults:
        return False
    verb, _, noun = function.name.partition("_")
    returns = _last_name(function.returns) if function.returns else ""
    return returns in _BASES or (verb in _VERBS and noun.endswith(("model", "net", "network")))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_of_nn(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _last_name(node.value) == "nn"
