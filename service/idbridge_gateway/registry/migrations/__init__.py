"""How the schema of the registry came about, step by step; Alembic runs it."""
