"""What is needed of a real library in order to compare it with our answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pgaudit import user_code
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.text import format_exception
from pgaudit.user_code import suppress_output

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    Builder = Callable[[nn.Module, Config, type[Optimizer] | None], Optimizer]
    """Builds the optimizer as the library would for a training run. The class is what the config's ``type`` means to
    pgaudit, for a registry that does not know the name; None where it means nothing.
    """


@dataclass(frozen=True)
class Real:
    """A library, and how to get from it what it would really build."""

    distributions: tuple[str, ...]
    """The packages that can bring it."""
    requirement: str
    """What to install, as pip reads it: the version whose source is reproduced."""
    load: Callable[[], Builder]
    """Imports it."""

    @property
    def library(self) -> str:
        """Its name."""
        return self.distributions[0]

    @property
    def version(self) -> str | None:
        """The version that is installed; None if there is none."""
        for name in self.distributions:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return None

    def builder(self) -> Builder:
        """Returns what builds.

        Raises:
            UsageError: the library is not installed, or is another one of that name; or no code of its may run.
        """
        if self.library not in user_code.LIBRARIES:
            user_code.refuse(self.library, "without verify, nothing of it is needed")
        hint = f"pip install '{self.requirement}'"
        try:
            with suppress_output():
                return self.load()
        except ImportError as error:
            if self.version is None:
                raise UsageError(f"{self.library} is not installed", hint) from None
            what = f"{self.library} {self.version} is installed, and cannot be used: {format_exception(error)}"
            raise UsageError(what, hint) from error
        except Exception as error:  # a library that fails while it is imported
            raise UsageError(
                f"{self.library} {self.version} cannot be imported: {format_exception(error)}", hint
            ) from error


def registered(registry: Any, name: str | type, kind: type[Optimizer] | None) -> str | type:
    """Returns an optimizer's name as a registry of OpenMMLab takes it, or the class itself for one it does not know."""
    known = isinstance(name, str) and registry.get(name) is not None
    return name if known or kind is None else kind
