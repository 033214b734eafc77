"""A policy of one library in the words of another, proved to come to the same for a model."""

from pgaudit.convert.run import TARGETS, Converted, convert

__all__ = ["TARGETS", "Converted", "convert"]
