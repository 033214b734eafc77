"""Many models × many configs: tasks → results, in this process, in several, or on a cluster."""

from pgaudit.sweep.records import Found, Result, Task, Worst

__all__ = ["Found", "Result", "Task", "Worst"]
