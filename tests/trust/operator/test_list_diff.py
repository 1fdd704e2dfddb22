"""The semantic difference of two editions of a list: what widens is flagged, and a rotated key is not a new service."""

from typing import Any

import pytest

from idbridge.codec import jcs
from idbridge.crypto.certificates import Subject, make_authority
from idbridge.model.time import Validity
from idbridge.trust.operator.change import Change
from idbridge.trust.operator.diff import diff_lists
from tests.trust.editions import (
    DAY,
    NOON,
    OTHER_KEY,
    SERVICE,
    TH,
    attestation,
    changed,
    lote,
    service,
    signed,
    statuses,
)
from tests.trust.operator.list_diffs import NEXT_KEY, Table, difference, listed, read, the_change, the_item


def test_lists_of_two_states_have_no_difference() -> None:
    with pytest.raises(ValueError, match="two states"):
        diff_lists(listed(), listed(state=TH))


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [
        ("formats", {"formats": ["dc+sd-jwt"]}, {"formats": ["dc+sd-jwt", "mso_mdoc"]}),
        (
            "credential types",
            {"credential_types": ["urn:example:pid"]},
            {"credential_types": ["urn:example:pid", "urn:example:other"]},
        ),
        ("algorithms", {"algorithms": ["ES256"]}, {"algorithms": ["ES256", "ES384"]}),
        ("holder binding", {"holder_binding": "required"}, {"holder_binding": "optional"}),
        ("holder binding", {"holder_binding": "optional"}, {"holder_binding": "none"}),
        ("leeway", {"leeway_seconds": 60}, {"leeway_seconds": 61}),
        ("issuer", {"issuer": "https://pid.sg.example"}, {"issuer": "https://other.sg.example"}),
        ("type", {"type": "pid-issuance"}, {"type": "attestation-issuance"}),
        ("revocation lists", {"crl": ["https://crl.sg.example/1"]}, {}),
        ("revocation lists", {"crl": ["https://crl.sg.example/1"]}, {"crl": ["https://crl.sg.example/2"]}),
        (
            "status lists",
            {"type": "revocation", "formats": [], "credential_types": []},
            {"type": "revocation", "formats": [], "credential_types": [], "status_lists": ["https://s.sg.example/1"]},
        ),
        (
            "key set",
            {"type": "login", "formats": ["id_token"], "credential_types": []},
            {"type": "login", "formats": ["id_token"], "credential_types": [], "key_set": "https://l.sg.example/jwks"},
        ),
        ("leaf rule", {"leaf_rule": {"policy": "1.2.3"}}, {}),
        ("leaf rule", {"leaf_rule": {"policy": "1.2.3"}}, {"leaf_rule": {"extended_key_usage": "1.2.3"}}),
    ],
)
def test_whatever_reaches_further_is_flagged(what: str, before: Table, after: Table) -> None:
    there = difference(attestation(**before), attestation(**after))

    assert the_change(there).what == what
    assert the_change(there).widens
    assert there.widens
    assert there.effect == "widened"


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [
        ("formats", {"formats": ["dc+sd-jwt", "mso_mdoc"]}, {"formats": ["dc+sd-jwt"]}),
        ("algorithms", {"algorithms": ["ES256", "ES384"]}, {"algorithms": ["ES256"]}),
        ("holder binding", {"holder_binding": "none"}, {"holder_binding": "required"}),
        ("leeway", {"leeway_seconds": 60}, {"leeway_seconds": 59}),
        ("leaf rule", {}, {"leaf_rule": {"policy": "1.2.3"}}),
        ("revocation lists", {}, {"crl": ["https://crl.sg.example/1"]}),
        (
            "key set",
            {"type": "login", "formats": ["id_token"], "credential_types": [], "key_set": "https://l.sg.example/1"},
            {"type": "login", "formats": ["id_token"], "credential_types": []},
        ),
    ],
)
def test_what_reaches_less_far_is_told_and_not_flagged(what: str, before: Table, after: Table) -> None:
    there = difference(attestation(**before), attestation(**after))

    assert the_change(there).what == what
    assert not there.widens
    assert there.effect == "changed"


def rung(identity: str, authentication: str) -> Table:
    return {"ladder": [{"national": "urn:example:2", "identity": identity, "authentication": authentication}]}


