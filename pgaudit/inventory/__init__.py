"""Model reference → Inventory."""

from pgaudit.inventory.records import Conv, Hints, Inventory, Listing, ModuleType, Parameter, Visit

__all__ = ["Conv", "Hints", "Inventory", "Listing", "ModuleType", "Parameter", "Visit"]
