"""Pickles read as data: nothing that they name is imported, and nothing in them is called."""
