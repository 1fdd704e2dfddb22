"""Implementations that are broken on purpose, each in one thing: the suite has to catch every one of them."""
