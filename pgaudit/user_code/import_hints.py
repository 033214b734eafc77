"""What to do about code that cannot be imported: the folder that it wants on the path, or the package to install."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pgaudit.text import did_you_mean, quoted, visible
from pgaudit.user_code.folders import source_folders

PACKAGES = {
    "cv2": "opencv-python",
    "mmaction": "mmaction2",
    "mmseg": "mmsegmentation",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
"""What installs a package whose name is another."""


def hint_for(ref: str, error: BaseException) -> str | None:
    """Returns how to get on, where the import of ``module:attribute`` or ``file.py:attribute`` failed; None where only
    the code itself can be fixed.
    """
    place, _, attribute = ref.rpartition(":")
    file = Path(place).resolve() if place.endswith(".py") else None
    if isinstance(error, SystemExit):
        return 'fix the code, or guard what it runs with `if __name__ == "__main__":`'
    if isinstance(error, ImportError) and file is not None and "attempted relative import" in str(error):
        return _as_module(file, attribute, _root_of(file)) or "a relative import needs a package: a folder named as one"
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    top, dot, _ = error.name.partition(".")
    if dot and top in sys.modules:
        return f"{quoted(top)} is installed, perhaps in another version than this code was written for"
    root = _root_with(top, file)
    if root is not None:
        return (file and _as_module(file, attribute, root)) or f"{_path_to(root)}pgaudit ... {visible(ref)}"
    if file is None and top == place.partition(".")[0]:
        return did_you_mean(top, _importable_here()) or "is it installed, or in the current folder, or in src?"
    return f"pip install {visible(PACKAGES.get(top, top))}"


def _importable_here() -> list[str]:
    paths = [path for folder in (os.curdir, *source_folders()) for path in Path(folder).iterdir()]
    return [path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").is_file()]


def _root_of(file: Path) -> Path:
    """The folder in which the outermost package of a file lies."""
    package = file.parent
    while (package.parent / "__init__.py").is_file():
        package = package.parent
    return package.parent


def _root_with(module: str, file: Path | None) -> Path | None:
    """The nearest folder around a file, or ``src`` in it, that holds a module."""
    here = Path.cwd()
    around = [folder for folder in (file.parents if file else ()) if folder.is_relative_to(here)]
    for folder in dict.fromkeys([*around, here]):
        for root in (folder, folder / "src"):
            if (root / module).is_dir() or (root / f"{module}.py").is_file():
                return root
    return None


def _as_module(file: Path, attribute: str, root: Path) -> str | None:
    """The reference to a file's attribute by the name of its module, where that is one, and the folder on the path."""
    try:
        parts = file.relative_to(root).with_suffix("").parts
    except ValueError:
        parts = ()
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    path = "" if str(root) in source_folders() else _path_to(root)  # where modules are looked for anyway
    return f"{path}pgaudit ... {'.'.join(parts)}:{visible(attribute)}"


def _path_to(root: Path) -> str:
    folder = os.path.relpath(root)
    return "" if folder == "." else f"PYTHONPATH={visible(folder)} "
