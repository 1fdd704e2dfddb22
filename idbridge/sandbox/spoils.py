"""Spoilt bodies: what is sent in place of a well-formed request."""

from idbridge.limits import LIMITS


def cut_off(body: bytes) -> bytes:
    """Send the first half."""
    return body[: len(body) // 2]


def purpose_twice(body: bytes) -> bytes:
    """Name the purpose a second time, with another value."""
    return body[:-1] + b', "purpose": "building-visit"}'


def too_large(body: bytes) -> bytes:
    """Send spaces after the body until it is past the limit."""
    return body + b" " * LIMITS.body_bytes
