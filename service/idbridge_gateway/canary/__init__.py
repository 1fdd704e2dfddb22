"""The canary: a node asks itself, again and again, what it must accept and what it must never accept."""
