"""build_optimizer(): the real torch optimizer of a policy, with groups of equal settings merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from pgaudit.config import load_config
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import ConfigError
from pgaudit.core.setting import Setting
from pgaudit.models.build import given_model
from pgaudit.models.source import ModelSource
from pgaudit.optimizers import calls
from pgaudit.pipeline import audit_with_tensors

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from pgaudit.pipeline import ConfigSource


def build_optimizer(model: nn.Module, config: ConfigSource) -> Optimizer:
    """Builds the real torch optimizer for a live model, with groups of equal settings merged.

    Raises:
        ConfigError: the config is wrong, the real library would refuse it, or a tied parameter would be in two groups.
    """
    given = given_model(model)
    report, tensors, call = audit_with_tensors(ModelSource(lambda: given), load_config(config))
    for finding in report.findings:
        if finding.code == "PG009":
            raise ConfigError(finding.message, finding.hint)
    members: dict[Hashable, list[tuple[ParamAssignment, Tensor]]] = defaultdict(list)
    for row, tensor in zip(report.params, tensors, strict=True):
        if row.group is not None:
            members[row.setting.merging].append((row, tensor))
    groups = [
        {"params": [tensor for _, tensor in held], **_overrides([row.setting for row, _ in held])}
        for held in members.values()
    ]
    return calls.build(call, groups)


def _overrides(settings: Sequence[Setting]) -> dict[str, Any]:
    """What a merged group holds. What the first writes into it, or leaves to the class, comes to the same for all; of
    the keys that nothing reads, only those stay on which all agree.
    """
    first, *others = {id(setting): setting for setting in settings}.values()
    unlike = {key for key in first.inert for other in others if _held(other, key) != _held(first, key)}
    return {key: value for key, value in first.written if key not in unlike}


def _held(setting: Setting, key: str) -> tuple[bool, Any]:
    return key in setting.extra, setting.extra.get(key)
