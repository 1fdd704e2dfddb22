"""`POST /v1/attestations`: first what is refused, then that a digest stands in the log under its receipt."""

import hashlib
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.tlog import receipt as receipts
from idbridge.tlog.leaf import LeafType
from idbridge.trust.log_listing import listed_log
from idbridge_gateway.api.faults import LOG_GONE
from idbridge_gateway.app import create_app
from tests.gateway.asking import Node, problem_of
from tests.gateway.test_open_endpoints import fits

PATH = "/v1/attestations"
DIGEST = base64url.encode(hashlib.sha256(b"an attestation").digest())


def handed_in(node: Node, body: Any, **headers: str) -> Any:
    return node.send("POST", PATH, body=body, headers={"content-type": "application/json", **headers})


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"digest": None}, {"digest": 1}, {"digest": ""}, {"digest": DIGEST[:-1]}, {"digest": DIGEST + "="},
        {"digest": f"{DIGEST[:-1]}B"}, {"digest": DIGEST, "name": "x"}, {"attestation": "eyJ"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_digest_is_not_written_down(node: Node, body: Any) -> None:
    answer = handed_in(node, body, **node.access())

    assert problem_of(answer, 400) == "input.request_malformed"


def test_an_attestation_itself_is_more_than_is_taken(node: Node) -> None:
    answer = handed_in(node, {"digest": DIGEST + " " * LIMITS.leaf_bytes}, **node.access())

    assert problem_of(answer, 413) == "input.body_too_large"


def test_nobody_writes_into_the_log_without_being_known(node: Node) -> None:
    assert problem_of(handed_in(node, {"digest": DIGEST}), 401) == "policy.unauthenticated"
    refused = handed_in(node, {"digest": DIGEST}, authorization="Bearer made-up")
    assert problem_of(refused, 401) == "policy.unauthenticated"


def test_a_digest_in_another_form_than_json_is_not_read(node: Node) -> None:
    answer = node.send("POST", PATH, body={"digest": DIGEST}, headers={**node.access(), "content-type": "text/plain"})

    assert problem_of(answer, 415) == "input.media_type"


def test_a_node_without_a_log_writes_nothing_down(node: Node) -> None:
    settings = node.settings.model_copy(update={"log_dir": None, "log_day_keys_dir": None, "log_socket": None})
    node.app = create_app(settings, clock=node.clock)

    assert problem_of(handed_in(node, {"digest": DIGEST}, **node.access()), 404) == "input.not_found"


def test_while_the_writer_is_gone_there_is_no_receipt(faulty: Node) -> None:
    assert faulty.faults is not None
    faulty.faults.switch(LOG_GONE, on=True)

    assert problem_of(handed_in(faulty, {"digest": DIGEST}, **faulty.access()), 503) == "system.unrecorded"


def test_a_digest_stands_in_the_log_with_whoever_handed_it_in(node: Node) -> None:
    answer = handed_in(node, {"digest": DIGEST}, **node.access())

    assert answer.status_code == 200, answer.text
    document = answer.json()
    fits(node, document, "AttestationReceipt")
    assert document["digest"] == DIGEST
    at = node.clock.now()
    unverified = receipts.parse_unverified(document["receipt"]["proof"].encode())
    snapshot = node.app.state.trust.in_force.snapshot
    log = listed_log(snapshot, document["receipt"]["origin"], signed_at=at, at=at)
    leaf = receipts.verify(unverified, log=log).leaf
    assert leaf.type is LeafType.ATTEST
    assert dict(leaf.members) == {"rp": "th-bank", "dig": DIGEST}
