"""The source documents: eleven states as different as the real ones are, and nothing in them that is real."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState, ServiceType
from idbridge.recognition.arrangement import ArrangementStatus
from idbridge.sandbox.key_material import make_keys
from idbridge.sandbox.sources import SERVICE_TYPES, Table, read_sources, service_source, services_of, shipped
from tests.sandbox.regions import NOON, snapshot

OF_NODES = frozenset({"assertion", "log", "witness"})
ROOT = Path(__file__).resolve().parents[2] / "trust_lists"
HOST = re.compile(r"https://([^/\s\"]+)")


def services() -> Iterator[Table]:
    """Every service of the region."""
    for source in shipped().lists.values():
        yield from services_of(source)


def test_a_missing_document_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_sources(tmp_path)

    assert refusal.value.code == "system.configuration"


def test_a_document_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "BN").mkdir()
    (tmp_path / "BN" / "list.toml").write_text("state = ", encoding="utf-8")

    with pytest.raises(ConfigurationError):
        read_sources(tmp_path)


def test_key_material_of_an_unknown_kind_is_an_error() -> None:
    _, source = service_source(shipped(), "sg-login")
    strange = {**source, "material": {"kind": "hope", "algorithm": "ES256", "count": 1}}

    with pytest.raises(ConfigurationError, match="unknown kind"):
        make_keys(strange, state=MemberState.SG, at=NOON)


def test_a_service_that_no_state_lists_is_not_found() -> None:
    with pytest.raises(LookupError, match="no state"):
        service_source(shipped(), "xx-login")


def test_every_host_is_one_that_can_never_exist() -> None:
    texts = [path.read_text(encoding="utf-8") for path in ROOT.rglob("*.toml")]
    hosts = {host for text in texts for host in HOST.findall(text)}

    assert hosts
    assert {host for host in hosts if not host.endswith(".example")} == set()


def test_every_state_has_one_to_six_services_that_people_meet_and_only_the_two_nodes_more() -> None:
    met = {
        state: [service for service in services_of(source) if service["type"] not in OF_NODES]
        for state, source in shipped().lists.items()
    }
    issuers = {state: {service["issuer"] for service in found} for state, found in met.items()}
    nodes = {state for state, source in shipped().lists.items() if len(list(services_of(source))) != len(met[state])}

    assert all(1 <= len(found) <= 6 for found in issuers.values())
    assert nodes == {MemberState.SG, MemberState.TH}


def test_the_tiers_range_from_observer_to_t4() -> None:
    tiers = {state: source["tier"] for state, source in shipped().lists.items()}

    assert tiers[MemberState.TL] == "observer"
    assert {tier for state, tier in tiers.items() if state is not MemberState.TL} == {"T0", "T1", "T2", "T3", "T4"}


def test_every_status_stands_in_some_list() -> None:
    stand = Counter(service["status"][-1]["status"] for service in services())
    later = [service["id"] for service in services() if service["status"][0]["from"] > "2030"]

    assert stand.keys() == {"granted", "superseded", "withdrawn", "compromised"}
    assert later == ["la-card-2040"]


def test_every_algorithm_of_the_table_signs_somewhere_and_rsa_only_twice() -> None:
    signing = Counter(service["material"]["algorithm"] for service in services())

    assert signing.keys() == {"ES256", "ES384", "ES512", "Ed25519", "PS256", "RS256"}
    assert signing["PS256"] + signing["RS256"] == 2


def test_every_kind_of_key_material_stands_in_some_list() -> None:
    assert {service["material"]["kind"] for service in services()} == {
        "jwk",
        "jwks",
        "authority",
        "iaca",
        "certificate",
    }


def test_one_state_keeps_loose_time_and_one_gives_identifiers_that_do_not_last() -> None:
    loose = {service["id"][:2] for service in services() if service["leeway_seconds"] == 180}
    transient = {service["id"] for service in services() if service["claims"]["persistence"] == "transient"}

    assert loose == {"id"}
    assert transient == {"bn-login"}


def test_service_types_of_documents_are_those_of_lists() -> None:
    assert SERVICE_TYPES.keys() == {
        "login", "pid-issuance", "attestation-issuance", "revocation", "assertion", "log", "witness",
    }  # fmt: skip
    assert set(SERVICE_TYPES.values()) == set(ServiceType)


def test_arrangements_stand_in_every_status_and_one_is_regional() -> None:
    histories = snapshot().arrangements.histories
    today = {name: history.deciding_at(NOON) for name, history in histories.items()}
    statuses = {version.status for version in today.values() if version is not None}

    assert statuses == set(ArrangementStatus)
    assert [name for name, version in today.items() if version is None] == ["MM-TH"]
    assert [name for name, history in histories.items() if not history.bilateral] == ["ASEAN"]
    assert all(MemberState.TL not in history.latest.parties for history in histories.values())


def test_some_arrangement_caps_levels_and_some_accept_bearers() -> None:
    rules = [
        rule
        for history in snapshot().arrangements.histories.values()
        for found in history.latest.rules.values()
        for rule in found
    ]

    assert any(worth < proven for rule in rules for proven, worth in rule.levels.items())
    assert {purpose for rule in rules for purpose in rule.bearer_purposes} == {"building-visit"}
    assert {rule.pair for rule in rules if ServiceType.ASSERTION in rule.service_types} == {
        (MemberState.SG, MemberState.TH),
        (MemberState.TH, MemberState.SG),
    }


def test_every_purpose_is_asked_for_by_somebody_and_none_releases_a_number() -> None:
    registered = {purpose for party in shipped().relying_parties for purpose in party["purposes"]}
    purposes = snapshot().purposes.purposes

    assert len(purposes) >= 8
    assert registered == purposes.keys()
    assert not any("personal_number" in purpose.claims for purpose in purposes.values())


def test_the_documents_in_the_tree_are_those_that_are_read() -> None:
    written = tomllib.loads((ROOT / "SG" / "list.toml").read_text(encoding="utf-8"))

    assert shipped().lists[MemberState.SG] == written
