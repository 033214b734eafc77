"""Functions that a pickle calls to make its objects → what makes records of them; by module and name.

The arguments are those of torch 2.15 (torch/_utils.py, torch/_tensor.py), and older ones; of numpy 1 and 2
(numpy/_core/multiarray). Each is a class, because a pickle may change the attributes of a function.
"""

from __future__ import annotations

import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # pickle's own
from collections.abc import Callable, Iterable
from typing import Any

from pgaudit.checkpoints.pickles.limits import TOO_MUCH, Refused
from pgaudit.checkpoints.pickles.records import Dtype, Pairs, Record, Storage, Stub, Tensor

_MOST_DIMENSIONS = 64
_MOST_TEXT = 4096
_MOST_KEYS_OF_NUMBERS = 500


def _size(value: object) -> tuple[int, ...]:
    if isinstance(value, (tuple, list)) and len(value) <= _MOST_DIMENSIONS and all(type(n) is int for n in value):
        return tuple(value)
    raise TypeError("a shape is a tuple of whole numbers")


def _name(dtype: object) -> str | None:
    return dtype.name if isinstance(dtype, Dtype) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _of_storage(
    storage: Any, offset: Any, size: Any, stride: Any = None, requires_grad: Any = None, *rest: Any
) -> Tensor:
    """``_rebuild_tensor``, ``_rebuild_tensor_v2``, ``_rebuild_qtensor``; ``_v3`` has the dtype as well."""
    dtype = next((each.name for each in rest if isinstance(each, Dtype)), None)
    known = storage if isinstance(storage, Storage) else None
    dtype = dtype or (known.dtype if known else None)
    return Tensor(_size(size), dtype, known, offset if type(offset) is int else 0, _flag(requires_grad))


def _parameter(data: Any, requires_grad: Any = None, *rest: Any) -> Any:
    if not isinstance(data, Tensor):
        return data
    return Tensor(data.shape, data.dtype, data.storage, data.offset, _flag(requires_grad))


def _on_device(data: Any, dtype: Any = None, device: Any = None, requires_grad: Any = None) -> Any:
    if isinstance(data, Tensor):
        return Tensor(data.shape, _name(dtype), data.storage, data.offset, _flag(requires_grad))
    state = data.state if isinstance(data, Stub) else None  # an array of numpy: version, shape, dtype, ...
    shape = state[1] if isinstance(state, tuple) and len(state) > 1 else ()
    return Tensor(_size(shape), _name(dtype), requires_grad=_flag(requires_grad))


def _meta(dtype: Any, size: Any, stride: Any = None, requires_grad: Any = None) -> Tensor:
    return Tensor(_size(size), _name(dtype), requires_grad=_flag(requires_grad))


def _wrapper(kind: Any, dtype: Any, size: Any, stride: Any, offset: Any, layout: Any, device: Any, grad: Any) -> Tensor:
    """A subclass that holds other tensors: a DTensor's size is that of the whole."""
    return Tensor(_size(size), _name(dtype), requires_grad=_flag(grad))


def _sparse(layout: Any, data: Any) -> Tensor:
    return Tensor(next(_size(each) for each in data if isinstance(each, tuple)), None)


def _from_type(function: Any, kind: Any = None, args: Any = (), state: Any = None) -> Any:
    if isinstance(function, type) and issubclass(function, Rebuilder):
        return function(*args)
    return Stub()


def _scalar(dtype: Any, data: Any = None) -> Any:
    """``numpy.core.multiarray.scalar``: a number, by the letters of its dtype and its bytes."""
    letters = dtype.args[0] if isinstance(dtype, Stub) and dtype.args else None
    order = dtype.state[1] if isinstance(dtype, Stub) and isinstance(dtype.state, tuple) else "<"
    form = _NUMPY.get(letters) if isinstance(letters, str) else None
    if form is None or not isinstance(data, bytes) or len(data) != struct.calcsize("=" + form):
        return Stub()
    return struct.unpack((">" if order == ">" else "<") + form, data)[0]


