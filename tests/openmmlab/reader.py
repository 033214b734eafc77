"""A process in which mmengine, and with some folders mmpretrain, is installed: pgaudit's reading of a Python config
beside mmengine's own, and audits of what the configs name.

A request names a ``folder``, from which the paths of ``configs`` are seen; or, to audit one, a ``config``; or a whole
command line as ``argv``.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from typing import Any


def word(value: Any) -> Any:
    """A value that survives the journey with its type, and bit for bit."""
    if isinstance(value, Mapping):
        return ["dict", [[key, word(value[key])] for key in value]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, list(map(word, value))]
    if isinstance(value, float):
        return ["float", value.hex()]
    if isinstance(value, type):
        return ["class", f"{value.__module__}.{value.__qualname__}"]
    return [type(value).__name__, repr(value)]


def ours(path: str) -> dict[str, Any]:
    """pgaudit's reading: the sections, and each key with its place."""
    from pgaudit.config import load_config
    from pgaudit.core.errors import PgauditError

    try:
        config = load_config(path)
    except PgauditError as error:
        return {"refused": [problem.sentence for problem in error.findings]}
    places = [
        [list(at), place.path if place.inherited else path, place.line, place.column]
        for at, place in config.keys.items()
    ]
    return {"optimizer": word(config.optimizer), "paramwise_cfg": word(config.paramwise_cfg), "places": places}


def theirs(path: str) -> dict[str, Any]:
    """mmengine's own: what its Runner would hand to the constructor, less the marks of a base's package."""
    from mmengine.config import Config

    try:
        config = Config.fromfile(path, import_custom_modules=False)
        wrapper = config.get("optim_wrapper", "none")
        if wrapper == "none":
            optimizer = dict(config.optimizer.items()) if "optimizer" in config else None
            options = optimizer.pop("paramwise_cfg", None) if optimizer else None
            for key in ("constructor", "_scope_"):
                (optimizer or {}).pop(key, None)
        else:
            wrapper = wrapper or {}
            optimizer = {key: value for key, value in (wrapper.get("optimizer") or {}).items() if key != "_scope_"}
            options = wrapper.get("paramwise_cfg")
    except BaseException as error:  # SystemExit, too
        return {"raises": type(error).__name__}
    return {"optimizer": word(optimizer or None), "paramwise_cfg": word(options)}


def audited(path: str) -> dict[str, Any]:
    """What pgaudit finds on the model that a config describes, and whether the real constructor says the same."""
    from pgaudit.config import load_config
    from pgaudit.core.errors import ModelError, PgauditError, UsageError
    from pgaudit.models.build import build_model
    from pgaudit.pipeline import audit
    from pgaudit.verify.run import verify

    try:
        config = load_config(path)
        model = build_model(None, config).module
        report = audit(model, config)
    except ModelError as error:
        return {"not built": str(error)}
    except PgauditError as error:
        return {"not built" if "cannot be built" in str(error) else "refused": str(error)}
    summary = {
        "parameters": len(report.params),
        "meta": all(parameter.is_meta for parameter in model.parameters()),
        "codes": sorted({finding.code for finding in report.findings}),
    }
    try:
        found = verify(model, config)
    except UsageError:  # mmcv 1.x, which cannot stand beside mmengine's mmcv
        return summary
    return {
        **summary,
        "agrees": found.agrees,
        "differences": [str(each) for each in found.differences[:3]],
    }


def commanded(argv: list[str]) -> dict[str, Any]:
    """What the command line writes to each stream, as a process sees it, and its exit code."""
    from pgaudit import cli

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream, file in ((1, out), (2, err)):
            os.dup2(file.fileno(), stream)
        try:
            code = cli.main(argv)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            for stream, before in zip((1, 2), kept, strict=True):
                os.dup2(before, stream)
                os.close(before)
        said = [(file.seek(0), file.read().decode())[1] for file in (out, err)]
    return {"code": code, "out": said[0], "err": said[1]}


def answer(request: dict[str, Any]) -> Any:
    """Answers one request."""
    os.chdir(request["folder"])
    if "config" in request:
        with contextlib.redirect_stdout(sys.stderr):
            return audited(request["config"])
    if "argv" in request:
        return commanded(request["argv"])
    return [{"path": path, "ours": ours(path), "theirs": theirs(path)} for path in request["configs"]]


def main() -> None:
    """Answers until stdin ends, a JSON line for a JSON line."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a config may print
    for line in sys.stdin:
        said = answer(json.loads(line))
        channel.write(json.dumps(said) + "\n")
        channel.flush()


if __name__ == "__main__":
    main()
