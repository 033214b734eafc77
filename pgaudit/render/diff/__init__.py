"""A diff: what is told of it, and its formats."""
