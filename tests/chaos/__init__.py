"""Faults on real processes, judged by an oracle that knows the truth of every request."""
