"""Diff → annotations of a pull request: one a rule, at the rule's own line, since GitHub shows ten of them at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.core.location import Location, whole_file
from pgaudit.core.setting import Provenance
from pgaudit.diff import Change, ChangeKind, Diff
from pgaudit.diff.compare import same
from pgaudit.diff.records import effect, rule_names
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.line import DiffLine, titles
from pgaudit.render.diff.view import counts_line, head, setup_words
from pgaudit.render.github import Level, command
from pgaudit.report import Report
from pgaudit.sources.files import NOTHING
from pgaudit.text import counted, visible

MOST_LINES = 20
"""Folded lines that one annotation spells out."""

_Place = tuple[Level, "Location | None"]


def render_diff_github(diff: Diff, *, rules: bool = True) -> str:
    """Returns warnings for what differs, notices for other rules of the same effect, and the counts."""
    return "".join(f"{line}\n" for line in _commands(diff, rules=rules))


def _commands(diff: Diff, *, rules: bool) -> Iterator[str]:
    if diff.setup:
        message = "\n".join(_setup_line(*setup_words(each), visible(each.name)) for each in diff.setup)
        path = diff.a.config_path if diff.b.path in NOTHING else diff.b.config_path
        title = f"pgaudit diff: {len(diff.setup):,} in the setup"
        yield command("warning", message, title=title, location=whole_file(path))
    places: dict[_Place, list[Change]] = {}
    for change in diff.changes:
        if rules or change.kind is not ChangeKind.SAME_EFFECT:
            places.setdefault(_place(diff, change), []).append(change)
    for (level, location), changes in places.items():
        what = "under another rule" if level == "notice" else "changed"
        title = f"pgaudit diff: {counted(len(changes), 'tensor')} {what}"
        yield command(level, _message(changes), title=title, location=location)
    yield command("notice", f"{head(diff)[0]}\n{counts_line(diff)}", title="pgaudit diff")


def _setup_line(mark: str, old: str, new: str, name: str) -> str:
    return f"{mark} {name} {f'{old} → {new}' if mark == '~' else old or new}"


def _place(diff: Diff, change: Change) -> _Place:
    """Where a change comes from: the rule of a value that changed, on the side that has the parameter last."""
    side = diff.b if change.after else diff.a
    if (location := _of_schedule(side, change)) is not None:
        return "warning", location
    before, after = change.before, change.after
    rules: list[Provenance | None] = [change.param.setting.lr_rule, change.param.setting.weight_decay_rule]
    if before and after:
        lrs = [(each.setting.lr, each.setting.peak_lr) for each in (before, after)]
        moved = [same(*lrs) and not change.extra, same(before.weight_decay, after.weight_decay)]
        if all(moved):
            moved = [old == new for old, new in zip(rule_names(before), rule_names(after), strict=True)]
        rules = [rule for rule, unmoved in zip(rules, moved, strict=True) if not unmoved] or rules
    locations = [rule.location for rule in rules if rule and rule.location]
    level: Level = "notice" if change.kind is ChangeKind.SAME_EFFECT else "warning"
    return level, locations[0] if locations and side.config_path is not None else whole_file(side.config_path)


def _of_schedule(side: Report, change: Change) -> Location | None:
    """Where the schedule stands, if it alone makes the difference; None where it does not, or stands in no config."""
    before, after = change.before, change.after
    if before is None or after is None or side.basis is None or change.extra or effect(before) != effect(after):
        return None
    schedule = side.schedule_of(after.optimizer)
    turns = any(each.differs for each in change.lrs)
    return side.basis.config.location(*schedule.at) if turns and schedule is not None and schedule.at else None


def _message(changes: Sequence[Change]) -> str:
    lines = lines_of(changes, fold=True)
    words = [_line(line) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        words.append(f"and {sum(len(line.changes) for line in lines[MOST_LINES:]):,} more")
    return "\n".join(words)


def _line(line: DiffLine) -> str:
    names = titles([line])
    alone = line.change.kind in (ChangeKind.ADDED, ChangeKind.REMOVED)
    told = ((which, value) for which, value in line.values.items() if alone or value.new is not None)
    words = [f"{names[which]} {value}" for which, value in told]
    words += line.extra
    words += [f"shape {' → '.join(str(list(each)) for each in line.shapes)}"] if line.shapes else []
    times = f" ×{len(line.changes):,}" if len(line.changes) > 1 else ""
    return f"{line.mark} {visible(line.name)}{times}: {', '.join([*words, ' → '.join(line.rules_text)])}".strip()