@pytest.mark.parametrize(
    ("before", "after", "widens"),
    [
        (rung("A1", "A1"), rung("A2", "A1"), True),
        (rung("A2", "A1"), rung("A1", "A2"), True),
        (rung("A2", "A2"), rung("A2", "A1"), False),
        ({"ladder": []}, rung("A1", "A1"), True),
        ({"ladder": []}, rung("A0", "A0"), False),
        (rung("A1", "A1"), {"ladder": []}, False),
    ],
)
def test_a_rung_that_is_raised_on_one_axis_is_flagged(before: Table, after: Table, widens: bool) -> None:
    there = difference(service(**before), service(**after))

    assert the_change(there).what == "level urn:example:2"
    assert there.widens is widens


def claims(**members: Any) -> Table:
    plain = {"subject": "sub", "persistence": "lasting", "acr": "acr", "name_parts": [], "map": {}}
    return {"claims": {**plain, **members}}


@pytest.mark.parametrize(
    ("what", "before", "after", "widens"),
    [
        ("claim birthdate", {}, {"map": {"birthdate": "dob"}}, True),
        ("claim birthdate", {"map": {"birthdate": "dob"}}, {"map": {"birthdate": "other"}}, True),
        ("claim birthdate", {"map": {"birthdate": "dob"}}, {}, False),
        ("subject claim", {}, {"subject": "email"}, True),
        ("level claim", {}, {"acr": "level"}, True),
        ("persistence", {}, {"persistence": "transient"}, True),
        ("mandate claim", {}, {"mandate": "represents"}, True),
        ("display claims", {}, {"display": "name"}, True),
        ("name parts", {}, {"name_parts": [{"kind": "single", "native": "name"}]}, True),
    ],
)
def test_claims_from_elsewhere_are_flagged(what: str, before: Table, after: Table, widens: bool) -> None:
    there = difference(service(**claims(**before)), service(**claims(**after)))

    assert the_change(there).what == what
    assert there.widens is widens


@pytest.mark.parametrize(
    ("before", "after", "what", "told", "widens"),
    [
        (
            [("granted", "2026-01-01"), ("superseded", "2026-12-01")],
            [("granted", "2026-01-01"), ("superseded", "2027-03-01")],
            "status",
            "superseded from 2027-03-01T00:00:00Z",
            True,
        ),
        ([("granted", "2026-06-01")], [("granted", "2026-05-01")], "status", "granted from 2026-05-01T00:00:00Z", True),
        (
            [("granted", "2026-01-01"), ("withdrawn", "2026-12-01")],
            [("granted", "2026-01-01")],
            "history",
            ("granted from 2026-01-01T00:00:00Z",),
            True,
        ),
        (
            [("granted", "2026-01-01")],
            [("granted", "2026-01-01"), ("withdrawn", "2026-11-01")],
            "status",
            "withdrawn from 2026-11-01T00:00:00Z",
            False,
        ),
        (
            [("granted", "2026-01-01"), ("superseded", "2026-05-01")],
            [("granted", "2026-01-01"), ("compromised", "2026-04-01")],
            "status",
            "compromised from 2026-04-01T00:00:00Z",
            False,
        ),
    ],
)
def test_an_end_that_is_put_off_is_flagged_and_an_end_is_not(
    before: list[tuple[str, str]], after: list[tuple[str, str]], what: str, told: object, widens: bool
) -> None:
    there = difference(service(status=statuses(*before)), service(status=statuses(*after)))

    assert the_change(there).what == what
    assert the_change(there).after == told
    assert there.widens is widens


@pytest.mark.parametrize(
    ("before", "after", "widens"), [("T1", "T2", True), ("T2", "T1", False), ("observer", "T0", True)]
)
def test_a_raised_tier_is_flagged(before: str, after: str, widens: bool) -> None:
    there = diff_lists(listed(tier=before), listed(tier=after, sequence=8))

    assert [(change.before, change.after, change.widens) for change in there.facts if change.what == "tier"] == [
        (before, after, widens)
    ]
    assert there.widens is widens


def test_a_further_list_key_is_flagged_and_a_first_one_is_not() -> None:
    held, offered = listed(), listed(sequence=8)

    assert diff_lists(held, offered, keys_before={"a"}, keys_after={"a", "b"}).widens
    assert not diff_lists(held, offered, keys_before={"a", "b"}, keys_after={"a"}).widens
    assert not diff_lists(None, offered, keys_after={"a"}).widens


