"""Targets: whatever is put to the test, each behind the one method of ``conformance.target``."""
