"""Model reference → Inventory."""
