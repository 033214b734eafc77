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

Numbers are exact. No line depends on the width of another, so that a change shows as itself in a review.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from types import NoneType
from typing import Any

from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.reading import merge_mark
from pgaudit.names import fold_named
from pgaudit.report import Report
from pgaudit.serialize import plain, portable
from pgaudit.sources.lock_names import expanded, spelled
from pgaudit.text import one_line, quoted, visible

FORMATS = (1, 2, 3)
"""Those that are read. The first that can say it all is written, so that a lock does not change with the version."""
MAX_BYTES = 1 << 28
"""Of a lock: one line a parameter, should none fold, for some million of them."""
_FIRST = re.compile(r"pgaudit lock, format (\d{1,9})")
_WORD = re.compile(r"(?!null$)\w[\w.:/@+-]*", re.ASCII)
_HEAD = ("model", "source", "constructor", "optimizer")
_NONE, _DEFAULT = "-", "default"
_RULE = r'(?:[A-Za-z_]\w*(?:\."(?:[^"\\]|\\.)*")?|-)'
_RULES = rf"lr {_RULE}, weight_decay {_RULE}|(?:lr |weight_decay )?{_RULE}"
_VALUES = re.compile(
    r"(?P<lr>\S+)  (?P<decay>\S+)(?:  scheduled (?P<scheduled>\S+))?(?:  optimizer (?P<optimizer>\d{1,9}))?"
    r"(?P<frozen>  frozen)?  "
)
_LINE = re.compile(rf"(?P<rules>{_RULES}): (?P<names>.+)")
_TITLES = (
    "# lr  weight_decay  rule: parameters",
    "# lr  weight_decay  [scheduled lr]  [what else the group holds]  rule: parameters",
    "# lr  weight_decay  [scheduled lr]  [optimizer]  [what else the group holds]  rule: parameters",
)
_LAST = "# end"
_NOTE = "# Agreed settings: `pgaudit lock --update` rewrites this file, `pgaudit check --lock` compares with it."


class NewerLock(ConfigError):
    """A newer pgaudit wrote the lock, in a format that is not read here."""


def written(report: Report) -> str:
    """Returns a report as a lock file; parameters stand in the model's order."""
    settings = {id(each.setting): each.setting for each in report.params}.values()
    more = any(setting.lr_scale is not None or setting.unscaled for setting in settings)
    optimizers, model = report.assignment.optimizers, report.assignment.model
    kind = 2 if len(optimizers) > 1 else int(more)
    lines = [f"pgaudit lock, format {FORMATS[kind]}", _NOTE]
    for key, value in (("model", portable(model.ref)), ("source", model.source), ("constructor", report.constructor)):
        lines.append(f"{key}: {value if value and _WORD.fullmatch(value) else json.dumps(value)}")
    lines += [f"optimizer: {json.dumps(plain(optimizer.call))}" for optimizer in optimizers]
    lines += ["", _TITLES[kind]]
    words = {_kind(each): _settings(each) for each in {_kind(each): each for each in report.params}.values()}
    folds = fold_named((each.name, words[_kind(each)], each.param.module_type, each) for each in report.params)
    for folded in folds:
        begin = words[_kind(folded.rows[0])]
        lines += [f"{begin}: {name}" for name in spelled(folded.name, [each.name for each in folded.rows])]
    return "\n".join([*lines, _LAST]) + "\n"


def _kind(of: ParamAssignment) -> tuple[int, int | None, bool | None]:
    """What parameters have in common of which a line says the same."""
    return id(of.setting), of.optimizer, of.param.trainable


def _settings(of: ParamAssignment) -> str:
    """All that a line says but the names; also what lines are joined by."""
    setting = of.setting
    scheduled = "" if of.scheduled_lr is None else f"  scheduled {_number(of.scheduled_lr)}"
    optimizer = f"  optimizer {of.optimizer}" if of.optimizer else ""
    frozen = "" if of.param.trainable is not False else "  frozen"
    extra = f"  {json.dumps(plain(setting.unscaled), sort_keys=True)}" if setting.unscaled else ""
    lr_rule, decay_rule = _rule(setting.lr_rule), _rule(setting.weight_decay_rule)
    rules = lr_rule
    if lr_rule != decay_rule:
        both = ("lr", lr_rule), ("weight_decay", decay_rule)
        rules = ", ".join(f"{word} {rule}" for word, rule in both if rule != _DEFAULT)
    return f"{_number(of.lr)}  {_number(of.weight_decay)}{scheduled}{optimizer}{frozen}{extra}  {rules}"


def _number(value: float | None) -> str:
    return _NONE if value is None else repr(float(value))


def _rule(rule: Provenance | None) -> str:
    if rule is None:
        return _NONE
    return rule.option if rule.key is None else f"{rule.option}.{json.dumps(rule.key)}"


def is_lock(path: str, data: bytes) -> bool:
    """Whether a file is meant to be a lock: by its ending, or by how it begins."""
    return path.endswith(".lock") or data.startswith((b"pgaudit lock", b"\xef\xbb\xbfpgaudit lock"))


