"""A policy of one library, or what code or a checkpoint holds, in the words of another: proved to come to the same."""

from pgaudit.convert.job import Converted
from pgaudit.convert.run import TARGETS, convert, convert_built

__all__ = ["TARGETS", "Converted", "convert", "convert_built"]
