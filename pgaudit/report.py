"""The Report: an assignment, what it was decided from, and what was found. Renderers, diff and gate read it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgaudit import serialize
from pgaudit.constructors import OptimizerDefaults
from pgaudit.core.assignment import Assignment, Group, OptimizerInfo, ParamAssignment, RuleCount
from pgaudit.core.built import BuiltOptimizer
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import Finding, severity_words
from pgaudit.core.parameters import Inventory
from pgaudit.core.schedule import LrOverTime, OptimizerSchedule, Schedule
from pgaudit.core.setting import Provenance, Setting
from pgaudit.names import Names, spelled_like_globs
from pgaudit.serialize import plain, portable
from pgaudit.summary import Told, summary
from pgaudit.text import counted, did_you_mean, quoted, visible
from pgaudit.version import __version__

if TYPE_CHECKING:
    import pandas
    import polars

    from pgaudit.columns import Column
    from pgaudit.models.source import ModelSource
    from pgaudit.render.html.frame import Frame


class NoSuchParameter(KeyError):
    """A report holds no parameter of that name. Unlike other KeyErrors, it says so in a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Basis:
    """What an assignment was decided from."""

    inventory: Inventory
    config: Config
    defaults: OptimizerDefaults
    """What the constructor knew of classes."""


@dataclass(frozen=True)
class AsBuilt:
    """What an assignment was read from that was built, in code or as a checkpoint holds it."""

    optimizers: tuple[BuiltOptimizer, ...]
    inventory: Inventory | None = None
    """The model's; None where there is none, or nothing proves which tensor is which parameter of it."""
    tensors: Sequence[Any] = ()
    """The tensors of the model's parameters, in the inventory's order; none for a checkpoint."""
    schedulers: tuple[Any, ...] = ()
    """Live ones, or what a checkpoint holds of them."""
    notes: tuple[str, ...] = ()
    objects: tuple[Any, ...] = ()
    """The optimizers themselves; none for a checkpoint."""
    schedule: Schedule | None = None
    """What a trainer says of the scheduler that it will make."""
    source: ModelSource | None = None
    """Where the model comes from, for whoever needs another look at it; None where there is none."""


