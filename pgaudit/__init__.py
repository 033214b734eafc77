"""pgaudit: what each parameter's learning rate and weight decay will really be, and which rule decided it.

    import pgaudit

    report = pgaudit.audit(model, "config.yaml")
    report["layer1.0.conv1.weight"].lr

Nothing heavy is imported until it is used: torch only by what needs a model.
"""

# Nothing is imported here: `python -m pgaudit` comes by before the current folder is off the import path.
TYPE_CHECKING = False

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pgaudit.checks import Finding
    from pgaudit.config import Config, load_config
    from pgaudit.errors import ConfigError, ModelError, PgauditError, UsageError
    from pgaudit.explanation import Explanation, explain
    from pgaudit.inventory import Inventory
    from pgaudit.inventory.cache import Cache
    from pgaudit.pipeline import audit, build_optimizer
    from pgaudit.report import Report

_HOMES = {
    "Cache": "pgaudit.inventory.cache",
    "Finding": "pgaudit.checks",
    "Config": "pgaudit.config",
    "load_config": "pgaudit.config",
    "ConfigError": "pgaudit.errors",
    "ModelError": "pgaudit.errors",
    "PgauditError": "pgaudit.errors",
    "UsageError": "pgaudit.errors",
    "Explanation": "pgaudit.explanation",
    "explain": "pgaudit.explanation",
    "Inventory": "pgaudit.inventory",
    "audit": "pgaudit.pipeline",
    "build_optimizer": "pgaudit.pipeline",
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
