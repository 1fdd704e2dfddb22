"""Samples of a credential issuer, looked at as a verifier abroad does who has only the issuer's trust list."""
