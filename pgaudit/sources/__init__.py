"""What a user names → a Report: a model under a config, a saved report, a lock. One module a kind of source."""

CONFIGS = (".yaml", ".yml", ".py", ".toml")
"""How the names of configs end, which hold no report."""
