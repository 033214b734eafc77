"""What a reference that names no model was probably meant to be. Nothing is imported or built to find that out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection
from pathlib import Path

from pgaudit.core.errors import ModelError
from pgaudit.models.definitions import models_defined
from pgaudit.text import did_you_mean, nearest, quoted, visible
from pgaudit.user_code.folders import source_folders

_OFFLINE = "models are built offline, from a config:"
OWN = "a model of your own is file.py:NAME or package.module:NAME: its class, or a function that returns it"
WEIGHTS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".pkl", ".h5", ".onnx", ".gguf", ".npz")


def unknown_model(ref: str, known: Collection[str]) -> ModelError:
    """Returns the error for a reference that has no ``:attribute`` and is no name of timm's, with the way on.

    Args:
        ref: the reference.
        known: the names of timm's models.
    """
    name = ref.strip().removeprefix("timm:")
    return _a_file(name) or _a_module(name) or _a_name(ref, name, known)


def _a_file(name: str) -> ModelError | None:
    path, suffix = Path(name), Path(name).suffix.lower()
    if suffix in WEIGHTS:
        return ModelError(f"{quoted(name)} is a checkpoint: it holds weights, and no code that builds a model", OWN)
    if suffix == ".ipynb":
        script = visible(path.with_suffix(".py"))
        hint = f"jupyter nbconvert --to script {visible(name)} writes {script}; then name the model as {script}:NAME"
        return ModelError(f"{quoted(name)} is a notebook, which cannot be imported", hint)
    if suffix in (".yaml", ".yml", ".toml"):
        return ModelError(f"{quoted(name)} is a config, and names no model", OWN)
    if suffix == ".py":
        if not path.is_file():
            return ModelError(f"no such file: {quoted(name)}", OWN)
        return ModelError(f"{quoted(name)} is a file: name the model in it, too", _offered(_defined_in(path)) or OWN)
    return _a_folder(path) if os.path.isdir(name) else None


def _defined_in(path: Path) -> list[str]:
    return [f"{path}:{name}" for name in models_defined(path)]


def _offered(refs: list[str]) -> str | None:
    return f"did you mean {' or '.join(map(visible, refs[:3]))}?" if refs else None


def _a_folder(path: Path) -> ModelError:
    message = f"{quoted(path)} is a folder, not a model"
    if (path / "config.json").is_file():
        return ModelError(message, f"{_OFFLINE} {_architecture(path)} --model-arg config={visible(path)}")
    files = sorted(path.glob("[!_]*.py"))
    found = [ref for file in files for ref in _defined_in(file)]
    hint = _offered(found) or (f"name what builds the model, such as {visible(files[0])}:NAME" if files else OWN)
    return ModelError(message, hint)


def _a_module(name: str) -> ModelError | None:
    """A dotted path, with a dot where the colon belongs: ``torchvision.models.resnet50``."""
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    length = _module_length(parts)
    if length == len(parts):
        return ModelError(f"{quoted(name)} is a module: name the model in it, too", f"{visible(name)}:NAME")
    if length == 0 and len(parts) == 2:  # a name of timm's may have a tag, but no second dot
        return None
    module = ".".join(parts[: length or len(parts) - 1])
    meant = f"{module}:{'.'.join(parts[length or len(parts) - 1 :])}"
    return ModelError(f"{quoted(name)} is no name of timm's", f"did you mean {meant}?")


def _module_length(parts: list[str]) -> int:
    """How many of the parts lead to a module that can be imported: from the current folder, or an installed one."""
    for base in (os.getcwd(), *source_folders(), *sys.path):
        folder, length = Path(base), 0
        for part in parts:
            is_package, is_module = (folder / part).is_dir(), (folder / f"{part}.py").is_file()
            if not (is_package or is_module):
                break
            length += 1
            folder /= part
            if not is_package:
                break
        if length:
            return length
    return 0


def _a_name(ref: str, name: str, known: Collection[str]) -> ModelError:
    message = f"timm{_timm_version()} has no model {quoted(ref)}"
    owner, slash, plain = name.rpartition("/")
    if slash and os.path.isdir(owner):
        return ModelError(f"no such file: {quoted(name)}", did_you_mean(plain, os.listdir(owner)) or OWN)
    as_timm = plain.partition(".")[0].lower().replace("-", "_")
    if slash and owner != "timm":
        return _of_a_hub(message, plain)
    if as_timm in known:
        return ModelError(message, f"did you mean {as_timm}?")
    near = [] if "-" in plain else nearest(name.partition(".")[0].strip("*"), known, most=3)
    if near:
        return ModelError(message, f"did you mean {', '.join(near)}?")
    if "-" in plain or _type_of(plain):
        return _of_a_hub(message, plain)
    return ModelError(message, f"`pgaudit models` lists them; {OWN}")


def _of_a_hub(message: str, plain: str) -> ModelError:
    kind = _type_of(plain)
    default = f"model_type={kind}, or " if kind is not None else ""
    hint = f"{_OFFLINE} transformers:AutoModel --model-arg {default}config=FOLDER, which holds its config.json"
    return ModelError(message, hint)


def _architecture(folder: Path) -> str:
    """The class that a saved config says it is of."""
    try:
        name = json.loads((folder / "config.json").read_bytes())["architectures"][0]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "transformers:AutoModel"
    return f"transformers:{visible(name) if str(name).isidentifier() else 'AutoModel'}"


def _type_of(plain: str) -> str | None:
    """The type of model that transformers has for the beginning of a name: ``bert`` of ``bert-base-uncased``."""
    kind = plain.lower().partition("-")[0].partition(".")[0]
    found = kind.isidentifier() and _module_length(["transformers", "models", kind]) == 3
    return kind if found else None


def _timm_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f" {version('timm')}"
    except PackageNotFoundError:
        return ""
