"""mmcv 1.x, mmengine and what is derived from it, which call the optimizer's class by its name in their registries."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.models.walk.families import families_of
from pgaudit.text import visible
from pgaudit.verify.base import Real, registered

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from pgaudit.verify.base import Builder


def _refuse_deformable(model: nn.Module, has_ops: bool) -> None:
    """Without mmcv's compiled ops, nothing is a deformable convolution to either library."""
    if has_ops:
        return
    for name, module in model.named_modules():
        bases = [f"{base.__module__}.{base.__qualname__}" for base in type(module).__mro__]
        if "deform_conv" in families_of(bases):
            hint = "install mmcv with its ops; pgaudit answers as where they are"
            raise UsageError(f"{visible(name)} is a deformable convolution, and this mmcv has no compiled ops", hint)


def _mmcv() -> Builder:
    from mmcv.runner.optimizer import OPTIMIZERS, build_optimizer
    from mmcv.runner.optimizer.default_constructor import check_ops_exist

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        _refuse_deformable(model, check_ops_exist())
        if config.layout == "mmcv" and config.written is not None:
            optimizer = {**config.written}  # as training calls it: build_optimizer(model, cfg.optimizer)
        else:
            optimizer = {**config.optimizer, "paramwise_cfg": config.paramwise_cfg}
        if "constructor" in optimizer:
            optimizer["constructor"] = "DefaultOptimizerConstructor"  # which pgaudit's own word for it stands for
        optimizer["type"] = registered(OPTIMIZERS, optimizer["type"], kind)
        built: Optimizer = build_optimizer(model, copy.deepcopy(optimizer))
        return built

    return build


def _mmengine() -> Builder:
    from mmengine.optim import DefaultOptimWrapperConstructor

    return _wrapping(DefaultOptimWrapperConstructor)


def _mmpretrain() -> Builder:
    from mmpretrain.engine.optimizers import LearningRateDecayOptimWrapperConstructor

    return _wrapping(LearningRateDecayOptimWrapperConstructor)


def _mmdet() -> Builder:
    layer_decay = _file_of("mmdet", "layer_decay_optimizer_constructor")
    return _wrapping(layer_decay.LearningRateDecayOptimizerConstructor)


def _mmseg() -> Builder:
    layer_decay = _file_of("mmseg", "layer_decay_optimizer_constructor")
    return _wrapping(layer_decay.LearningRateDecayOptimizerConstructor)


def _mmseg_old() -> Builder:
    return _wrapping(_file_of("mmseg", "layer_decay_optimizer_constructor").LayerDecayOptimizerConstructor)


def _mmpose() -> Builder:
    layer_decay = _file_of("mmpose", "layer_decay_optim_wrapper", "optim_wrappers")
    return _wrapping(layer_decay.LayerDecayOptimWrapperConstructor)


def _mmseg_forcing() -> Builder:
    return _wrapping(_file_of("mmseg", "force_default_constructor").ForceDefaultOptimWrapperConstructor)


def _file_of(package: str, name: str, folder: str = "optimizers") -> Any:
    """Returns a module of a package's ``engine`` without the rest of it, which needs mmcv's compiled ops.

    Raises:
        ImportError: there is none.
    """
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"no module named {package}")
    path = Path(found.submodule_search_locations[0]) / "engine" / folder / f"{name}.py"
    spec = spec_from_file_location(f"{package}.engine.{folder}.{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ImportError(f"{package} has no engine/{folder}/{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _wrapping(constructor: Any) -> Builder:
    """Returns what builds through a constructor of optimizer wrappers."""
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import OPTIMIZERS
    from mmengine.utils.dl_utils import mmcv_full_available

    def build(model: nn.Module, config: Config, kind: type[Optimizer] | None) -> Optimizer:
        _refuse_deformable(model, mmcv_full_available())
        wrapper = _wrapper(config, constructor)
        optimizer = wrapper["optimizer"]
        wrapper["optimizer"] = {**optimizer, "type": registered(OPTIMIZERS, optimizer["type"], kind)}
        with _silent():
            # The wrapper's own `param_groups` has one more, which holds nothing of the model.
            built: Optimizer = build_optim_wrapper(model, copy.deepcopy(wrapper)).optimizer
        for group in built.param_groups:
            for names in ("param_name", "param_names"):  # of its parameters, which are told by identity
                group.pop(names, None)
        return built

    return build


def _wrapper(config: Config, constructor: Any) -> dict[str, Any]:
    """Returns what training hands to mmengine's build_optim_wrapper: the section as it stands in the file, where it is
    mmengine's. A constructor that it names is given as the class, whose package may be impossible to import as a whole.
    """
    if config.layout != "mmengine" or config.written is None:
        ours = {"optimizer": config.optimizer, "paramwise_cfg": config.paramwise_cfg}
        return {**ours, "type": "OptimWrapper", "constructor": constructor}
    wrapper = {**config.written, "type": "OptimWrapper"}
    if config.written.get("type", "OptimWrapper") != "OptimWrapper":
        # Other wrappers are for mixed precision, which wants an accelerator, and change nothing about groups.
        wrapper = {key: value for key, value in wrapper.items() if key in _READ}
    return {**wrapper, "constructor": constructor} if "constructor" in wrapper else wrapper


_READ = ("type", "optimizer", "constructor", "paramwise_cfg")
"""What mmengine reads of a section, whatever the wrapper."""


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without the lines about each parameter, which are logged or printed."""
    level = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(level)


MMCV = Real(("mmcv", "mmcv-full"), "mmcv==1.7.2", _mmcv)
MMENGINE = Real(("mmengine", "mmengine-lite"), "mmengine==0.10.7", _mmengine)
MMPRETRAIN = Real(("mmpretrain",), "mmpretrain==1.2.0", _mmpretrain)
MMDET = Real(("mmdet",), "mmdet==3.3.0", _mmdet)
MMSEG = Real(("mmsegmentation",), "mmsegmentation==1.2.2", _mmseg)
MMSEG_OLD = Real(("mmsegmentation",), "mmsegmentation==1.2.2", _mmseg_old)
MMPOSE = Real(("mmpose",), "mmpose==1.3.2", _mmpose)
MMSEG_FORCING = Real(("mmsegmentation",), "mmsegmentation==1.2.2", _mmseg_forcing)
