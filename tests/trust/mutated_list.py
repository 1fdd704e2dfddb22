"""One signed list with all that our profile knows, and what a mutation of it is."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from idbridge.codec import base64url, jcs
from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.time import Validity
from tests.trust.editions import DAY, NOON, OTHER_KEY, SG, SIGNERS, attestation, lote, service, statuses

SEQUENCE: Final = 7
SIGNED_AT: Final = int((NOON - timedelta(hours=1)).timestamp())

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Mutation:
    """An offer. ``alien`` ones not even a node may accept that holds nothing; ``harmless`` ones say the same again."""

    story: str
    offered: bytes
    alien: bool = True
    harmless: bool = False


def _authority() -> bytes:
    validity = Validity(NOON - 30 * DAY, NOON + 300 * DAY)
    return make_authority(generate("ES256"), subject=Subject("Example CA", country="SG"), validity=validity).certificate


def whole_list() -> dict[str, Any]:
    """A list with all that our profile knows: history, several services, a certificate, rules of every kind."""
    name_parts = [{"kind": "given", "native": "given", "latin": "given_latin"}]
    claims = {
        "subject": "sub", "persistence": "lasting", "acr": "acr", "display": "name", "display_latin": "name_latin",
        "name_parts": name_parts, "map": {"birthdate": "born", "sex": "gender"},
    }  # fmt: skip
    return lote(
        service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01")), claims=claims),
        attestation(keys=(OTHER_KEY,)),
        attestation("card", keys=(), issuer="https://card.sg.example", leaf_rule={"policy": "1.3.6.1.4.1.32473.1"}),
        sequence=SEQUENCE,
        certificates={"card": (_authority(),)},
        elsewhere=("https://sandbox.login.sg.example",),
    )


LIST: Final = json.loads(json.dumps(whole_list()))  # no part of it is shared with another
PAYLOAD: Final = jcs.canonicalize(LIST)


def header_of(signer: FileSigner) -> dict[str, Any]:
    """The header with which a list is signed."""
    return {"alg": "ES256", "iat": SIGNED_AT, "kid": thumbprint(signer.public_jwk), "typ": "JAdES"}


def compact(header: Any, payload: bytes, signer: FileSigner) -> bytes:
    """A compact JWS of whatever header and payload; a header that is octets is taken as it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{base64url.encode(text)}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(signer.sign(signed.encode()))}".encode()


OWN: Final = SIGNERS[SG]
ORIGINAL: Final = compact(header_of(OWN), PAYLOAD, OWN)
