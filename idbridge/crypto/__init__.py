"""Algorithms, keys, JWS, X.509 paths and signers. Nothing else imports a cryptographic library."""
