"""Fixes: what findings propose, written into the text of a config, and proved before that."""

from pgaudit.fix.prove import Fixed, Judge, fixed

__all__ = ["Fixed", "Judge", "fixed"]
