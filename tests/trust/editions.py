"""Small trust lists for tests: a source document, the list made of it, an edition signed by its state."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import TrustError
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.trust import jades
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet

SG, TH, KH = MemberState.SG, MemberState.TH, MemberState.KH
NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SIGNERS: Final[Mapping[MemberState, FileSigner]] = MappingProxyType({state: generate("ES256") for state in MemberState})
LOGIN_KEY: Final = generate("ES256", "login-1")
OTHER_KEY: Final = generate("ES256", "other-1")
LOGIN: Final = "https://login.sg.example"

Table = dict[str, Any]


def pins(*states: MemberState) -> Mapping[MemberState, tuple[PublicKey, ...]]:
    """The list signing keys of ``states``, or of every state."""
    return MappingProxyType({state: (parse_jwk(SIGNERS[state].public_jwk),) for state in states or MemberState})


def jwk(signer: FileSigner) -> Table:
    """The public key of ``signer`` as a list names it."""
    return dict(signer.public_jwk)


def service(name: str = "login", /, *, keys: tuple[FileSigner, ...] = (LOGIN_KEY,), **changes: Any) -> Table:
    """A service of the source document, with its keys; ``changes`` replace members."""
    return {
        "id": name,
        "keys": keys,
        "name": {"en": f"Example {name}"},
        "type": "login",
        "issuer": LOGIN,
        "formats": ["id_token"],
        "algorithms": ["ES256"],
        "credential_types": [],
        "leeway_seconds": 60,
        "holder_binding": "none",
        "status": [{"status": "granted", "from": "2026-01-01T00:00:00Z"}],
        "ladder": [{"national": "urn:example:2", "identity": "A2", "authentication": "A2"}],
        "claims": {"subject": "sub", "persistence": "lasting", "acr": "acr", "name_parts": [], "map": {}},
        **changes,
    }


def attestation(name: str = "pid", /, **changes: Any) -> Table:
    """A service that issues SD-JWT VCs."""
    return service(
        name,
        **{
            "type": "pid-issuance",
            "issuer": "https://pid.sg.example",
            "formats": ["dc+sd-jwt"],
            "credential_types": ["urn:example:pid"],
            "keys": (OTHER_KEY,),
            **changes,
        },
    )


def statuses(*periods: tuple[str, str]) -> list[Table]:
    """The history ``(status, date)``, oldest first."""
    return [{"status": status, "from": f"{day}T00:00:00Z"} for status, day in periods]


def lote(
    *services: Table,
    state: MemberState = SG,
    sequence: int = 7,
    issued_at: datetime = NOON - HOUR,
    lifetime: timedelta = 30 * DAY,
    environment: Environment = Environment.SANDBOX,
    elsewhere: tuple[str, ...] = (),
    certificates: Mapping[str, tuple[bytes, ...]] = MappingProxyType({}),
    tier: str = "T2",
) -> Table:
    """The list of ``state`` with ``services``, or with one login service."""
    listed = services or (service(issuer=f"https://login.{state.lower()}.example"),)
    address = {"street": "1 Sample Road", "country": state.value}
    source = {
        "schema": "idbridge-list-source-1",
        "state": state.value,
        "tier": tier,
        "information_uri": "https://trust.example/",
        "operator": {"name": {"en": "Example Office"}, "address": address},
        "provider": [{
            "name": {"en": "Example Provider"}, "address": address, "information_uri": "https://provider.example/",
            "service": list(listed),
        }],
    }  # fmt: skip
    keys = {entry["id"]: tuple(jwk(signer) for signer in entry["keys"]) for entry in listed}
    return lote_from_source(
        source,
        environment=environment,
        sequence=sequence,
        issued_at=issued_at,
        next_update=issued_at + lifetime,
        material=lambda name: ServiceMaterial(keys[name], certificates.get(name, ())),
        other_environment_issuers=elsewhere,
    )


def signed(document: Table, *, by: MemberState = SG, at: datetime = NOON - HOUR) -> bytes:
    """``document`` as a state signs it."""
    return sign_list(document, SIGNERS[by], at=at).encode()


def raw(payload: str, *, by: MemberState = SG) -> bytes:
    """A list whose payload is this very text."""
    return jades.sign(payload.encode("utf-8", "surrogatepass"), SIGNERS[by], at=NOON - HOUR).encode()


def edition(sequence: int = 7, *services: Table, state: MemberState = SG, **changes: Any) -> bytes:
    """An edition of the list of ``state``, signed by it."""
    return signed(lote(*services, state=state, sequence=sequence, **changes), by=state)


def trusted(*offers: bytes, state: MemberState = SG, at: datetime = NOON) -> TrustedSet:
    """A sandbox set that accepted ``offers`` of one state in this order."""
    held = TrustedSet(Environment.SANDBOX, pins())
    for offered in offers:
        held = held.with_list(offered, state=state, at=at)
    return held


def changed(document: Table, *path: str | int, to: Any) -> Table:
    """A copy of ``document`` with another value at ``path``."""
    copied = copy.deepcopy(document)
    place = copied
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]  # the steps of a test's own path
    place[path[-1]] = to  # type: ignore[index]  # as above
    return copied


def without(document: Table, *path: str | int) -> Table:
    """A copy of ``document`` without what is at ``path``."""
    copied = copy.deepcopy(document)
    place = copied
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]  # the steps of a test's own path
    del place[path[-1]]  # type: ignore[arg-type]  # as above
    return copied


SCHEME: Final = ("LoTE", "ListAndSchemeInformation")
ENTITY: Final = ("LoTE", "TrustedEntitiesList", 0)
SERVICE: Final = (*ENTITY, "TrustedEntityServices", 0, "ServiceInformation")
EXTENSION: Final = (*SERVICE, "ServiceInformationExtensions", 0, "IdBridge")


def refusal(held: TrustedSet, offered: bytes, *, state: MemberState = SG, at: datetime = NOON) -> TrustError:
    """The refusal of ``offered``; what is held must be what it was."""
    before = snapshot_of(held).id

    with pytest.raises(TrustError) as caught:
        held.with_list(offered, state=state, at=at)

    assert snapshot_of(held).id == before
    return caught.value
