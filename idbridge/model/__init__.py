"""Value types that every layer shares. They hold facts and decide nothing.

The types that say how far something is trusted (``UnverifiedCredential``, ``SignedClaims``, ``TrustService``,
``VerifiedCredential``, ``RecognisedIdentity``) are each constructed in one module only; a test keeps it so.
"""