@dataclass(frozen=True)
class Report:
    """What each parameter really trains with, and why: its parameters, in order and by name, and what was found."""

    assignment: Assignment
    constructor: str | None
    """None where no constructor decided, or nothing says which."""
    path: str | None = None
    """The file that the user named; None for what was given as an object."""
    config_path: str | None = None
    """The config in which the rules stand."""
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    """Findings that the config asks to ignore."""
    basis: Basis | None = None
    """What it was decided from; None for a report that was read back from a file, and for what was built."""
    as_built: AsBuilt | None = None
    """What it was read from; None where a policy decided, and for a report that was read back from a file."""
    over_time: LrOverTime | None = None
    """What a schedule makes of the lrs; None where there is none, and nobody asked."""
    with_products: bool = False
    """Whether weight decay × lr is told, too."""
    tried: str = ""
    """What the command line has in place of the file's own values, as it is typed; empty where nobody compares it."""

    def __getitem__(self, name: str) -> ParamAssignment:
        """Returns what a parameter gets, by its name or one of its aliases.

        Raises:
            NoSuchParameter: a KeyError; no parameter is called so.
        """
        found = self.assignment.by_name.get(name)
        if found is None:
            near = did_you_mean(str(name), self.assignment.by_name)
            raise NoSuchParameter(f"no parameter is called {quoted(name)}{f'; {near}' if near else ''}")
        return found

    def __contains__(self, item: object) -> bool:
        """Whether a parameter has this name or alias, or this is one of the parameters."""
        by_name = self.assignment.by_name
        return by_name.get(item.name) == item if isinstance(item, ParamAssignment) else item in by_name

    def __iter__(self) -> Iterator[ParamAssignment]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def __repr__(self) -> str:
        found = severity_words(self.findings) or ["no findings"]
        words = [counted(len(self), "tensor"), counted(sum(self.assignment.group_counts), "group"), *found]
        optimizers = [f"{visible(each.type)} lr {each.base.lr!r}" for each in self.assignment.optimizers]
        about = [visible(self.assignment.model.ref), *([self.constructor] if self.constructor else []), *optimizers]
        return f"<Report {', '.join(about)}: {', '.join(words)}>"

    def __str__(self) -> str:
        """Returns at most 20 lines of plain text: parameters of equal settings under one name, and the findings."""
        return summary(*self._told, scheduled=self.scheduled)

    @property
    def _told(self) -> Told:
        return self.assignment, self.findings, self.constructor, self.extra_of, self.lrs_at

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Returns what a notebook shows, by media type: a line of text, and a small piece of HTML."""
        from pgaudit.notebook import notebook_html  # here and below: what a command line seldom needs

        return {"text/plain": repr(self), "text/html": notebook_html(*self._told, scheduled=self.scheduled)}

    def to_html(self) -> str:
        """Returns the page that ``pgaudit show … -o report.html`` writes."""
        from pgaudit.render.html.page import render_html

        return render_html(self)

    def view(self, height: int = 800) -> Frame:
        """Returns that page for a notebook, which shows it where this is a cell's last line.

        Args:
            height: of the frame, in pixels; the page scrolls inside it.
        """
        from pgaudit.render.html.frame import Frame

        return Frame(self.to_html(), height)

    @property
    def params(self) -> tuple[ParamAssignment, ...]:
        """All parameters, in the order of ``named_parameters()``."""
        return self.assignment.params

    @property
    def decided_from(self) -> Basis:
        """What it was decided from.

        Raises:
            UsageError: it was read back from a file, which does not hold that.
        """
        if self.basis is None:
            raise UsageError("this needs the model and the config, and a saved report holds neither", "name them")
        return self.basis

    @property
    def inventory(self) -> Inventory:
        """The model's parameters and modules; see :attr:`decided_from`."""
        return self.decided_from.inventory

    @property
    def config(self) -> Config:
        """The config; see :attr:`decided_from`."""
        return self.decided_from.config

    @property
    def defaults(self) -> OptimizerDefaults:
        """What the constructor knew of classes; see :attr:`decided_from`."""
        return self.decided_from.defaults

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know about how config and model were read, and about the lrs over time."""
        over_time = () if self.over_time is None else self.over_time.notes
        if self.as_built is not None:
            return *self.as_built.notes, *over_time
        return (*self.basis.config.notes, *self.basis.inventory.notes, *over_time) if self.basis else ()

    @cached_property
    def taken(self) -> Collection[str]:
        """Names of parameters that look like globs: no folded name may look like them."""
        return self.basis.defaults.named if self.basis else spelled_like_globs(self.assignment.by_name)

    @property
    def at(self) -> tuple[int, ...]:
        """After how many steps or epochs the lr was asked for."""
        return () if self.over_time is None else self.over_time.asked

    def lrs_at(self, param: ParamAssignment | str) -> dict[int, float | None]:
        """Returns the lr of a parameter by step, for the steps that were asked; None past the end of its schedule, and
        where only the training knows it.

        Args:
            param: the parameter, or its name.
        """
        param = self[param] if isinstance(param, str) else param
        return self._asked_of(param.setting, param.optimizer, param.group)

    def group_lrs_at(self, group: Group) -> dict[int, float | None]:
        """Returns the lr of a group by step, for the steps that were asked."""
        return self._asked_of(group.setting, group.optimizer, group.index)

    def _asked_of(self, setting: Setting, optimizer: int | None, group: int | None) -> dict[int, float | None]:
        if self.over_time is None or not self.at:
            return {}
        return dict(zip(self.at, self.over_time.asked_of(setting, optimizer, group), strict=True))

    def base_lrs_at(self, optimizer: int | None) -> dict[int, float | None]:
        """Returns what the schedule makes of an optimizer's own lr, for the steps that were asked; empty where none of
        its groups shows it.
        """
        found = self._base_lrs
        return found[optimizer] if optimizer is not None and optimizer < len(found) else {}

    @cached_property
    def _base_lrs(self) -> list[dict[int, float | None]]:
        bases = [_unscaled(each.base) for each in self.assignment.optimizers]
        found: list[dict[int, float | None]] = [{} for _ in bases]
        for group in self.groups if self.at else ():
            if not found[group.optimizer] and _unscaled(group.setting) == bases[group.optimizer]:
                found[group.optimizer] = self.group_lrs_at(group)
        return found

    def decay_per_step(self, param: ParamAssignment) -> float | None:
        """Returns which share of a parameter its weight decay takes off in a step, at the lr of its group; None where
        that depends on more than the two.
        """
        return self.optimizer_of(param).decay_per_step(param.lr, param.weight_decay)

    def decay_per_step_at(self, param: ParamAssignment) -> dict[int, float | None]:
        """Returns the same at the lrs of the steps that were asked."""
        of = self.optimizer_of(param)
        return {step: of.decay_per_step(lr, param.weight_decay) for step, lr in self.lrs_at(param).items()}

    def lr_after(self, param: ParamAssignment, step: int) -> float | None:
        """Returns the lr of a parameter after so many steps or epochs, which may be one that was not asked to be shown.

        Raises:
            KeyError: nobody asked for the step, or it was read from a file, which does not say it.
        """
        if self.over_time is not None:
            return self.over_time.after(step, param.setting, param.optimizer, param.group)
        if self.assignment.origin in ("report", "lock", "checkpoint"):
            raise KeyError(step)
        return param.lr

    def schedule_of(self, optimizer: int | None) -> OptimizerSchedule | None:
        """Returns the schedule of an optimizer; None where none is known."""
        found = () if self.over_time is None else self.over_time.optimizers
        return found[optimizer] if optimizer is not None and optimizer < len(found) else None

    @property
    def optimizer(self) -> OptimizerInfo:
        """The first optimizer: the only one that a config leads to."""
        return self.assignment.optimizers[0]

    def optimizer_of(self, param: ParamAssignment) -> OptimizerInfo:
        """Returns the optimizer that a parameter is in, or would be in."""
        return self.assignment.optimizers[param.optimizer or 0]

    def optimizer_title(self, index: int) -> str:
        """Returns what tells one of several optimizers from the others: its name, or else its class and its index."""
        optimizers = self.assignment.optimizers
        of = optimizers[index]
        alike = sum(each.type == of.type for each in optimizers) > 1
        kind = of.type or "optimizer"
        return of.name or (f"{kind} {index}" if alike or of.type is None else kind)

    @property
    def base(self) -> Setting:
        """What a parameter of the first optimizer gets that no rule speaks about."""
        return self.optimizer.base

    def shown_base(self, optimizer: int = 0) -> tuple[float | None, float | None]:
        """Returns an optimizer's base lr and base weight decay, as far as its parameters show them: what one gets under
        the default rule; where none stands under it, the optimizer's argument.

        A JSON report does not hold the base values, and a report must mean the same in memory and in a file. BaseCls
        calls its optimizer with a weight decay that no group uses, so that there it is unknown.
        """
        return self._shown_bases[optimizer]

    @cached_property
    def _shown_bases(self) -> list[tuple[float | None, float | None]]:
        settings: list[dict[int, Setting]] = [{} for _ in self.assignment.optimizers]
        for each in self.params:
            if each.optimizer is not None:
                settings[each.optimizer].setdefault(id(each.setting), each.setting)
        return [
            (self._shown("lr", index, of.values()), self._shown("weight_decay", index, of.values()))
            for index, of in enumerate(settings)
        ]

    def _shown(self, name: str, optimizer: int, settings: Iterable[Setting]) -> float | None:
        for setting in settings:
            rule = setting.provenance(name)
            if rule and rule.is_base:
                found: float | None = setting.get(name)
                return found
        given = self.assignment.optimizers[optimizer].arguments.get(name)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or self.constructor == "basecls":
            return None
        return given

    def with_bases(self) -> Report:
        """Returns the report with base settings as its parameters show them, for one that was read from a file."""
        rule = Provenance("default")
        optimizers = tuple(
            replace(each, base=Setting.of(*self.shown_base(index), rule, rule))
            for index, each in enumerate(self.assignment.optimizers)
        )
        return replace(self, assignment=replace(self.assignment, optimizers=optimizers))

    @cached_property
    def names(self) -> Names:
        """All names of all parameters, to look for globs among them."""
        return Names(self.assignment.by_name)

    def called(self, names: Collection[str]) -> list[ParamAssignment]:
        """Returns the parameters that have one of some names, or an alias of them, in the order of the model."""
        return [each for each in self.params if any(name in names for name in each.names)]

    @property
    def numel(self) -> int | None:
        """Elements of all parameters; None where that is not known."""
        return self.assignment.numel

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of all optimizers."""
        return self.assignment.groups

    @property
    def rules(self) -> tuple[RuleCount, ...]:
        """Every rule that decided something, most parameters first."""
        return self.assignment.rules

    @property
    def scheduled(self) -> bool:
        """Whether a schedule multiplies the lrs that it sets: the one that is known, or else the library's own."""
        found = self.over_time.optimizers if self.over_time else ()
        known = [each for each in found if each is not None]
        return self.assignment.scheduled and (not known or any("lr_scale" in each.read for each in known))

    def extra_of(self, setting: Setting, optimizer: int | None = 0) -> dict[str, Any]:
        """Returns what a group holds beside lr and weight decay that changes the training: what somebody reads, and the
        optimizer's own value is another.
        """
        held = setting.unscaled
        own = self._own[optimizer or 0] if held else {}
        return {key: value for key, value in held.items() if own.get(key) != plain(value)}

    @cached_property
    def _own(self) -> list[dict[str, Any]]:
        """The arguments of each optimizer, given or by default."""
        return [
            {key: plain(value) for key, value in {**each.defaults, **each.arguments}.items()}
            for each in self.assignment.optimizers
        ]

    def head(self) -> dict[str, Any]:
        """Returns the report as plain data with empty lists for ``params`` and ``groups``, the parts that grow with the
        model.
        """
        config = {"path": portable(self.config_path), "constructor": self.constructor}
        return {
            "schema_version": serialize.SCHEMA_VERSION,
            "tool": {"name": "pgaudit", "version": __version__},
            "origin": self.assignment.origin,
            "model": {**serialize.model(self.assignment.model), "parameters": len(self), "numel": self.numel},
            "config": {**config, "optimizer": plain(self.optimizer.call)} if self.constructor is not None else None,
            "optimizers": [
                serialize.optimizer(each, self.schedule_of(index))
                for index, each in enumerate(self.assignment.optimizers)
            ],
            "params": [],
            "groups": [],
            "findings": list(map(serialize.finding, self.findings)),
            "summary": {"rules": list(map(serialize.rule_count, self.rules))},
        }

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data, in the JSON report's schema, version 1."""
        rows = {"params": list(map(self.entry, self.params)), "groups": list(map(serialize.group, self.groups))}
        return {**self.head(), **rows}

    def entry(self, param: ParamAssignment) -> dict[str, Any]:
        """Returns one entry of ``params`` as plain data; with ``decay_per_step`` where products were asked for."""
        found = serialize.param(param, self.lrs_at(param))
        if self.with_products:
            found["decay_per_step"] = serialize.plain(self.decay_per_step(param))
            if self.at:
                found["decay_per_step_at"] = serialize.by_step(self.decay_per_step_at(param))
        return found

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of CSV and of data frames: also the lr at each step that was asked; and weight decay × lr, and
        that of each step, where it was asked.
        """
        from pgaudit.columns import COLUMNS, Column, over_time

        found = [*COLUMNS, *over_time("lr_at", self.at, self.lrs_at)]
        if self.with_products:
            found.append(Column("decay_per_step", "float", self.decay_per_step))
            found += over_time("decay_per_step_at", self.at, self.decay_per_step_at)
        return tuple(found)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Returns the parameters as an Arrow stream (a PyCapsule), for ``polars.DataFrame(report)``,
        ``pyarrow.table(report)``, ``pandas.DataFrame.from_arrow(report)`` and all else that takes one.

        Raises:
            UsageError: pyarrow is not installed.
        """
        from pgaudit.arrow import arrow_table

        return arrow_table(self.columns, self.params).__arrow_c_stream__(requested_schema)

    def to_polars(self) -> polars.DataFrame:
        """Returns a row for each parameter, with the columns of CSV; rules are categories, shapes lists.

        Raises:
            UsageError: polars or pyarrow is not installed.
        """
        from pgaudit.arrow import needs

        try:
            import polars
        except ImportError:
            raise needs("polars") from None
        return polars.DataFrame(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Returns the same for pandas. Whole numbers and truths of which some are not known have pandas' own types
        that can say so.

        Raises:
            UsageError: pandas or pyarrow is not installed.
        """
        from pgaudit.arrow import arrow_table, needs

        try:
            import pandas
        except ImportError:
            raise needs("pandas") from None
        table = arrow_table(self.columns, self.params)
        nullable = {"int64": pandas.Int64Dtype(), "bool": pandas.BooleanDtype()}
        frame: pandas.DataFrame = table.to_pandas(types_mapper=lambda its: nullable.get(str(its)))
        return frame


def _unscaled(setting: Setting) -> tuple[Hashable, ...]:
    """All that a schedule may look at; a factor of 1 is none."""
    return replace(setting, written=tuple(each for each in setting.written if each != ("lr_scale", 1))).for_schedules
