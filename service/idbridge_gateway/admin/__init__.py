"""What operators do to a running node: who may ask it. They sign in at an issuer of their own, and nowhere here."""
