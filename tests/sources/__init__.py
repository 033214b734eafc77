"""Tests of pgaudit.sources."""
