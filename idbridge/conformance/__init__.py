"""Conformance: cases as data, targets that answer them, and a judgement that accepts no crash for a refusal."""
