"""Hand-made chains of configs: the values are mmengine's own, and every key has its place, or none where only running
the code tells.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.openmmlab.marked import Files, found, marks, read, written
from tests.openmmlab.places import misplaced
from tests.parity.client import Oracle

BASE = """
optim_wrapper = dict(
    optimizer=dict(
        type='AdamW',  # @optim_wrapper/optimizer/type
        lr=5e-4 * 2,
        weight_decay=0.05),  # @optim_wrapper/optimizer/weight_decay
    paramwise_cfg=dict(
        norm_decay_mult=0.0,  # @optim_wrapper/paramwise_cfg/norm_decay_mult
        custom_keys={
            '.cls_token': dict(decay_mult=0.0)}))  # @optim_wrapper/paramwise_cfg/custom_keys/.cls_token MORE
""".replace("MORE", "@optim_wrapper/paramwise_cfg/custom_keys/.cls_token/decay_mult")

CHAINS: dict[str, Files] = {
    "one file": {
        "config.py": """
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(type='SGD', lr=0.1),  # @optim_wrapper/optimizer @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
    paramwise_cfg={'bias_lr_mult': 2.})  # @optim_wrapper/paramwise_cfg @optim_wrapper/paramwise_cfg/bias_lr_mult
"""
    },
    "the style of mmcv 1.x": {
        "config.py": """
_base_ = './schedules/base.py'
optimizer = dict(lr=0.2)  # @optimizer @optimizer/lr
optimizer_config = dict(grad_clip=None)
""",
        "schedules/base.py": """
optimizer = dict(
    type='SGD',  # @optimizer/type
    lr=0.1, weight_decay=1e-4,  # @optimizer/weight_decay
    paramwise_cfg=dict(  # @optimizer/paramwise_cfg
        norm_decay_mult=0.))  # @optimizer/paramwise_cfg/norm_decay_mult
""",
    },
    "set in the base, overridden in the child": {
        "config.py": """
_base_ = ['base.py']
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(lr=1e-3),  # @optim_wrapper/optimizer @optim_wrapper/optimizer/lr
    paramwise_cfg=dict(  # @optim_wrapper/paramwise_cfg
        custom_keys=dict(  # @optim_wrapper/paramwise_cfg/custom_keys
            head=dict(lr_mult=10))))  # @optim_wrapper/paramwise_cfg/custom_keys/head HERE
""".replace("HERE", "@optim_wrapper/paramwise_cfg/custom_keys/head/lr_mult"),
        "base.py": BASE,
    },
    "a grandparent": {
        "config.py": """
_base_ = 'parent.py'
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(lr=0.3))  # @optim_wrapper/optimizer @optim_wrapper/optimizer/lr
""",
        "parent.py": """
_base_ = 'old/base.py'
optim_wrapper = dict(
    optimizer=dict(lr=0.2, momentum=0.8))  # @optim_wrapper/optimizer/momentum
""",
        "old/base.py": """
optim_wrapper = dict(optimizer=dict(
    type='SGD',  # @optim_wrapper/optimizer/type
    lr=0.1, momentum=0.9))
""",
    },
    "_delete_": {
        "config.py": """
_base_ = 'base.py'
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(  # @optim_wrapper/optimizer
        _delete_=True,
        type='SGD', lr=0.1),  # @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
    paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.))  # @optim_wrapper/paramwise_cfg THIS
""".replace("THIS", "@optim_wrapper/paramwise_cfg/bias_lr_mult"),
        "base.py": BASE.replace("# @", "# "),
    },
    "a list of bases": {
        "config.py": """
_base_ = [
    'runtime.py',
    'schedule.py',
]
""",
        "runtime.py": "default_scope = 'mmpretrain'\n",
        "schedule.py": """
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(type='SGD', lr=0.1))  # @optim_wrapper/optimizer @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
""",
    },
    "{{_base_.x}} and _base_.x": {
        "config.py": """
