"""Many models × many configs: tasks → results, in this process, in several, or on a cluster."""

from pgaudit.sweep.records import CodeCount, SweepResult, Task

__all__ = ["CodeCount", "SweepResult", "Task"]
