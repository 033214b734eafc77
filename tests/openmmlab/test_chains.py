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
        type='AdamW',  # @O/type
        lr=5e-4 * 2,
        weight_decay=0.05),  # @O/weight_decay
    paramwise_cfg=dict(
        norm_decay_mult=0.0,  # @P/norm_decay_mult
        custom_keys={
            '.cls_token': dict(decay_mult=0.0)}))  # @P/custom_keys/.cls_token MORE
""".replace("MORE", "@P/custom_keys/.cls_token/decay_mult")

CHAINS: dict[str, Files] = {
    "one file": {
        "config.py": """
optim_wrapper = dict(  # @W
    optimizer=dict(type='SGD', lr=0.1),  # @O @O/type @O/lr
    paramwise_cfg={'bias_lr_mult': 2.})  # @P @P/bias_lr_mult
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
optim_wrapper = dict(  # @W
    optimizer=dict(lr=1e-3),  # @O @O/lr
    paramwise_cfg=dict(  # @P
        custom_keys=dict(  # @P/custom_keys
            head=dict(lr_mult=10))))  # @P/custom_keys/head HERE
""".replace("HERE", "@P/custom_keys/head/lr_mult"),
        "base.py": BASE,
    },
    "a grandparent": {
        "config.py": """
_base_ = 'parent.py'
optim_wrapper = dict(  # @W
    optimizer=dict(lr=0.3))  # @O @O/lr
""",
        "parent.py": """
_base_ = 'old/base.py'
optim_wrapper = dict(
    optimizer=dict(lr=0.2, momentum=0.8))  # @O/momentum
""",
        "old/base.py": """
optim_wrapper = dict(optimizer=dict(
    type='SGD',  # @O/type
    lr=0.1, momentum=0.9))
""",
    },
    "_delete_": {
        "config.py": """
_base_ = 'base.py'
optim_wrapper = dict(  # @W
    optimizer=dict(  # @O
        _delete_=True,
        type='SGD', lr=0.1),  # @O/type @O/lr
    paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.))  # @P THIS
""".replace("THIS", "@P/bias_lr_mult"),
        "base.py": BASE.replace("# @", "# "),
    },
    "what was deleted with a base does not stand there": {
        "config.py": """
_base_ = 'base.py'
custom_keys = {'stem': dict(lr_mult=1.)}
custom_keys.pop('stem')
custom_keys |= {'head': dict(lr_mult=10.)}
optim_wrapper = dict(  # @W
    paramwise_cfg=dict(_delete_=True, custom_keys=custom_keys))  # @P
""",
        "base.py": """
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1),  # @O @O/type @O/lr
    paramwise_cfg=dict(custom_keys={'neck': dict(lr_mult=2.)}))
