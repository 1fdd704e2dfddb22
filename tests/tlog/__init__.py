"""Tests of the log as mathematics and text."""
