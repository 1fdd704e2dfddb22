"""How a list names logs and witnesses: plain Ed25519 keys under an address that notes allow as a name."""

import json
from typing import Any

import pytest

from idbridge.crypto.certificates import Subject, make_leaf
from idbridge.crypto.signer import generate
from idbridge.model.region import ServiceType
from idbridge.model.time import Validity
from idbridge.trust.log_names import issuer_of, origin_of
from tests.trust.editions import DAY, LOGIN_KEY, NOON, SG, edition, lote, raw, refusal, service, signed, trusted
from tests.trust.test_lint import GOOD, found, line_of

HELD = trusted(edition(6))
LOG_KEY = generate("Ed25519", "log-1")
LOG = "https://node.sg.example/log"


def entry(**changes: Any) -> dict[str, Any]:
    """A log in a source document, with the test's changes."""
    listed = {"type": "log", "issuer": LOG, "formats": [], "algorithms": ["Ed25519"], "keys": (LOG_KEY,), "ladder": []}
    return service("log", **{**listed, **changes})


@pytest.mark.parametrize("kind", ["log", "witness"])
@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": ["ES256"], "keys": (LOGIN_KEY,)},
        {"algorithms": ["Ed25519", "ES256"]},
        {"formats": ["id_token"]},
        {"issuer": "https://node.sg.example/log+1"},
    ],
)
def test_a_log_or_witness_that_could_sign_no_note_is_not_listed(kind: str, changes: dict[str, Any]) -> None:
    offered = raw(json.dumps(lote(entry(type=kind, **changes))))

    assert refusal(HELD, offered).code == "trust.profile_violation"


@pytest.mark.parametrize("kind", ["log", "witness"])
def test_a_log_or_witness_with_a_certificate_is_not_listed(kind: str) -> None:
    year = Validity(NOON - 100 * DAY, NOON + 265 * DAY)
    certificate = make_leaf(LOG_KEY, subject=Subject("A log", country="SG"), validity=year, issuer=None, uris=(LOG,))
    document = lote(entry(type=kind, keys=()), certificates={"log": (certificate,)})

    refused = refusal(HELD, raw(json.dumps(document)))

    assert refused.code == "trust.profile_violation"
    assert "plain keys" in refused.detail


@pytest.mark.parametrize("kind", ["log", "witness"])
def test_a_log_or_witness_with_keys_for_notes_is_listed_and_signs_no_credential(kind: str) -> None:
    accepted = HELD.with_list(signed(lote(entry(type=kind))), state=SG, at=NOON)

    (listed,) = accepted.lists[SG].services
    assert listed.service_type is ServiceType(f"urn:idbridge:service:{kind}")
    assert listed.profile.formats == frozenset()


def test_a_log_is_called_by_its_address_without_the_scheme() -> None:
    assert origin_of(LOG) == "node.sg.example/log"
    assert issuer_of(origin_of(LOG)) == LOG


DOCUMENT = GOOD.replace('type = "login"', 'type = "log"').replace('formats = ["id_token"]', "formats = []")
DOCUMENT = DOCUMENT.replace('algorithms = ["ES256"]', 'algorithms = ["Ed25519"]', 1).replace(
    '"jwk", algorithm = "ES256"', '"jwk", algorithm = "Ed25519"', 1
)


@pytest.mark.parametrize("kind", ["log", "witness"])
@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ('algorithms = ["Ed25519"]', 'algorithms = ["Ed25519", "ES256"]', "algorithms"),
        ('kind = "jwk"', 'kind = "certificate"', "algorithms"),
        ('"https://login.sg.example"', '"https://login.sg.example/a+b"', "issuer"),
    ],
)
def test_a_log_or_witness_that_no_node_would_read_is_found(kind: str, old: str, new: str, at: str) -> None:
    listed = DOCUMENT.replace('type = "log"', f'type = "{kind}"')
    spoilt = listed.replace(old, new, 1)

    assert [finding.code for finding in found(listed)] == []
    assert {(finding.code, finding.line) for finding in found(spoilt)} >= {
        ("trust.profile_violation", line_of(spoilt, f"{at} = "))
    }
