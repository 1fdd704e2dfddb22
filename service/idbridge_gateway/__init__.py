"""The gateway: the HTTP face of a node."""
