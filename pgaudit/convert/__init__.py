"""A policy of one library in the words of another, proved to come to the same for a model."""

from pgaudit.convert.job import Converted
from pgaudit.convert.run import TARGETS, convert

__all__ = ["TARGETS", "Converted", "convert"]
