"""Model reference → Inventory."""

from pgaudit.core.parameters import Conv, Hints, Inventory, Listing, ModuleType, Parameter, Visit

__all__ = ["Conv", "Hints", "Inventory", "Listing", "ModuleType", "Parameter", "Visit"]