_base_ = 'base.py'
optim_wrapper = dict(  # @optim_wrapper
    _delete_=True,
    optimizer={{_base_.optimizer}},  # @optim_wrapper/optimizer
    paramwise_cfg=dict(  # @optim_wrapper/paramwise_cfg
        custom_keys=_base_.parts['custom']))  # @optim_wrapper/paramwise_cfg/custom_keys
""",
        "base.py": """
optimizer = dict(
    type='SGD', lr=0.1)  # @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
parts = dict(custom={
    'head': dict(  # @optim_wrapper/paramwise_cfg/custom_keys/head
        lr_mult=10.)})  # @optim_wrapper/paramwise_cfg/custom_keys/head/lr_mult
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.2))
""",
    },
    "variables": {
        "config.py": """
base_lr = 0.1
no_decay = dict(
    decay_mult=0.)  # @optim_wrapper/paramwise_cfg/custom_keys/a/decay_mult @optim_wrapper/paramwise_cfg/custom_keys/b/decay_mult
custom_keys = {
    'a': no_decay,  # @optim_wrapper/paramwise_cfg/custom_keys/a
    'b': no_decay}  # @optim_wrapper/paramwise_cfg/custom_keys/b
optimizer = dict(type='SGD', lr=base_lr)  # @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
optimizer['weight_decay'] = 1e-4  # @optim_wrapper/optimizer/weight_decay
optim_wrapper = dict(  # @optim_wrapper
    optimizer=optimizer,  # @optim_wrapper/optimizer
    paramwise_cfg=dict(custom_keys=custom_keys))  # @optim_wrapper/paramwise_cfg @optim_wrapper/paramwise_cfg/custom_keys
""",
    },
    "keys that code makes have no place": {
        "config.py": """
custom_keys = {
    'stem': dict(lr_mult=0.5)}  # @optim_wrapper/paramwise_cfg/custom_keys/stem @optim_wrapper/paramwise_cfg/custom_keys/stem/lr_mult
custom_keys.update({f'stages.{i}': dict(lr_mult=0.1 * i) for i in range(3)})
for name in ('head', 'neck'):
    custom_keys[name] = dict(lr_mult=10.)
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(type='SGD', lr=0.1),  # @optim_wrapper/optimizer @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr
    paramwise_cfg=dict(custom_keys=custom_keys))  # @optim_wrapper/paramwise_cfg @optim_wrapper/paramwise_cfg/custom_keys
""",
    },
    "what a condition or a loop has changed has no place": {
        "config.py": """
big = True
optimizer = dict(
    type='SGD',  # @optim_wrapper/optimizer/type
    weight_decay=1e-4,  # @optim_wrapper/optimizer/weight_decay
    lr=0.1)
paramwise_cfg = dict(norm_decay_mult=0.)
if big:
    optimizer['lr'] = 0.2
    paramwise_cfg = dict(norm_decay_mult=0.5)
def changed(cfg):
    cfg['momentum'] = 0.9
changed(optimizer)
optim_wrapper = dict(  # @optim_wrapper
    optimizer=optimizer,  # @optim_wrapper/optimizer
    paramwise_cfg=paramwise_cfg)  # @optim_wrapper/paramwise_cfg
"""
    },
    "what is set by assignment stands there": {
        "config.py": """
_base_ = 'base.py'
_base_.optim_wrapper.optimizer.lr = 0.3  # @optim_wrapper/optimizer/lr
_base_['optim_wrapper']['paramwise_cfg']['bias_lr_mult'] = 2.  # @optim_wrapper/paramwise_cfg/bias_lr_mult
""",
        "base.py": BASE.replace("optim_wrapper = dict(", "optim_wrapper = dict(  # @optim_wrapper")
        .replace("    optimizer=dict(\n", "    optimizer=dict(  # @optim_wrapper/optimizer\n")
        .replace("paramwise_cfg=dict(", "paramwise_cfg=dict(  # @optim_wrapper/paramwise_cfg")
        .replace("custom_keys={", "custom_keys={  # @optim_wrapper/paramwise_cfg/custom_keys"),
    },
    "spread dicts, the later one wins": {
        "config.py": """
