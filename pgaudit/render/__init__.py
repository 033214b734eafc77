"""Report → text, one renderer a format."""
