"""Whether a credential is still in force, from an immutable status snapshot."""
