"""YAML text → Config."""

from pgaudit.config.expect import Expectations, load_expectations
from pgaudit.config.load import load_config
from pgaudit.config.records import Config, Ignore

__all__ = ["Config", "Expectations", "Ignore", "load_config", "load_expectations"]
