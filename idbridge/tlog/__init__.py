"""The transparency log as mathematics and text: tree, tiles, notes, checkpoints, receipts. No file, clock or socket."""
