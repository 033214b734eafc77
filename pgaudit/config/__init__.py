"""A file → a validated Config."""

from pgaudit.config.load import load_config

__all__ = ["load_config"]
