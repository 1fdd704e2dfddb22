"""What the product's own verifier says of a sample that nobody presents: all but who shows it, where, and for what.

A sample comes without its holder, so refusals for want of one are left aside, and so are recognition and policy, which
are not the issuer's. Everything else decides as for any credential.
"""

from datetime import datetime
from typing import Final

from idbridge.conformance.targets.issuer.samples import Sample, Samples
from idbridge.conformance.targets.live import Finding
from idbridge.model.region import Format, MemberState
from idbridge.model.request import RelyingParty, VerifyRequest
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

_ASIDE: Final = frozenset({"holder", "recognition", "policy", "mandate", "query"})
_PURPOSE: Final = "account-opening"


def reported(samples: Samples, text: str, form: Format, *, at: datetime | None = None) -> Report:
    """Return the report of the product's verifier on a credential in ``form``."""
    party = RelyingParty(
        id="suite",
        name="Conformance suite",
        state=MemberState.SG,
        environment=samples.trust.environment,
        sector="conformance",
        purposes=frozenset({_PURPOSE}),
        claims=frozenset(),
        audiences=frozenset({"https://suite.example"}),
        clients={},
    )
    request = VerifyRequest(credential=text, relying_party=party, purpose=_PURPOSE, format=form)
    verifier = Verifier(trust=samples.trust, status=samples.statuses)
    return verifier.verify(request, at=at or samples.at)


def refused(samples: Samples, text: str, form: Format, *, at: datetime | None = None) -> Finding | None:
    """Return the first reason for which the verifier would refuse this of anybody who shows it."""
    for check in reported(samples, text, form, at=at).checks:
        if check.reason is not None and check.reason.code.partition(".")[0] not in _ASIDE:
            return Finding(check.reason.code, f"{check.id}: {check.reason.developer} {check.note}".strip())
    return None


def finding_of(samples: Samples, sample: Sample) -> Finding | None:
    """Return what the verifier refuses of ``sample`` as it is."""
    return refused(samples, sample.text, sample.format)
