"""A pretend region of eleven states, made fresh at every start."""
