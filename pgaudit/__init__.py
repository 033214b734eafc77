"""pgaudit: what each parameter's learning rate and weight decay will really be, and which rule decided it.

    import pgaudit

    report = pgaudit.audit(model, "config.yaml")
    report["layer1.0.conv1.weight"].lr

    report = pgaudit.audit(model, optimizer)      # the same of an optimizer that is built
    pgaudit.assert_covered(model, optimizer)      # every trainable parameter is in exactly one group

Nothing heavy is imported until it is used: torch only by what needs a model.
"""

# Nothing else is imported here: `python -m pgaudit` comes by before the current folder is off the import path.
from pgaudit.version import __version__ as __version__

TYPE_CHECKING = False

if TYPE_CHECKING:
    from pgaudit.api import audit
    from pgaudit.config import load_config
    from pgaudit.core.config import Config
    from pgaudit.core.errors import ConfigError, ModelError, PgauditError, UsageError
    from pgaudit.core.findings import Finding
    from pgaudit.core.parameters import Inventory
    from pgaudit.coverage import assert_covered
    from pgaudit.explanation import Explanation, explain
    from pgaudit.models.cache import Cache
    from pgaudit.real_optimizer import build_optimizer
    from pgaudit.report import Report

_HOMES = {
    "Cache": "pgaudit.models.cache",
    "Finding": "pgaudit.core.findings",
    "Config": "pgaudit.core.config",
    "load_config": "pgaudit.config",
    "ConfigError": "pgaudit.core.errors",
    "ModelError": "pgaudit.core.errors",
    "PgauditError": "pgaudit.core.errors",
    "UsageError": "pgaudit.core.errors",
    "Explanation": "pgaudit.explanation",
    "explain": "pgaudit.explanation",
    "Inventory": "pgaudit.core.parameters",
    "assert_covered": "pgaudit.coverage",
    "audit": "pgaudit.api",
    "build_optimizer": "pgaudit.real_optimizer",
    "Report": "pgaudit.report",
}

__all__ = [
    "Cache",
    "Config",
    "ConfigError",
    "Explanation",
    "Finding",
    "Inventory",
    "ModelError",
    "PgauditError",
    "Report",
    "UsageError",
    "assert_covered",
    "audit",
    "build_optimizer",
    "explain",
    "load_config",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pgaudit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
