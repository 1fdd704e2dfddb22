"""Presentations: what was asked of a wallet, and whether what it sent answers it."""
