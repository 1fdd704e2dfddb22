"""The trustmark: signed by the node, true to what it holds, and the retention table whole."""

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pytest

from idbridge.codec import base64url, jcs
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway.api.contract import contract_of
from idbridge_gateway.api.faults import LISTS_UNREACHABLE
from idbridge_gateway.api.trustmark import TYPE, Trustmark
from idbridge_gateway.oidc.discovery import TRUSTMARK
from idbridge_gateway.retention.table import ROWS
from tests.gateway.asking import Node, problem_of


def document_of(node: Node) -> dict[str, Any]:
    response = node.send("GET", TRUSTMARK)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def test_a_node_without_lists_shows_none(faulty: Node) -> None:
    assert faulty.faults is not None
    faulty.faults.switch(LISTS_UNREACHABLE, on=True)

    assert problem_of(faulty.send("GET", TRUSTMARK), 503) == "system.not_ready"


def test_a_signature_over_something_else_does_not_verify(node: Node) -> None:
    document = document_of(node)
    head, body, signature = document["signature"].split(".")
    claims = json.loads(base64url.decode(body))
    forged = base64url.encode(jcs.canonicalize({**claims, "environment": "live"}))

    with pytest.raises(jwt.InvalidSignatureError):
        opened(node, f"{head}.{forged}.{signature}")
    assert opened(node, document["signature"]) == document["trustmark"]


def opened(node: Node, token: str) -> dict[str, Any]:
    """What the node signed, verified by an ordinary library with the key that the node publishes."""
    header = jwt.get_unverified_header(token)
    assert header["typ"] == TYPE
    (key,) = [one for one in node.send("GET", "/.well-known/jwks.json").json()["keys"] if one["kid"] == header["kid"]]
    verified: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=[header["alg"]],
        options={"verify_iat": False, "verify_exp": False, "verify_aud": False},
    )
    return verified


def test_it_has_the_published_shape_and_one_member_more_is_none(node: Node) -> None:
    components = contract_of({"paths": {}})["components"]
    schema = {"$ref": "#/components/schemas/Trustmark", "components": components}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    document = document_of(node)

    validator.validate(document)
    assert not validator.is_valid({**document, "another": 1})
    assert not validator.is_valid({**document, "trustmark": {**document["trustmark"], "log": {}}})
    assert node.send("GET", "/openapi.json").json()["paths"][TRUSTMARK]["get"]["responses"].keys() == {"200", "503"}


def test_it_says_what_the_node_is_and_on_which_lists_it_decides(node: Node) -> None:
    mark = document_of(node)["trustmark"]
    trust = node.send("GET", "/v1/trust").json()

    assert (mark["iss"], mark["state"], mark["environment"]) == (node.settings.node_url, "TH", "sandbox")
    assert mark["trust_snapshot"] == trust["trust_snapshot"]
    assert [one["state"] for one in mark["lists"]] == sorted(one["state"] for one in trust["states"])
    assert {one["digest"] for one in mark["lists"]} == {one["digest"] for one in trust["states"]}
    assert mark["stores"] == {"shared": "memory", "registry": "file"}
    if mark["log"] is not None:
        assert mark["log"]["checkpoint"] == f"{node.settings.node_url}/log/checkpoint"


def test_what_it_says_of_what_is_kept_is_the_whole_table_and_the_signature_covers_it(node: Node) -> None:
    document = document_of(node)

    assert [one["name"] for one in document["data_handling"]] == [row.name for row in ROWS]
    (code,) = [one for one in document["data_handling"] if one["name"] == "code"]
    assert code["kept_seconds"] == (LIMITS.code_lifetime + LIMITS.bound_token_lifetime).total_seconds()
    octets = jcs.canonicalize({"data_handling": document["data_handling"]})
    assert document["trustmark"]["data_handling_digest"] == hashlib.sha256(octets).hexdigest()


def test_the_metadata_of_the_issuer_name_it(node: Node) -> None:
    metadata = node.send("GET", "/.well-known/openid-configuration").json()

    assert metadata["trustmarks"] == f"{node.settings.node_url}{TRUSTMARK}"
    assert metadata["issuer"] == document_of(node)["trustmark"]["iss"]


def test_attestations_of_its_own_state_are_named_by_digest(node: Node, tmp_path: Path) -> None:
    for state, octets in (("TH", b"an.attestation.of-thailand"), ("SG", b"an.attestation.of-singapore")):
        (tmp_path / state).mkdir()
        (tmp_path / state / "verifier.jwt").write_bytes(octets)
    (tmp_path / "TH" / "gateway.jwt").write_bytes(bytes(LIMITS.conformance_attestation_bytes + 1))
    settings = node.settings.model_copy(update={"conformance_directory": tmp_path})

    mark = json.loads(Trustmark(settings, node.app.state.parts.turns).document())["trustmark"]
    digest = hashlib.sha256(b"an.attestation.of-thailand").hexdigest()
    assert mark["conformance"] == [{"profile": "verifier", "digest": digest}]


def test_a_key_that_does_not_sign_leaves_the_document_unsigned_until_it_does(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustmark = Trustmark(node.settings, node.app.state.parts.turns)
    signer = node.app.state.parts.turns.issuing.current().signers[0]

    def locked(self: Any, message: bytes) -> bytes:
        raise ConfigurationError("the token was taken out")

    with monkeypatch.context() as patched:
        patched.setattr(type(signer), "sign", locked)
        assert json.loads(trustmark.document())["signature"] is None

    signed = trustmark.document()
    assert json.loads(signed)["signature"] is not None
    node.clock.turn(seconds=60)
    assert trustmark.document() is signed


def test_an_old_one_ends_and_a_new_one_is_made_before_those_who_keep_it_hold_one_that_ended(node: Node) -> None:
    trustmark = Trustmark(node.settings, node.app.state.parts.turns)
    first = json.loads(trustmark.document())["trustmark"]
    assert first["exp"] - first["iat"] == LIMITS.trustmark_lifetime.total_seconds()

    node.clock.turn(seconds=LIMITS.metadata_max_age.total_seconds())

    second = json.loads(trustmark.document())["trustmark"]
    assert second["iat"] - first["iat"] == LIMITS.metadata_max_age.total_seconds()
    assert LIMITS.trustmark_lifetime > 2 * LIMITS.metadata_max_age


def test_an_attestation_that_was_taken_away_is_named_no_longer(node: Node, tmp_path: Path) -> None:
    (tmp_path / "TH").mkdir()
    (tmp_path / "TH" / "verifier.jwt").write_bytes(b"an.attestation.of-thailand")
    settings = node.settings.model_copy(update={"conformance_directory": tmp_path})
    trustmark = Trustmark(settings, node.app.state.parts.turns)
    assert json.loads(trustmark.document())["trustmark"]["conformance"]

    (tmp_path / "TH" / "verifier.jwt").unlink()

    assert json.loads(trustmark.document())["trustmark"]["conformance"] == []
