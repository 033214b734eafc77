"""What was built, in code or in a checkpoint → a Report: from the optimizers' own groups, not from a policy."""

from pgaudit.built.audit import audit_objects, audit_reference, report_of_checkpoint

__all__ = ["audit_objects", "audit_reference", "report_of_checkpoint"]
