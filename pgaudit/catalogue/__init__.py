"""What is told of each constructor: a comparison, one example model under all of them, and the catalogue."""
