"""Two other libraries as oracles: what we accept they accept, and what they mint verifies here."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import event, given, settings
from hypothesis import strategies as st
from joserfc import errors as joserfc_errors
from joserfc import jwk as joserfc_jwk
from joserfc import jws as joserfc_jws

from idbridge.codec import base64url
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError

# RFC 9864 deprecates the name, not the algorithm; logins of today still use it.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")

RULES = HeaderRules(types=frozenset({"", "jwt"}))
SIGNERS = {name: generate(name) for name in ("ES256", "ES384", "ES512", "Ed25519", "PS256", "RS256")}
NAMES = ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]  # as PyJWT spells them
PAYLOADS = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6), max_size=3)
HEADERS = st.fixed_dictionaries(
    {}, optional={"typ": st.just("JWT"), "kid": st.text(min_size=1, max_size=5), "x5t": st.just("AA")}
)  # fmt: skip


def signer_of(name: str) -> FileSigner:
    return SIGNERS["Ed25519" if name == "EdDSA" else name]


def pem_of(signer: FileSigner) -> str:
    key = signer.private_key.public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem_of(signer: FileSigner) -> str:
    return signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def joserfc_key(text: str, signer: FileSigner) -> Any:
    kind = {"EC": joserfc_jwk.ECKey, "OKP": joserfc_jwk.OKPKey, "RSA": joserfc_jwk.RSAKey}[signer.public_jwk["kty"]]
    return kind.import_key(text)


def we_accept(token: str, name: str) -> bool:
    key = parse_jwk(signer_of(name).public_jwk)
    try:
        unverified = parse_unverified(token, RULES, HeaderCache(4))
        verify(unverified, claims={}, key=key, algorithms=frozenset({name}))
    except IdBridgeError:
        return False
    return True


def pyjwt_payload(token: str, name: str) -> bytes | None:
    try:
        found = jwt.PyJWS().decode_complete(token, pem_of(signer_of(name)), algorithms=[name])
    except jwt.PyJWTError:
        return None
    payload: bytes = found["payload"]
    return payload


def joserfc_payload(token: str, name: str) -> bytes | None:
    registry = joserfc_jws.JWSRegistry(algorithms=[name], strict_check_header=False)
    key = joserfc_key(pem_of(signer_of(name)), signer_of(name))
    try:
        return joserfc_jws.deserialize_compact(token, key, registry=registry).payload
    except (joserfc_errors.JoseError, ValueError):
        return None


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(header=HEADERS, payload=PAYLOADS)
def test_what_pyjwt_mints_verifies_here(name: str, header: dict[str, Any], payload: dict[str, Any]) -> None:
    token = jwt.PyJWS().encode(
        json.dumps(payload).encode(), private_pem_of(signer_of(name)), algorithm=name, headers=header
    )

    assert we_accept(token, name)
    assert json.loads(parse_unverified(token, RULES, HeaderCache(4)).payload) == payload


@pytest.mark.parametrize("name", [*NAMES, "Ed25519"])
@settings(max_examples=10, deadline=None)
@given(header=HEADERS, payload=PAYLOADS)
def test_what_joserfc_mints_verifies_here(name: str, header: dict[str, Any], payload: dict[str, Any]) -> None:
    registry = joserfc_jws.JWSRegistry(algorithms=[name], strict_check_header=False)
    key = joserfc_key(private_pem_of(signer_of(name)), signer_of(name))
    token = joserfc_jws.serialize_compact({"alg": name, **header}, json.dumps(payload).encode(), key, registry=registry)

    assert we_accept(token, name)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n+/"
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "replace", "swap"]), st.integers(0, 10_000), st.sampled_from(ALPHABET)
    ),
    max_size=3,
)


def edited(token: str, edits: list[tuple[str, int, str]]) -> str:
    """Change single characters; most edits break a token, and those that do not are the interesting ones."""
    for kind, place, character in edits:
        place %= len(token) or 1
        if kind == "swap":  # two neighbours, as a wallet that mixes parts up would
            token = token[:place] + token[place + 1 : place + 2] + token[place : place + 1] + token[place + 2 :]
            continue
        rest = token[place:] if kind == "insert" else token[place + 1 :]
        token = token[:place] + ("" if kind == "delete" else character) + rest
    return token


def minted_here(name: str, header: dict[str, Any], payload: bytes) -> str:
    """A token signed by us, under the name that PyJWT knows."""
    signed = f"{base64url.encode(json.dumps({'alg': name, **header}).encode())}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(signer_of(name).sign(signed.encode()))}"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), HEADERS, PAYLOADS, EDITS)
def test_what_we_accept_both_oracles_accept(
    minted: str, asked: str, header: dict[str, Any], payload: dict[str, Any], edits: list[tuple[str, int, str]]
) -> None:
    honest = minted_here(minted, header, json.dumps(payload).encode())
    token = edited(honest, edits)
    accepted = we_accept(token, asked)
    event(f"accepted: {accepted}")

    assert accepted or token != honest or minted != asked
    if accepted:
        read = parse_unverified(token, RULES, HeaderCache(4)).payload
        assert pyjwt_payload(token, asked) == read
        assert joserfc_payload(token, asked) == read


HOSTILE_HEADERS = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5c", "x5u", "cty", "zip", "enc", "y"]),
    st.sampled_from(
        ["ES256", "none", "HS256", "JWT", "", None, True, False, 1, ["b64"], [], {}, "https://evil.example"]
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(HOSTILE_HEADERS)
def test_no_header_is_accepted_here_and_refused_by_an_oracle(header: dict[str, Any]) -> None:
    token = minted_here("ES256", header, b"{}")
    accepted = we_accept(token, "ES256")
    event(f"accepted: {accepted}")

    assert not accepted or header.get("alg", "ES256") == "ES256"
    if accepted:
        assert pyjwt_payload(token, "ES256") == b"{}"
        assert joserfc_payload(token, "ES256") == b"{}"
