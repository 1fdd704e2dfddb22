"""Cases about revoked certificates: what a state's certification authority takes back, and lists that say so.

Clauses: RFC 5280 sections 5 and 6.3.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.model.region import Format, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases import presentations
from idbridge.sandbox.revocations import RevocationOffer
from idbridge.sandbox.trial import Trial, accepted

CURRENT: Final = accepted(
    "crl-current-and-silent",
    "A wallet identity of Singapore while the authority's newest CRL names nobody",
    why="The list is signed, current and newer than the one held, and does not name the certificate.",
    state=MemberState.SG,
    attempt=RevocationOffer(
        source=presentations.SG.recipe.source,
        service="sg-pid",
        to=str(presentations.SG.case.relying_party),
        purpose=str(presentations.SG.case.purpose),
    ),
    kind=Kind.TRUST,
    form=Format.SD_JWT_VC,
)


def trials() -> Iterator[Trial]:
    """Yield the cases about revocation lists."""
    yield CURRENT
    yield CURRENT.refused(
        "certificate-revoked",
        "issuer.certificate_revoked",
        "A wallet identity under a certificate that its authority took back",
        why="The path is sound and the list grants it; the authority itself says no.",
        revoked=True,
    )
    yield CURRENT.refused(
        "crl-missing",
        "status.unavailable",
        "A wallet identity whose state demands to know of revocations, at a node that knows of none",
        why="No word is not a good word; the list says that somebody must have asked.",
        offered=False,
    )
    yield CURRENT.refused(
        "crl-altered",
        "status.crl_invalid",
        "A CRL that somebody changed on the way",
        why="Whoever may take a name out of the list may bring a stolen key back.",
        altered=True,
    )
    yield CURRENT.refused(
        "crl-overdue",
        "status.crl_stale",
        "A CRL whose successor is overdue",
        why="Who holds the newer one back hides what it revokes.",
        age=timedelta(days=3),
    )
    yield CURRENT.refused(
        "crl-rolled-back",
        "status.crl_rollback",
        "An older CRL, still in date",
        why="It was genuine once, and does not know what was revoked since.",
        number=6,
    )
