"""What a node keeps, of whom, where, for how long, who can read it, and which test proves that."""
