"""The gateway between relying parties and providers: who may ask for what, and what is issued for it."""
