"""No profile that a list can say accepts what is unsigned, changed, over, too large or of an unlisted algorithm."""

import json
import zlib
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url, cbor
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import QrContainer, QrProfile, QrStep
from idbridge.model.trust import ClaimMap, TrustService
from idbridge.trust import qr_listing
from tests.credential.codes import ISSUER, code, layered, listed, sign1
from tests.credential.kit import NOW, YEAR, sign, signer

PATHS = st.sampled_from(["1", "4", "5", "6", "169.1", "169.8", "exp", "iat", "x", "a.b"])
FORMS = st.sampled_from(["iso", "compact", "day-month-year", "month-day-year"])
PROFILES = st.fixed_dictionaries(
    {
        "steps": st.sampled_from([[], ["base45"], ["base64url"], ["base45", "zlib"], ["base64url", "zlib"]]),
        "container": st.sampled_from(["jws", "cose_sign1", "cwt", "json"]),
    },
    optional={
        "prefix": st.sampled_from(["LA1:", "https://x.example/?c=", "A:"]),
        "issuer": st.fixed_dictionaries(
            {"claim": PATHS, "names": st.sampled_from(["issuer", "state", "text"])}, optional={"text": st.just("LA")}
        ),
        "json": st.just({"signature": "signature", "algorithm": "alg", "signed": "jcs"}),
        "expires": PATHS,
        "notBefore": PATHS,
        "issued": PATHS,
        "maximumAgeDays": st.integers(1, LIMITS.qr_age.days),
        "dates": st.dictionaries(PATHS, FORMS, max_size=2),
        "status": PATHS,
        "level": st.just("card"),
    },
)
ANY_MAP = ClaimMap(claims={"birthdate": "169.8"}, display="169.4", subject="169.1", acr="acr")


def read(said: dict[str, Any]) -> QrProfile | None:
    try:
        return qr_listing.read(said)
    except TrustError:
        return None


ACCEPTABLE = PROFILES.map(read).filter(lambda one: one is not None)


def service(profile: QrProfile) -> TrustService:
    return listed(profile, claims=ANY_MAP)


def claims_for(profile: QrProfile, *, ends: int, begins: int = NOW - 60) -> dict[str, Any]:
    """Claims under all names that any profile could read a time from, each as the profile wants it."""
    from datetime import UTC, datetime

    flat: dict[str, Any] = {"1": ISSUER, "iss": ISSUER, "169.1": "LA-1", "x": "LA", "a.b": "LA"}
    own = {"4": ends, "exp": ends, "6": begins, "iat": begins}
    flat.update(own)
    for name, when in ((profile.issued, begins), (profile.not_before, begins), (profile.expires, ends)):
        if name is not None:
            flat[name] = when
    for name, form in profile.dates.items():
        if isinstance(flat.get(name), int):
            day = datetime.fromtimestamp(flat[name], UTC)
            spelled = {"iso": "%Y-%m-%d", "compact": "%Y%m%d", "day-month-year": "%d %B %Y"}
            flat[name] = day.strftime(spelled.get(form.value, "%B %d, %Y"))
    named = profile.envelope.issuer
    if named is not None:
        flat[named.claim] = {"issuer": ISSUER, "state": "LA"}.get(named.names.value, named.text)
    return flat


def nested(flat: dict[str, Any], *, numbers: bool) -> dict[Any, Any]:
    placed: dict[Any, Any] = {}
    for name, value in flat.items():
        *way, last = (int(one) if numbers and one.isdecimal() else one for one in name.split("."))
        inside = placed
        for step in way:
            inside = inside.setdefault(step, {})
        inside[last] = value
    return placed


