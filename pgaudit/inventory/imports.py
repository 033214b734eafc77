"""``package.module:attribute`` and ``file.py:attribute`` → the object itself, telling a wrong name from a failure
inside.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pgaudit.errors import ModelError
from pgaudit.input_files import NotRegular, note_input, refuse_irregular
from pgaudit.inventory.import_hints import hint_for
from pgaudit.text import did_you_mean, quoted, said, visible


def import_attribute(ref: str) -> tuple[str, Any]:
    """Returns where the object came from (``file`` or ``import``) and the object.

    The current directory is importable, as under ``python -m``; beside a file, its folder is, as under ``python
    file.py``.

    Raises:
        ModelError: the module or attribute is missing, or importing it fails.
    """
    place, _, attribute = ref.rpartition(":")
    if not place or not attribute:
        raise ModelError(f"{quoted(ref)} is not module:attribute", "for example my_package.models:make_model")
    in_file = place.endswith(".py")
    module = _file_module(place, ref) if in_file else _named_module(place, ref)
    found: Any = module
    for step in attribute.split("."):
        try:
            found = getattr(found, step)
        except AttributeError:
            hint = did_you_mean(step, (name for name in dir(found) if not name.startswith("_")))
            raise ModelError(f"{visible(place)} has no attribute {quoted(step)}", hint) from None
    return ("file" if in_file else "import"), found


def qualified_class(ref: str) -> str:
    """Returns the qualified name of the class that ``ref`` names: ``torch.nn.Linear`` is
    ``torch.nn.modules.linear.Linear``.

    Raises:
        ModelError: it cannot be imported, or is not a class.
    """
    place, colon, name = ref.partition(":")
    if not colon:
        place, _, name = ref.rpartition(".")
    found = import_attribute(f"{place}:{name}")[1]
    if not isinstance(found, type):
        raise ModelError(f"{visible(ref)} is not a class")
    return f"{found.__module__}.{found.__qualname__}"


_ran: list[str] = []


def foreign_code_ran() -> bool:
    """Whether code was imported in this process that may have changed how torch and timm behave: any but theirs."""
    return bool(_ran)


def foreign_code_runs(name: str) -> None:
    """Notes that code will run that is not torch's or timm's."""
    if name.partition(".")[0] not in ("torch", "timm", "torchvision"):
        _ran.append(name)


def _named_module(name: str, ref: str) -> ModuleType:
    if name.endswith(".ipynb") or not all(part.isidentifier() for part in name.split(".")):
        raise ModelError(f"{quoted(name)} is not the name of a module", _meant_by(name, ref))
    importable(os.getcwd())
    foreign_code_runs(name)
    try:
        with quiet():
            module = importlib.import_module(name)
        if file := getattr(module, "__file__", None):
            note_input(file)
        return module
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            hint = _with_ending(name, ref) or hint_for(ref, error)
            raise ModelError(f"no module named {quoted(missing)}", hint) from None
        raise _failed(name, ref, error) from error


def _with_ending(name: str, ref: str) -> str | None:
    return (
        f"a file is named with its ending: {visible(name)}.py:{visible(ref[len(name) + 1 :])}"
        if is_file(f"{name}.py")
        else None
    )


def _meant_by(name: str, ref: str) -> str:
    if name.endswith(".ipynb"):
        return "a notebook cannot be imported: jupyter nbconvert --to script makes a file.py of it"
    if "/" in name:
        entry = visible(ref[len(name) + 1 :])
        of_hub = f"a repository of torch.hub is not fetched: clone it, and name hubconf.py:{entry} in it"
        return _with_ending(name, ref) or of_hub
    return "for example my_package.models:make_model"


def _file_module(path: str, ref: str) -> ModuleType:
    file = Path(path)
    try:
        refuse_irregular(path)
    except NotRegular as error:
        raise ModelError(f"cannot read {quoted(path)}: {error.strerror}") from None
    if not is_file(file):
        near = did_you_mean(file.name, (p.name for p in file.parent.glob("*.py"))) if file.parent.is_dir() else None
        raise ModelError(f"no such file: {quoted(path)}", near)
    importable(os.getcwd())
    importable(str(file.parent.resolve()))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None  # a .py file always has a loader
    foreign_code_runs(path)
    note_input(path)
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    shadowed = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # dataclasses and pickles look their module up
    try:
        with quiet():
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        raise _failed(path, ref, error) from error
    finally:
        if shadowed is not None:
            sys.modules[file.stem] = shadowed
    return module


def _failed(name: str, ref: str, error: BaseException) -> ModelError:
    return ModelError(f"importing {visible(name)} fails: {said(error)}{_where(error)}", hint_for(ref, error))


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    last = None
    while trace is not None:
        last, trace = trace, trace.tb_next
    if last is None or "importlib" in last.tb_frame.f_code.co_filename:
        return ""
    return f" ({visible(Path(last.tb_frame.f_code.co_filename).name)}:{last.tb_lineno})"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps foreign code's prints off the report's stream, and its warnings, which are not about parameter groups, off
    the screen.
    """
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file of that name; no for a name that no file can have."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Forgets, afterwards, what was imported from folders that were made importable meanwhile: two files of one name
    beside two models are two modules.
    """
    path, names = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        folders = set(sys.path) - set(path)
        sys.path[:] = path
        for name in [name for name in sys.modules if name not in names]:
            if _home(name.partition(".")[0]) in folders:
                del sys.modules[name]


def _home(name: str) -> str | None:
    """The folder in which a top-level module or package lies."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    inside = getattr(spec, "submodule_search_locations", None)
    found = next(iter(inside or ()), None) or getattr(spec, "origin", None)
    return os.path.dirname(found) if found else None


def importable(folder: str) -> None:
    """Puts a folder first on the import path."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
