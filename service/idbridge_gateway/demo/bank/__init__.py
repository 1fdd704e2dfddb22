"""The demo's relying party: a small bank at which people log in with the ID of another state. Nobody's bank."""
