"""Refusals of metadata, in the words of this package."""

from idbridge.errors import TrustError


def broken(detail: str) -> TrustError:
    """Return the refusal of metadata that breaks the specification or our rules."""
    return TrustError("trust.metadata_invalid", detail)


def mismatched(detail: str) -> TrustError:
    """Return the refusal of a file that is not the one that the signed metadata names."""
    return TrustError("trust.snapshot_mismatch", detail)


def unsigned(detail: str) -> TrustError:
    """Return the refusal of what too few distinct keys, or too few distinct states, signed."""
    return TrustError("trust.threshold_missing", detail)
