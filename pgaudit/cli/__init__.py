"""The command line. :func:`main` is the one place that maps outcomes to exit codes."""

from pgaudit.cli.app import main

__all__ = ["main"]
