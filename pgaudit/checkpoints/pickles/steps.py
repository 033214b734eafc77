"""What each of the less frequent opcodes does to the stack, for the walk in ``scan.py``.

The stack holds of each object twice how deep its tuples are nested, and one more where there may be numbers in it:
whoever writes a file can choose numbers so that tuples of them have one hash. Each function follows one kind of opcode,
and returns where the next one is; IndexError says that there are too few objects, or bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from pgaudit.checkpoints.pickles.limits import MOST_DEPTH, Cut, Refused
from pgaudit.checkpoints.pickles.opcodes import FROZENSET, HASHING, INST, REDUCE, SETITEM, WIDTHS, Kind

MOST_AHEAD = 100_000
"""How far beyond what is filled a place in the memo may be: a table of that length is made."""
CUT = "is cut: it ends in the middle of its pickle"
_MOST_LINE = 1024
TEXT, NUMBER = 0, 1
_TUPLE_OF_NUMBERS = 3
_KEY_OF_NUMBERS = 200_000
"""Bytes of memory: some thousands are as many as there may be."""


def _tuple(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    count = WIDTHS[code]
    require(stack, marks, count)
    stack[-count:] = [_deeper(stack[-count:])]
    return at


def _tuple_of_all(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    mark = marks.pop()
    stack[mark:] = [_deeper(stack[mark:])]
    return at


def _one_of_all(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Makes one object of all since the mark."""
    stack[marks.pop() :] = [_TUPLE_OF_NUMBERS if code == FROZENSET else TEXT]
    return at


def _into_below(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Puts all since the mark into the object below it."""
    del stack[marks.pop() :]
    require(stack, marks, 1)
    return at


def _into_one(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Puts one or two objects into the one below them."""
    require(stack, marks, WIDTHS[code] + 1)
    del stack[-WIDTHS[code] :]
    return at


def _one_of_few(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Makes one object of one, two or three."""
    require(stack, marks, WIDTHS[code])
    stack[-WIDTHS[code] :] = [_TUPLE_OF_NUMBERS if code == REDUCE else TEXT]
    return at


def _skip(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    return at + WIDTHS[code]


def _frame(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Python reads so many bytes ahead at once."""
    if at + 8 + int.from_bytes(data[at : at + 8], "little") > len(data):
        raise Cut(CUT)
    return at + 8


def _memoize(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    memo[len(memo)] = stack[-1]
    return at


def _pop(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    if marks and marks[-1] == len(stack):
        marks.pop()
    else:
        stack.pop()
    return at


def _pop_mark(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    del stack[marks.pop() :]
    return at


def _dup(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    require(stack, marks, 1)
    stack.append(stack[-1])
    return at


def _lines(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Pushes an object that stands in one line or two."""
    for _ in range(WIDTHS[code]):
        at = _after_line(data, at)
    if code == INST:
        del stack[marks.pop() :]
    stack.append(NUMBER)
    return at


def _get_line(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    end = _after_line(data, at)
    stack.append(memo[int(data[at : end - 1])])
    return end


def _put_line(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    end = _after_line(data, at)
    index = int(data[at : end - 1])
    if not 0 <= index <= len(memo) + MOST_AHEAD:
        raise Refused("is damaged: its pickle refers to places that it does not fill")
    memo[index] = stack[-1]
    return end


def _refused(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Extension codes, which only a registry of the program's own explains; buffers outside; what is no opcode."""
    raise Refused("is damaged: its pickle has an instruction that no checkpoint has")


def _after_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at, at + _MOST_LINE)
    if end < 0:
        if at + _MOST_LINE > len(data):
            raise Cut(CUT)
        raise Refused("is damaged: its pickle has a line that does not end")
    return end + 1


def _deeper(depths: list[int]) -> int:
    depth = 1 + max(depths, default=0) // 2
    if depth > MOST_DEPTH:
        raise Refused("is damaged: its pickle nests tuples deeper than any checkpoint does")
    return 2 * depth + any(each & 1 for each in depths)


def cost_of_keys(code: int, stack: list[int], marks: list[int]) -> int:
    """Returns what keys cost that an opcode puts into a mapping, or items into a set: those that may have one hash make
    it take a time that grows with their square.
    """
    keys = stack[-2:-1] if code == SETITEM else stack[marks[-1] :: HASHING[code]]
    return _KEY_OF_NUMBERS * sum(each >= _TUPLE_OF_NUMBERS and each & 1 for each in keys)


def require(stack: list[int], marks: list[int], count: int) -> None:
    """Raises IndexError where there are fewer objects above the last mark than that."""
    if len(stack) - (marks[-1] if marks else 0) < count:
        raise IndexError


_Step = Callable[[bytes, int, int, list[int], list[int], dict[int, int]], int]
STEPS: dict[int, _Step] = {
    Kind.TUPLE: _tuple,
    Kind.TUPLE_OF_ALL: _tuple_of_all,
    Kind.ONE_OF_ALL: _one_of_all,
    Kind.INTO_BELOW: _into_below,
    Kind.INTO_ONE: _into_one,
    Kind.ONE_OF_FEW: _one_of_few,
    Kind.SKIP: _skip,
    Kind.FRAME: _frame,
    Kind.MEMOIZE: _memoize,
    Kind.POP: _pop,
    Kind.POP_MARK: _pop_mark,
    Kind.DUP: _dup,
    Kind.LINES: _lines,
    Kind.GET_LINE: _get_line,
    Kind.PUT_LINE: _put_line,
    Kind.REFUSED: _refused,
}
"""What follows an opcode of a kind and returns where the next one is; the frequent kinds are followed in the walk."""
