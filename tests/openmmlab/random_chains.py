"""Random chains of configs. Every value stands but once in all files, and every key on a line of its own, so that the
line of a value is known without knowing how it got into the config.
"""

from __future__ import annotations

import random
from itertools import count

KEYS = "alpha beta gamma delta".split()


class Writer:
    """Writes one chain."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._values = count(1000)

    def chain(self) -> dict[str, str]:
        names = ["config.py", "parent.py", "old/base.py"][: self.random.randint(1, 3)]
        files = {}
        for index, name in enumerate(names):
            base = names[index + 1] if index + 1 < len(names) else None
            files[name] = "\n".join(self._file(base)) + "\n"
        return files

    def _file(self, base: str | None) -> list[str]:
        lines = [f"_base_ = ['./{base}']"] if base else []
        names: list[str] = []
        for _ in range(self.random.randint(0, 3)):
            name = f"v{len(names)}"
            lines += [f"{name} = {self._dict(2, names)}"]
            names.append(name)
            lines += self._change(self.random.choice(names))
        if base and self.random.random() < 0.3:
            key = self.random.choice(KEYS)
            lines += [f"_base_.optim_wrapper.optimizer.{key} = {self._number()}"]
        head = "" if base and self.random.random() < 0.7 else "type='SGD',\n    lr=0.5,\n    "
        lines += [f"optim_wrapper = dict(\n  optimizer=dict({head}part={self._dict(3, names)}))"]
        if self.random.random() < 0.4:
            lines += self._change("optim_wrapper['optimizer']")
        return lines

    def _dict(self, depth: int, names: list[str]) -> str:
        keys = self.random.sample(KEYS, self.random.randint(1, 3))
        entries = [(key, self._value(depth, names)) for key in keys]
        if self.random.random() < 0.2:
            entries.append(("_delete_", "True"))
        spread = [f"**{self.random.choice(names)}"] if names and self.random.random() < 0.3 else []
        if self.random.random() < 0.5:
            items = [f"{key}={value}" for key, value in entries]
            # What is given twice to dict() is an error, and none in a display.
            return "dict(\n" + ",\n".join(items) + ")"
        items = [f"'{key}': {value}" for key, value in entries]
        items += spread
        self.random.shuffle(items)
        return "{\n" + ",\n".join(items) + "}"

    def _value(self, depth: int, names: list[str]) -> str:
        kind = self.random.random()
        if depth and kind < 0.35:
            return self._dict(depth - 1, names)
        if names and kind < 0.5:
            return self.random.choice(names)
        return self._number()

    def _number(self) -> str:
        """A number: a constant, a sum, or one that only running the code can tell."""
        return self.random.choice(["{}", "{} + 0", "int('{}')"]).format(next(self._values))

    def _change(self, name: str) -> list[str]:
        key, value = self.random.choice(KEYS), self._number()
        return self.random.choice(
            [
                [],
                [f"{name}['{key}'] = {value}"],
                [f"{name}.update(\n  {key}={value})"],
                [f"{name}.update({{\n  '{key}': {value}}})"],
                [f"for i in range(2):\n  {name}['{key}'] = {value} + i"],
                [f"if {self.random.choice(['True', 'False'])}:\n  {name}['{key}'] = {value}"],
                [f"{name}.pop('{key}', None)"],
                [f"def f(it):\n  it['{key}'] = {value}", f"f({name})"],
                [f"{name} |= {{'{key}': {value}}}"],
                [f"key = '{key}'", f"{name}[key] = {value}"],
            ]
        )
