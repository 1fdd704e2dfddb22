"""The console: what an operator of a node sees of it. It shows and counts; it decides nothing, and names nobody."""