common = dict(
    type='SGD',  # @optim_wrapper/optimizer/type
    lr=0.1)
unknown = dict(norm_decay_mult=0.) | {}
optim_wrapper = dict(  # @optim_wrapper
    optimizer=dict(common, weight_decay=1e-4, **dict(  # @optim_wrapper/optimizer @optim_wrapper/optimizer/weight_decay
        lr=0.3)),  # @optim_wrapper/optimizer/lr
    paramwise_cfg={  # @optim_wrapper/paramwise_cfg
        'bias_lr_mult': 1.0 * 2,
        **unknown,
        'bias_decay_mult': 0.})  # @optim_wrapper/paramwise_cfg/bias_decay_mult
"""
    },
    "bytes are not columns": {
        "config.py": """
# ünïcödé
optim_wrapper = {'optimizer': {'type': 'SGD', 'lr': 0.1}, 'paramwise_cfg': {'custom_keys': {'größe': {'lr_mult': 2.}}}}  # MARKS
""".replace(
            "# MARKS",
            "# @optim_wrapper @optim_wrapper/optimizer @optim_wrapper/optimizer/type @optim_wrapper/optimizer/lr "
            "@optim_wrapper/paramwise_cfg @optim_wrapper/paramwise_cfg/custom_keys "
            "@optim_wrapper/paramwise_cfg/custom_keys/größe @optim_wrapper/paramwise_cfg/custom_keys/größe/lr_mult",
        )
    },
    "pure Python, with read_base": {
        "config.py": """
from mmengine.config import read_base
from torch.optim import SGD
with read_base():
    from .schedules.base import *
optim_wrapper.update(optimizer=dict(  # @optim_wrapper/optimizer
    type=SGD,  # @optim_wrapper/optimizer/type
    lr=0.5))  # @optim_wrapper/optimizer/lr
optim_wrapper['paramwise_cfg']['norm_decay_mult'] = 0.5  # @optim_wrapper/paramwise_cfg/norm_decay_mult
""",
        "schedules/__init__.py": "",
        "schedules/base.py": """
from mmengine.optim import OptimWrapper
from torch.optim import AdamW
optim_wrapper = dict(  # @optim_wrapper
    type=OptimWrapper,  # @optim_wrapper/type
    optimizer=dict(
        type=AdamW, lr=0.1,
        weight_decay=0.05),  # @optim_wrapper/optimizer/weight_decay
    paramwise_cfg=dict(  # @optim_wrapper/paramwise_cfg
        norm_decay_mult=0.))
""",
    },
    "pure Python, merged and by another name": {
        "config.py": """
from mmengine.config import read_base
with read_base():
    from .base import schedule as optim_wrapper  # @optim_wrapper
optim_wrapper.merge(dict(
    optimizer=dict(  # @optim_wrapper/optimizer
        lr=0.5)))  # @optim_wrapper/optimizer/lr
""",
        "base.py": """
import torch
schedule = dict(optimizer=dict(
    type=torch.optim.AdamW,  # @optim_wrapper/optimizer/type
    lr=0.1))
""",
    },
}


@pytest.mark.parametrize("name", CHAINS)
def test_values_are_mmengines_and_places_are_right(reader: Oracle, tmp_path: Path, name: str) -> None:
    files = CHAINS[name]
    written(tmp_path, files)
    ours, theirs = read(reader, tmp_path)
    assert "refused" not in ours, ours
    assert {key: ours[key] for key in theirs} == theirs
    assert not misplaced(tmp_path, ours["places"])
    said = {at: place for at, place in found(ours).items() if at != ("model",)}
    assert said == {at: place for at, place in marks(files).items() if place[0]}
