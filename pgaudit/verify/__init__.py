"""Our answer against that of the real libraries."""
