"""Refusals of metadata, in the words of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from idbridge.errors import IdBridgeError, TrustError


def broken(detail: str) -> TrustError:
    """Return the refusal of metadata that breaks the specification or our rules."""
    return TrustError("trust.metadata_invalid", detail)


def mismatched(detail: str) -> TrustError:
    """Return the refusal of a file that is not the one that the signed metadata names."""
    return TrustError("trust.snapshot_mismatch", detail)


def unsigned(detail: str) -> TrustError:
    """Return the refusal of what too few distinct keys, or too few distinct states, signed."""
    return TrustError("trust.threshold_missing", detail)


@contextmanager
def refusing_surprises(subject: str) -> Iterator[None]:
    """Let whatever an offer provokes refuse that offer, and nothing beside it.

    Raises:
        TrustError: ``trust.metadata_invalid`` in place of any exception that is none of ours.
    """
    try:
        yield
    except IdBridgeError:
        raise
    except Exception as surprise:  # an offer that breaks its reader is refused, whatever it broke
        raise broken(f"{subject} cannot be judged: {type(surprise).__name__}") from surprise