def read_lock(path: str, data: bytes) -> Report:
    """Reads a lock file.

    Raises:
        ConfigError: it is damaged, holds the marks of a merge conflict, or is of a newer format.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError("the lock is not UTF-8 text", location=Location(path)) from None
    if (mark := merge_mark(lines)) is not None:
        raise _error(path, mark, "the marks of a merge conflict", "settle it, or write it anew: pgaudit lock --update")
    _refuse_other_formats(path, lines)
    head: dict[str, list[str]] = {}
    params: dict[str, ParamAssignment] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(": ")
        if key in _HEAD and colon:
            head.setdefault(key, []).append(value)
            continue
        for param in _params(path, number, line, len(head.get("optimizer", ()))):
            if param.name in params:
                raise _error(path, number, f"{quoted(param.name)} stands here a second time")
            params[param.name] = param
    if not params or next((line for line in reversed(lines) if line.strip()), "") != _LAST or set(head) != set(_HEAD):
        raise _error(path, len(lines), "the lock ends too early", "it was cut; run pgaudit lock again")
    return _report(path, head, tuple(params.values()))


def _report(path: str, head: dict[str, list[str]], params: tuple[ParamAssignment, ...]) -> Report:
    try:
        called = [json.loads(text) for text in head["optimizer"]]
        texts = {
            key: head[key][-1] if _WORD.fullmatch(head[key][-1]) else json.loads(head[key][-1]) for key in _HEAD[:-1]
        }
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the lock's head cannot be read: {one_line(error)}", location=Location(path)) from None
    dicts = all(isinstance(each, dict) and isinstance(each.get("type"), (str, NoneType)) for each in called)
    if not dicts or not all(text is None or isinstance(text, str) for text in texts.values()):
        raise ConfigError("the lock's head holds other things than it should", location=Location(path))
    optimizers = tuple(OptimizerInfo(each.pop("type", None), each) for each in called)
    assignment = Assignment("lock", ModelInfo(texts["model"], texts["source"]), optimizers, params)
    return Report(assignment, texts["constructor"], path).with_bases()


def _refuse_other_formats(path: str, lines: list[str]) -> None:
    found = _FIRST.fullmatch(lines[0]) if lines else None
    if found is None:
        raise _error(path, 1, "this is no lock of pgaudit", "pgaudit lock MODEL CONFIG -o FILE writes one")
    if int(found[1]) > FORMATS[-1]:
        reads = f"this pgaudit reads {FORMATS[-1]}"
        problem = _error(path, 1, f"lock format {found[1]}; {reads}", "a newer pgaudit wrote it")
        raise NewerLock(problem.findings)


def _params(path: str, number: int, line: str, optimizers: int) -> Iterator[ParamAssignment]:
    values = _VALUES.match(line)
    try:
        extra, rest = _extra(line[values.end() :]) if values else ({}, "")
        found = _LINE.fullmatch(rest)
        if values is None or found is None:
            hint = "lr  weight_decay  rule: names"
            raise _error(path, number, f"no setting: {visible(one_line(line, limit=60))}", hint)
        names = expanded(found["names"])
        optimizer = int(values["optimizer"] or 0)
        if optimizer >= max(optimizers, 1):
            raise ValueError(f"there is no optimizer {optimizer}")
        setting = _setting(values, extra, found["rules"])
    except (ValueError, RecursionError) as error:
        raise _error(path, number, one_line(error)) from None
    where = optimizer if setting.values else None
    for name in names:
        yield ParamAssignment(RecordedParameter(name, trainable=not values["frozen"]), setting, None, where)


def _setting(values: re.Match[str], extra: dict[str, Any], rules: str) -> Setting:
    lr_rule, decay_rule = map(_rule_of, _both(rules))
    decay = _value(values["decay"])
    if decay is None:  # a group has one, if only 0; whatever kept the parameter out may be named
        return Setting.left_out(lr_rule) if lr_rule else NOT_OPTIMIZED
    found = Setting.of(_value(values["lr"]), decay, lr_rule, decay_rule, extra)
    return found.scheduled_at(_value(values["scheduled"] or _NONE))


def _extra(text: str) -> tuple[dict[str, Any], str]:
    """What a group holds beside, and the rest of the line."""
    if not text.startswith("{"):
        return {}, text
    extra, end = json.JSONDecoder(parse_constant=_value).raw_decode(text)
    return extra, text[end:].removeprefix("  ")


def _both(rules: str) -> tuple[str, str]:
    """The rule of lr and that of weight decay."""
    if rules.startswith("weight_decay "):
        return _DEFAULT, rules.removeprefix("weight_decay ")
    if rules.startswith("lr "):
        lr, _, decay = rules.removeprefix("lr ").partition(", weight_decay ")
        return lr, decay or _DEFAULT
    return rules, rules


def _value(text: str) -> float | None:
    if text == _NONE:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"not a number: {text}")
    return value


def _rule_of(text: str) -> Provenance | None:
    if text == _NONE:
        return None
    option, dot, key = text.partition(".")
    return Provenance(option, json.loads(key) if dot else None)


def _error(path: str, line: int, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError(message, hint, Location(path, max(line, 1), 1))