_NUMPY = {"f2": "e", "f4": "f", "f8": "d", "b1": "?"} | {
    f"{kind}{1 << power}": letters[power] for kind, letters in (("i", "bhiq"), ("u", "BHIQ")) for power in range(4)
}


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    """``_codecs.encode``: how a pickle of protocol 2 tells bytes. Long ones are the elements of arrays."""
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        return b""
    return text.encode("latin1" if encoding in ("latin1", "latin-1", "iso-8859-1") else "utf-8", "replace")


def _pairs(*args: Any) -> Pairs:
    """OrderedDict and Counter take pairs or a mapping; defaultdict a function before them, which is left out."""
    last = args[-1] if args else None
    if not isinstance(last, (dict, list)):
        return Pairs()
    _refuse_one_hash(each[:1] for each in last if isinstance(each, (list, tuple)))
    pairs = Pairs(last)
    last.clear()  # else a pickle that says it again and again would have it copied as often
    return pairs


def _set(items: Any = None) -> set[Any]:
    if not isinstance(items, list):
        return set()
    _refuse_one_hash([each] for each in items)
    found = set(items)
    items.clear()  # as for pairs
    return found


def _refuse_one_hash(keys: Iterable[Any]) -> None:
    """Raises Refused for many keys that can have been chosen so that all have one hash; each stands in a list."""
    many = sum(isinstance(each, (tuple, frozenset)) and not _are_texts(each) for key in keys for each in key)
    if many > _MOST_KEYS_OF_NUMBERS:
        raise Refused(TOO_MUCH)


def _are_texts(items: Iterable[Any]) -> bool:
    return all(isinstance(each, str) for each in items)


def _object(kind: Any, *rest: Any) -> Any:
    """``copyreg._reconstructor``: an object, in the protocols 0 and 1."""
    return kind() if isinstance(kind, type) and issubclass(kind, Stub) else Stub()


class Rebuilder(Record):
    """A function that makes a record of its arguments; calling the class calls it."""

    __slots__ = ()
    make: Callable[..., Any]
    qualname: str
    """The module and name of the function."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Returns what the function makes of the arguments."""
        return cls.make(*args, **kwargs)


def _rebuilder(module: str, name: str, function: Callable[..., Any]) -> type[Rebuilder]:
    members = {"__slots__": (), "make": staticmethod(function), "qualname": qualname_of(module, name)}
    return type("Rebuilder", (Rebuilder,), members)


def qualname_of(module: str, name: str) -> str:
    """Returns a module and name as one, where the protocols before 3 have Python 2's words for them, Python 3's."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


_TORCH: dict[str, Callable[..., Any]] = {
    "_rebuild_tensor": _of_storage,
    "_rebuild_tensor_v2": _of_storage,
    "_rebuild_tensor_v3": _of_storage,
    "_rebuild_qtensor": lambda storage, offset, size, stride, quantizer, *rest: _of_storage(
        storage, offset, size, stride, *rest
    ),
    "_rebuild_parameter": _parameter,
    "_rebuild_parameter_with_state": _parameter,
    "_rebuild_device_tensor_from_cpu_tensor": _on_device,
    "_rebuild_device_tensor_from_numpy": _on_device,
    "_rebuild_xla_tensor": _on_device,
    "_rebuild_meta_tensor_no_storage": _meta,
    "_rebuild_wrapper_subclass": _wrapper,
    "_rebuild_sparse_tensor": _sparse,
}
_MODULES: dict[tuple[str, ...], dict[str, Callable[..., Any]]] = {
    ("torch._utils",): _TORCH,
    ("torch._tensor",): {"_rebuild_from_type_v2": _from_type},
    ("torch",): {"Size": _size},
    ("collections",): {"OrderedDict": _pairs, "defaultdict": _pairs, "Counter": _pairs},
    ("builtins", "__builtin__"): {"set": _set, "frozenset": lambda items=None: frozenset(_set(items)), "dict": _pairs},
    ("copyreg", "copy_reg"): {"_reconstructor": _object},
    ("_codecs",): {"encode": _encode},
    ("numpy.core.multiarray", "numpy._core.multiarray"): {"scalar": _scalar},
}
REBUILDERS: dict[tuple[str, str], type[Rebuilder]] = {
    (module, name): _rebuilder(module, name, function)
    for modules, functions in _MODULES.items()
    for module in modules
    for name, function in functions.items()
}
"""By the module and name of what a pickle calls."""
