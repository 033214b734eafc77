"""Recognises whose layout a config has, and finds the optimizer and its parameter-wise options where that library looks
for them.

mmcv 1.x looks for ``constructor`` and ``paramwise_cfg`` in ``optimizer``, mmengine for all three in ``optim_wrapper``;
BaseCls has a ``solver``, detectron2 a ``SOLVER``. None of them looks anywhere else. In pgaudit's own layout all three
stand at the top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgaudit.core.layout import Layout
from pgaudit.core.location import Path


@dataclass(frozen=True)
class SolverSection:
    """The section that a layout has in place of ``optimizer`` and ``paramwise_cfg``."""

    section: str
    example: str
    literals: bool = False
    """Whether the library reads a text there as a Python literal, so that ``1e-4`` is a number after all."""


SOLVERS = {
    "basecls": SolverSection("solver", "solver: {basic_lr: 0.1, weight_decay: 1.0e-4}"),
    "detectron2": SolverSection("SOLVER", "SOLVER: {BASE_LR: 0.02}", literals=True),
}
"""The layouts with a section of their own."""

SECTIONS = {
    "mmcv": "optimizer",
    "mmengine": "optim_wrapper",
    **{name: solver.section for name, solver in SOLVERS.items()},
}
"""The one section that each library reads."""

SIGNS: Mapping[str, tuple[Path, ...]] = {
    name: tuple(tuple(sign.split(".")) for sign in signs.split())
    for name, signs in {
        "mmcv": """
            optimizer_config lr_config momentum_config checkpoint_config log_config dist_params workflow runner.type
            runner.max_epochs runner.max_iters data.samples_per_gpu data.workers_per_gpu data.train_dataloader
            data.train.type evaluation.interval evaluation.metric
            """,
        "mmengine": """
            default_scope param_scheduler default_hooks env_cfg log_processor vis_backends val_evaluator test_evaluator
            train_cfg.type train_cfg.by_epoch train_cfg.max_epochs train_cfg.max_iters train_cfg.val_interval
            train_dataloader.dataset visualizer.type randomness.seed
            """,
        "detectron2": """
            MODEL.META_ARCHITECTURE MODEL.WEIGHTS MODEL.MASK_ON MODEL.KEYPOINT_ON MODEL.ROI_HEADS MODEL.RPN
            MODEL.RETINANET MODEL.RESNETS MODEL.ANCHOR_GENERATOR INPUT.MIN_SIZE_TRAIN DATALOADER.SAMPLER_TRAIN
            """,
    }.items()
}
"""What only the training configs of a library have. ``runner.type`` is a key ``type`` in a mapping ``runner``."""

_NO_ARGUMENTS = {
    "mmcv": ("constructor", "paramwise_cfg"),
    "mmengine": ("_scope_",),  # the registry that a base of another library is of
}
"""What stands in a library's ``optimizer`` and is not handed to the optimizer's class."""

OWN = tuple(
    """
    model model_args constructor optimizer paramwise_cfg optim_wrapper solver SOLVER world_size expect findings
    default_scope
    """.split()
)
"""The top-level keys that are read."""

SCHEDULES = ("scheduler",)
"""The top-level keys that say how the lr changes over time, and what belongs to them. They are ordinary words of
training configs, so that nothing else is taken for a slip of them.
"""

OF_OPENMMLAB = tuple("param_scheduler train_cfg lr_config runner total_epochs total_iters".split())
"""The top-level keys by which OpenMMLab's configs say the same. They are read where there is nothing wrong with them;
a training config may hold anything there.
"""

BASES = ("_base_", "_BASE_")
"""OpenMMLab's and detectron2's word for the files that a config builds upon."""


DEEPSPEED = ("zero_optimization", "train_micro_batch_size_per_gpu")
"""Keys that only DeepSpeed's configs have."""


def may_be_another(top: Mapping[str, Any]) -> bool:
    """Returns whether a config may be in another tool's words: it is in pgaudit's own layout if its ``optimizer`` is,
    and in a library's if anything tells so.

    Args:
        top: its keys, with those below them.
    """
    optimizer = top.get("optimizer")
    if isinstance(optimizer, Mapping) and "type" in optimizer:
        bare = set(optimizer) <= {"type", "legacy_fusion"} and any(key in top for key in DEEPSPEED)
        if "params" not in optimizer and not bare:
            return False
    if any(key in top for key in (*BASES, *SECTIONS.values()) if key != "optimizer"):
        return False
    return not any(has(top, sign) for signs in SIGNS.values() for sign in signs)


def recognise(top: Mapping[str, Any], rest: Mapping[str, Any], otherwise: str = "pgaudit") -> Layout:
    """Sorts a config into its parts, as the library would whose config it is; checks nothing but that no two of them
    could be meant.

    Args:
        top: the keys that are read.
        rest: the other keys of the training config, with as many of the keys below as signs ask for.
        otherwise: the layout of a config in which nothing tells whose it is.
    """
    name, sign = _whose(top, {**rest, **top}, otherwise)
    if name in SOLVERS:
        section = SOLVERS[name].section
        literals = section if SOLVERS[name].literals else None
        layout = Layout(name, name, solver=top.get(section, {}), sections={"solver": (section,)}, literals=literals)
        nest: Path = ()
    else:
        default = name if name in SECTIONS else "mmcv" if "paramwise_cfg" in top else "torch"
        nest = (SECTIONS[name],) if name in SECTIONS else ()
        at: Path = ("optim_wrapper", "optimizer") if name == "mmengine" else ("optimizer",)
        layout = Layout(name, default, sign, optimizer=_at(top, at), sections={"optimizer": at})
        layout.sections["paramwise_cfg"] = (*nest, "paramwise_cfg")
        layout.paramwise_cfg = _at(top, layout.sections["paramwise_cfg"])
        layout.written = _at(top, nest) if nest else None
    at = layout.sections["constructor"] = (*nest, "constructor")
    layout.constructor = _at(top, at) if has(top, at) else layout.default
    if name in _NO_ARGUMENTS and isinstance(layout.optimizer, Mapping):
        others = _NO_ARGUMENTS[name]
        layout.optimizer = {key: value for key, value in layout.optimizer.items() if key not in others}
    layout.rivals = list(_rivals(name, top))
    return layout


def _whose(top: Mapping[str, Any], whole: Mapping[str, Any], otherwise: str) -> tuple[str, str | None]:
    for name in (*SOLVERS, "mmengine"):
        if SECTIONS[name] in top:
            return name, None
    for name, signs in SIGNS.items():
        if name in SOLVERS and "optimizer" in top:
            continue  # a config of detectron2's has none; without a SOLVER, the library's own defaults train
        for sign in signs:
            if has(whole, sign):
                return name, ".".join(map(str, sign))
    nested = has(top, ("optimizer", "paramwise_cfg")) or has(top, ("optimizer", "constructor"))
    return ("mmcv" if nested else otherwise), None


def _rivals(name: str, top: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A solver beside an optimizer: nothing tells which of the two trains."""
    if name in SOLVERS:
        for other in SECTIONS.values():
            if other in top and other != SECTIONS[name]:
                yield (other,), f'"{other}" and "{SECTIONS[name]}" are both in this config; keep one of them'


def _at(top: object, path: Path) -> Any:
    for step in path:
        top = top.get(step) if isinstance(top, Mapping) else None
    return top


def has(top: Mapping[str, Any], path: Path) -> bool:
    """Returns whether a config has a key at this place."""
    parent = _at(top, path[:-1])
    return isinstance(parent, Mapping) and path[-1] in parent
