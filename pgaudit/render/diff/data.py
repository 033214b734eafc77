"""Diff → JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgaudit.core.assignment import ParamAssignment
from pgaudit.diff import Change, ChangeKind, Diff, ValueChange
from pgaudit.render.data import document
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.line import DiffLine, last_title, renamed, titles
from pgaudit.render.diff.view import counts_line, head, setup_words
from pgaudit.render.markdown import code, escaped, table
from pgaudit.render.numbers import shape
from pgaudit.report import Report
from pgaudit.serialize import by_step, plain, portable, rule


def render_diff_json(diff: Diff, *, rules: bool = True) -> str:
    """Returns the diff as JSON: one entry a parameter, numbers in full precision."""
    counts = {kind.value: len(diff.of(kind)) for kind in ChangeKind}
    return document(
        a=_side(diff.a),
        b=_side(diff.b),
        differs=diff.differs,
        setup=_setup(diff.setup),
        changes=[_change(each) for each in diff.changes if rules or each.kind is not ChangeKind.SAME_EFFECT],
        counts={"setup": len(diff.setup), **counts, "unchanged": diff.unchanged},
    )


def _side(side: Report) -> dict[str, Any]:
    optimizers = [plain(each.call) for each in side.assignment.optimizers]
    return {
        "path": portable(side.path),
        **({"tried": side.tried} if side.tried else {}),
        "model": portable(side.assignment.model.ref),
        "constructor": side.constructor,
        "optimizer": optimizers[0] if optimizers else {},
        **({"optimizers": optimizers} if len(optimizers) > 1 else {}),
        "parameters": len(side),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "name": change.param.name,
        "before": _param(change.before, {each.step: each.before for each in change.lrs}),
        "after": _param(change.after, {each.step: each.after for each in change.lrs}),
        **({"extra": _setup(change.extra)} if change.extra else {}),
    }


def _setup(changes: Iterable[ValueChange]) -> list[dict[str, Any]]:
    return [{"name": each.name, "before": plain(each.before), "after": plain(each.after)} for each in changes]


def _param(of: ParamAssignment | None, lrs: Mapping[int, float | None]) -> dict[str, Any] | None:
    if of is None:
        return None
    setting, shape = of.setting, of.param.shape
    return {
        "name": of.name,
        "shape": None if shape is None else list(shape),
        "numel": of.param.numel,
        "trainable": of.param.trainable,
        "in_optimizer": of.in_optimizer,
        **({"optimizer": of.optimizer} if of.optimizer else {}),
        "lr": plain(of.lr),
        "weight_decay": plain(of.weight_decay),
        "lr_rule": rule(setting.lr_rule),
        "weight_decay_rule": rule(setting.weight_decay_rule),
        **({} if of.scheduled_lr is None else {"scheduled_lr": plain(of.scheduled_lr)}),
        **({"extra": plain(setting.unscaled)} if setting.unscaled else {}),
        **({"lr_at": by_step(lrs)} if lrs else {}),
    }


def render_diff_markdown(diff: Diff, *, fold: bool = True, rules: bool = True) -> str:
    """Returns tables for a pull request; what is new is bold."""
    title, words = head(diff)
    lines = [f"**{escaped(title)}**" + "".join(f" · {escaped(word)}" for word in words), ""]
    if diff.setup:
        words_of = ((each.name, setup_words(each)) for each in diff.setup)
        rows = [
            (_mark(mark), escaped(name), escaped(old), _bold(new) if new else "") for name, (mark, old, new) in words_of
        ]
        lines += [*table(("", "setup", "before", "after"), "llll", rows), ""]
    changes = diff.effective
    if changes:
        lines += [*_table(lines_of(changes, fold=fold)), ""]
    same = diff.of(ChangeKind.SAME_EFFECT)
    if same and rules:
        lines += ["<details>", f"<summary>{len(same):,} same effect, other rule</summary>", ""]
        lines += [*_table(lines_of(same, fold=fold)), "", "</details>", ""]
    lines.append(escaped(counts_line(diff)))
    return "\n".join(lines) + "\n"


_TITLES = {"peak_lr": "scheduled lr", "weight_decay": "weight decay"}


def _table(lines: Sequence[DiffLine]) -> list[str]:
    shown = titles(lines)
    values = [_TITLES.get(which, title) for which, title in shown.items()]
    heads = ("", "parameter", "×", *values, last_title(lines))
    return table(heads, f"llr{'l' * len(values)}l", (_row(line, shown) for line in lines))


def _row(line: DiffLine, shown: Iterable[str]) -> Sequence[str]:
    facts = f" {' → '.join(map(shape, line.shapes))}" if line.shapes else ""
    if (before := renamed(line.change)) is not None:
        facts += f" (was {code(before)})"
    values = [line.value(which) for which in shown]
    return (
        _mark(line.mark),
        code(line.name) + facts,
        str(len(line.changes)),
        *(value.old if value.new is None else f"{value.old} → {_bold(value.new)}" for value in values),
        " · ".join([" → ".join(map(escaped, line.rules_text)), *map(_bold, line.extra)]),
    )


def _mark(mark: str) -> str:
    return f"`{mark}`" if mark.strip() else ""


def _bold(text: str) -> str:
    return f"**{escaped(text)}**"
