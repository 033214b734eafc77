"""A report: the table that `show` prints, its picture, and its other formats."""
