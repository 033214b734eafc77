"""Recognises whose layout a config has, and finds the optimizer and its parameter-wise options in it.

mmcv 1.x nests ``constructor`` and ``paramwise_cfg`` in ``optimizer``; mmengine puts all three into ``optim_wrapper``;
BaseCls has a ``solver``, detectron2 a ``SOLVER``. Each is read as people already have it, with the rest of a training
config beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgaudit.text import nearest

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a config."""

OPTIMIZER_LAYOUTS = frozenset({"pgaudit", "mmcv", "mmengine"})
"""The layouts with an ``optimizer`` and a ``paramwise_cfg``, wherever they stand."""


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

FOREIGN = frozenset(
    """
    optimizer_config lr_config momentum_config runner total_epochs data train_dataloader val_dataloader test_dataloader
    train_pipeline val_pipeline test_pipeline dataset_type data_root data_preprocessor train_cfg val_cfg test_cfg
    val_evaluator test_evaluator evaluation param_scheduler auto_scale_lr checkpoint_config default_hooks custom_hooks
    custom_imports log_config log_level log_processor dist_params env_cfg load_from resume resume_from workflow work_dir
    randomness seed default_scope visualizer vis_backends opencv_num_threads mp_start_method fp16
    find_unused_parameters img_norm_cfg norm_cfg act_cfg crop_size img_size img_scale gpu_ids gpus device auto_resume
    file_client_args backend_args max_epochs max_iters classes class_names num_classes palette tta_model tta_pipeline
    channel_cfg albu_train_transforms samples_per_gpu workers_per_gpu base_batch_size train_batch_size_per_gpu
    trainer_name hooks_name weights output_dir batch_size num_classes preprocess test bn loss augments model_ema amp
    fastrun dtr log_every_n_iter tb_every_n_iter save_every_n_epoch eval_every_n_epoch trace
    MODEL DATASETS DATALOADER INPUT TEST OUTPUT_DIR SEED CUDNN_BENCHMARK FLOAT32_PRECISION VIS_PERIOD GLOBAL VERSION
    """.split()
)
"""The rest of an OpenMMLab, BaseCls or detectron2 training config, which says nothing about parameter groups.

One of these is enough to tell such a config from one written for pgaudit alone.
"""

OWN = tuple(
    """
    model model_args constructor optimizer paramwise_cfg optim_wrapper solver SOLVER world_size expect findings
    default_scope
    """.split()
)
"""The top-level keys that are read."""

BASES = ("_base_", "_BASE_")
"""OpenMMLab's and detectron2's word for the files that a config builds upon, which are not read."""


def foreign_keys(top: Mapping[str, frozenset[str] | None]) -> set[str]:
    """Returns the top-level keys that are nobody's business here, whatever stands below them.

    In a training config, that is every key but those that are read, and those that were probably meant to be.

    Args:
        top: each top-level key with the keys below it; None where its value is not a mapping.
    """
    foreign = {key for key in top if key in FOREIGN}
    if top.get("model") is not None:
        foreign.add("model")  # the library's own model section
    nested = (top.get("optimizer") or frozenset()) & {"paramwise_cfg", "constructor"}
    if foreign or nested or not top.keys().isdisjoint(("optim_wrapper", "solver", "SOLVER")):
        unknown = [key for key in top if key not in (*OWN, *BASES)]
        foreign |= {key for key in unknown if not nearest(key, OWN, cutoff=0.8)}
    return foreign - {"default_scope"}


@dataclass
class Layout:
    """The parts of a config, whatever its layout, and where each stands in the file."""

    name: str
    default: str
    """The constructor of a config that names none."""
    constructor: object = None
    optimizer: Any = None
    paramwise_cfg: Any = None
    solver: Any = None
    sections: dict[str, Path] = field(default_factory=dict)
    unread: list[tuple[Path, str]] = field(default_factory=list)
    """Parts beside those that this layout reads, and what is wrong with them."""

    def reads_literally(self, path: Path) -> bool:
        """Whether the library reads a text at this place as a Python literal."""
        return self.name in SOLVERS and SOLVERS[self.name].literals and path[:1] == (SOLVERS[self.name].section,)


def recognise(top: Mapping[str, Any]) -> Layout:
    """Sorts a config into its parts; checks nothing but that no part stands in two places."""
    optimizer = top.get("optimizer")
    for name, solver in SOLVERS.items():
        if solver.section in top:
            return _assembled(name, name, top, (), {"solver": (solver.section,)})
    if "optim_wrapper" in top:
        return _assembled(
            "mmengine", "mmengine", top, ("optim_wrapper",), {"optimizer": ("optim_wrapper", "optimizer")}
        )
    if isinstance(optimizer, Mapping) and ("paramwise_cfg" in optimizer or "constructor" in optimizer):
        return _assembled("mmcv", "mmcv", top, ("optimizer",), {"optimizer": ("optimizer",)})
    return _assembled("pgaudit", "mmcv", top, (), {"optimizer": ("optimizer",)})


def _assembled(name: str, default: str, top: Mapping[str, Any], nest: Path, sections: dict[str, Path]) -> Layout:
    layout = Layout(name, default, default, sections=dict(sections))
    for part, path in sections.items():
        setattr(layout, part, _at(top, path))
    for part in ("constructor", "paramwise_cfg"):
        inner, outer = (*nest, part), (part,)
        if _has(top, inner) and nest and _has(top, outer):
            layout.unread.append((inner, f'"{part}" stands in two places; keep one'))
        path = outer if _has(top, outer) else inner
        layout.sections[part] = path
        if _has(top, path):
            setattr(layout, part, _at(top, path))
    if name == "mmcv" and isinstance(layout.optimizer, Mapping):
        nested = ("constructor", "paramwise_cfg")
        layout.optimizer = {key: value for key, value in layout.optimizer.items() if key not in nested}
    for stray in ("optimizer", "optim_wrapper", *(solver.section for solver in SOLVERS.values())):
        if stray in top and stray not in {path[0] for path in sections.values()}:
            read = SOLVERS[name].section if name in SOLVERS else "optim_wrapper"
            layout.unread.append(((stray,), f'"{stray}" stands beside "{read}"; a config has one of them'))
    return layout


def _at(top: object, path: Path) -> Any:
    for step in path:
        top = top.get(step) if isinstance(top, Mapping) else None
    return top


def _has(top: Mapping[str, Any], path: Path) -> bool:
    parent = _at(top, path[:-1])
    return isinstance(parent, Mapping) and path[-1] in parent
