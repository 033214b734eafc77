"""What is wrong with the options of the layer decays that go by names, and which call of the library fails on it."""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.constructors.openmmlab.errors import baseless_decay
from pgaudit.core.layout import Layout
from pgaudit.files.schemas import Schema
from pgaudit.files.validation import Invalid, schema_errors

_READ_AS = {"num_layers": "None + 2", **dict.fromkeys(("decay_rate", "layer_decay_rate"), "None ** a number")}


def option_errors(layout: Layout, schema: Schema, library: str, asks: str | None, *, needs_rate: bool) -> list[Invalid]:
    """Returns what is wrong with ``paramwise_cfg``.

    Args:
        layout: the config.
        schema: of the section.
        library: the library and its class, in words.
        asks: the method of ``paramwise_cfg`` that is called before anybody knows that there is one; None for none.
        needs_rate: whether the rate is asked for even where there are no options, as the deprecated class does.
    """
    at, options = layout.sections["paramwise_cfg"], layout.paramwise_cfg
    if not isinstance(options, dict) and asks:
        return [Invalid(at, f"{library} would raise AttributeError, for it calls .{asks}() on paramwise_cfg", _OLD)]
    if options is None or options == {}:  # one group, as without them
        return [Invalid(at, f"{library} would raise KeyError: 'layer_decay_rate'", _OLD)] if needs_rate else []
    found: list[Invalid] = []
    for where, message, hint in schema_errors(schema, options, at):
        found.append(Invalid(where, f"{message}; {_call(where[len(at) :], message, library, needs_rate)}", hint))
    return [*found, *_inherited(layout, library)]


def _inherited(layout: Layout, library: str) -> Iterator[Invalid]:
    """What mmengine's constructor, from which these are derived, asks of options that these never read."""
    at, options = layout.sections["paramwise_cfg"], layout.paramwise_cfg
    if not isinstance(options, dict):
        return
    keys = options.get("custom_keys", {})
    if not isinstance(keys, dict):
        message = f"expected a mapping; {library} would raise TypeError: custom_keys must be a dict"
        yield Invalid((*at, "custom_keys"), message, "remove it: it is not read")
    elif isinstance(layout.optimizer, dict) and layout.optimizer.get("weight_decay") is None:
        yield from baseless_decay(options, at, library)


_OLD = "paramwise_cfg: {num_layers: 12, layer_decay_rate: 0.9}"


def _call(below: tuple[str | int, ...], message: str, library: str, needs_rate: bool) -> str:
    """What the library would do with it."""
    if not below:
        return f"{library} would raise TypeError: paramwise_cfg should be None or a dict"
    if "missing" in message and below[0] == "layer_decay_rate" and needs_rate:
        return f"{library} would raise KeyError"
    if "missing" in message:
        return f"{library}.add_params would raise TypeError: {_READ_AS[str(below[0])]}"
    if below[0] == "decay_type":
        return f"{library}.add_params looks for words in it"
    return f"{library}.add_params counts with it"
