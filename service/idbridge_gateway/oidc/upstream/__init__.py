"""The node as a client of national identity providers: where people log in, and what comes back."""
