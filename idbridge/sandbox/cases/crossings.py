"""Cases about the two environments: four crossings, of which two are none.

Clause: architecture D11.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.model.region import Environment
from idbridge.sandbox.cases import logins, presentations
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.logins import Login

LIVE: Final = accepted(
    "live-login-at-live-node",
    "A live login at a live node",
    why="A live node accepts what is live.",
    to="th-bank",
    purpose="account-opening",
    source=Login("sg-login", "sg-tan"),
    environment=Environment.LIVE,
)


def entries() -> Iterator[Entry]:
    """Yield the crossings; sandbox at sandbox is what every other accepted case shows."""
    yield LIVE
    yield LIVE.refused(
        "sandbox-login-at-live-node",
        "recognition.environment_mismatch",
        "A login of the sandbox at a live node",
        why="Sandbox people are made up. This is the crossing that must never be accepted.",
        made_in=Environment.SANDBOX,
    )
    yield logins.SG.refused(
        "live-login-at-sandbox-node",
        "recognition.environment_mismatch",
        "A live login at a node of the sandbox",
        why="A real person's login has no business in the sandbox.",
        made_in=Environment.LIVE,
    )
    yield presentations.SG.refused(
        "live-pid-at-sandbox-node",
        "recognition.environment_mismatch",
        "A live wallet identity at a node of the sandbox",
        why="A real person's credential has no business in the sandbox.",
        made_in=Environment.LIVE,
    )
