"""The opcodes of a pickle, walked through before any is obeyed: where it ends, and what it would ask for.

Python's own reader trusts the lengths and places that a pickle claims: a few bytes make it take all memory, or overflow
its stack. So the walk here follows the same stack, memo and marks (Python's Modules/_pickle.c), and keeps of each
object only how deep its tuples are nested.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping

from pgaudit.checkpoints.pickles.limits import MOST_DEPTH, MOST_DIGITS_BYTES, MOST_MEMORY, Cut, Refused

Buffer = bytes | memoryview


def _codes(**rows: str) -> dict[int, int]:
    """Returns opcode → the number in its row's name."""
    return {ord(getattr(pickle, name)): int(row[1:]) for row, names in rows.items() for name in names.split()}


def _table(entries: Mapping[int, int], default: int) -> tuple[int, ...]:
    return tuple(entries.get(code, default) for code in range(256))


_PUSHES = _codes(
    _0="NONE NEWTRUE NEWFALSE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET",
    _1="BININT1",
    _2="BININT2",
    _4="BININT",
    _8="BINFLOAT",
)
"""What pushes one object → how many bytes of its own follow."""
_LENGTHS = _codes(
    _1="SHORT_BINSTRING SHORT_BINBYTES SHORT_BINUNICODE LONG1",
    _4="BINSTRING BINBYTES BINUNICODE LONG4",
    _8="BINBYTES8 BINUNICODE8 BYTEARRAY8",
)
"""What pushes one object of as many bytes as a number says → the width of that number."""
_LINES = {
    ord(code): count for code, count in ((b"I", 1), (b"L", 1), (b"F", 1), (b"S", 1), (b"V", 1), (b"c", 2), (b"P", 1))
}
"""What pushes one object that stands in text → the number of its lines."""
_POPS = _codes(_1="SETITEM REDUCE NEWOBJ BUILD APPEND STACK_GLOBAL BINPERSID", _2="NEWOBJ_EX")
"""What takes objects from the stack and leaves one of no depth, or leaves what is below → how many fewer there are."""
_POPS |= {ord(pickle.SETITEM): 2, ord(pickle.BINPERSID): 0}
_KEEPS = {ord(getattr(pickle, name)) for name in "SETITEM BUILD APPEND".split()}
"""What leaves the object that was below as it is."""
_TO_MARK = {ord(getattr(pickle, name)) for name in "LIST DICT FROZENSET OBJ".split()}
"""What makes one object of all since the mark."""
_INTO = {ord(getattr(pickle, name)) for name in "APPENDS SETITEMS ADDITEMS".split()}
"""What puts all since the mark into the object below it."""
_TUPLES = _codes(_1="TUPLE1", _2="TUPLE2", _3="TUPLE3")
_GETS = _codes(_1="BINGET", _4="LONG_BINGET")
_PUTS = _codes(_1="BINPUT", _4="LONG_BINPUT")
_OTHER = 255
_PUSH, _LENGTH, _TUPLE, _GET, _PUT = (_table(entries, _OTHER) for entries in (_PUSHES, _LENGTHS, _TUPLES, _GETS, _PUTS))
_COSTS = _table(
    {
        ord(getattr(pickle, name)): cost
        for names, cost in (
            ("EMPTY_SET FROZENSET REDUCE NEWOBJ NEWOBJ_EX OBJ INST EMPTY_DICT DICT", 250),
            ("BINPERSID PERSID EMPTY_LIST LIST STACK_GLOBAL GLOBAL SETITEM", 150),
            ("TUPLE TUPLE1 TUPLE2 TUPLE3 BININT BININT2 BINFLOAT LONG1 LONG4", 64),
        )
        for name in names.split()
    },
    24,
)
"""How many bytes of memory an opcode takes, at most, beside those of its text."""


def end_of_pickle(data: Buffer, start: int = 0) -> int:
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
    except IndexError:
        # Of the bytes, or of the stack: only where the bytes are not used up is it the stack.
        raise Cut("is cut: it ends in the middle of its pickle") from None
    except (KeyError, ValueError):
        raise Refused("is damaged: its pickle makes no sense") from None


