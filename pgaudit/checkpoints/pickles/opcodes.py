"""The opcodes of pickles: what each does to the stack, as tables by opcode.

Source: Python 3.14, Lib/pickletools.py and Modules/_pickle.c.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from enum import IntEnum, auto


class Kind(IntEnum):
    """What opcodes do that are alike."""

    REFUSED = 0
    PUSH = auto()
    """Pushes one object, of as many bytes as the opcode's width."""
    TEXT = auto()
    """Pushes one object of as many bytes as a number of the opcode's width says."""
    LINES = auto()
    """Pushes one object that stands in as many lines as the opcode's width."""
    PUT = auto()
    PUT_LINE = auto()
    MEMOIZE = auto()
    GET = auto()
    GET_LINE = auto()
    MARK = auto()
    TUPLE = auto()
    """Makes a tuple of as many objects as the opcode's width."""
    TUPLE_OF_ALL = auto()
    ONE_OF_ALL = auto()
    ONE_OF_FEW = auto()
    """Makes one object of as many as the opcode's width."""
    INTO_BELOW = auto()
    INTO_ONE = auto()
    """Puts as many objects as the opcode's width into the one below them."""
    POP = auto()
    POP_MARK = auto()
    DUP = auto()
    SKIP = auto()
    FRAME = auto()
    STOP = auto()


_OPCODES: tuple[tuple[Kind, int, str], ...] = (
    (Kind.PUSH, 0, "NONE NEWTRUE NEWFALSE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET"),
    (Kind.PUSH, 1, "BININT1"),
    (Kind.PUSH, 2, "BININT2"),
    (Kind.PUSH, 4, "BININT"),
    (Kind.PUSH, 8, "BINFLOAT"),
    (Kind.TEXT, 1, "SHORT_BINSTRING SHORT_BINBYTES SHORT_BINUNICODE LONG1"),
    (Kind.TEXT, 4, "BINSTRING BINBYTES BINUNICODE LONG4"),
    (Kind.TEXT, 8, "BINBYTES8 BINUNICODE8 BYTEARRAY8"),
    (Kind.LINES, 1, "INT LONG FLOAT STRING UNICODE PERSID"),
    (Kind.LINES, 2, "GLOBAL INST"),
    (Kind.PUT, 1, "BINPUT"),
    (Kind.PUT, 4, "LONG_BINPUT"),
    (Kind.PUT_LINE, 0, "PUT"),
    (Kind.MEMOIZE, 0, "MEMOIZE"),
    (Kind.GET, 1, "BINGET"),
    (Kind.GET, 4, "LONG_BINGET"),
    (Kind.GET_LINE, 0, "GET"),
    (Kind.MARK, 0, "MARK"),
    (Kind.TUPLE, 1, "TUPLE1"),
    (Kind.TUPLE, 2, "TUPLE2"),
    (Kind.TUPLE, 3, "TUPLE3"),
    (Kind.TUPLE_OF_ALL, 0, "TUPLE"),
    (Kind.ONE_OF_ALL, 0, "LIST DICT FROZENSET OBJ"),
    (Kind.ONE_OF_FEW, 1, "BINPERSID"),
    (Kind.ONE_OF_FEW, 2, "REDUCE NEWOBJ STACK_GLOBAL"),
    (Kind.ONE_OF_FEW, 3, "NEWOBJ_EX"),
    (Kind.INTO_BELOW, 0, "APPENDS SETITEMS ADDITEMS"),
    (Kind.INTO_ONE, 1, "APPEND BUILD"),
    (Kind.INTO_ONE, 2, "SETITEM"),
    (Kind.POP, 0, "POP"),
    (Kind.POP_MARK, 0, "POP_MARK"),
    (Kind.DUP, 0, "DUP"),
    (Kind.SKIP, 1, "PROTO"),
    (Kind.FRAME, 8, "FRAME"),
    (Kind.STOP, 0, "STOP"),
)
_MEMORY: tuple[tuple[int, str], ...] = (
    (50_000, "LONG LONG1 LONG4"),  # of more than 32 bits: some thousands of one hash make a mapping take hours
    (4096, "INT FLOAT STRING UNICODE PERSID GLOBAL INST"),
    (250, "EMPTY_SET FROZENSET REDUCE NEWOBJ NEWOBJ_EX OBJ EMPTY_DICT DICT"),
    (150, "BINPERSID EMPTY_LIST LIST STACK_GLOBAL SETITEM SHORT_BINUNICODE BINUNICODE"),
    (64, "TUPLE TUPLE1 TUPLE2 TUPLE3 BININT BININT2 BINFLOAT"),
)
_LEAST_MEMORY = 24


def _code(name: str) -> int:
    return ord(getattr(pickle, name))


def _table(entries: Mapping[int, int], default: int) -> tuple[int, ...]:
    return tuple(int(entries.get(code, default)) for code in range(256))


KINDS = _table({_code(name): kind for kind, _, names in _OPCODES for name in names.split()}, Kind.REFUSED)
"""Opcode → what it does, as a number of :class:`Kind`."""
WIDTHS = _table({_code(name): width for _, width, names in _OPCODES for name in names.split()}, 0)
"""Opcode → how many bytes, lines or objects it is about."""
COSTS = _table({_code(name): cost for cost, names in _MEMORY for name in names.split()}, _LEAST_MEMORY)
"""Opcode → how many bytes of memory it takes at most, beside four times those of its text."""
INST, LONG4, REDUCE, FROZENSET, SETITEM = map(_code, ("INST", "LONG4", "REDUCE", "FROZENSET", "SETITEM"))
NUMBERS = frozenset(map(_code, ("LONG1", "LONG4")))
"""Those of the kind of texts that push a number."""
HASHING = {_code("SETITEM"): 2, _code("SETITEMS"): 2, _code("DICT"): 2, _code("ADDITEMS"): 1, FROZENSET: 1}
"""Opcode that puts keys into a mapping, or items into a set → each how many of the objects is one."""
