"""Evidence: the log that a node writes, the keys of its days, and what others can prove with them."""
