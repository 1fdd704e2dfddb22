"""A witness without a node, and what the command line says of witnesses."""
