"""What the classes of optimizers say and do."""
