"""Pretend national identity providers: one for each login service that a state lists, as plain ASGI."""
