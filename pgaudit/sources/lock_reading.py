"""A lock file → the Report that it agrees on: see :mod:`pgaudit.sources.lock`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import NoneType
from typing import Any

from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.reading import merge_mark
from pgaudit.report import Report
from pgaudit.sources import lock_over_time
from pgaudit.sources.lock import DEFAULT, FORMATS, HEAD, LAST, NONE, OVER_TIME, WORD
from pgaudit.sources.lock_names import expanded
from pgaudit.sources.lock_over_time import LrsRead
from pgaudit.text import one_line, quoted, visible

_FIRST = re.compile(r"pgaudit lock, format (\d{1,9})")
_RULE = r'(?:[A-Za-z_]\w*(?:\."(?:[^"\\]|\\.)*")?|-)'
_RULES = rf"lr {_RULE}, weight_decay {_RULE}|(?:lr |weight_decay )?{_RULE}"
_VALUES = re.compile(
    rf"(?P<lr>\S+)  (?P<decay>\S+)(?:  at (?P<at>{lock_over_time.LRS}))?"
    r"(?:  scheduled (?P<scheduled>\S+))?(?:  optimizer (?P<optimizer>\d{1,9}))?"
    r"(?P<frozen>  frozen)?  "
)
_LINE = re.compile(rf"(?P<rules>{_RULES}): (?P<names>.+)")


class NewerLock(ConfigError):
    """A newer pgaudit wrote the lock, in a format that is not read here."""


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
    over_time_keys = (*lock_over_time.HEAD, *lock_over_time.OPTIONS) if _format(path, lines) >= OVER_TIME else ()
    head: dict[str, list[str]] = {}
    lrs: LrsRead | None = None
    params: dict[str, ParamAssignment] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(": ")
        if colon and key in (*HEAD, *over_time_keys):
            head.setdefault(key, []).append(value)
            continue
        if over_time_keys and lrs is None:
            lrs = _lrs_read(path, head)
        for param in _params(path, number, line, len(head.get("optimizer", ())), lrs):
            if param.name in params:
                raise _error(path, number, f"{quoted(param.name)} stands here a second time")
            params[param.name] = param
    if not params or next((line for line in reversed(lines) if line.strip()), "") != LAST or not set(head) >= set(HEAD):
        raise _error(path, len(lines), "the lock ends too early", "it was cut; run pgaudit lock again")
    return _report(path, head, tuple(params.values()), lrs)


def _lrs_read(path: str, head: dict[str, list[str]]) -> LrsRead:
    """The lrs over time, of which the head says the steps."""
    if not set(head) >= {*HEAD, *lock_over_time.HEAD}:
        raise _error(path, 1, "the lock's head is not whole", "it was cut; run pgaudit lock again")
    try:
        found = LrsRead.begun(head, _words(head)["constructor"])
        if len(found.titles) != len(head["optimizer"]):
            raise ValueError("there is a schedule for each optimizer")
    except (ValueError, RecursionError) as error:
        raise _of_head(path, error) from None
    return found


def _words(head: dict[str, list[str]]) -> dict[str, Any]:
    """The lines of the head that are a single word, or null."""
    return {key: head[key][-1] if WORD.fullmatch(head[key][-1]) else json.loads(head[key][-1]) for key in HEAD[:-1]}


def _of_head(path: str, error: Exception) -> ConfigError:
    return ConfigError(f"the lock's head cannot be read: {one_line(error)}", location=Location(path))


def _report(path: str, head: dict[str, list[str]], params: tuple[ParamAssignment, ...], lrs: LrsRead | None) -> Report:
    try:
        called = [json.loads(text) for text in head["optimizer"]]
        texts = _words(head)
    except (ValueError, RecursionError) as error:
        raise _of_head(path, error) from None
    dicts = all(isinstance(each, dict) and isinstance(each.get("type"), (str, NoneType)) for each in called)
    if not dicts or not all(text is None or isinstance(text, str) for text in texts.values()):
        raise ConfigError("the lock's head holds other things than it should", location=Location(path))
    optimizers = tuple(OptimizerInfo(each.pop("type", None), each) for each in called)
    over_time = lrs.ended() if lrs is not None else None
    assignment = Assignment("lock", ModelInfo(texts["model"], texts["source"]), optimizers, params)
    return Report(assignment, texts["constructor"], path, over_time=over_time).with_bases()


def _format(path: str, lines: list[str]) -> int:
    """The lock's format, if it is one that is read here."""
    found = _FIRST.fullmatch(lines[0]) if lines else None
    if found is None:
        raise _error(path, 1, "this is no lock of pgaudit", "pgaudit lock MODEL CONFIG -o FILE writes one")
    if int(found[1]) > FORMATS[-1]:
        reads = f"this pgaudit reads {FORMATS[-1]}"
        problem = _error(path, 1, f"lock format {found[1]}; {reads}", "a newer pgaudit wrote it")
        raise NewerLock(problem.findings)
    return int(found[1])


def _params(path: str, number: int, line: str, optimizers: int, lrs: LrsRead | None) -> Iterator[ParamAssignment]:
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
        if bool(values["at"]) != (lrs is not None and bool(setting.values)):
            raise ValueError("the lrs over time stand in every line of an optimizer's parameters, or in none")
        if lrs is not None and values["at"]:
            setting = lrs.note(setting, optimizer, values["at"])
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
    return found.scheduled_at(_value(values["scheduled"] or NONE))


def _extra(text: str) -> tuple[dict[str, Any], str]:
    """What a group holds beside, and the rest of the line."""
    if not text.startswith("{"):
        return {}, text
    extra, end = json.JSONDecoder(parse_constant=_value).raw_decode(text)
    return extra, text[end:].removeprefix("  ")


def _both(rules: str) -> tuple[str, str]:
    """The rule of lr and that of weight decay."""
    if rules.startswith("weight_decay "):
        return DEFAULT, rules.removeprefix("weight_decay ")
    if rules.startswith("lr "):
        lr, _, decay = rules.removeprefix("lr ").partition(", weight_decay ")
        return lr, decay or DEFAULT
    return rules, rules


def _value(text: str) -> float | None:
    if text == NONE:
        return None
    return float(text)


def _rule_of(text: str) -> Provenance | None:
    if text == NONE:
        return None
    option, dot, key = text.partition(".")
    return Provenance(option, json.loads(key) if dot else None)


def _error(path: str, line: int, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError(message, hint, Location(path, max(line, 1), 1))
