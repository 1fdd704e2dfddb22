"""The registry: which relying parties a node serves, and with what; a file or a database keeps it. Nothing personal."""
