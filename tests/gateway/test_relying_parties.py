"""API keys: who is asking, settled without telling an attacker anything."""

import contextlib
import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.cli.exits import Exit, of_error
from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge_gateway.registration import read_registrations, registration_of, write_registrations
from idbridge_gateway.stores.relying_parties import RelyingParties

SECRET = "s" * 43
KEY = f"idb_test_th-bank_{SECRET}"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def party(**changes: Any) -> RelyingParty:
    bank = RelyingParty(
        id="th-bank",
        name="Bank of the Sample River",
        state=MemberState.TH,
        environment=Environment.SANDBOX,
        sector="finance",
        purposes=frozenset({"account-opening"}),
        claims=frozenset({"name"}),
        audiences=frozenset({"https://bank.th.example"}),
        clients={"https://login.sg.example": frozenset({"bank"})},
        minimum_level=AssuranceLevel.A1,
        api_key_digests=(digest(KEY),),
        policy_version=3,
    )
    return replace(bank, **changes)


def registry(*parties: RelyingParty) -> RelyingParties:
    return RelyingParties.of(parties or (party(),), environment=Environment.SANDBOX)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic " + KEY.encode(),
        KEY.encode(),
        b"Bearer  " + KEY.encode(),
        b"Bearer " + KEY.encode() + b" ",
        b"Bearer " + KEY[:-1].encode(),
        b"Bearer " + KEY.upper().encode(),
        b"Bearer " + KEY.replace("idb_test_", "idb_live_").encode(),
        b"Bearer " + KEY.replace("th-bank", "sg-bank").encode(),
        b"Bearer idb_test__" + SECRET.encode(),
        b"Bearer " + digest(KEY).encode(),
        b"Bearer " + KEY.encode() + b"x" * 1000,
        b"Bearer \xff\xfe\x00",
    ],
)
def test_anything_but_a_key_of_ours_is_unauthenticated(authorization: bytes | None) -> None:
    with pytest.raises(RequestError) as caught:
        registry().authenticate(authorization)

    assert caught.value.code == "policy.unauthenticated"


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_no_octets_are_anything_but_refused(authorization: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        registry().authenticate(authorization)

    assert caught.value.code == "policy.unauthenticated"


def test_the_key_of_a_party_that_is_switched_off_is_recognised_and_refused() -> None:
    with pytest.raises(RequestError) as caught:
        registry(party(enabled=False)).authenticate(b"Bearer " + KEY.encode())

    assert caught.value.code == "policy.relying_party_disabled"


def test_a_wrong_key_does_not_learn_that_a_party_is_switched_off() -> None:
    with pytest.raises(RequestError) as caught:
        registry(party(enabled=False)).authenticate(b"Bearer " + KEY[:-1].encode() + b"x")

    assert caught.value.code == "policy.unauthenticated"


def test_a_party_without_a_key_cannot_be_anybody() -> None:
    with pytest.raises(RequestError) as caught:
        registry(party(api_key_digests=())).authenticate(b"Bearer " + KEY.encode())

    assert caught.value.code == "policy.unauthenticated"


def test_each_of_a_partys_keys_is_good_while_it_rotates_them() -> None:
    old = f"idb_test_th-bank_{'o' * 43}"
    parties = registry(party(api_key_digests=(digest(old), digest(KEY))))

    assert parties.authenticate(b"bearer " + old.encode()).id == "th-bank"
    assert parties.authenticate(b"Bearer " + KEY.encode()).id == "th-bank"


@pytest.mark.parametrize("key", [KEY, KEY[:-1] + "x", KEY.replace("th-bank", "nobody"), "idb_test_", "nonsense"])
def test_every_attempt_costs_one_digest_and_one_constant_time_comparison(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = {"digests": 0, "comparisons": 0}

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted_call(*given: Any) -> Any:
            counted[name] += 1
            return real(*given)

        return counted_call

    parties = registry()
    monkeypatch.setattr(hashlib, "sha256", counting("digests", hashlib.sha256))
    monkeypatch.setattr(hmac, "compare_digest", counting("comparisons", hmac.compare_digest))
    with contextlib.suppress(RequestError):
        parties.authenticate(b"Bearer " + key.encode())

    assert counted == {"digests": 1, "comparisons": 1}


@pytest.mark.parametrize(
    "parties",
    [
        (party(), party()),
        (party(id="Th_Bank"),),
        (party(id="th_bank"),),
        (party(id=""),),
        (party(id="th-bank-"),),
        (party(environment=Environment.LIVE),),
    ],
)
def test_a_registry_that_is_ambiguous_or_of_another_environment_is_refused(parties: tuple[RelyingParty]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RelyingParties.of(parties, environment=Environment.SANDBOX)

    assert caught.value.code == "system.configuration"


def test_a_registration_file_says_what_was_written_and_never_a_key(tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    parties = tuple(map(registration_of, (party(), party(id="closed", enabled=False, api_key_digests=()))))
    write_registrations(path, parties, environment=Environment.SANDBOX)

    assert read_registrations(path, environment=Environment.SANDBOX) == parties
    assert SECRET not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


ENTRY = (
    '{"id":"a","name":"A","state":"TH","sector":"s","purposes":["p"],"claims":[],"audiences":[],"clients":{},'
    '"api_key_digests":[]}'
)
FILE = '{"schema":"idbridge-relying-parties-1","environment":"sandbox","relying_parties":[%s]}'


def test_the_least_registration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    path.write_text(FILE % ENTRY, encoding="utf-8")
    path.chmod(0o644)

    (registered,) = read_registrations(path, environment=Environment.SANDBOX)

    read = registered.relying_party
    assert (read.enabled, read.policy_version, read.minimum_level) == (True, 1, AssuranceLevel.A0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        FILE % "",
        FILE % "1",
        FILE.replace("sandbox", "live") % ENTRY,
        FILE.replace("parties-1", "parties-2") % ENTRY,
        FILE.replace('"environment"', '"more":1,"environment"') % ENTRY,
        (FILE % ENTRY).replace('[{"id"', '{"x":{"id"').replace("}]}", "}}}"),
        FILE % ENTRY.replace('"id":"a"', '"id":"a","id":"b"'),
        FILE % ENTRY.replace('"sector":"s",', ""),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","minimum_levle":"A3"'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","minimum_level":"A4"'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","minimum_level":["A1"]'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","enabled":"false"'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","policy_version":0'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":"s","policy_version":true'),
        FILE % ENTRY.replace('"sector":"s"', '"sector":" "'),
        FILE % ENTRY.replace('"TH"', '"XX"'),
        FILE % ENTRY.replace('["p"]', "[]"),
        FILE % ENTRY.replace('["p"]', '["p","p"]'),
        FILE % ENTRY.replace('["p"]', '"p"'),
        FILE % ENTRY.replace('"clients":{}', '"clients":[]'),
        FILE % ENTRY.replace('"clients":{}', '"clients":{"https://a.example":"id"}'),
        FILE % ENTRY.replace('"api_key_digests":[]', f'"api_key_digests":["{KEY}"]'),
    ],
)
def test_a_registration_file_with_anything_odd_in_it_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)

    with pytest.raises(ConfigurationError) as caught:
        read_registrations(path, environment=Environment.SANDBOX)

    assert caught.value.code == "system.configuration"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("mode", [0o660, 0o620, 0o602, 0o666])
def test_a_registration_file_that_others_may_write_to_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    write_registrations(path, (registration_of(party()),), environment=Environment.SANDBOX)
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match="0644") as caught:
        read_registrations(path, environment=Environment.SANDBOX)

    assert caught.value.code == "system.configuration"
    assert of_error(caught.value) is Exit.LOCAL


def test_a_registration_file_is_written_so_that_it_is_read_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    before = os.umask(0o000)
    try:
        write_registrations(path, (registration_of(party()),), environment=Environment.SANDBOX)
    finally:
        os.umask(before)

    assert read_registrations(path, environment=Environment.SANDBOX) == (registration_of(party()),)


def test_a_missing_registration_file_is_an_error_and_never_an_empty_registry(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        read_registrations(tmp_path / "absent.json", environment=Environment.SANDBOX)
