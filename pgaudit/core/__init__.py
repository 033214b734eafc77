"""The types that everything speaks: no input or output, no torch, no rich."""
