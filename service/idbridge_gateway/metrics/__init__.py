"""How a node is doing, in numbers that say nothing of anybody."""
