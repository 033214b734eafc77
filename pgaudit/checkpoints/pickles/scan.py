"""The opcodes of a pickle, walked through before any is obeyed: where it ends, and what it would ask for.

Python's own reader trusts the lengths and places that a pickle claims: a few bytes make it take all memory, or overflow
its stack. So the walk here follows the same stack, memo and marks (Python's Modules/_pickle.c), and keeps of each
object only how deep its tuples are nested, and whether numbers are in it.
"""

from __future__ import annotations

from pgaudit.checkpoints.pickles.limits import MOST_DIGITS_BYTES, TOO_MUCH, Budget, Cut, Refused
from pgaudit.checkpoints.pickles.opcodes import COSTS, HASHING, KINDS, LONG4, NUMBERS, WIDTHS, Kind
from pgaudit.checkpoints.pickles.steps import CUT, MOST_AHEAD, NUMBER, STEPS, TEXT, cost_of_keys, require


def end_of_pickle(data: bytes, start: int = 0, budget: Budget | None = None) -> int:
    """Returns where a pickle ends, if it asks for no more than it may.

    Args:
        data: bytes that begin with the pickle, or hold it.
        start: where it begins.
        budget: what its objects may take, and are then taken from.

    Raises:
        Cut: the bytes end first.
        Refused: it is damaged, or asks for too much.
    """
    try:
        return _walk(data, start, budget or Budget())
    except (KeyError, ValueError):
        raise Refused("is damaged: its pickle makes no sense") from None


def _walk(data: bytes, at: int, allowed: Budget) -> int:
    stack: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    budget, size = allowed.left, len(data)
    kinds, costs, widths = KINDS, COSTS, WIDTHS
    try:
        while budget >= 0:
            code = data[at]
            at += 1
            kind, width = kinds[code], widths[code]
            budget -= costs[code]
            if kind == _PUSH:
                stack.append(NUMBER)
                at += width
            elif kind == _PUT:
                index = data[at] if width == 1 else int.from_bytes(data[at : at + 4], "little")
                if index > len(memo) + MOST_AHEAD:
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
                    raise Cut(CUT)
                if length > MOST_DIGITS_BYTES and code == LONG4:
                    raise Refused("is damaged: a number in it has more digits than any has")
                budget -= 4 * length  # a text of which one character is rare takes four bytes for each
                stack.append(NUMBER if code in NUMBERS else TEXT)
            elif kind == _MARK:
                marks.append(len(stack))
            elif kind == _STOP:
                require(stack, marks, 1)
                if at > size:
                    raise Cut(CUT)
                allowed.left = budget
                return at
            else:
                if code in HASHING:
                    budget -= cost_of_keys(code, stack, marks)
                at = STEPS[kind](data, at, code, stack, marks, memo)
    except IndexError:
        if at >= size:
            raise Cut(CUT) from None
        raise Refused("is damaged: its pickle makes no sense") from None
    raise Refused(TOO_MUCH)


_PUSH, _PUT, _GET, _TEXT, _MARK, _STOP = (
    int(kind) for kind in (Kind.PUSH, Kind.PUT, Kind.GET, Kind.TEXT, Kind.MARK, Kind.STOP)
)
