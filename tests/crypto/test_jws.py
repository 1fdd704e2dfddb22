import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, sign_compact, verify
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import IdBridgeError, InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import SignedClaims

RULES = HeaderRules(types=frozenset({"", "jwt"}))
OWN = HeaderRules(types=frozenset({"own+jwt"}), allow_x5c=True, allow_jwk=True, allowed_extra=frozenset({"iat"}))
SIGNER = generate("ES256")
KEY = parse_jwk(SIGNER.public_jwk)
ES256 = frozenset({"ES256"})
CLAIMS = {"iss": "https://login.sg.example", "n": 1}
MEMBERS = ["alg", "typ", "kid", "cty", "crit", "b64", "jku", "jwk", "x5c", "x5u", "x5t", "iat", "y"]
PAYLOAD = json.dumps(CLAIMS).encode()
TOKEN = sign_compact({"typ": "JWT"}, PAYLOAD, SIGNER)


def spell(header: dict[str, Any] | str, payload: bytes = PAYLOAD, signature: str = "AAAA") -> str:
    text = header if isinstance(header, str) else json.dumps(header)
    return f"{base64url.encode(text.encode())}.{base64url.encode(payload)}.{signature}"


def dotted(parts: list[bytes]) -> str:
    return ".".join(base64url.encode(part) for part in parts)


def refusal(compact: str, rules: HeaderRules = RULES) -> str:
    with pytest.raises(IdBridgeError) as caught:
        parse_unverified(compact, rules, HeaderCache(8))
    return caught.value.code


def checked(compact: str, *, algorithms: frozenset[str] = ES256, key: Any = KEY) -> SignedClaims:
    unverified = parse_unverified(compact, RULES, HeaderCache(8))
    return verify(unverified, claims=json.loads(unverified.payload), key=key, algorithms=algorithms)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "noNe", " none", "none\n"])
def test_an_unsigned_token_is_refused_however_none_is_spelled(name: str) -> None:
    assert refusal(spell({"alg": name}, signature="")) == "jose.alg_none"


@pytest.mark.parametrize(
    "name", ["HS256", "HS384", "HS512", "ES256K", "ES256 ", "es256", "RS384", "PS512", "RS1", "Ed448", "ML-DSA-44", ""]
)
def test_an_algorithm_outside_the_closed_table_is_refused(name: str) -> None:
    assert refusal(spell({"alg": name})) == "jose.alg_not_allowed"


def test_a_header_without_algorithm_is_refused() -> None:
    assert refusal(spell({"typ": "JWT"})) == "jose.alg_not_allowed"


@pytest.mark.parametrize("crit", [["b64"], ["exp"], [], None, "exp"])
def test_any_critical_extension_is_refused(crit: Any) -> None:
    assert refusal(spell({"alg": "ES256", "crit": crit, "b64": True})) == "jose.crit_unsupported"


@pytest.mark.parametrize("name", ["b64", "jku", "x5u", "jwk", "x5c"])
@pytest.mark.parametrize("value", [None, True, "https://evil.example/keys", {}, []])
def test_a_member_that_changes_or_brings_the_key_is_refused_whatever_its_value(name: str, value: Any) -> None:
    assert refusal(spell({"alg": "ES256", name: value})) == "jose.header_forbidden"


@pytest.mark.parametrize("name", ["b64", "jku", "x5u"])
def test_no_rule_lifts_the_ban_on_what_changes_or_fetches_a_key(name: str) -> None:
    assert refusal(spell({"alg": "ES256", "typ": "own+jwt", name: "x"}), OWN) == "jose.header_forbidden"

    with pytest.raises(ValueError, match="how a JWS is verified"):
        HeaderRules(types=frozenset({"jwt"}), allowed_extra=frozenset({name}))


@pytest.mark.parametrize("type_", ["at+jwt", "kb+jwt", "", "application/", "application/application/jwt", "jwt; x=1"])
def test_a_token_of_one_kind_never_serves_as_another(type_: str) -> None:
    assert refusal(spell({"alg": "ES256", "typ": type_})) == "jose.typ_mismatch"


