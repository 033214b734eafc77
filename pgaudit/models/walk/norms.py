"""Which classes normalise although no library's isinstance test knows them: told by what a module owns and by what it
does, since many a container has Norm in its name.

A candidate owns nothing but vectors, and none of its children owns anything. A copy of it, made of ones, is then run on
small inputs. A norm differs from an elementwise scale, gate or activation in that one element of the input changes
other elements of the output, and from a filter in that it does so nonlinearly. Where nothing can be run, the name
decides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pgaudit.models.walk.module_copy import copy_of, isolated

if TYPE_CHECKING:
    from torch import Tensor, nn

# Any other class of torch is what torch says it is, and so are all kinds of convolution, linear layer and embedding.
_OPEN = tuple(f"torch.nn.modules.{name}." for name in "module container normalization batchnorm instancenorm".split())
_MOST_DESCENDANTS = 32
_MOST_CHANNELS = 1 << 12


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
    """Whether a module that owns vectors, and no more, behaves as a norm.

    Args:
        module: it stays as it is, and none of its hooks is run.
        named: whether the class is called a norm, which decides where nothing can be run.
    """
    import torch

    channels = max(tensor.numel() for tensor in module._parameters.values() if tensor is not None)
    grouped = torch.distributed.is_available() and torch.distributed.is_initialized()
    if channels > _MOST_CHANNELS or grouped:  # in a process group, a forward pass may wait for the other processes
        return named
    reshaped = False
    with isolated() as rewind:
        for training in (True, False):  # some take statistics in training alone
            for shape in _shapes(channels):
                try:
                    return _interacts(_runner(module, training, rewind), shape, named)
                except _ReshapedError:
                    reshaped = True
                except _UnfitError:
                    continue
    return named and not reshaped


def _shapes(channels: int) -> Iterator[tuple[int, ...]]:
    """Inputs to try until one fits, small enough not to start torch's threads.

    In this order, a vector that is broadcast along a wrong axis makes no outer product.
    """
    side = 4 if channels <= 512 else 2
    yield 2, channels, side, side
    yield 2, side, side, channels
    yield 2, channels, 2, 2, 2
    yield 2, channels, side
    yield 2, side, channels
    yield 2, channels


class _UnfitError(Exception):
    """An input that is not for the module, or that tells nothing."""


class _ReshapedError(_UnfitError):
    """The output has another shape than the input."""


@contextlib.contextmanager
def _fitting() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever foreign code raises, SystemExit too
        raise _UnfitError from error


def _runner(module: nn.Module, training: bool, rewind: Callable[[], None]) -> Callable[[Tensor], Tensor]:
    with _fitting():
        fresh = copy_of(module, training=training)

    def run(x: Tensor) -> Tensor:
        rewind()
        with _fitting():
            out: Tensor = type(module).forward(fresh, x.clone()).double()
            same = out.shape == x.shape
        if not same:
            raise _ReshapedError
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
    near, farther = x.clone(), x.clone()
    near.view(-1)[0] += far
    farther.view(-1)[0] += 2 * far
    after = run(near)
    first = (after - before).flatten()[1:]
    if not first.any() or _is_softmax(before):
        return False
    second = (run(farther) - after).flatten()[1:]
    if not torch.equal(before, run(x)):
        raise _UnfitError("the answers differ, for NaN or a state that it keeps")
    return named or bool((second - first).abs().max() > 0.05 * first.abs().max())


def _is_softmax(out: Tensor) -> bool:
    sums = [out.sum(axis) for axis in range(out.dim())]
    return bool((out >= 0).all()) and any(bool(total.max() - total.min() <= 1e-3 * total.max()) for total in sums)
