"""Lock files ↔ Reports: the settings of every parameter, as agreed, in lines that are easy to review.

    pgaudit lock, format 1
    # Agreed settings: `pgaudit lock --update` rewrites this file, `pgaudit check --lock` compares with it.
    model: resnet50
    constructor: mmcv
    optimizer: {"type": "SGD", "lr": 0.1, "weight_decay": 0.0001}

    # lr  weight_decay  rule: parameters
    0.1  0.0001  default: conv1.weight
    0.1  0.0  weight_decay norm_decay_mult: layer1.{0..2}.bn{1..3}.{weight,bias}
    0.2  5e-05  lr bias_lr_mult, weight_decay dwconv_decay_mult: dwconv.bias
    # end

A rule without a word before it decides lr and weight decay; a value of which nothing is said has the ``default`` rule.
What schedulers make of an lr, and what else a group holds, stands after the weight decay, in format 2:

    0.001  0.05  scheduled 0.0001771  layer_decay: blocks.3.norm1.weight
    0.01  0.0001  {"momentum": 0.8}  custom_keys."fc": fc.{weight,bias}

Where there are several optimizers, format 3 has a line ``optimizer:`` for each, and says of a parameter that is not in
the first one which it is in:

    0.02  0.0  optimizer 1  default: head.{weight,bias}

With ``--at``, format 4 has the lrs after some steps of the schedule. Its head has a line ``schedule:`` for each
optimizer and the steps (or epochs, where the schedule counts those); then the options on which the lrs depend, where
they were given beside the source: ``scheduler:``, ``steps:``, ``epoch_steps:``.

    schedule: "CosineAnnealingLR T_max 1000 eta_min 1e-5"
    at: 0, 1000 steps

    # lr  weight_decay  at step lr, ...  [scheduled lr]  [optimizer]  [what else the group holds]  rule: parameters
    0.1  0.0001  at 0 0.1, 1000 1e-05  default: conv1.weight

Numbers are exact. No line depends on the width of another, so that a change shows as itself in a review.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.setting import Provenance
from pgaudit.names import fold_named
from pgaudit.report import Report
from pgaudit.serialize import plain, portable
from pgaudit.sources import lock_over_time
from pgaudit.sources.lock_names import spelled

FORMATS = (1, 2, 3, 4)
"""Those that are read. The first that can say it all is written, so that a lock does not change with the version."""
OVER_TIME = 4
"""The first format that may hold lrs over time."""
MAX_BYTES = 1 << 28
"""Of a lock: one line a parameter, should none fold, for some million of them."""
WORD = re.compile(r"(?!null$)\w[\w.:/@+-]*", re.ASCII)
"""What stands at the top without quotes."""
HEAD = ("model", "source", "constructor", "optimizer")
"""The lines at the top."""
NONE, DEFAULT = "-", "default"
"""No value or rule; and the rule of a value of which nothing is said."""
_TITLES = (
    "# lr  weight_decay  rule: parameters",
    "# lr  weight_decay  [scheduled lr]  [what else the group holds]  rule: parameters",
    "# lr  weight_decay  [scheduled lr]  [optimizer]  [what else the group holds]  rule: parameters",
    "# lr  weight_decay  at step lr, ...  [scheduled lr]  [optimizer]  [what else the group holds]  rule: parameters",
)
LAST = "# end"
"""The last line, without which a lock was cut."""
_NOTE = "# Agreed settings: `pgaudit lock --update` rewrites this file, `pgaudit check --lock` compares with it."


def written(report: Report) -> str:
    """Returns a report as a lock file; parameters stand in the model's order."""
    settings = {id(each.setting): each.setting for each in report.params}.values()
    more = any(setting.lr_scale is not None or setting.unscaled for setting in settings)
    optimizers, model = report.assignment.optimizers, report.assignment.model
    kind = 3 if report.at else 2 if len(optimizers) > 1 else int(more)
    lines = [f"pgaudit lock, format {FORMATS[kind]}", _NOTE]
    for key, value in (("model", portable(model.ref)), ("source", model.source), ("constructor", report.constructor)):
        lines.append(f"{key}: {value if value and WORD.fullmatch(value) else json.dumps(value)}")
    lines += [f"optimizer: {json.dumps(plain(optimizer.call))}" for optimizer in optimizers]
    lines += [*lock_over_time.head_lines(report.over_time)] if report.at and report.over_time else []
    lines += ["", _TITLES[kind]]
    kinds = [_kind(each, by_group=bool(report.at)) for each in report.params]
    alike = dict(zip(kinds, report.params, strict=True))
    words = {of: _settings(each, report.lrs_at(each)) for of, each in alike.items()}
    rows = zip(report.params, kinds, strict=True)
    folds = fold_named((each.name, words[of], each.param.module_type, (each, words[of])) for each, of in rows)
    for folded in folds:
        begin = folded.rows[0][1]
        lines += [f"{begin}: {name}" for name in spelled(folded.name, [each.name for each, _ in folded.rows])]
    return "\n".join([*lines, LAST]) + "\n"


def _kind(of: ParamAssignment, *, by_group: bool) -> tuple[int, int | None, int | None, bool | None]:
    """What parameters have in common of which a line says the same; a schedule may tell groups apart."""
    return id(of.setting), of.optimizer, of.group if by_group else None, of.param.trainable


def _settings(of: ParamAssignment, lrs: Mapping[int, float | None]) -> str:
    """All that a line says but the names; also what lines are joined by."""
    setting = of.setting
    at = f"  at {lock_over_time.in_line(lrs)}" if lrs and of.in_optimizer else ""
    scheduled = "" if of.scheduled_lr is None else f"  scheduled {_number(of.scheduled_lr)}"
    optimizer = f"  optimizer {of.optimizer}" if of.optimizer else ""
    frozen = "" if of.param.trainable is not False else "  frozen"
    extra = f"  {json.dumps(plain(setting.unscaled), sort_keys=True)}" if setting.unscaled else ""
    lr_rule, decay_rule = _rule(setting.lr_rule), _rule(setting.weight_decay_rule)
    rules = lr_rule
    if lr_rule != decay_rule:
        both = ("lr", lr_rule), ("weight_decay", decay_rule)
        rules = ", ".join(f"{word} {rule}" for word, rule in both if rule != DEFAULT)
    return f"{_number(of.lr)}  {_number(of.weight_decay)}{at}{scheduled}{optimizer}{frozen}{extra}  {rules}"


def _number(value: float | None) -> str:
    return NONE if value is None else repr(float(value))


def _rule(rule: Provenance | None) -> str:
    if rule is None:
        return NONE
    return rule.option if rule.key is None else f"{rule.option}.{json.dumps(rule.key)}"


def is_lock(path: str, data: bytes) -> bool:
    """Whether a file is meant to be a lock: by its ending, or by how it begins."""
    return path.endswith(".lock") or data.startswith((b"pgaudit lock", b"\xef\xbb\xbfpgaudit lock"))