def test_another_kind_of_token_is_told_from_a_forbidden_member_that_is_allowed_there() -> None:
    assert refusal(spell({"alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["AAAA"]})) == "jose.typ_mismatch"
    assert refusal(spell({"alg": "ES256", "typ": "jwt", "x5c": ["AAAA"]})) == "jose.header_forbidden"


def test_a_type_that_must_be_there_may_not_be_absent() -> None:
    assert refusal(spell({"alg": "ES256"}), OWN) == "jose.typ_mismatch"


@pytest.mark.parametrize("type_", ["JWT", "jwt", "application/jwt", "Application/JWT"])
def test_types_are_compared_without_case_and_prefix(type_: str) -> None:
    unverified = parse_unverified(spell({"alg": "ES256", "typ": type_}), RULES, HeaderCache(8))

    assert unverified.header.type == "jwt"


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"ES256","alg":"none"}',
        '{"alg":"none","alg":"ES256"}',
        '{"alg":"ES256","kid":1}',
        '{"alg":"ES256","kid":""}',
        '{"alg":"ES256","kid":null}',
        '{"alg":["ES256"]}',
        '{"alg":null}',
        '{"alg":"ES256","typ":null}',
        '{"alg":"ES256","typ":{}}',
        '{"alg":"ES256","cty":null}',
        '{"alg":"ES256","cty":["JWT"]}',
        '["ES256"]',
        "",
        "{}}",
    ],
)
def test_a_header_that_is_ambiguous_or_of_the_wrong_shape_is_refused(header: str) -> None:
    assert refusal(spell(header)) == "input.malformed"


@pytest.mark.parametrize("x5c", [[], "MII", [1], [["MII"]], None, ["MIJ="], ["a_-a"], ["MII\n"]])
def test_a_certificate_chain_of_the_wrong_shape_is_refused(x5c: Any) -> None:
    assert refusal(spell({"alg": "ES256", "typ": "own+jwt", "x5c": x5c}), OWN) == "input.malformed"


def test_too_many_and_too_large_certificates_are_refused() -> None:
    most = {"alg": "ES256", "typ": "own+jwt", "x5c": ["AAAA"] * LIMITS.path_candidates}
    more = {"alg": "ES256", "typ": "own+jwt", "x5c": ["AAAA"] * (LIMITS.path_candidates + 1)}

    assert len(parse_unverified(spell(most), OWN, HeaderCache(8)).header.certificates) == LIMITS.path_candidates
    assert refusal(spell(more), OWN) == "input.too_large"


@pytest.mark.parametrize(
    "compact",
    [
        "",
        ".",
        "..",
        TOKEN + ".",
        TOKEN + "=",
        TOKEN[:-1],
        TOKEN.replace(".", "..", 1),
        TOKEN.rpartition(".")[0],
        " " + TOKEN,
        TOKEN + "\n",
        TOKEN.replace(".", ".é", 1),
        TOKEN.replace(".", "=.", 1),
    ],
)
def test_a_text_that_is_no_compact_jws_is_refused(compact: str) -> None:
    assert refusal(compact) == "input.malformed"


def test_a_last_character_with_surplus_bits_is_no_second_spelling_of_a_signature() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = TOKEN[:-1] + alphabet[alphabet.index(TOKEN[-1]) + 1]

    assert refusal(twin) == "input.malformed"


def test_token_and_header_past_their_bounds_are_refused_and_at_the_bound_are_read() -> None:
    head = base64url.encode(b'{"alg": "ES256"}')
    payload = "A" * (LIMITS.token_bytes - len(head) - len("..AA"))
    padding = "x" * (LIMITS.protected_header_bytes - len('{"alg": "ES256", "y": ""}'))

    assert parse_unverified(f"{head}.{payload}.AA", RULES, HeaderCache(8)).signature == b"\0"
    assert refusal(f"{head}.{payload}.AAA") == "input.too_large"
    assert parse_unverified(spell({"alg": "ES256", "y": padding}), RULES, HeaderCache(8)).header.algorithm == "ES256"
    assert refusal(spell({"alg": "ES256", "y": padding + "x"})) == "input.too_large"
    assert refusal(spell({"alg": "ES256", "kid": "k" * (LIMITS.identifier_characters + 1)})) == "input.too_large"


