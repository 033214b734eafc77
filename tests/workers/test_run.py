"""A task that ends its process is told of, and costs no other its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from pgaudit.workers.run import InProcess, Lost, R, Results, T, run


class Fake:
    """A pool that loses the results that it is told to lose."""

    def __init__(self, lose: Callable[[object, int], bool], *, breaks: bool) -> None:
        self._lose = lose
        self._breaks = breaks
        self.calls = 0

    def stream(self, function: Callable[[T], R], tasks: Iterable[T]) -> Results[R]:
        self.calls += 1
        for task in tasks if self._breaks else list(tasks):
            result = function(task)
            if not self._lose(result, self.calls):
                yield result
            elif self._breaks:
                raise Lost
            else:
                yield None


@pytest.mark.parametrize("breaks", [True, False])
def test_only_the_culprits_are_lost(breaks: bool) -> None:
    culprits = {3, 4, 17, 29}
    pool = Fake(lambda result, _: result in {(number, -number) for number in culprits}, breaks=breaks)
    found = list(run(int.__neg__, range(30), pool))
    assert len(found) == 30
    assert dict(found) == {number: None if number in culprits else -number for number in range(30)}


@pytest.mark.parametrize("breaks", [True, False])
def test_a_victim_of_another_is_run_again(breaks: bool) -> None:
    found = list(run(int.__neg__, range(5), Fake(lambda _, call: call == 1, breaks=breaks)))
    assert sorted(found) == [(number, -number) for number in range(5)]


def test_an_error_of_a_task_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        list(run(lambda number: 1 // number, [1, 0], InProcess()))
    assert list(run(str, [], InProcess())) == []
