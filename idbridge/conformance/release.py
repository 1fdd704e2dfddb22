"""Releases: which member states stand for one version of the corpus, by their signatures over its manifest.

A statement names the version and the SHA-256 of the manifest, which names the digest of every other file; each state
adds its signature to one file beside the manifest. Decides who signed what lies in a folder, and believes no key but
those that the caller confirmed by another way. Who may add what to a corpus: ``docs/corpus-governance.md``.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from idbridge.codec import base64url, jcs, strict_json
from idbridge.conformance.corpus import MANIFEST_FILE, damaged_files, read_manifest
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, IdBridgeError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import open_signed, sign_document
from idbridge.trust import published_test_keys
from idbridge.trust.files import write
from idbridge.trust.pins import Keys

SIGNATURES_FILE: Final = "manifest.signatures.json"
RELEASE_TYPE: Final = "idbridge-corpus-release+json"
SCHEMA: Final = "idbridge-conformance-release-1"
QUORUM: Final = 3
"""States that have to sign a release: as many as for the root of the region."""


def statement(folder: Path) -> dict[str, Any]:
    """Return what a state signs of the corpus in ``folder``: its version, and the digest of its manifest.

    Raises:
        ConfigurationError: A file is not the one that the manifest names.
    """
    damaged = damaged_files(folder)
    if damaged:
        raise ConfigurationError(f"the corpus is damaged: {damaged[0]}")
    version = read_manifest(folder)["version"]
    digest = hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    return {"schema": SCHEMA, "version": version, "manifest": digest}


def add_signature(folder: Path, signer: Signer, *, state: MemberState) -> None:
    """Sign the corpus in ``folder`` for ``state``, beside the signatures that lie there on the same corpus.

    A file of signatures on another version is replaced: they say nothing about this one.

    Raises:
        ConfigurationError: The corpus is damaged, the key is a published test key, or this key signed already.
    """
    refuse_test_keys([thumbprint(signer.public_jwk)])
    document = json.loads(sign_document(statement(folder), {state: signer}, RELEASE_TYPE))
    before = _signatures(folder)
    if before.get("payload") == document["payload"]:
        if thumbprint(signer.public_jwk) in map(_kid, before["signatures"]):
            raise ConfigurationError("this key signed this corpus already")
        document["signatures"] = [*before["signatures"], *document["signatures"]]
    write(folder, SIGNATURES_FILE, jcs.canonicalize(document))


def signed_by(folder: Path, keys: Keys) -> frozenset[MemberState]:
    """Return the states that signed the corpus in ``folder`` as it lies there; ``keys`` are those known of each state.

    A state counts once, with however many keys it signed; one of which no key is known does not count.

    Raises:
        ConfigurationError: Nobody signed, one signature is not in order, they are on another corpus than this one, or a
            key is known whose private half is published.
    """
    refuse_test_keys([key.thumbprint for known in keys.values() for key in known])
    try:
        octets = (folder / SIGNATURES_FILE).read_bytes()
    except OSError as missing:
        raise ConfigurationError("nobody signed this corpus") from missing
    try:
        signed = open_signed(octets, typ=RELEASE_TYPE, keys=keys)
    except TrustError as refusal:
        raise ConfigurationError(f"the signatures of the corpus are not in order: {refusal}") from refusal
    if dict(signed.payload) != statement(folder):
        raise ConfigurationError("what was signed is another corpus than this one")
    return signed.signed_by


def refuse_test_keys(thumbprints: list[str]) -> None:
    """Return if the private half of none of these keys is published.

    Raises:
        ConfigurationError: It is of one; with it anybody could release a corpus.
    """
    try:
        published_test_keys.refuse(thumbprints, environment=Environment.LIVE, where="the signers of the corpus")
    except TrustError as refusal:
        raise ConfigurationError(str(refusal)) from refusal


def _signatures(folder: Path) -> dict[str, Any]:
    try:
        octets = (folder / SIGNATURES_FILE).read_bytes()
    except OSError:
        return {}
    try:
        return strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
    except IdBridgeError as malformed:
        raise ConfigurationError(f"{SIGNATURES_FILE} is no file of signatures") from malformed


def _kid(signature: Any) -> str:
    try:
        header = strict_json.parse_object(
            base64url.decode(signature["protected"]), max_bytes=LIMITS.protected_header_bytes
        )
        return str(header["kid"])
    except (IdBridgeError, KeyError, TypeError) as malformed:
        raise ConfigurationError(f"{SIGNATURES_FILE} is no file of signatures") from malformed
