"""Two inventories of one model, at two times → what is another than it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pgaudit.core.parameters import Inventory, Parameter, Visit
from pgaudit.models.inventory_pair import OTHER_CLASS, InventoryChange, InventoryPair, of_hints, of_the_model
from pgaudit.text import counted


def inventory_changes(before: Inventory, after: Inventory) -> tuple[InventoryChange, ...]:
    """Returns what has moved, in the model's order: nothing only where a constructor cannot tell one from the other.

    What the model was called, notes, and the versions of libraries are left out.
    """
    pair = InventoryPair(before, after)
    found = (*of_the_model(pair), *_of_parameters(pair), *_of_surroundings(pair), *of_hints(pair))
    if not found and _bare(before) != _bare(after):
        return (InventoryChange("~", None, "modules are met in another order, or hints tell of others"),)
    return found


def _bare(inventory: Inventory) -> Inventory:
    return replace(inventory, ref="", version=None, notes=())


def _of_parameters(pair: InventoryPair) -> Iterator[InventoryChange]:
    for name in pair.merged():
        was, now = pair.was.get(pair.renamed.get(name, name)), pair.now.get(name)
        if was is None:
            assert now is not None
            yield _alone("+", pair.after.parameters[now])
        elif now is None:
            if name not in pair.renamed.values():
                yield _alone("-", pair.before.parameters[was])
        else:
            a, b = pair.before.parameters[was], pair.after.parameters[now]
            kind = (a.module.name, b.module.name)
            if name in pair.renamed:
                yield InventoryChange("~", name, f"renamed? {_difference(a.name, name)}", kind)
                continue
            aspects = [*_aspects(a, b), *_aspects_of_visits(pair, (was, now), (a, b))]
            if aspects:
                yield InventoryChange("~", name, ", ".join(aspects), kind)


def _alone(mark: str, of: Parameter) -> InventoryChange:
    words = [of.module.short, _shape(of), *([] if of.trainable else ["frozen"])]
    words += [f"tied to {name}" for name in of.aliases]
    return InventoryChange(mark, of.name, " ".join(words), of.module.name)


def _difference(was: str, now: str) -> str:
    """What of a name has changed, in whole segments: ``backbone``, of ``backbone.conv1.weight``."""
    a, b = was.split("."), now.split(".")
    while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
        a.pop()
        b.pop()
    while len(a) > 1 and len(b) > 1 and a[0] == b[0]:
        del a[0], b[0]
    return f"{'.'.join(a)} → {'.'.join(b)}"


def _shape(of: Parameter) -> str:
    return "no shape yet" if not of.shape and not of.numel else str(list(of.shape))


def _aspects(a: Parameter, b: Parameter) -> Iterator[str]:
    if (a.shape, a.numel) != (b.shape, b.numel):
        yield f"{_shape(a)} → {_shape(b)}"
    if a.dtype != b.dtype:
        yield f"{a.dtype} → {b.dtype}"
    if a.trainable != b.trainable:
        yield "trainable now" if b.trainable else "frozen now"
    if a.module != b.module:
        short = a.module.short != b.module.short
        names = (a.module.short, b.module.short) if short else (a.module.name, b.module.name)
        yield " → ".join(names) if a.module.name != b.module.name else f"{a.module.short}: {OTHER_CLASS}"
    yield from (f"tied to {name} now" for name in b.aliases if name not in a.aliases)
    yield from (f"no longer tied to {name}" for name in a.aliases if name not in b.aliases)
    if set(a.aliases) == set(b.aliases) and a.aliases != b.aliases:
        yield "its other names are in another order"
    if a.reachable != b.reachable:
        yield "inside `module` now" if b.reachable else "beside `module` now"
    if a.leaf != b.leaf:
        yield "a leaf now" if b.leaf else "computed from others now"


def _aspects_of_visits(pair: InventoryPair, at: tuple[int, int], of: tuple[Parameter, Parameter]) -> Iterator[str]:
    before, after = pair.before.visits_of.get(at[0], ()), pair.after.visits_of.get(at[1], ())
    if len(before) != len(after):
        if of[0].aliases == of[1].aliases:  # or else those tell of it
            yield f"met {counted(len(after), 'time')}, was {len(before)}"
        return
    for a, b in zip(before, after, strict=True):
        if a.conv is not None and b.conv is not None and a.conv.groups != b.conv.groups:
            yield f"groups {a.conv.groups} → {b.conv.groups}"
        elif a.conv != b.conv and a.ndim == b.ndim and _shape(of[0]) == _shape(of[1]):  # or else they follow from it
            yield f"{_channels(a)} → {_channels(b)}"
        if (a.prefix, a.own) != (b.prefix, b.own):
            yield f"met as {b.name}, was {a.name}"


def _channels(of: Visit) -> str:
    return f"channels {of.conv.in_channels} to {of.conv.out_channels}" if of.conv else "no channels"


def _of_surroundings(pair: InventoryPair) -> Iterator[InventoryChange]:
    """The classes around modules; one that was replaced is told of once, not for each parameter below it."""
    found: Counter[str] = Counter()
    for name, was in pair.was.items():
        now = pair.now.get(name, -1)
        before, after = pair.before.visits_of.get(was, ()), pair.after.visits_of.get(now, ())
        found.update({_around(a, b) for a, b in zip(before, after, strict=False) if a.parents != b.parents})
    for what, count in found.items():
        yield InventoryChange("~", None, f"{what} {counted(count, 'tensor')}")


def _around(a: Visit, b: Visit) -> str:
    unlike = {(x.short, y.short): None for x, y in zip(a.parents, b.parents, strict=False) if x != y}
    if len(a.parents) == len(b.parents) and all(x != y for x, y in unlike):
        return f"{' and '.join(f'{x} → {y}' for x, y in unlike)} around"
    return "other classes around"
