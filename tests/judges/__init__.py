"""Judges of public vectors: what IdBridge says of each case, at the layer that the kind of the case belongs to."""
