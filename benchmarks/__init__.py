"""The measured claims: a file each, and :mod:`benchmarks.run` for all."""
