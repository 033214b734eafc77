"""YAML text → Config."""

from pgaudit.config.load import load_config
from pgaudit.config.records import Config, Ignore

__all__ = ["Config", "Ignore", "load_config"]