def authority() -> bytes:
    """A certificate of one and the same authority, each time another one."""
    validity = Validity(NOON - DAY, NOON + 100 * DAY)
    return make_authority(OTHER_KEY, subject=Subject("authority", "SG"), validity=validity).certificate


def test_another_certificate_for_the_same_key_is_flagged() -> None:
    ruled = attestation(keys=(), leaf_rule={"policy": "1.2.3"})
    first, second = (listed(ruled, sequence=number, certificates={"pid": (authority(),)}) for number in (7, 8))

    assert the_change(diff_lists(first, second)).what == "certificate"
    assert diff_lists(first, second).widens


def test_services_that_come_and_go_are_told_with_what_they_may() -> None:
    there = diff_lists(listed(service()), listed(attestation(), sequence=8))

    assert [(item.mark, item.name) for item in there.items] == [("-", "Example login"), ("+", "Example pid")]
    assert {change.what for change in there.items[1].changes} >= {"status", "keys", "formats", "credential types"}
    assert (there.held, there.ended) == (1, 1)
    assert not there.widens


def test_a_service_for_another_type_of_credential_is_a_new_service_and_no_key() -> None:
    other = attestation("other", keys=(NEXT_KEY,), credential_types=["urn:example:other"])
    there = diff_lists(listed(attestation()), listed(attestation(), other, sequence=8))

    assert the_item(there).mark == "+"


def test_an_entry_that_is_understood_at_last_is_flagged() -> None:
    unknown = changed(lote(), *SERVICE, "ServiceTypeIdentifier", to="urn:example:later")
    held = read(signed(unknown))
    there = diff_lists(held, listed(sequence=8))

    assert [(change.what, change.widens) for change in the_item(there).changes] == [("trust", True)]
    assert (there.held, there.ended) == (0, 0)
    back = diff_lists(
        listed(), read(signed(changed(unknown, "LoTE", "ListAndSchemeInformation", "LoTESequenceNumber", to=8)))
    )
    assert (back.held, back.ended, back.widens) == (1, 1, False)
    first = diff_lists(None, held)
    assert [change.what for change in the_item(first).changes] == ["trust", "keys"]


def test_a_provider_that_is_renamed_is_told() -> None:
    provider = ("LoTE", "TrustedEntitiesList", 0, "TrustedEntityInformation", "TEName", 0, "value")
    there = diff_lists(listed(), read(signed(changed(lote(sequence=8), *provider, to="Another Provider"))))

    assert the_change(there) == Change("provider", "Example Provider", "Another Provider")


def test_the_same_content_signed_again_does_not_differ() -> None:
    once = lote()
    there = diff_lists(read(signed(once)), read(signed(once, at=NOON)))

    assert not there.differs
    assert there.effect == "same"


def test_a_first_list_is_all_new_and_widens_nothing() -> None:
    there = diff_lists(None, listed())

    assert there.before is None
    assert there.effect == "first"
    assert not there.widens
    assert [item.mark for item in there.items] == ["+"]
    assert there.share_removed == 0.0
    assert {change.what for change in there.facts} >= {"sequence", "issued at", "next update", "signer", "tier"}


def test_dates_and_sequence_are_facts() -> None:
    there = diff_lists(listed(), listed(sequence=8, issued_at=NOON, lifetime=20 * DAY))

    told = {change.what: (change.before, change.after) for change in there.facts}
    assert told["sequence"] == (7, 8)
    assert told["issued at"] == ("2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z")
    assert set(told) == {"sequence", "issued at", "next update"}


def test_two_signers_see_one_digest_whatever_the_order_of_the_list_and_whenever_it_was_signed() -> None:
    before, first = listed(service()), lote(attestation(), service(leeway_seconds=120), sequence=8)
    seen = diff_lists(before, read(signed(first)))
    again = diff_lists(before, read(signed(first, at=NOON)))

    assert seen.digest == again.digest == jcs.digest_hex(seen.document())
    assert seen.document()["schema"] == "idbridge-trust-diff-1"


def test_every_difference_of_content_gives_another_digest() -> None:
    before = listed(service())
    digests = {
        diff_lists(before, listed(service(leeway_seconds=seconds), sequence=8)).digest for seconds in (60, 61, 62, 63)
    }

    assert len(digests) == 4
