"""Lists of others, read for the operator of a state's list: an imported list is never trust by itself."""
