"""A model without a config: what there is to train, what torch's own defaults would do with it, and how to go on."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from pgaudit.checks.words import folded, listed
from pgaudit.core.parameters import Inventory, Parameter
from pgaudit.render.columns import Column, Row, Table
from pgaudit.render.numbers import bar, elements, number
from pgaudit.render.style import ASCII, BASE
from pgaudit.render.styled import Text, filled
from pgaudit.render.terminal import TableOptions, printed
from pgaudit.report import Report
from pgaudit.text import counted, visible

_BAR = 10
_HINTS = 4
"""Names that are spelled out."""


def render_model(report: Report, options: TableOptions) -> str:
    """Returns the model's tensors by the classes of their modules, what there is to know of them, and what an optimizer
    that is given ``model.parameters()`` trains them with.
    """
    inventory = report.decided_from.inventory
    return printed(_lines(report, inventory, options), options)


def _lines(report: Report, inventory: Inventory, options: TableOptions) -> Iterator[Text]:
    dot = f" {options.marks.dot} "
    model = report.assignment.model
    ref, kind = visible(model.ref), visible(model.type)
    words = [
        ref,
        *([kind] if kind and kind != ref else []),
        *([f"{model.source} {model.version}" if model.version else model.source] if model.source else []),
        counted(len(inventory.parameters), "tensor"),
        f"{elements(inventory.numel)} parameters",
    ]
    title, *rest = filled(words, options.width, joint=dot, hanging=2)
    yield from (Text(title.plain, "bold"), *rest, Text())
    yield from _modules(inventory, options).lines(options.width)
    yield Text()
    facts = [*_facts(inventory, options)]
    for fact in facts:
        yield from filled(fact, options.width, hanging=2)
    if facts:
        yield Text()
    yield from filled(_defaults(report, inventory), options.width, hanging=2)
    word = shlex.quote(ref)
    yield Text.assemble(("go on with  ", BASE), (f"pgaudit init {word}", "bold"))
    yield Text.assemble(("or try      ", BASE), f"pgaudit show {word} --lr 0.1 --set paramwise_cfg.norm_decay_mult=0")


def _modules(inventory: Inventory, options: TableOptions) -> Table:
    """The tensors by the class of the module that owns them, most parameters first."""
    found: dict[str, list[Parameter]] = {}
    for parameter in inventory.parameters:
        found.setdefault(parameter.module.short, []).append(parameter)
    rows = []
    for name, tensors in sorted(found.items(), key=lambda item: -sum(each.numel for each in item[1])):
        numel = sum(each.numel for each in tensors)
        leaves = Counter(each.name.rpartition(".")[2] for each in tensors)
        shown = ", ".join(f"{visible(leaf)} {count:,}" for leaf, count in leaves.most_common(3))
        share = bar(numel / max(inventory.numel, 1), _BAR, ascii_only=options.marks is ASCII)
        cells = [Text(f"{len(tensors):,}"), Text(elements(numel)), Text(share, "cyan"), Text(shown, BASE)]
        rows.append(Row(visible(name), cells))
    columns = [Column("module"), Column("tensors", right=True), Column("parameters", right=True)]
    return Table([*columns, Column(drop=1), Column("of these")], rows)


def _facts(inventory: Inventory, options: TableOptions) -> Iterator[str]:
    """What one should know before one writes a policy."""
    parameters = inventory.parameters
    frozen = [each for each in parameters if not each.trainable]
    if frozen:
        names = folded((each.name for each in frozen), most=_HINTS)
        yield f"{options.marks.frozen} {counted(len(frozen), 'tensor')} frozen: {names}"
    tied = [each for each in parameters if each.aliases]
    if tied:
        yield f"tied: {listed((' = '.join(each.names) for each in tied), most=_HINTS)}"
    vectors = [each for each in parameters if each.trainable and len(each.shape) <= 1]
    if vectors:
        count = counted(len(vectors), "tensor")
        names = folded((each.name for each in vectors), most=_HINTS)
        yield f"{count} of one dimension or none, which most recipes do not decay: {names}"
    hints = inventory.hints.no_weight_decay
    if hints:
        yield f"its no_weight_decay() names {listed(hints, most=_HINTS)}"


def _defaults(report: Report, inventory: Inventory) -> str:
    trained = {each.trainable for each in inventory.parameters}
    if True not in trained:
        return "nothing trains: all are frozen"
    kind = visible(report.optimizer.type)
    base = report.base
    which = "every one" if False not in trained else "all but the frozen ones"
    return (
        f"without a config: torch.optim.{kind}(model.parameters()) trains {which} with lr {number(base.lr)} and "
        f"weight_decay {number(base.weight_decay)}"
    )
