"""Codes of one issuer, in two envelopes that one key signs: each is judged by the service that lists its own."""

from typing import Any

import pytest

from idbridge.errors import IdBridgeError
from idbridge.model.qr_profile import QrEnvelope
from idbridge.model.region import Format
from idbridge.trust import qr_listing
from tests.trust.editions import NOON, attestation, statuses
from tests.trust.test_resolver import resolver, unverified

CARD = {"prefix": "SG1:", "steps": ["base45", "zlib"], "container": "cwt"}
PASS = CARD | {"prefix": "SG2:"}
OTHER = CARD | {"prefix": "SG3:"}


def envelope(profile: dict[str, Any]) -> QrEnvelope:
    return qr_listing.read(profile).envelope


def listing(name: str, profile: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return attestation(name, **{"formats": ["qr"], "credential_types": [], "qr": profile, **changes})


def found(over: Any, profile: dict[str, Any]) -> str:
    """The prefix that the service lists which is found for a code in the envelope of ``profile``."""
    code = unverified("https://pid.sg.example", kid="other-1", form=Format.QR)._replace(presented=envelope(profile))
    resolved = over.resolve(unverified=code, credential_type=None, at=NOON)
    return str(resolved.service.profile.qr.envelope.prefix)


@pytest.mark.parametrize("order", [1, -1])
def test_a_code_is_judged_by_the_service_that_lists_its_envelope_whatever_was_asked_before(order: int) -> None:
    over = resolver(*(listing("card", CARD), listing("pass", PASS))[::order])

    for profile in (CARD, PASS, PASS, CARD):
        assert found(over, profile) == profile["prefix"]


def test_a_service_of_another_envelope_does_not_come_before_for_being_newer() -> None:
    retired = statuses(("granted", "2026-01-01"), ("superseded", "2026-02-01"))
    over = resolver(listing("card", CARD, status=retired), listing("pass", PASS))

    assert found(over, CARD) == "SG1:"


def test_where_no_service_lists_the_envelope_the_key_is_found_still_and_step_five_tells_what_is_wrong() -> None:
    assert found(resolver(listing("card", CARD)), OTHER) == "SG1:"


def test_an_end_counts_in_whatever_envelope_the_key_is_listed() -> None:
    ended = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-02-01"))

    with pytest.raises(IdBridgeError) as caught:
        found(resolver(listing("card", CARD), listing("pass", PASS, status=ended)), CARD)
    assert caught.value.code == "issuer.withdrawn"
