"""Which format a text is in, by its shape alone; a name never makes it count as another."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.credential.envelope import FORMATS, detect, open_credential
from idbridge.credential.protocol import Reading
from idbridge.credential.vc_model import Version
from idbridge.crypto.jws import HeaderCache
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.region import Format
from tests.credential.kit import bound, code, id_token, sd_jwt

TOKEN = id_token()
CREDENTIAL = sd_jwt()


def header(**members: object) -> str:
    return base64url.encode(json.dumps(members).encode())


def refusal(text: str, declared: Format | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        open_credential(text, declared, Reading(HeaderCache(4)))
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "input.empty"),
        ("a" * (LIMITS.token_bytes + 1), "input.too_large"),
        ("ธนพร", "input.malformed"),
        (f"{TOKEN}ก", "input.malformed"),
        (" ", "input.malformed"),
        ("a.b", "input.malformed"),
        ("a.b.c.d", "input.malformed"),
        ("a.b.c.d.e.f", "input.malformed"),
        ("not base64url!", "input.malformed"),
        (f"{TOKEN}\n", "input.malformed"),
        (f" {TOKEN}", "input.malformed"),
        ("a.b.c.d.e", "input.format_unsupported"),
        ("omdkb2NUeXBl", "input.malformed"),
        ('{"pid": ["a.b.c~d~e.f.g"]}', "input.format_unsupported"),
        ("HC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2", "qr.profile_unknown"),
        (header(alg="ES256", typ="vc+jwt") + ".e30.", "w3c.type_invalid"),
        (header(alg="ES256", typ="application/VC+JWT") + ".e30.", "w3c.type_invalid"),
        (header(alg="ES256", typ="vc+sd-jwt") + ".e30.", "input.malformed"),  # an SD-JWT has a tilde
        (header(alg="ES256", typ="vc+sd-jwt") + ".e30.~", "w3c.type_invalid"),
        (header(alg="ES256", typ="VP+SD-JWT") + ".e30.~", "input.format_unsupported"),
        (header(alg="ES256", typ="x+jwt", note="vp+sd-jwt") + ".e30.~", "jose.typ_mismatch"),
        (header(alg="ES256", typ="vp+jwt") + ".e30.", "w3c.context_invalid"),
        (base64url.encode(b"\xd2\x84CCC"), "input.format_unsupported"),  # a COSE_Sign1, such as `vc+cose`
        (header(alg="ES256", typ=["vc+jwt"]) + ".e30.", "input.malformed"),
        (header(alg="ES256", typ="at+jwt") + ".e30.", "jose.typ_mismatch"),
        (base64url.encode(b'{"typ":"a+jwt","typ":"JWT"}') + ".e30.", "input.malformed"),
    ],
)
def test_what_is_in_no_format_served_here_is_refused(text: str, expected: str) -> None:
    assert refusal(text) == expected


@pytest.mark.parametrize("declared", [form for form in Format if form not in FORMATS])
@pytest.mark.parametrize("text", [TOKEN, CREDENTIAL, "", "nonsense"])
def test_a_declared_format_that_is_not_served_is_refused_whatever_comes(declared: Format, text: str) -> None:
    assert refusal(text, declared) == "input.format_unsupported"


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        (TOKEN, Format.SD_JWT_VC),
        (TOKEN, Format.ASSERTION),
        (CREDENTIAL, Format.ID_TOKEN),
        (CREDENTIAL, Format.ASSERTION),
        ("omdkb2NUeXBl", Format.ID_TOKEN),
        ('{"pid": []}', Format.SD_JWT_VC),
    ],
)
def test_another_format_than_the_declared_one_is_refused(text: str, declared: Format) -> None:
    assert refusal(text, declared) == "input.format_mismatch"


@pytest.mark.parametrize(("text", "form"), [(TOKEN, Format.ID_TOKEN), (CREDENTIAL, Format.SD_JWT_VC)])
@pytest.mark.parametrize("named", [True, False])
def test_each_served_format_is_opened_named_or_not(text: str, form: Format, named: bool) -> None:
    (unverified,) = open_credential(text, form if named else None, Reading(HeaderCache(4)))

    assert unverified.format is form
    assert FORMATS[form].format is form


@pytest.mark.parametrize("members", [{}, {"kid": None, "x5c": ["AAAA"]}])
def test_the_issuer_s_part_of_an_sd_jwt_alone_is_told_by_its_type(members: dict[str, object]) -> None:
    alone, *_ = sd_jwt(header=members).split("~")

    assert refusal(alone) == "jose.typ_mismatch"


@pytest.mark.parametrize(
    "typ", ["idbridge-assertion+jwt", "IDBRIDGE-ASSERTION+JWT", "application/idbridge-assertion+jwt"]
)
def test_an_assertion_is_known_by_its_type(typ: str) -> None:
    assert detect(header(alg="ES256", typ=typ) + ".e30.x") is Format.ASSERTION


@pytest.mark.parametrize(
    "members", [{"kid": "idbridge-assertion+jwt"}, {"cty": "vc+jwt"}, {"typ": "JWT", "kid": "a+b"}]
)
def test_a_type_counts_in_its_own_place_only(members: dict[str, str]) -> None:
    assert detect(header(alg="ES256", **members) + ".e30.x") is Format.ID_TOKEN


def test_the_longest_text_allowed_is_looked_at() -> None:
    assert refusal("a." + "b" * (LIMITS.token_bytes - 4) + ".c") == "input.malformed"


def test_a_presentation_is_taken_apart_in_the_order_received() -> None:
    text = bound(CREDENTIAL)
    (unverified,) = open_credential(text, None, Reading(HeaderCache(4)))

    presented = unverified.presented
    assert "~".join((text.split("~")[0], *presented.disclosures, "")) == presented.sd_jwt == CREDENTIAL
    assert presented.sd_jwt + str(presented.key_binding) == text
    assert presented.key_binding_jws is not None
    assert open_credential(CREDENTIAL, None, Reading(HeaderCache(4)))[0].presented.key_binding_jws is None


WRAPPED = {"vc": Format.JWT_VC_JSON, "vp": Version.V1}
JOSE = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "x5c", "jwk", "b64"]),
    st.sampled_from(["ES256", "none", "JWT", "dc+sd-jwt", "idbridge-assertion+jwt", "vc+jwt", "", 7, None, ["x"], {}]),
)
PART = st.binary(max_size=40).map(base64url.encode) | st.just("e30") | st.text(max_size=8)
TEXTS = (
    st.text(max_size=60)
    | st.builds(".".join, st.lists(PART, max_size=6))
    | st.builds(
        lambda members, rest: ".".join((header(**members), *rest)), JOSE, st.lists(PART, min_size=2, max_size=2)
    )
    | st.builds(lambda parts: "~".join(parts), st.lists(PART | st.just(TOKEN) | st.just(CREDENTIAL[:-1]), max_size=5))
)


@settings(deadline=None)
@given(TEXTS, st.none() | st.sampled_from(list(Format)))
def test_arbitrary_text_is_opened_or_refused_and_nothing_else(text: str, declared: Format | None) -> None:
    group = None
    try:
        (found,) = open_credential(text, declared, Reading(HeaderCache(4)))
    except Refusal as refused:
        group = refused.code.partition(".")[0]
    else:
        assert isinstance(found, UnverifiedCredential)

    assert group in {None, "input", "jose", "issuer", "sd_jwt", "qr", "w3c"}


@settings(deadline=None)
@given(st.lists(PART, max_size=4), PART | st.just(""))
def test_arbitrary_disclosures_and_key_bindings_are_refused_and_nothing_else(
    disclosures: list[str], key_binding: str
) -> None:
    assert code("~".join((CREDENTIAL.split("~")[0], *disclosures, key_binding))) is not None


@given(st.text(max_size=9), st.sampled_from(["vc", "vp"]), st.dictionaries(st.text(max_size=3), st.integers()))
def test_a_wrapper_is_seen_wherever_in_the_claims_it_stands(before: str, name: str, after: dict[str, int]) -> None:
    claims = {before: 1, name: {"@context": []}, **{key: value for key, value in after.items() if key not in WRAPPED}}
    payload = base64url.encode(json.dumps(claims, ensure_ascii=False).encode("utf-8", "replace"))
    found = detect(f"{header(alg='ES256')}.{payload}.x")

    assert found is (Format.ID_TOKEN if before in ("vc", "vp") and before != name else WRAPPED[name])


@given(st.text(max_size=9), st.sampled_from(["dc+sd-jwt", "DC+SD-JWT", "vc+sd-jwt", "application/VC+sd-jwt"]))
def test_the_type_of_an_sd_jwt_is_seen_wherever_in_the_header_it_stands(before: str, typ: str) -> None:
    found = detect(f"{header(**{f'x{before}': 1, 'typ': typ})}.e30.x~")

    assert found is (Format.VC_SD_JWT if "v" in typ.lower()[-9:] else Format.SD_JWT_VC)


SIGN1_MESSAGE = base64url.encode(b"\xd2\x84\x43\xa1\x01\x26\xa0\x40\x40")
DOCUMENT = base64url.encode(b"\xa1\x61a\x01")


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        (SIGN1_MESSAGE, None, "input.format_unsupported"),
        (SIGN1_MESSAGE, Format.MDOC, "input.format_unsupported"),
        (SIGN1_MESSAGE, Format.ID_TOKEN, "input.format_unsupported"),
        (f"{SIGN1_MESSAGE}=", None, "input.malformed"),
        (f"{SIGN1_MESSAGE}=", Format.ID_TOKEN, "input.malformed"),
        (f"{DOCUMENT}=", None, "input.malformed"),
        (f"{DOCUMENT}=", Format.MDOC, "input.malformed"),
        (f"{DOCUMENT}=", Format.ID_TOKEN, "input.malformed"),
        (DOCUMENT, Format.ID_TOKEN, "input.format_mismatch"),
        (DOCUMENT, Format.MDOC, "input.malformed"),
    ],
)
def test_what_could_be_an_mdoc_is_refused_for_the_same_reason_whatever_was_declared(
    text: str, declared: Format | None, expected: str
) -> None:
    assert refusal(text, declared) == expected


@given(st.binary(max_size=12), st.sampled_from([None, *Format]))
def test_octets_are_told_apart_by_their_shape_before_they_are_opened(octets: bytes, declared: Format | None) -> None:
    """Opening refuses as telling apart alone would: it never looks further than that first."""
    text = base64url.encode(octets)
    try:
        detect(text, declared)
    except Refusal as early:
        if declared in (None, Format.ID_TOKEN, Format.SD_JWT_VC, Format.MDOC):
            assert refusal(text, declared) == early.code  # noqa: PT017 - only what is refused is compared
