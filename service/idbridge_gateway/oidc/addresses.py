"""Where a browser goes next within a login: the one place that knows the addresses of the pages.

``name`` is the public name of the transaction (``browser.public_name``); nothing else stands in an address.
"""

from typing import Final

SELECTOR: Final = "/login"
CONSENT: Final = "/consent"
RECEIPT: Final = "/receipt"
NAME: Final = "t"  # the parameter that has the name


def selector(name: str) -> str:
    """Return where the person chooses state and provider."""
    return f"{SELECTOR}?{NAME}={name}"


def consent(name: str) -> str:
    """Return where the person agrees to what is released, or does not."""
    return f"{CONSENT}?{NAME}={name}"


def receipt(name: str) -> str:
    """Return where the person takes the receipt of a yes."""
    return f"{RECEIPT}?{NAME}={name}"
