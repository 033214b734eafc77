"""YAML text → Config."""

from pgaudit.config.load import load_config
from pgaudit.config.records import Config

__all__ = ["Config", "load_config"]
