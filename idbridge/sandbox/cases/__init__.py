"""The catalogue's cases, by what they put on the table."""