def test_a_caller_may_set_another_bound_for_its_own_documents() -> None:
    large = spell({"alg": "ES256"}, b"x" * LIMITS.token_bytes)

    assert refusal(large) == "input.too_large"
    assert parse_unverified(large, RULES, HeaderCache(8), max_bytes=len(large)).payload[:1] == b"x"


def test_only_accounted_members_can_be_read_later() -> None:
    jwk = dict(SIGNER.public_jwk)
    header = {"alg": "EdDSA", "typ": "own+jwt", "kid": "k", "jwk": jwk, "iat": 5, "x5t": "drop", "x5c": ["AAAA"]}
    unverified = parse_unverified(spell(header), OWN, HeaderCache(8))

    assert set(unverified.header.members) == {"alg", "typ", "kid", "jwk", "iat"}
    assert unverified.header.certificates == (b"\0\0\0",)
    assert unverified.header.algorithm == "Ed25519"
    assert unverified.header.kid == "k"


def test_rules_without_type_or_in_capitals_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one type"):
        HeaderRules(types=frozenset())
    with pytest.raises(ValueError, match="lower case"):
        HeaderRules(types=frozenset({"JWT"}))


def test_one_text_under_two_rules_is_accounted_for_twice() -> None:
    headers = HeaderCache(8)
    text = spell({"alg": "ES256", "typ": "own+jwt", "jwk": {}})
    parse_unverified(text, OWN, headers)

    with pytest.raises(JoseError) as caught:
        parse_unverified(text, HeaderRules(types=OWN.types), headers)

    assert caught.value.code == "jose.header_forbidden"


def test_a_known_header_is_not_parsed_again_and_a_refused_one_is_not_kept() -> None:
    headers = HeaderCache(8)
    first = parse_unverified(TOKEN, RULES, headers)
    second = parse_unverified(TOKEN, RULES, headers)
    with pytest.raises(JoseError):
        parse_unverified(spell({"alg": "none"}), RULES, headers)

    assert second.header is first.header
    assert len(headers) == 1


def test_the_header_cache_is_bounded_in_entries_and_in_characters() -> None:
    headers = HeaderCache(4)
    for number in range(50):
        parse_unverified(spell({"alg": "ES256", "kid": str(number)}), RULES, headers)
        assert len(headers) <= 4

    headers = HeaderCache()
    for number in range(LIMITS.header_cache_entries + 1):
        parse_unverified(spell({"alg": "ES256", "kid": str(number)}), RULES, headers)
    assert 0 < len(headers) < LIMITS.header_cache_entries

    headers = HeaderCache(1_000_000)
    most = LIMITS.header_cache_characters // LIMITS.protected_header_bytes
    for number in range(most + 2):
        parse_unverified(spell({"alg": "ES256", "y": f"{number:08}" * 1000}), RULES, headers)
    assert 0 < len(headers) < most


def test_a_signature_of_the_listed_key_verifies_and_the_claims_are_the_caller_s_own() -> None:
    unverified = parse_unverified(TOKEN, RULES, HeaderCache(8))
    signed = verify(unverified, claims=CLAIMS, key=KEY, algorithms=ES256)

    assert signed.claims is CLAIMS
    assert signed.key is KEY
    assert signed.header.kid == SIGNER.kid == KEY.thumbprint


def test_an_algorithm_that_is_not_listed_for_the_issuer_is_refused_before_any_mathematics() -> None:
    for algorithms in (frozenset[str](), frozenset({"ES384"}), frozenset({"es256"})):
        with pytest.raises(JoseError) as caught:
            checked(TOKEN, algorithms=algorithms)
        assert caught.value.code == "jose.alg_not_allowed"