def _walk(data: Buffer, at: int) -> int:
    stack: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    budget, size = MOST_MEMORY, len(data)
    while True:
        code = data[at]
        at += 1
        budget -= _COSTS[code]
        if (width := _PUSH[code]) != _OTHER:
            stack.append(0)
            at += width
        elif (width := _PUT[code]) != _OTHER:
            index = data[at] if width == 1 else int.from_bytes(data[at : at + 4], "little")
            if index > len(memo) + 100_000:  # a table of that length would be made
                raise Refused("is damaged: its pickle refers to places that it does not fill")
            memo[index] = _top(stack)
            at += width
        elif (width := _GET[code]) != _OTHER:
            stack.append(memo[data[at] if width == 1 else int.from_bytes(data[at : at + 4], "little")])
            at += width
        elif (width := _LENGTH[code]) != _OTHER:
            length = int.from_bytes(data[at : at + width], "little")
            at += width + length
            if at > size:
                raise Cut("is cut: it ends in the middle of its pickle")
            if length > MOST_DIGITS_BYTES and code == _LONG4:
                raise Refused("is damaged: a number in it has more digits than any has")
            budget -= 4 * length  # a text of which one character is rare takes four bytes for each
            stack.append(0)
        elif (count := _TUPLE[code]) != _OTHER:
            stack[-count:] = [_deeper(stack[-count:], count)]
        elif code == _MARK:
            marks.append(len(stack))
        elif code == _TUPLE_OF_ALL:
            mark = marks.pop() if marks else _damaged()
            stack[mark:] = [_deeper(stack[mark:], 0)]
        elif code in _INTO:
            del stack[marks.pop() if marks else _damaged() :]
            _top(stack)
        elif code in _POPS:
            if len(stack) < _POPS[code] + 1:
                _damaged()
            if _POPS[code]:
                del stack[-_POPS[code] :]
            if code not in _KEEPS:
                stack[-1] = 0
        elif code == _STOP:
            _top(stack)
            if at > size:
                raise Cut("is cut: it ends in the middle of its pickle")
            return at
        else:
            at = _rare(data, code, at, stack, marks, memo)
            budget -= 4096 if code in _LINES else 0
        if budget < 0:
            raise Refused("asks for more memory than any checkpoint needs to be read")
        if marks and marks[-1] > len(stack):
            _damaged()


def _rare(data: Buffer, code: int, at: int, stack: list[int], marks: list[int], memo: dict[int, int]) -> int:
    """Follows an opcode that few pickles have, and returns where the next one is."""
    if code == _PROTO:
        return at + 1
    if code == _FRAME:
        length = int.from_bytes(data[at : at + 8], "little")
        if at + 8 + length > len(data):
            raise Cut("is cut: it ends in the middle of its pickle")
        return at + 8
    if code == _MEMOIZE:
        memo[len(memo)] = _top(stack)
    elif code in _TO_MARK:
        stack[marks.pop() if marks else _damaged() :] = [0]
    elif code == _POP:
        if marks and marks[-1] == len(stack):
            marks.pop()
        else:
            stack.pop() if stack else _damaged()
    elif code == _POP_MARK:
        del stack[marks.pop() if marks else _damaged() :]
    elif code == _DUP:
        stack.append(_top(stack))
    elif code in _LINES or code == _INST:
        for _ in range(2 if code == _INST else _LINES[code]):
            at = _after_line(data, at)
        if code == _INST:
            del stack[marks.pop() if marks else _damaged() :]
        stack.append(0)
    elif code in (_GET_TEXT, _PUT_TEXT):
        end = _after_line(data, at)
        index = int(bytes(data[at : end - 1]))
        if code == _GET_TEXT:
            stack.append(memo[index])
        elif not 0 <= index <= len(memo) + 100_000:
            _damaged()
        else:
            memo[index] = _top(stack)
        return end
    else:  # extension codes, which only a registry of the program's own explains; buffers outside; and what is none
        raise Refused("is damaged: its pickle has an instruction that no checkpoint has")
    return at


def _after_line(data: Buffer, at: int) -> int:
    end = bytes(data[at : at + 1024]).find(b"\n")
    if end < 0:
        if at + 1024 > len(data):
            raise Cut("is cut: it ends in the middle of its pickle")
        raise Refused("is damaged: its pickle has a line that does not end")
    return at + end + 1


def _deeper(depths: list[int], count: int) -> int:
    if len(depths) < count:
        _damaged()
    depth = 1 + max(depths, default=0)
    if depth > MOST_DEPTH:
        raise Refused("is damaged: its pickle nests tuples deeper than any checkpoint does")
    return depth


def _top(stack: list[int]) -> int:
    return stack[-1] if stack else _damaged()


def _damaged() -> int:
    raise Refused("is damaged: its pickle makes no sense")


_MARK, _TUPLE_OF_ALL, _STOP, _PROTO, _FRAME, _MEMOIZE, _POP, _POP_MARK, _DUP, _INST, _GET_TEXT, _PUT_TEXT, _LONG4 = (
    ord(getattr(pickle, name))
    for name in "MARK TUPLE STOP PROTO FRAME MEMOIZE POP POP_MARK DUP INST GET PUT LONG4".split()
)
