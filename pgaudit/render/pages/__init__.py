"""Pages that have no more than two formats: explanations, constructors, findings, verifications."""
