"""OpenMMLab's configs in Python."""
