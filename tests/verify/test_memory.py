"""What a verifier remembers makes it quicker and changes no decision: warm and cold say the same octets."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.model.request import Expectations, VerifyRequest
from idbridge.model.time import Validity
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.key_material import leaf_rule, leaf_subject
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.verify.pretend import NOON, region, registered

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def chain() -> tuple[bytes, bytes, bytes]:
    """A leaf below an authority that has two certificates for one key, of which the newer begins in an hour."""
    service = region().service("sg-pid")
    assert service.keys.authority is not None
    anchor = Authority(service.keys.listed[0], service.keys.authority)
    key, subject = generate("ES256"), Subject("Intermediate", country="SG")
    old, new = (
        make_authority(key, subject=subject, validity=Validity(start, NOON + 300 * DAY), issuer=anchor)
        for start in (NOON - 30 * DAY, NOON + HOUR)
    )
    leaf = make_leaf(
        service.signer,
        subject=leaf_subject(service.source, state=service.state),
        validity=Validity(NOON - 10 * DAY, NOON + 60 * DAY),
        issuer=old,
        uris=(service.issuer,),
        rule=leaf_rule(service.source),
    )
    return leaf, old.certificate, new.certificate


LEAF, *ABOVE = chain()


def new_verifier() -> Verifier:
    """A verifier that remembers nothing yet."""
    return Verifier(trust=region().snapshot(at=NOON), status=EMPTY_STATUS)


def decided(by: Verifier, above: tuple[bytes, ...], *, at: datetime) -> Report:
    """The report on a card that is shown with these certificates at this instant."""
    source = Presentation("sg-pid", "sg-tan", chain=lambda *_: (LEAF, *above))
    shown = source.shown(Bench(region(), at, SeededRandomness(b"memory")), to=region().registration("th-bank"))
    request = VerifyRequest(
        credential=shown.credential,
        expected=Expectations(nonce=shown.nonce),
        claims=("name",),
        relying_party=registered("th-bank"),
        purpose="account-opening",
    )
    return by.verify(request, at=at)


@pytest.mark.parametrize("above", list(permutations(ABOVE)))
@pytest.mark.parametrize(("first", "then"), [(NOON, NOON + 2 * HOUR), (NOON + 2 * HOUR, NOON)])
def test_a_decision_does_not_depend_on_what_was_asked_before(
    above: tuple[bytes, ...], first: datetime, then: datetime
) -> None:
    warm = new_verifier()
    decided(warm, above, at=first).require_passed()

    report = decided(warm, above, at=then)

    report.require_passed()
    assert report.decision() == decided(new_verifier(), above, at=then).decision()
