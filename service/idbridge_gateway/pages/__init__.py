"""Pages that people read: no script is needed, nothing comes from elsewhere, and nothing personal is in an address."""
