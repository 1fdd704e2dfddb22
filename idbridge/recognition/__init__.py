"""Who recognises whom, how far, for which purpose, from when."""
