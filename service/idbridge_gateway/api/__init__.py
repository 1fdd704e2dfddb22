"""The HTTP API: a thin front for verification, FastAPI for the rest, problems for what is broken."""
