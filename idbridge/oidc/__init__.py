"""The steps of OpenID Connect and OAuth, each from values to values: no web framework, no clock, no store."""
