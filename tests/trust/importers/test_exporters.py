"""What goes out is what this node itself relies on: the list that is held, the keys of services that are granted."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.codec import base64std, base64url
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import IssuerError, TrustError
from idbridge.model.region import MemberState
from idbridge.trust import exporters
from idbridge.trust.importers.imported import Offer
from idbridge.trust.importers.jwks import import_jwks
from tests.trust.editions import DAY, KH, LOGIN_KEY, NOON, OTHER_KEY, SG, attestation, edition, raw, service
from tests.trust.nodes import Place

WITHDRAWN = [
    {"status": "granted", "from": "2026-01-01T00:00:00Z"},
    {"status": "withdrawn", "from": "2026-06-01T00:00:00Z"},
]
LATER = [{"status": "granted", "from": "2026-12-24T00:00:00Z"}]


def offered(place: Place, *services: dict[str, object], state: MemberState = SG) -> bytes:
    octets = edition(7, *services, state=state)
    place.offer(state, octets)
    return octets


def test_octets_of_another_edition_are_no_export(place: Place) -> None:
    held = place.load().lists[SG]

    for octets in (edition(9), b"", b"a.b.c"):
        with pytest.raises(TrustError) as caught:
            exporters.plain_lote(octets, held=held)
        assert caught.value.code == "trust.snapshot_mismatch"


def test_octets_that_are_held_and_no_list_are_no_export(place: Place) -> None:
    held = place.load().lists[SG]
    for octets in (b"a.b", b"a.b.c", b"a.\xff.c", b"a.W10.c"):
        other = replace(held.provenance, digest=hashlib.sha256(octets).hexdigest())
        with pytest.raises(TrustError) as caught:
            exporters.plain_lote(octets, held=replace(held, provenance=other))
        assert caught.value.code == "trust.profile_violation"


def test_the_export_of_a_list_is_its_payload_as_the_state_signed_it(place: Place) -> None:
    octets = offered(place, service())

    payload = exporters.plain_lote(octets, held=place.load().lists[SG])

    assert payload == base64url.decode(octets.split(b".")[1].decode())
    assert json.loads(payload)["LoTE"]["ListAndSchemeInformation"]["LoTESequenceNumber"] == 7


@pytest.mark.parametrize("statuses_of", [WITHDRAWN, LATER])
def test_a_key_whose_service_is_not_granted_at_the_instant_does_not_go_out(
    place: Place, statuses_of: list[dict[str, str]]
) -> None:
    offered(place, service("gone", status=statuses_of, keys=(OTHER_KEY,)), service("login"))

    keys = exporters.key_set(place.load(), SG, at=NOON)["keys"]

    assert [key["kid"] for key in keys] == ["login-1"]


def test_an_empty_set_is_refused_because_it_would_say_that_all_is_well(place: Place) -> None:
    offered(place, service("gone", status=WITHDRAWN))

    with pytest.raises(IssuerError) as caught:
        exporters.key_set(place.load(), SG, at=NOON)

    assert caught.value.code == "issuer.service_not_listed"


def test_a_list_that_is_out_of_date_or_not_held_gives_no_keys(place: Place) -> None:
    snapshot = place.load()

    with pytest.raises(TrustError) as stale:
        exporters.key_set(snapshot, SG, at=NOON + 400 * DAY)
    place.offer(KH, raw("{}", by=KH))
    with pytest.raises(TrustError) as refused:
        exporters.key_set(place.load(), KH, at=NOON)

    assert stale.value.code == "trust.stale"
    assert refused.value.code == "trust.refused"


def test_the_keys_of_granted_services_go_out_once_and_can_be_imported(place: Place) -> None:
    offered(place, service("one"), service("two", issuer="https://two.sg.example", keys=(LOGIN_KEY, OTHER_KEY)))

    exported = exporters.key_set(place.load(), SG, at=NOON)

    assert [key["kid"] for key in exported["keys"]] == ["login-1", "other-1"]
    octets = json.dumps(exported).encode()
    found = import_jwks(Offer(octets, "x", NOON), expected=hashlib.sha256(octets).hexdigest())
    assert {parse_jwk(jwk).thumbprint for jwk in found.services[0].jwks} == {
        parse_jwk(signer.public_jwk).thumbprint for signer in (LOGIN_KEY, OTHER_KEY)
    }


def test_a_certificate_goes_out_with_its_key(place: Place) -> None:
    offered(place, attestation())
    snapshot = place.load()
    (listed,) = snapshot.services_of(SG)

    keys = exporters.key_set(snapshot, SG, at=NOON + timedelta(hours=1))["keys"]

    anchors = [base64std.encode(anchor) for anchor in listed.anchors]
    assert [key["x5c"] for key in keys if "x5c" in key] == [[anchor] for anchor in anchors]
    assert len(keys) == len(anchors) + len(listed.keys)
    assert [key["kid"] for key in keys if "x5c" in key] == [parse_jwk(key).thumbprint for key in keys if "x5c" in key]


def test_a_state_that_only_observes_gives_no_keys(place: Place) -> None:
    place.offer(SG, edition(7, service(), tier="observer"))
    snapshot = place.load()
    assert all(one.observer for one in snapshot.services_of(SG))

    with pytest.raises(IssuerError) as caught:
        exporters.key_set(snapshot, SG, at=NOON)

    assert caught.value.code == "issuer.service_not_listed"
