"""Bytes to plain values and back, refusing every ambiguity."""
