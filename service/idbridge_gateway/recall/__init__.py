"""Recalls: relying parties are told which of their answers relied on something that turned out bad."""
