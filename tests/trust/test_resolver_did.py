"""Issuers that are called by a DID: the name leads to who lists its key, and gives nobody trust by itself."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.crypto.did_key import did_jwk, did_key
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError
from idbridge.model.region import Format
from idbridge.trust.denials import Denied
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import snapshot_of
from tests.trust.editions import DAY, NOON, OTHER_KEY, TH, attestation, edition, service, statuses, trusted
from tests.trust.test_resolver import resolved, resolver, unverified

TYPE = "SampleIdentity"
STRANGER = generate("ES256", "stranger")
LISTED = parse_jwk(OTHER_KEY.public_jwk)


def issuing(name: str = "vc", /, **changes: Any) -> dict[str, Any]:
    return attestation(name, **{"formats": ["vc+jwt"], "credential_types": [TYPE], **changes})


def asked(
    key: FileSigner = OTHER_KEY, *, kid: str | None = None, form: Format = Format.VC_JWT, issuer: str = ""
) -> Any:
    return unverified(issuer or did_jwk(parse_jwk(key.public_jwk)), kid=kid, form=form)


def code_of(over: KeyResolver, credential: Any, *, vct: str = TYPE) -> str:
    with pytest.raises(IdBridgeError) as caught:
        resolved(over, credential, vct=vct)
    return caught.value.code


def test_a_key_that_nobody_lists_is_not_trusted_for_standing_in_a_name() -> None:
    assert code_of(resolver(issuing()), asked(STRANGER)) == "issuer.unknown"
    assert code_of(resolver(issuing()), asked(issuer="did:web:issuer.example")) == "issuer.unknown"
    assert code_of(resolver(issuing()), asked(issuer="did:jwk:e30")) == "issuer.unknown"


def test_a_key_that_is_listed_for_something_else_signs_nothing_here() -> None:
    assert code_of(resolver(attestation()), asked()) == "issuer.service_not_listed"
    assert code_of(resolver(issuing()), asked(), vct="Diploma") == "issuer.service_not_listed"
    ended = issuing(status=statuses(("granted", "2026-01-01"), ("withdrawn", "2026-02-01")))
    assert code_of(resolver(ended), asked()) == "issuer.withdrawn"


def test_a_key_that_two_states_list_names_neither() -> None:
    other = edition(1, issuing(issuer="https://pid.th.example"), state=TH)
    both = trusted(edition(1, issuing())).with_list(other, state=TH, at=NOON)

    assert code_of(KeyResolver(snapshot_of(both)), asked()) == "issuer.unknown"


def test_a_key_that_could_stand_in_a_list_that_is_lost_is_undecided() -> None:
    lost = snapshot_of(trusted(edition(1, issuing())), states_without_list={TH: "trust.unreachable"})
    never = snapshot_of(trusted(edition(1, issuing())))
    nobody = replace(lost, denied=Denied(MappingProxyType({TH: NOON + DAY})))
    stolen = replace(
        lost, denied=Denied(keys=MappingProxyType({(TH, parse_jwk(STRANGER.public_jwk).thumbprint): NOON + DAY}))
    )

    assert code_of(KeyResolver(lost), asked(STRANGER)) == "trust.unreachable"
    assert code_of(KeyResolver(stolen), asked(STRANGER)) == "issuer.denied"
    assert code_of(KeyResolver(nobody), asked(STRANGER)) == "issuer.unknown"  # of a denied state nothing counts
    assert code_of(KeyResolver(never), asked(STRANGER)) == "issuer.unknown"
    assert code_of(KeyResolver(lost), asked(issuer="did:jwk:e30")) == "issuer.unknown"
    assert resolved(KeyResolver(lost), asked(), vct=TYPE).key.thumbprint == LISTED.thumbprint


@pytest.mark.parametrize("form", [Format.ID_TOKEN, Format.SD_JWT_VC])
def test_in_other_formats_a_did_is_an_issuer_that_nobody_lists(form: Format) -> None:
    assert code_of(resolver(issuing(), service()), asked(form=form)) == "issuer.unknown"


@pytest.mark.parametrize("spelled", [did_jwk, did_key])
def test_a_listed_key_is_found_by_a_did_that_spells_it_out(spelled: Any) -> None:
    did = spelled(LISTED)
    fragment = "0" if spelled is did_jwk else did.removeprefix("did:key:")
    for kid in (None, LISTED.kid, did, f"{did}#{fragment}"):
        found = resolved(resolver(issuing()), asked(issuer=did, kid=kid), vct=TYPE)

        assert found.key.thumbprint == LISTED.thumbprint
        assert found.service.issuer == "https://pid.sg.example"


def test_a_kid_that_spells_out_another_key_or_none_finds_nothing() -> None:
    stranger = did_jwk(parse_jwk(STRANGER.public_jwk))
    for kid in (stranger, f"{did_jwk(LISTED)}#1", "did:web:issuer.example#key-1", "did:"):
        assert code_of(resolver(issuing()), asked(kid=kid)) == "jose.kid_unknown"
        assert code_of(resolver(issuing()), asked(issuer="https://pid.sg.example", kid=kid)) == "jose.kid_unknown"


def test_a_kid_that_spells_out_the_key_finds_it_under_the_listed_name_too() -> None:
    credential = asked(issuer="https://pid.sg.example", kid=f"{did_jwk(LISTED)}#0")

    assert resolved(resolver(issuing()), credential, vct=TYPE).key.thumbprint == LISTED.thumbprint
