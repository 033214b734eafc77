"""Assertions about parameter groups, and the pytest plugin that offers them."""
