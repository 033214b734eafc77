"""The opcodes of a pickle, walked through before any is obeyed: where it ends, and what it would ask for.

Python's own reader trusts the lengths and places that a pickle claims: a few bytes make it take all memory, or overflow
its stack. So the walk here follows the same stack, memo and marks (Python's Modules/_pickle.c), and keeps of each
object only how deep its tuples are nested.
"""

from __future__ import annotations

from collections.abc import Callable

from pgaudit.checkpoints.pickles.limits import MOST_DEPTH, MOST_DIGITS_BYTES, MOST_MEMORY, Cut, Refused
from pgaudit.checkpoints.pickles.opcodes import COSTS, INST, KINDS, LONG4, WIDTHS, Kind

_MOST_AHEAD = 100_000
"""How far beyond what is filled a place in the memo may be: a table of that length is made."""
_MOST_LINE = 1024
_CUT = "is cut: it ends in the middle of its pickle"


def end_of_pickle(data: bytes, start: int = 0) -> int:
    """Returns where a pickle ends, if it asks for no more than it may.

    Args:
        data: bytes that begin with the pickle, or hold it.
        start: where it begins.

    Raises:
        Cut: the bytes end first.
        Refused: it is damaged, or asks for too much.
    """
    try:
        return _walk(data, start)
    except (KeyError, ValueError):
        raise Refused("is damaged: its pickle makes no sense") from None


def _walk(data: bytes, at: int) -> int:
    stack: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    budget, size = MOST_MEMORY, len(data)
    kinds, costs, widths = KINDS, COSTS, WIDTHS
    try:
        while budget >= 0:
            code = data[at]
            at += 1
            kind, width = kinds[code], widths[code]
            budget -= costs[code]
            if kind == _PUSH:
                stack.append(0)
                at += width
            elif kind == _PUT:
                index = data[at] if width == 1 else int.from_bytes(data[at : at + 4], "little")
                if index > len(memo) + _MOST_AHEAD:
                    raise Refused("is damaged: its pickle refers to places that it does not fill")
                memo[index] = stack[-1]
                at += width
            elif kind == _GET:
                stack.append(memo[data[at] if width == 1 else int.from_bytes(data[at : at + 4], "little")])
                at += width
            elif kind == _TEXT:
                length = int.from_bytes(data[at : at + width], "little")
                at += width + length
                if at > size:
                    raise Cut(_CUT)
                if length > MOST_DIGITS_BYTES and code == LONG4:
                    raise Refused("is damaged: a number in it has more digits than any has")
                budget -= 4 * length  # a text of which one character is rare takes four bytes for each
                stack.append(0)
            elif kind == _MARK:
                marks.append(len(stack))
            elif kind == _STOP:
                _above(stack, marks, 1)
                if at > size:
                    raise Cut(_CUT)
                return at
            else:
                at = _OTHERS[kind](data, at, code, stack, marks, memo)
    except IndexError:
        if at >= size:
            raise Cut(_CUT) from None
        raise Refused("is damaged: its pickle makes no sense") from None
    raise Refused("asks for more memory than any checkpoint needs to be read")


def _tuple(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    count = WIDTHS[code]
    _above(stack, marks, count)
    stack[-count:] = [_deeper(stack[-count:])]
    return at


def _tuple_of_all(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    mark = marks.pop()
    stack[mark:] = [_deeper(stack[mark:])]
    return at


def _one_of_all(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Makes one object of all since the mark."""
    stack[marks.pop() :] = [0]
    return at


def _into_below(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Puts all since the mark into the object below it."""
    del stack[marks.pop() :]
    _above(stack, marks, 1)
    return at


def _into_one(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Puts one or two objects into the one below them."""
    _above(stack, marks, WIDTHS[code] + 1)
    del stack[-WIDTHS[code] :]
    return at


def _one_of_few(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Makes one object of one, two or three."""
    _above(stack, marks, WIDTHS[code])
    stack[-WIDTHS[code] :] = [0]
    return at


def _skip(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    return at + WIDTHS[code]


def _frame(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Python reads so many bytes ahead at once."""
    if at + 8 + int.from_bytes(data[at : at + 8], "little") > len(data):
        raise Cut(_CUT)
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
    _above(stack, marks, 1)
    stack.append(stack[-1])
    return at


def _lines(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Pushes an object that stands in one line or two."""
    for _ in range(WIDTHS[code]):
        at = _after_line(data, at)
    if code == INST:
        del stack[marks.pop() :]
    stack.append(0)
    return at


def _get_line(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    end = _after_line(data, at)
    stack.append(memo[int(data[at : end - 1])])
    return end


def _put_line(data: bytes, at: int, code: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    end = _after_line(data, at)
    index = int(data[at : end - 1])
    if not 0 <= index <= len(memo) + _MOST_AHEAD:
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
            raise Cut(_CUT)
        raise Refused("is damaged: its pickle has a line that does not end")
    return end + 1


def _deeper(depths: list[int]) -> int:
    depth = 1 + max(depths, default=0)
    if depth > MOST_DEPTH:
        raise Refused("is damaged: its pickle nests tuples deeper than any checkpoint does")
    return depth


def _above(stack: list[int], marks: list[int], count: int) -> None:
    """Raises IndexError where there are fewer objects above the last mark."""
    if len(stack) - (marks[-1] if marks else 0) < count:
        raise IndexError


_Step = Callable[[bytes, int, int, list[int], list[int], dict[int, int]], int]
_OTHERS: dict[int, _Step] = {
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
_PUSH, _PUT, _GET, _TEXT, _MARK, _STOP = (
    int(kind) for kind in (Kind.PUSH, Kind.PUT, Kind.GET, Kind.TEXT, Kind.MARK, Kind.STOP)
)
