"""The one grammar for names: globs with braces, folding, unfolding. What any output prints, every input takes."""

from pgaudit.names.folding import Folded, fold_along, fold_named
from pgaudit.names.globs import Glob, escaped, expression_of, unfolded
from pgaudit.names.many import Globs, Names, spelled_like_globs
from pgaudit.names.pieces import GlobError

__all__ = [
    "Folded",
    "Glob",
    "GlobError",
    "Globs",
    "Names",
    "escaped",
    "expression_of",
    "fold_along",
    "fold_named",
    "spelled_like_globs",
    "unfolded",
]
