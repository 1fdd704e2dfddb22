"""IdBridge: mutual-recognition digital ID verification for the eleven ASEAN member states.

Start reading at ``idbridge/verify/verifier.py``: it names the nine steps from bytes to verdict.
"""

__version__ = "0.1.0"
