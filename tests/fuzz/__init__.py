"""Fuzzing: hostile octets for everything that takes octets apart, guided by what of our code they reach."""
