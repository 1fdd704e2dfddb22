"""Credentials that name no issuer: found by their certificates in the list of the state that the leaf names."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from idbridge.crypto.certificates import Authority, Subject, make_document_signer, make_iaca
from idbridge.crypto.iso_mdoc import DOCUMENT_SIGNING
from idbridge.crypto.signer import generate
from idbridge.errors import IssuerError, Refusal
from idbridge.model.region import Format
from idbridge.model.time import Validity
from idbridge.trust.denials import Denied
from idbridge.trust.resolver import KeyResolver, ResolvedKey
from idbridge.trust.snapshot import snapshot_of
from tests.trust.editions import DAY, NOON, SG, TH, attestation, edition, lote, signed, statuses, trusted
from tests.trust.test_resolver import unverified

TYPE = "example.sg.pid.1"
PLACES: dict[str, Any] = {"contact": "https://iaca.sg.example", "crl": "https://iaca.sg.example/crl"}
YEAR = Validity(NOON - 100 * DAY, NOON + 265 * DAY)
SIGNER = generate("ES256")


def iaca() -> Authority:
    return make_iaca(generate("ES256"), subject=Subject("IACA", "SG"), validity=YEAR, **PLACES)


IACA, NAMESAKE = iaca(), iaca()


def signer(issuer: Authority = IACA, *, country: str | None = "SG", validity: Validity = YEAR) -> bytes:
    return make_document_signer(SIGNER, subject=Subject("DS", country), validity=validity, issuer=issuer, **PLACES)


LEAF = signer()


def over(**changes: Any) -> KeyResolver:
    """A resolver over a list whose only service issues mdocs below the IACA."""
    rule = {"extended_key_usage": DOCUMENT_SIGNING}
    own = attestation(**{"keys": (), "formats": ["mso_mdoc"], "credential_types": [TYPE], "leaf_rule": rule, **changes})
    return KeyResolver(snapshot_of(trusted(signed(lote(own, certificates={"pid": (IACA.certificate,)})))))


LISTED = over()


def resolve(resolver: KeyResolver, *x5c: bytes, kind: str = TYPE, at: datetime = NOON) -> ResolvedKey:
    nameless = unverified(kid=None, form=Format.MDOC, x5c=x5c)._replace(unverified_issuer=None)
    return resolver.resolve(unverified=nameless, credential_type=kind, at=at)


def code(resolver: KeyResolver, *x5c: bytes, **named: Any) -> str | None:
    try:
        resolve(resolver, *x5c, **named)
    except (Refusal, IssuerError) as refusal:
        return refusal.code
    return None


def test_without_issuer_and_certificates_nobody_is_looked_up() -> None:
    assert code(LISTED) == "issuer.missing"


def test_a_namesake_of_the_authority_is_nobody_and_cannot_be_sent_along() -> None:
    assert code(LISTED, signer(NAMESAKE)) == "issuer.unknown"
    assert code(LISTED, signer(NAMESAKE), NAMESAKE.certificate) == "issuer.unknown"
    assert code(LISTED, signer(NAMESAKE), IACA.certificate) == "issuer.chain_untrusted"


def test_a_signer_counts_in_the_list_of_its_own_country_alone() -> None:
    held = trusted(edition(1, state=TH), state=TH).with_list(edition(1), state=SG, at=NOON)
    both = KeyResolver(snapshot_of(held))

    assert code(both, signer(country="TH")) == "issuer.unknown"
    assert code(both, signer(country="SG")) == "issuer.unknown"
    assert code(LISTED, signer(country=None)) == "issuer.unknown"
    assert code(LISTED, signer(country="FR")) == "issuer.unknown"


def test_a_signer_of_a_state_whose_list_is_not_held_is_undecided_unless_the_state_is_denied() -> None:
    lost = snapshot_of(trusted(edition(1)), states_without_list={TH: "trust.unreachable"})
    denied = replace(lost, denied=Denied(MappingProxyType({TH: NOON + DAY})))

    assert code(KeyResolver(lost), signer(country="TH")) == "trust.unreachable"
    assert code(KeyResolver(denied), signer(country="TH")) == "issuer.denied"
    assert code(LISTED, signer(country="MY")) == "trust.not_configured"


def test_octets_that_are_no_certificate_are_refused_with_a_reason() -> None:
    assert code(LISTED, b"\x30\x00") == "issuer.certificate_profile"
    assert code(LISTED, LEAF, b"") == "issuer.certificate_profile"


def test_another_type_is_not_listed_and_another_format_is_not_either() -> None:
    assert code(LISTED, LEAF, kind="example.sg.diploma.1") == "issuer.service_not_listed"
    assert code(over(formats=["dc+sd-jwt"]), LEAF) == "issuer.service_not_listed"


def test_an_expired_signer_and_an_ended_service_are_told() -> None:
    ended = over(status=statuses(("granted", "2025-01-01"), ("withdrawn", "2026-01-01")))

    assert code(LISTED, signer(validity=Validity(YEAR.start, NOON - DAY))) == "issuer.certificate_expired"
    assert code(ended, LEAF) == "issuer.withdrawn"


def test_a_listed_authority_gives_the_signers_key_again_and_again_until_its_certificate_ends() -> None:
    found = resolve(LISTED, LEAF)

    assert found.path is not None
    assert found.path.iso.fault is None
    assert found.key.thumbprint == SIGNER.kid
    assert resolve(LISTED, LEAF) is found
    short = signer(validity=Validity(YEAR.start, NOON + DAY))
    assert resolve(LISTED, short).key.thumbprint == SIGNER.kid
    assert code(LISTED, short, at=NOON + DAY + timedelta(seconds=1)) in {"issuer.certificate_expired", "trust.stale"}
