"""An explorer in the terminal: all parameters of a report, why each has its values, and what another multiplier does.

Modules without textual: `listing`, `modules`, `multipliers`, `session`, `patch`. The others are its screens.
"""