@pytest.mark.parametrize("algorithm", ["ES384", "Ed25519", "PS256", "RS256"])
def test_a_key_of_another_kind_does_not_fit(algorithm: str) -> None:
    other = parse_jwk(generate(algorithm).public_jwk)

    with pytest.raises(JoseError) as caught:
        checked(TOKEN, key=other)

    assert caught.value.code == "jose.alg_key_mismatch"


def test_another_key_a_changed_payload_and_a_changed_header_fail_the_signature() -> None:
    header, payload, signature = TOKEN.split(".")
    changed = base64url.encode(json.dumps({**CLAIMS, "n": 2}).encode())
    retyped = base64url.encode(json.dumps({"typ": "JWT", "alg": "ES256", "kid": SIGNER.kid}).encode())

    for compact, key in (
        (TOKEN, parse_jwk(generate("ES256").public_jwk)),
        (f"{header}.{changed}.{signature}", KEY),
        (f"{retyped}.{payload}.{signature}", KEY),
        (f"{header}.{payload}.", KEY),
        (f"{header}.{payload}.{base64url.encode(bytes(64))}", KEY),
        (f"{header}.{payload}.{base64url.encode(base64url.decode(signature) + bytes(1))}", KEY),
    ):
        with pytest.raises(JoseError) as caught:
            checked(compact, key=key)
        assert caught.value.code == "jose.signature_invalid"


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "Ed25519", "PS256", "RS256"])
def test_every_algorithm_of_the_table_signs_and_verifies(algorithm: str) -> None:
    signer = generate(algorithm, kid="one")
    token = sign_compact({"typ": "JWT"}, PAYLOAD, signer)
    key = parse_jwk(signer.public_jwk)

    signed = checked(token, key=key, algorithms=frozenset({algorithm}))

    assert signed.header.algorithm == algorithm
    assert signed.header.kid == key.kid == "one"


def test_both_names_of_ed25519_mean_one_algorithm_in_header_key_and_list() -> None:
    signer = generate("EdDSA")
    for name in ("Ed25519", "EdDSA"):
        key = parse_jwk({**signer.public_jwk, "alg": name})
        for header in ("Ed25519", "EdDSA"):
            text = f"{spell({'alg': header}, signature='')}"[:-1]
            token = f"{text}.{base64url.encode(signer.sign(text.encode()))}"
            for listed in ("Ed25519", "EdDSA"):
                assert checked(token, key=key, algorithms=frozenset({listed})).header.algorithm == "Ed25519"


def test_a_header_may_not_contradict_its_signer() -> None:
    with pytest.raises(ValueError, match="another algorithm"):
        sign_compact({"alg": "ES384"}, PAYLOAD, SIGNER)


@settings(max_examples=300)
@given(
    st.text(max_size=60)
    | st.text(alphabet="eyJhbGciOiJFUzI1NiJ9.-_= ", max_size=60)
    | st.lists(st.binary()).map(dotted)
)
def test_arbitrary_text_is_taken_apart_or_refused_with_a_code(text: str) -> None:
    try:
        unverified = parse_unverified(text, RULES, HeaderCache(8))
    except (InputError, JoseError) as refused:
        assert refused.code.startswith(("input.", "jose."))  # noqa: PT017 - either outcome is fine
    else:
        assert unverified.signed.decode() + "." + base64url.encode(unverified.signature) == text


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(MEMBERS),
        st.none() | st.booleans() | st.text(max_size=4) | st.lists(st.text(max_size=4), max_size=2),
    )
)
def test_arbitrary_headers_are_accounted_for_or_refused_with_a_code(members: dict[str, Any]) -> None:
    for rules in (RULES, OWN):
        for header in (members, {**members, "alg": "ES256", "typ": "own+jwt"}):
            try:
                read = parse_unverified(spell(header), rules, HeaderCache(8)).header
            except (InputError, JoseError) as refused:
                assert refused.code.startswith(("input.", "jose."))  # noqa: PT017 - either outcome is fine
            else:
                assert read.members.keys() <= rules.accounted
