"""The version of pgaudit. Nothing is imported here, so that everybody may import it."""

__version__ = "0.1.0"