""",
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
optim_wrapper = dict(  # @W
    optimizer=dict(type='SGD', lr=0.1))  # @O @O/type @O/lr
""",
    },
    "{{_base_.x}} and _base_.x": {
        "config.py": """
_base_ = 'base.py'
optim_wrapper = dict(  # @W
    _delete_=True,
    optimizer={{_base_.optimizer}},  # @O
    paramwise_cfg=dict(  # @P
        custom_keys=_base_.parts['custom']))  # @P/custom_keys
""",
        "base.py": """
optimizer = dict(  # @optimizer
    type='SGD', lr=0.1)  # @O/type @O/lr @optimizer/type @optimizer/lr
parts = dict(custom={
    'head': dict(  # @P/custom_keys/head
        lr_mult=10.)})  # @P/custom_keys/head/lr_mult
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.2))
""",
    },
    "variables": {
        "config.py": """
base_lr = 0.1
no_decay = dict(
    decay_mult=0.)  # @P/custom_keys/a/decay_mult @P/custom_keys/b/decay_mult @K/a/decay_mult @K/b/decay_mult
custom_keys = {  # @K
    'a': no_decay,  # @P/custom_keys/a @K/a
    'b': no_decay}  # @P/custom_keys/b @K/b
optimizer = dict(type='SGD', lr=base_lr)  # @O/type @O/lr @optimizer @optimizer/type @optimizer/lr
optimizer['weight_decay'] = 1e-4  # @O/weight_decay @optimizer/weight_decay
optim_wrapper = dict(  # @W
    optimizer=optimizer,  # @O
    paramwise_cfg=dict(custom_keys=custom_keys))  # @P @P/custom_keys
""",
    },
    "keys that code makes have no place": {
        "config.py": """
custom_keys = {  # @K
    'stem': dict(lr_mult=0.5)}  # @P/custom_keys/stem @P/custom_keys/stem/lr_mult @K/stem @K/stem/lr_mult
custom_keys.update({f'stages.{i}': dict(lr_mult=0.1 * i) for i in range(3)})
for name in ('head', 'neck'):
    custom_keys[name] = dict(lr_mult=10.)
optim_wrapper = dict(  # @W
    optimizer=dict(type='SGD', lr=0.1),  # @O @O/type @O/lr
    paramwise_cfg=dict(custom_keys=custom_keys))  # @P @P/custom_keys
""",
    },
    "computed values have no place, what they stand in has": {
        "config.py": """
scale = 1024
head = dict(lr_mult=10.).copy()
optim_wrapper = dict(  # @W
    optimizer=dict(  # @O
        type='SGD', lr=-5e-4 * scale / -(256 + 256), weight_decay=1e-4),  # @O/type @O/lr @O/weight_decay
    paramwise_cfg=dict(  # @P
        norm_decay_mult=float('0'),
        bias_lr_mult=2. if scale else 1.,
        custom_keys=dict(  # @P/custom_keys
            neck=dict(lr_mult=max(1., 2.)),  # @P/custom_keys/neck
            **dict(head=head))))
"""
    },
    "what a condition or a loop has changed has no place": {
        "config.py": """
big = True
optimizer = dict(  # @optimizer
    type='SGD',  # @O/type @optimizer/type
    weight_decay=1e-4,  # @O/weight_decay @optimizer/weight_decay
    lr=0.1)
paramwise_cfg = dict(norm_decay_mult=0.)
if big:
    optimizer['lr'] = 0.2
    paramwise_cfg = dict(norm_decay_mult=0.5)
def changed(cfg):
    cfg['momentum'] = 0.9
changed(optimizer)
optim_wrapper = dict(  # @W
    optimizer=optimizer,  # @O
    paramwise_cfg=paramwise_cfg)
"""
    },
    "what is set by assignment stands there": {
        "config.py": """
_base_ = 'base.py'
_base_.optim_wrapper.optimizer.lr = 0.3  # @O/lr
_base_['optim_wrapper']['paramwise_cfg']['bias_lr_mult'] = 2.  # @P/bias_lr_mult
""",
        "base.py": BASE.replace("optim_wrapper = dict(", "optim_wrapper = dict(  # @W")
        .replace("    optimizer=dict(\n", "    optimizer=dict(  # @O\n")
        .replace("paramwise_cfg=dict(", "paramwise_cfg=dict(  # @P")
        .replace("custom_keys={", "custom_keys={  # @P/custom_keys"),
    },
    "spread dicts, the later one wins": {
        "config.py": """
common = dict(
    type='SGD',  # @O/type
    lr=0.1)
unknown = dict(norm_decay_mult=0.) | {}
optim_wrapper = dict(  # @W
    optimizer=dict(common, weight_decay=1e-4, **dict(  # @O @O/weight_decay
        lr=0.3)),  # @O/lr
    paramwise_cfg={  # @P
        'bias_lr_mult': 1.0 * 2,  # @P/bias_lr_mult
        **unknown,
        'bias_decay_mult': 0.})  # @P/bias_decay_mult
"""
    },
    "bytes are not columns": {
        "config.py": """
# ünïcödé
optim_wrapper = {'optimizer': {'type': 'SGD', 'lr': 0.1}, 'paramwise_cfg': {'custom_keys': {  # MARKS
    'größe': {'lr_mult': 2.}}}}  # @P/custom_keys/größe @P/custom_keys/größe/lr_mult
""".replace(
            "# MARKS",
            "# @W @O @O/type @O/lr @P @P/custom_keys",
        )
    },
    "pure Python, with read_base": {
        "config.py": """
from mmengine.config import read_base
from torch.optim import SGD
with read_base():
    from .schedules.base import *
optim_wrapper.update(optimizer=dict(  # @O
    type=SGD,  # @O/type
    lr=0.5))  # @O/lr
optim_wrapper['paramwise_cfg']['norm_decay_mult'] = 0.5  # @P/norm_decay_mult
""",
        "schedules/__init__.py": "",
        "schedules/base.py": """
from mmengine.optim import OptimWrapper
from torch.optim import AdamW
optim_wrapper = dict(  # @W
    type=OptimWrapper,  # @W/type
    optimizer=dict(
        type=AdamW, lr=0.1,
        weight_decay=0.05),  # @O/weight_decay
    paramwise_cfg=dict(  # @P
        norm_decay_mult=0.))
""",
    },
    "pure Python, merged and by another name": {
        "config.py": """
from mmengine.config import read_base
with read_base():
    from .base import schedule as optim_wrapper  # @W
optim_wrapper.merge(dict(
    optimizer=dict(  # @O
        lr=0.5)))  # @O/lr
""",
        "base.py": """
import torch
schedule = dict(optimizer=dict(
    type=torch.optim.AdamW,  # @O/type
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
