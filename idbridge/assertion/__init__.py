"""Recognised assertions: what a node signs for a relying party."""
