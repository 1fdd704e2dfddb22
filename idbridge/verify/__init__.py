"""The numbered pipeline from request to report."""
