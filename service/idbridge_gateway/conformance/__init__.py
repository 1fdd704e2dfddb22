"""The mode in which a node answers the cases of the conformance suite: ``serve --conformance``."""
