"""Which classes normalise although no library's isinstance test knows them: told by what a module owns and by what it
does, since many a container has Norm in its name.

A candidate owns nothing but vectors, and none of its children owns anything. A stand-in of it, made of ones, is then
run on a few small inputs. A norm differs from an elementwise scale, gate or activation in that one element of the input
changes other elements of the output, and from a filter in that it does so nonlinearly. Where nothing can be run, the
name decides after all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pgaudit.inventory.standin import apart, stand_in

if TYPE_CHECKING:
    from torch import Tensor, nn

# Any other class of torch is what torch says it is, and so are all kinds of convolution, linear layer and embedding.
_OPEN = tuple(f"torch.nn.modules.{name}." for name in "module container normalization batchnorm instancenorm".split())
_LAYOUTS: tuple[tuple[int, ...], ...] = ((2, 0, 4, 4), (2, 4, 4, 0), (2, 4, 0), (2, 0, 4), (2, 0), (2, 0, 2, 2, 2))
"""Shapes of inputs; the channels stand where the 0 is."""
_MOST_CHANNELS = 1 << 14
_MOST_DESCENDANTS = 32


def is_norm_like(module: nn.Module, bases: tuple[str, ...]) -> bool | None:
    """Whether the module normalises.

    The module stays as it is, and so does the state of every random number generator. None of its hooks is run.

    Args:
        module: one that owns parameters, on any device.
        bases: the qualified names of its class and all its bases.

    Returns:
        None if nothing can be told as its parameters have no elements; another of its class may have some.
    """
    named = "norm" in type(module).__name__.lower()
    try:
        candidate = _owns_vectors(module, bases, named)
        return _normalises(module, named) if candidate else candidate
    except Exception:  # a tensor of a foreign class may fail at anything
        return False


def _owns_vectors(module: nn.Module, bases: tuple[str, ...], named: bool) -> bool | None:
    from torch.nn.parameter import is_lazy

    if any(base.startswith("torch.") and not base.startswith(_OPEN) for base in bases):
        return False
    own = {name: tensor for name, tensor in module._parameters.items() if tensor is not None}
    if not own or any(map(is_lazy, own.values())) or not all(tensor.numel() for tensor in own.values()):
        return None
    if any(max(tensor.shape, default=1) < tensor.numel() for tensor in own.values()):
        return False
    # A lone number is a gate or a temperature, unless a name says that it belongs to a norm.
    telling = named or not own.keys().isdisjoint(("weight", "bias")) or any(t.numel() > 1 for t in own.values())
    return telling and _childless(module)


def _childless(module: nn.Module) -> bool:
    """Whether no child owns parameters. A norm has few children; a whole model is not searched."""
    found = {id(module)}
    stack = [module]
    while stack:
        for child in stack.pop()._modules.values():
            if child is None or id(child) in found:
                continue
            found.add(id(child))
            stack.append(child)
            if len(found) > _MOST_DESCENDANTS or any(tensor is not None for tensor in child._parameters.values()):
                return False
    return True


def _normalises(module: nn.Module, named: bool) -> bool:
    import torch

    channels = max(tensor.numel() for tensor in module._parameters.values() if tensor is not None)
    grouped = torch.distributed.is_available() and torch.distributed.is_initialized()
    if channels > _MOST_CHANNELS or grouped:  # in a process group, a forward pass may wait for the other processes
        return named
    shapes = [tuple(size or channels for size in layout) for layout in _LAYOUTS]
    with apart() as rewind:
        for training in (True, False):  # some take statistics in training alone
            ran = False
            for shape in shapes:
                try:
                    if _interacts(_runner(module, training, rewind), shape, named):
                        return True
                    ran = True
                except KeyboardInterrupt:
                    raise
                except BaseException:  # not its layout, or not for a stand-in to run; SystemExit, too
                    continue
            if ran:
                return False
    return named


def _runner(module: nn.Module, training: bool, rewind: Callable[[], None]) -> Callable[[Tensor], Tensor]:
    fresh = stand_in(module, training=training)

    def run(x: Tensor) -> Tensor:
        rewind()
        out: Tensor = type(module).forward(fresh, x.clone()).double()
        return out

    return run


def _interacts(run: Callable[[Tensor], Tensor], shape: tuple[int, ...], named: bool) -> bool:
    """Whether one element of the input changes others of the output as in a norm.

    A linear way will do for a class that is named so: some norms take away the mean, and no more.
    """
    import torch

    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    far = float(min(x.numel(), 4096))  # enough to bend a mean over all elements
    x.view(-1)[0] = 1.0
    before = run(x)
    if before.shape != x.shape:
        return False
    near, farther = x.clone(), x.clone()
    near.view(-1)[0] += far
    farther.view(-1)[0] += 2 * far
    after = run(near)
    first = (after - before).flatten()[1:]
    if not first.any() or _is_softmax(before):
        return False
    second = (run(farther) - after).flatten()[1:]
    if not torch.equal(before, run(x)):
        raise ValueError("the answers differ, for NaN or a state that it keeps")
    return named or bool((second - first).abs().max() > 0.05 * first.abs().max())


def _is_softmax(out: Tensor) -> bool:
    sums = [out.sum(axis) for axis in range(out.dim())]
    return bool((out >= 0).all()) and any(bool(total.max() - total.min() <= 1e-3 * total.max()) for total in sums)
