"""One colour for one kind of rule, and one mark for one kind of difference, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Severity
from pgaudit.core.setting import Provenance, Setting, deciding_rules
from pgaudit.text import quoted, visible

BASE = "dim"
LEFT_OUT = "red"
_COLOURS = {
    "custom_keys": "green",
    "weight_decay": "green",
    "norm_decay_mult": "cyan",
    "wd_mults": "green",
    "lr_mults": "magenta",
    "schedule": "blue",
    "bias_lr_mult": "magenta",
    "bias_decay_mult": "magenta",
    "dwconv_decay_mult": "yellow",
    "dcn_offset_lr_mult": "red",
    "frozen": BASE,
    "duplicate": "blue",
    **dict.fromkeys(("overrides", "wd_mults", "rules", "no_weight_decay", "forbidden_name"), "green"),
    **dict.fromkeys(("layer_decay", "layer_decay_rate", "decay_rate", "lr_factor_func", "lr_mults"), "magenta"),
    **dict.fromkeys(("flat_decay_mult", "filter_bias_and_bn", "no_decay"), "yellow"),
}
"""What is named is green, norms are cyan; what is about the lr, and biases, magenta; shapes are yellow."""
SEVERITY_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "info": "blue"}


@dataclass(frozen=True)
class Marks:
    """What tells a difference from the base without colour."""

    higher: str = "▲"
    lower: str = "▼"
    left_out: str = "✕"
    frozen: str = "❄"
    times: str = "×"
    dot: str = "·"
    none: str = "–"
    won: str = "✓"
    lost: str = "○"
    missed: str = "·"
    arrow: str = "→"
    bars: str = "▁▂▃▄▅▆▇█"
    """From the lowest to the highest."""
    span: str = "…"
    """Between the first and the last of some values."""


UNICODE = Marks()
ASCII = Marks("^", "v", "x", "*", "x", "-", "-", "+", "o", "-", "->", "_.-~=+*#", "..")


def marks_for(encoding: str | None) -> Marks:
    """Returns the marks that an encoding can write."""
    try:
        "▲▼✕❄×·–✓○→█▏▁▂▃▄▅▆▇".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def colour(rule: Provenance | None) -> str:
    """Returns a rule's colour; for no rule, that of a parameter left out."""
    if rule is None:
        return LEFT_OUT
    if rule.is_base:
        return BASE
    return _COLOURS.get(rule.option, "cyan")


def shared_colour(rows: Iterable[ParamAssignment]) -> str:
    """Returns the colour of the rules that decided the lrs of some parameters; none where they have several."""
    found = {colour(rule) for row in rows if (rule := row.setting.lr_rule)}
    return found.pop() if len(found) == 1 else ""


def bar_style(style: str) -> str:
    """Returns the style of a bar beside text of some style."""
    return "bright_black" if style in ("", BASE) else style


DECIDED_BY = "decided by"
"""The title of the column that says which rule it was."""


def label(rule: Provenance, *, line: bool = True) -> str:
    """Returns a rule as the table names it: ``norm_decay_mult :5``, or ``"fc" :8`` for a custom key or pattern."""
    text = visible(rule.option)
    if rule.key is not None:
        text = visible(rule.key) if rule.key == "NORM_TYPES" else quoted(rule.key)
    return f"{text} {visible(rule.location.mark)}" if line and rule.location and not rule.is_base else text


def labels(
    setting: Setting,
    marks: Marks = UNICODE,
    *,
    line: bool = True,
    trainable: bool | None = True,
    built: str = "",
    usual: Provenance | None = None,
) -> list[tuple[str, str]]:
    """Returns the rule column's words, each with its colour. Where lr and decay have different rules, each says which
    is whose; a parameter that is frozen says so; of what no rule decided, ``built`` says where it is. Where ``usual``
    decided the lr, only the weight decay's rule is named.
    """
    words = [(built, BASE)] if built else _labels(setting, marks, line=line, usual=usual)
    if trainable is False and not any("frozen" in word for word, _ in words):
        words += [(f" {marks.dot} ", BASE), (f"{marks.frozen} frozen", _COLOURS["frozen"])]
    return words


def group_words(rows: Sequence[ParamAssignment]) -> str:
    """Returns where rows are that no rule decided: in which group, or in how many; nothing for other rows."""
    first = rows[0]
    if not first.in_optimizer or first.setting.lr_rule is not None:
        return ""
    groups = {(row.optimizer, row.group) for row in rows}
    if len(groups) > 1:
        return f"{len(groups):,} groups"
    if first.group is None:
        return "its values"  # a lock says no more
    also = (group if at == first.optimizer else f"optimizer {at} group {group}" for at, group in first.also_in)
    return " and ".join(map(str, (f"group {first.group}", *also)))


def group_key(rows: Sequence[ParamAssignment], marks: Marks) -> str:
    """Returns the same in a few cells: the group's index, or how many they are; a plus where it is in others, too."""
    groups = {(row.optimizer, row.group) for row in rows}
    if len(groups) > 1:
        return f"{marks.times}{len(groups):,}"
    return f"{'' if rows[0].group is None else rows[0].group}{'+' if rows[0].also_in else ''}"


def _labels(setting: Setting, marks: Marks, *, line: bool, usual: Provenance | None) -> list[tuple[str, str]]:
    if setting.lr_rule is None:
        return [(f"{marks.left_out} not in the optimizer", LEFT_OUT)]
    deciding = deciding_rules(setting)
    words: list[tuple[str, str]] = []
    if len(deciding) == 2 or usual in deciding:
        for name, rule in (("lr", setting.lr_rule), ("wd", setting.weight_decay_rule)):
            if rule in deciding and rule != usual and rule is not None:
                words += [(f"{name} {label(rule, line=line)}", colour(rule)), (f" {marks.dot} ", BASE)]
        return words[:-1]
    if deciding[0].option == "frozen":
        return [(f"{marks.frozen} frozen", colour(deciding[0]))]
    return [(label(deciding[0], line=line), colour(deciding[0]))]
