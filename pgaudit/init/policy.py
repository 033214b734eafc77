"""A model → the text of a policy that decays neither norms nor biases nor tokens, in a library's own words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.init.library import Library
from pgaudit.names import fold_named

_PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_./-]*(:[A-Za-z_][A-Za-z0-9_.]*)?")
"""Texts that YAML takes for nothing else, but for words such as ``true``."""
_OWN_VALUES = "# your own values"
_BY_NAME: tuple[Library, ...] = ("mmcv", "detectron2")
"""The libraries that know vectors by their names alone, unless they are a norm's or a bias."""


def is_vector(parameter: Parameter) -> bool:
    """Whether it has one dimension or none: a bias, what a norm holds, a scale."""
    return len(parameter.shape) <= 1


def is_token(parameter: Parameter, hints: Sequence[str] = ()) -> bool:
    """Whether it is no matrix that multiplies something: a token, or an embedding of positions, by its name.

    Args:
        parameter: of a model.
        hints: what the model's own ``no_weight_decay()`` names.
    """
    leaf = parameter.name.rpartition(".")[2]
    named = parameter.name in hints or leaf in hints
    return not is_vector(parameter) and (named or "token" in leaf or "pos" in leaf.split("_") or "position" in leaf)


def is_scale(parameter: Parameter) -> bool:
    """Whether it is a vector that is neither a weight nor a bias by its name: the ``gamma`` of a layer scale."""
    return is_vector(parameter) and parameter.name.rpartition(".")[2] not in ("weight", "bias")


def policy_texts(
    library: Library, ref: str | None, inventory: Inventory | None, model_args: Mapping[str, Any] | None = None
) -> list[str]:
    """Returns policies as YAML, the shortest first; a later one is for models to which an earlier one does not do it.

    Args:
        library: in whose words.
        ref: the model; None where none is named.
        inventory: what it holds; None where none is named.
        model_args: what it is built with.
    """
    parameters = inventory.parameters if inventory else ()
    hints = inventory.hints.no_weight_decay if inventory else ()
    tokens = [each for each in parameters if each.trainable and is_token(each, hints)]
    if library in _BY_NAME:
        tokens += [each for each in parameters if each.trainable and is_scale(each)]
    model = [] if ref is None else [f"model: {scalar(ref)}"]
    model += [f"model_args: {_in_a_line(dict(model_args))}"] if model_args else []
    return ["\n".join([*model, *lines]) + "\n" for lines in _WRITERS[library](tokens)]


def scalar(text: str) -> str:
    """Returns a text as YAML has it, in quotes where it could mean something else."""
    return text if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text else _in_a_line(text)


def _in_a_line(value: Any) -> str:
    """Returns a text, in quotes, or a mapping, in braces, as YAML has it."""
    style = '"' if isinstance(value, str) else None
    written: str = yaml.safe_dump(
        value, default_style=style, default_flow_style=True, allow_unicode=True, width=math.inf, sort_keys=False
    )
    return written.strip()


def _leaves(tokens: Sequence[Parameter]) -> list[str]:
    return sorted({each.name.rpartition(".")[2] for each in tokens})


def _keys(tokens: Sequence[Parameter]) -> list[str]:
    """The custom keys of tokens, of mmcv or mmengine."""
    keys = [f"      {scalar(f'.{leaf}')}: {{decay_mult: 0.0}}" for leaf in _leaves(tokens)]
    return ["    custom_keys:  # a key is a part of names", *keys] if keys else []


def _mmengine(tokens: Sequence[Parameter]) -> list[list[str]]:
    head = [
        "optim_wrapper:",
        f"  optimizer: {{type: AdamW, lr: 1.0e-3, weight_decay: 0.05}}  {_OWN_VALUES}",
        "  paramwise_cfg:",
        "    flat_decay_mult: 0.0  # all that has one dimension: norms, biases, scales",
    ]
    # A convolution's bias is asked about before that, if the convolution is depthwise.
    biases = ["    bias_decay_mult: 0.0", "    norm_decay_mult: 0.0"]
    return [[*head, *more, *_keys(tokens)] for more in ([], biases[:1], biases)]


def _mmcv(tokens: Sequence[Parameter]) -> list[list[str]]:
    head = [
        f"optimizer:  {_OWN_VALUES}",
        "  type: AdamW",
        "  lr: 1.0e-3",
        "  weight_decay: 0.05",
        "  paramwise_cfg:",
        "    norm_decay_mult: 0.0",
        "    bias_decay_mult: 0.0",
    ]
    return [[*head, *_keys(tokens)]]


def _detectron2(tokens: Sequence[Parameter]) -> list[list[str]]:
    lines = [
        "constructor: detectron2  # get_default_optimizer_params() of detectron2/solver/build.py",
        f"optimizer: {{type: AdamW, lr: 1.0e-4, weight_decay: 0.05}}  {_OWN_VALUES}",
        "paramwise_cfg:",
        "  weight_decay_norm: 0.0",
        "  weight_decay_bias: 0.0",
    ]
    overrides = [f"    {scalar(leaf)}: {{weight_decay: 0.0}}" for leaf in _leaves(tokens)]
    return [[*lines, *(["  overrides:  # a parameter's own name, wherever it is", *overrides] if overrides else [])]]


def _transformers(tokens: Sequence[Parameter]) -> list[list[str]]:
    lines = [
        "constructor: transformers  # as Trainer does: norms, and names with `bias`, are not decayed",
        f"optimizer: {{type: AdamW, lr: 5.0e-5, weight_decay: 0.01}}  {_OWN_VALUES}",
    ]
    return [lines]


def _timm(tokens: Sequence[Parameter]) -> list[list[str]]:
    lines = [
        "constructor: timm  # create_optimizer_v2(): what has one dimension, biases, and what the model's own",
        "                   # no_weight_decay() names are not decayed",
        f"optimizer: {{type: adamw, lr: 1.0e-3, weight_decay: 0.05}}  {_OWN_VALUES}",
        "# paramwise_cfg: {layer_decay: 0.75}  # for fine-tuning: earlier layers learn slower",
    ]
    return [lines]


def _torch(tokens: Sequence[Parameter]) -> list[list[str]]:
    lines = [
        "constructor: rules  # pgaudit.build_optimizer(model, 'FILE') makes the optimizer of this file",
        f"optimizer: {{type: AdamW, lr: 1.0e-3, weight_decay: 0.05}}  {_OWN_VALUES}",
        "paramwise_cfg:",
        "  mode: first  # the first rule that matches says what it states",
        "  rules:",
        "    - {match: {ndim: [0, 1]}, weight_decay: 0}  # norms, biases, scales",
    ]
    names = [each.name for each in fold_named((each.name, None, None, each) for each in tokens)]
    if names:
        quoted = ", ".join(map(_in_a_line, names))
        lines.append(f"    - {{match: [{quoted}], weight_decay: 0}}  # tokens, positions")
    return [lines]


_WRITERS = {
    "mmengine": _mmengine,
    "mmcv": _mmcv,
    "detectron2": _detectron2,
    "transformers": _transformers,
    "timm": _timm,
    "torch": _torch,
}
