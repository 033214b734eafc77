"""What is wrong with the parts of a config: with the constructor's name, and with the sections that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.config.layouts import SOLVERS
from pgaudit.config.misplaced import is_misplaced, is_option, meant
from pgaudit.config.schema import FILE, OPTIMIZER
from pgaudit.constructors import Constructor, constructor_named, find_constructor
from pgaudit.constructors.registry import unknown_constructor
from pgaudit.core.config import Misplaced
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Fix
from pgaudit.core.findings import meant as meant_word
from pgaudit.core.layout import Layout
from pgaudit.files.validation import Invalid, described, schema_errors
from pgaudit.text import quoted


def top_errors(top: Mapping[Any, Any], layout: Layout, stray: Sequence[Misplaced]) -> list[Invalid]:
    """Returns what is wrong with the keys at the top: slips of those that are read, and values of the wrong kind.

    What a library would read elsewhere is a finding, for it trains without it; in pgaudit's own layout it is an error.
    """
    found: list[Invalid] = []
    if layout.name == "pgaudit":
        found += [
            Invalid(it.at, f"{quoted(it.option)} stands where nothing reads it; {it.why}", it.hint) for it in stray
        ]
    known = {key: value for key, value in top.items() if not is_misplaced(key, layout)}
    for at, message, hint in schema_errors(FILE, known):
        own = meant(str(at[-1])) if message.startswith("unknown key") else None
        hint = _AN_OPTIMIZER if at == ("optimizer",) else hint
        found.append(Invalid(at, message, Fix(str(at[-1]), own) if own else hint))
    return found


def constructor_errors(name: object, layout: Layout) -> list[Invalid]:
    """Returns what is wrong with the constructor's name."""
    at = layout.sections["constructor"]
    if not isinstance(name, str):
        return [Invalid(at, f"expected a name, got {described(name)}")]
    try:
        return [] if find_constructor(name) else [Invalid(at, *unknown_constructor(name))]
    except UsageError as error:  # of a plug-in
        return [Invalid(at, finding.message, finding.advice) for finding in error.findings]


def section_errors(layout: Layout, constructor: Constructor | None) -> list[Invalid]:
    """Returns what is wrong with the parts that the constructor reads.

    A name that is none is probably a typo of the layout's own constructor.
    """
    constructor = constructor or constructor_named(layout.default)
    if layout.name not in constructor.layouts:
        return [_misplaced(layout, constructor)]
    found = [] if layout.name in SOLVERS else [*_optimizer_errors(layout), *_wrapper_errors(layout)]
    return found + constructor.errors(layout)


def _misplaced(layout: Layout, constructor: Constructor) -> Invalid:
    if layout.name in SOLVERS:
        message = f"{quoted(constructor.name)} does not read a `{SOLVERS[layout.name].section}:`"
        return Invalid(layout.sections["constructor"], message, f"constructor: {layout.name}")
    solver = next(SOLVERS[name] for name in SOLVERS if name in constructor.layouts)
    library = constructor.title.partition(" ")[0]
    return Invalid((solver.section,), f"{library} reads `{solver.section}:`, and this config has none", solver.example)


def _optimizer_errors(layout: Layout) -> list[Invalid]:
    if layout.optimizer is None and layout.name == "mmengine" and layout.sign is not None:
        message = (
            f'"optim_wrapper" is missing: `{layout.sign}` makes this a config of mmengine, which reads no other section'
        )
        return [Invalid(("optimizer",), message, _A_WRAPPER)]
    at = layout.sections["optimizer"]
    several = _several(layout.optimizer) if layout.name != "mmengine" else _several(layout.written, "optimizer")
    if len(several) > 1:
        message = (
            f"there are {len(several)} optimizers here, {' and '.join(map(quoted, several[:3]))}; pgaudit takes one"
        )
        return [Invalid(at[:1], message, "write a config for each")]
    if layout.optimizer is None:
        if layout.name == "mmengine" and layout.written is None:
            return [Invalid(at[:1], '"optim_wrapper" is empty, and mmengine builds no optimizer', _A_WRAPPER)]
        return [Invalid(at, '"optimizer" is missing', _A_WRAPPER if layout.name == "mmengine" else _AN_OPTIMIZER)]
    found = schema_errors(OPTIMIZER, _with_named_class(layout.optimizer), at)
    if layout.name == "mmengine" and isinstance(layout.optimizer, Mapping):
        for key in ("paramwise_cfg", "constructor"):
            if key in layout.optimizer:
                message = "mmengine hands it to the optimizer's class, and looks for it in `optim_wrapper`"
                found.append(Invalid((*at, key), message, "move it into `optim_wrapper`"))
    other = _named_otherwise(layout.optimizer)
    return [each._replace(hint=each.hint or other) if each.message.startswith('"type"') else each for each in found]


_AN_OPTIMIZER = "optimizer: {type: SGD, lr: 0.1}"
_A_WRAPPER = "optim_wrapper: {optimizer: {type: SGD, lr: 0.1}}"


def _with_named_class(optimizer: Any) -> Any:
    """The section with the name of a class in place of the class, which a config from Python may hold."""
    if not isinstance(optimizer, Mapping) or not isinstance(optimizer.get("type"), type):
        return optimizer
    return {**optimizer, "type": optimizer["type"].__name__}


def _several(section: object, key: str = "type") -> list[str]:
    """Returns the names of optimizers that stand where one is expected: mappings, each with a ``type`` or the like."""
    if not isinstance(section, Mapping) or key in section:
        return []
    return [str(name) for name, value in section.items() if isinstance(value, Mapping) and key in value]


def _named_otherwise(optimizer: object) -> str | None:
    """Returns a hint for what other tools write in place of ``type``: Hydra, Lightning, and their like."""
    if not isinstance(optimizer, Mapping):
        return None
    word = next((word for word in ("_target_", "class_path", "name") if isinstance(optimizer.get(word), str)), None)
    return f"pgaudit reads `type`, and not `{word}`" if word else None


def _wrapper_errors(layout: Layout) -> Iterator[Invalid]:
    """What mmengine would hand to the wrapper around the optimizer, which knows its own arguments only."""
    wrapper = layout.written if layout.name == "mmengine" and isinstance(layout.written, Mapping) else {}
    kind = wrapper.get("type", "OptimWrapper")
    if not isinstance(kind, str) or kind not in _WRAPPERS:
        return
    arguments = _WRAPPERS[kind]
    for key in wrapper:
        if key not in (*_IN_WRAPPER, *arguments) and key not in _several(wrapper, "optimizer"):
            message = f"mmengine's {kind} would raise TypeError: unexpected keyword argument {quoted(key)}"
            hint = meant_word(str(key), ("paramwise_cfg", "constructor", *arguments), cutoff=0.8)
            inside = "write it in optim_wrapper.paramwise_cfg" if is_option(key) else None
            yield Invalid(("optim_wrapper", key), message, inside or hint)


_IN_WRAPPER = ("type", "optimizer", "constructor", "paramwise_cfg", "_scope_")
_PLAIN = ("accumulative_counts", "clip_grad")
_WRAPPERS: Mapping[str, Sequence[str]] = {
    "OptimWrapper": _PLAIN,
    "AmpOptimWrapper": (*_PLAIN, "loss_scale", "dtype", "use_fsdp"),
}
"""The arguments of mmengine's own wrappers, beside the optimizer."""
