"""Makes recognition documents for the tests: payloads as the parties write them, and keys for every state."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import TrustError
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.purpose import PurposeRegister
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_document

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SANDBOX = Environment.SANDBOX
SG, TH, MY, ID, LA, TL = (
    MemberState.SG, MemberState.TH, MemberState.MY, MemberState.ID, MemberState.LA, MemberState.TL
)  # fmt: skip
LOGIN, PID, ASSERTION = (f"urn:idbridge:service:{name}" for name in ("login", "pid-issuance", "assertion"))
ALL_LEVELS = {"A1": "A1", "A2": "A2", "A3": "A3"}


@cache
def signer(state: MemberState) -> FileSigner:
    """The list signing key of a pretend state."""
    return generate("Ed25519")


@cache
def pins() -> Mapping[MemberState, tuple[PublicKey, ...]]:
    """The pinned key of every state."""
    return {state: (parse_jwk(signer(state).public_jwk),) for state in MemberState}


def rule(recognising: MemberState, recognised: str, **changes: Any) -> dict[str, Any]:
    """A rule that covers logins and cards for two purposes, with whatever the test changes."""
    return {
        "recognising": recognising,
        "recognised": recognised,
        "service_types": [LOGIN, PID],
        "formats": ["id_token", "dc+sd-jwt"],
        "purposes": ["account-opening", "building-visit"],
        "levels": ALL_LEVELS,
        "minimum_level": "A1",
        "claims": ["name", "birthdate", "nationality"],
        "bearer_purposes": ["building-visit"],
        "grace_seconds": {"A1": 0, "A2": 0},
        **changes,
    }


def arrangement(*parties: MemberState, **changes: Any) -> dict[str, Any]:
    """The first version of an arrangement in force, each party recognising every other, with the test's changes."""
    return {
        "schema": "idbridge-arrangement-1",
        "id": "-".join(sorted(parties)),
        "version": 1,
        "environment": "sandbox",
        "parties": sorted(parties),
        "status": "enacted",
        "from": "2026-01-01T00:00:00Z",
        "until": None,
        "rules": [rule(party, "*") for party in sorted(parties)],
        **changes,
    }


def purpose(code: str, **changes: Any) -> dict[str, Any]:
    """A purpose for natural persons at A1, with the test's changes."""
    return {
        "code": code,
        "name": {"en": "Opening an account"},
        "minimum_level": "A1",
        "bearer_allowed": False,
        "claims": ["name", "birthdate"],
        "subject": "natural",
        "mandate_scope": [],
        **changes,
    }


PURPOSES = (
    purpose("account-opening", minimum_level="A2"),
    purpose("building-visit", name={"en": "Visiting a building"}, bearer_allowed=True, claims=["name"]),
    purpose("company-filing", subject="legal", mandate_scope=["represent"]),
    purpose("any-filing", subject="any", mandate_scope=["represent"]),
    purpose("company-sale", subject="legal", mandate_scope=["represent", "sell"]),
)


def purposes(*entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A purpose register with the test's changes."""
    return {
        "schema": "idbridge-purposes-1",
        "version": 1,
        "environment": "sandbox",
        "purposes": list(entries or PURPOSES),
        **changes,
    }


def signed(payload: Mapping[str, Any], *states: MemberState, typ: str = ARRANGEMENT_TYPE) -> bytes:
    """``payload`` signed by ``states``."""
    return sign_document(payload, {state: signer(state) for state in states}, typ)


def signed_purposes(payload: Mapping[str, Any], *states: MemberState) -> bytes:
    """A purpose register signed by ``states``, three of them if none is named."""
    return signed(payload, *(states or (SG, TH, MY)), typ=PURPOSES_TYPE)


def accepted(*offers: tuple[Mapping[str, Any], Iterable[MemberState]]) -> ArrangementIndex:
    """The index after each payload, signed by the states beside it, was accepted in turn."""
    index = ArrangementIndex.none(SANDBOX)
    for payload, states in offers:
        index = index.with_arrangement(signed(payload, *states), keys=pins())
    return index


def in_force(*payloads: Mapping[str, Any]) -> ArrangementIndex:
    """The index after each payload, signed by all its parties, was accepted in turn."""
    return accepted(*((payload, tuple(MemberState(party) for party in payload["parties"])) for payload in payloads))


@cache
def register() -> PurposeRegister:
    """The register of ``PURPOSES``."""
    return PurposeRegister.none(SANDBOX).with_register(signed_purposes(purposes()), keys=pins())


def refused(index: ArrangementIndex, payload: dict[str, Any], *states: MemberState) -> str:
    """The words of the refusal; its code is always the one of recognition documents."""
    with pytest.raises(TrustError) as caught:
        index.with_arrangement(signed(payload, *states), keys=pins())
    assert caught.value.code == "trust.arrangement_invalid"
    return str(caught.value)
