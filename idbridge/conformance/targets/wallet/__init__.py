"""Wallets under test: the suite is the verifier that asks them, and writes down what they answer, and to whom."""
