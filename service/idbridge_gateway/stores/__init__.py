"""What a gateway remembers between requests: registrations, spent values, repeated requests. Nothing personal."""