def written(profile: QrProfile, flat: dict[str, Any], *, by: str = "issuer", forged: str = "") -> str:
    """A code in the envelope of ``profile``: signed, or ``forged`` in a named way."""
    envelope, key = profile.envelope, signer(by)
    if envelope.container is QrContainer.JWS:
        header = {"alg": "none"} if forged == "none" else {"alg": "ES256", "kid": key.kid}
        text = sign(header, nested(flat, numbers=False), key)
        octets = (text.rpartition(".")[0] + "." if forged == "none" else text).encode()
    elif envelope.detached is not None:
        from idbridge.codec import base64std, jcs

        members = {**nested(flat, numbers=False), "alg": "none" if forged == "none" else "ES256"}
        octets = json.dumps({**members, "signature": base64std.encode(key.sign(jcs.canonicalize(members)))}).encode()
    else:
        protected = {1: 0} if forged == "none" else None
        octets = sign1(nested(flat, numbers=True), by=key, protected=protected)
    if forged == "bit":
        octets = _bent(octets, envelope.container)
    return layered(octets, envelope.steps, envelope.prefix)


def _bent(octets: bytes, container: QrContainer) -> bytes:
    """Another signature, one bit away."""
    if container is QrContainer.JWS:
        head, _, signature = octets.decode().rpartition(".")
        changed = bytearray(base64url.decode(signature))
        changed[5] ^= 1
        return f"{head}.{base64url.encode(bytes(changed))}".encode()
    if container is QrContainer.JSON:
        place = octets.index(b'"signature": "') + len(b'"signature": "') + 4
        return octets[:place] + (b"A" if octets[place : place + 1] != b"A" else b"B") + octets[place + 1 :]
    return octets[:-1] + bytes([octets[-1] ^ 1])


SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])


@given(ACCEPTABLE)
@SETTINGS
def test_nothing_that_is_not_signed_by_the_listed_key_is_accepted(profile: QrProfile) -> None:
    flat = claims_for(profile, ends=NOW + YEAR)
    by = service(profile)

    assert code(written(profile, flat, forged="none"), by) is not None
    assert code(written(profile, flat, forged="bit"), by) is not None
    assert code(written(profile, flat, by="thief"), by) is not None


@given(ACCEPTABLE)
@SETTINGS
def test_nothing_in_an_algorithm_that_is_not_listed_is_accepted(profile: QrProfile) -> None:
    by = service(profile)
    narrow = replace(by, profile=replace(by.profile, algorithms=frozenset({"Ed25519"})))

    assert code(written(profile, claims_for(profile, ends=NOW + YEAR)), narrow) is not None


@given(ACCEPTABLE, st.integers(61, 10 * YEAR))
@SETTINGS
def test_nothing_that_is_over_is_accepted(profile: QrProfile, since: int) -> None:
    oldest = int(LIMITS.qr_age.total_seconds()) + 2 * 86_400
    over = claims_for(profile, ends=NOW - since, begins=NOW - since - oldest)

    assert code(written(profile, over), service(profile)) is not None


@given(ACCEPTABLE, st.integers(1, 3))
@SETTINGS
def test_nothing_that_is_too_large_is_accepted(profile: QrProfile, times: int) -> None:
    flat = claims_for(profile, ends=NOW + YEAR) | {"filler": "x" * (LIMITS.token_bytes * times)}
    text = written(profile, flat)

    assert code(text, service(profile)) in ("input.too_large", "qr.envelope_malformed")


def test_there_are_profiles_among_these_whose_codes_are_accepted() -> None:
    good = 0

    @given(ACCEPTABLE)
    @SETTINGS
    def count(profile: QrProfile) -> None:
        nonlocal good
        good += code(written(profile, claims_for(profile, ends=NOW + YEAR)), service(profile)) is None

    count()
    assert good > 0


@given(st.sampled_from(list(QrStep)), st.binary(max_size=200), ACCEPTABLE)
@SETTINGS
def test_arbitrary_octets_are_refused_under_a_code(step: QrStep, octets: bytes, profile: QrProfile) -> None:
    text = layered(octets if step is not QrStep.ZLIB else zlib.compress(octets), (QrStep.BASE45,))

    assert code(text, service(profile)) is not None
    assert code(layered(cbor.encode([octets]), (QrStep.BASE64URL,)), service(profile)) is not None
