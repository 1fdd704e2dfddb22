"""The verifier toward wallets (OpenID4VP 1.0, HAIP 1.0): what relying parties ask, what wallets fetch and send back."""
