"""Schedules, held against the real ones stepped on real optimizers."""
