"""``package.module:attribute`` and ``file.py:attribute`` → the object itself, telling a wrong name from a failure
inside.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from pgaudit import user_code
from pgaudit.core.errors import ModelError
from pgaudit.files.inputs import NotRegular, note_input, refuse_irregular
from pgaudit.text import did_you_mean, format_exception, quoted, visible
from pgaudit.user_code import suppress_output
from pgaudit.user_code.folders import make_importable, source_folders
from pgaudit.user_code.import_hints import hint_for


def import_attribute(ref: str) -> tuple[str, Any]:
    """Returns where the object came from (``file`` or ``import``) and the object.

    The current folder is importable for it, and so is the folder of a file, or ``src`` for a module that lies there;
    but an installed module goes before one of the same name in these folders.

    Raises:
        ModelError: the module or attribute is missing, or importing it fails.
        UsageError: it is neither torch's nor timm's, and no other code may run.
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
            hint = None if in_file else _hidden(place, os.getcwd(), *source_folders())
            hint = hint or did_you_mean(step, (name for name in dir(found) if not name.startswith("_")))
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


def _named_module(name: str, ref: str) -> ModuleType:
    if name.endswith(".ipynb") or not all(part.isidentifier() for part in name.split(".")):
        raise ModelError(f"{quoted(name)} is not the name of a module", _meant_by(name, ref))
    package = name.partition(".")[0]
    if package not in user_code.LIBRARIES:
        user_code.refuse(name)
        if package != "torchvision":  # when it changes, a cache knows
            user_code.runs(name)
        make_importable(name)
    try:
        with suppress_output():
            module = importlib.import_module(name)
        if file := getattr(module, "__file__", None):
            note_input(file)
        return module
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            hint = _hidden(name, os.getcwd(), *source_folders()) or _with_ending(name, ref) or hint_for(ref, error)
            raise ModelError(f"no module named {quoted(missing)}", hint) from None
        raise _failed(name, ref, error, os.getcwd(), *source_folders()) from error


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


@contextlib.contextmanager
def files_loaded_once() -> Iterator[None]:
    """Runs each file once meanwhile: two references into one file mean the same objects."""
    before = _loaded.set({} if _loaded.get() is None else _loaded.get())
    try:
        yield
    finally:
        _loaded.reset(before)


_loaded: ContextVar[dict[str, ModuleType] | None] = ContextVar("_loaded", default=None)


def _file_module(path: str, ref: str) -> ModuleType:
    loaded, real = _loaded.get(), os.path.realpath(path)
    if loaded is not None and real in loaded:
        return loaded[real]
    module = _run_file(path, ref)
    if loaded is not None:
        loaded[real] = module
    return module


def _run_file(path: str, ref: str) -> ModuleType:
    file = Path(path)
    try:
        refuse_irregular(path)
    except NotRegular as error:
        raise ModelError(f"cannot read {quoted(path)}: {error.strerror}") from None
    if not is_file(file):
        near = did_you_mean(file.name, (p.name for p in file.parent.glob("*.py"))) if file.parent.is_dir() else None
        raise ModelError(f"no such file: {quoted(path)}", near)
    user_code.runs(path)
    folders = str(file.parent.resolve()), os.getcwd()
    user_code.importable(*folders)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None  # a .py file always has a loader
    note_input(path)
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    note_input(str(module.__file__))  # as `forgotten` would, if no module of its name were loaded already
    shadowed = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # dataclasses and pickles look their module up
    try:
        with suppress_output():
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        raise _failed(path, ref, error, *folders) from error
    finally:
        if shadowed is not None:
            sys.modules[file.stem] = shadowed
        elif _is_installed(file):
            del sys.modules[file.stem]  # which others will want as it is installed
    return module


def _is_installed(file: Path) -> bool:
    """Whether the name of a file is that of a module which goes before it."""
    spec = PathFinder.find_spec(file.stem)
    return spec is not None and spec.origin != str(file.resolve())


def _failed(name: str, ref: str, error: BaseException, *folders: str) -> ModelError:
    wanted = None
    if isinstance(error, ImportError):
        wanted = error.name
    elif isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        wanted = error.obj.__name__
    hint = (_hidden(wanted, *folders) if wanted else None) or hint_for(ref, error)
    return ModelError(f"importing {visible(name)} fails: {format_exception(error)}{_where(error)}", hint)


def _hidden(name: str, *folders: str) -> str | None:
    """Returns the hint where a module of one of the folders was meant, and an installed one has its name."""
    top = name.partition(".")[0]
    if top not in sys.modules or _home(top) in folders:
        return None
    for folder in folders:
        if os.path.isdir(os.path.join(folder, top)) or is_file(os.path.join(folder, f"{top}.py")):
            return f"an installed module {quoted(top)} hides the one in {quoted(folder)}: give that another name"
    return None


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    last = None
    while trace is not None:
        last, trace = trace, trace.tb_next
    if last is None or "importlib" in last.tb_frame.f_code.co_filename:
        return ""
    return f" ({visible(Path(last.tb_frame.f_code.co_filename).name)}:{last.tb_lineno})"


def is_code(ref: str) -> bool:
    """Whether a reference names an attribute in code: ``file.py:attr`` or ``module:attr``, but no file of that name."""
    place, colon, attribute = ref.rpartition(":")
    if not colon or place == "timm" or not all(part.isidentifier() for part in attribute.split(".")):
        return False
    return place.endswith(".py") or (all(part.isidentifier() for part in place.split(".")) and not is_file(ref))


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file of that name; no for a name that no file can have."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def fresh_imports() -> Iterator[None]:
    """Forgets, afterwards, what was imported from folders that were made importable meanwhile: two files of one name
    beside two models are two modules.
    """
    path, names = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        folders = set(sys.path) - set(path)
        sys.path[:] = path
        new = [name for name in sys.modules if name not in names]
        for name in [name for name in new if _home(name.partition(".")[0]) in folders]:  # before their packages go
            if file := getattr(sys.modules.pop(name), "__file__", None):
                note_input(file)


def _home(name: str) -> str | None:
    """The folder in which a top-level module or package lies."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    inside = getattr(spec, "submodule_search_locations", None)
    found = next(iter(inside or ()), None) or getattr(spec, "origin", None)
    return os.path.dirname(found) if found else None
