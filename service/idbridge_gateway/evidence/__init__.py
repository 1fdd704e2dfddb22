"""Evidence at a node: what is written down before an answer leaves it, and what proves that afterwards."""
