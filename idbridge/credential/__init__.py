"""One module per credential format, behind one protocol."""
