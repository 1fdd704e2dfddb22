"""Distribution by The Update Framework: how lists travel, and the two locks that they pass (architecture D1)."""
