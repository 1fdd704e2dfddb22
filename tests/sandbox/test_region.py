"""The region: what it publishes is accepted, what is private stays so, and what changes it leaves it as it was."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import storage
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, json_text, sealed
from idbridge.sandbox.logins import Login
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.providers import ID_TOKEN_LIFE
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import services_of, shipped
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.publish import ServiceMaterial
from idbridge.trust.repository import PlainRepository
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.sandbox.regions import NOON, region, snapshot

DAY = timedelta(days=1)
GUEST = "https://guest.ph.example"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with the sandbox region in it, private keys and all."""
    region().save(tmp_path)
    region().publish(tmp_path)
    return tmp_path


def addresses(made: Region) -> set[str]:
    """Every issuer that the region lists."""
    return {service["issuer"] for source in made.sources.lists.values() for service in services_of(source)}


def asked(made: Region, credential: str, nonce: str | None) -> Report:
    """What a bank in Bangkok is told of a credential in this region."""
    body = {"credential": credential, "purpose": "account-opening", "expected": {"nonce": nonce} if nonce else {}}
    party = made.registration("th-bank").relying_party
    verifier = Verifier(trust=made.snapshot(at=NOON), status=EMPTY_STATUS)
    return verifier.verify(question(body, relying_party=party), at=NOON)


def code(report: Report) -> str | None:
    """The reason of a report."""
    return report.reason.code if report.reason is not None else None


def test_a_private_key_that_others_can_read_is_refused(saved: Path) -> None:
    (saved / "private" / "list-SG.pem").chmod(0o640)

    with pytest.raises(ConfigurationError) as refusal:
        Region.load(saved)

    assert refusal.value.code == "system.configuration"


def test_secrets_that_others_can_read_are_refused(saved: Path) -> None:
    (saved / "private" / "secrets.json").chmod(0o644)

    with pytest.raises(ConfigurationError):
        Region.load(saved)


def test_where_no_region_is_none_is_made_up(tmp_path: Path) -> None:
    assert not storage.is_stored(tmp_path)
    with pytest.raises(ConfigurationError, match="no region"):
        Region.load(tmp_path)


@pytest.mark.parametrize(
    "spoilt", [b"", b"{}", b"[1]", b'{"schema": "another"}', b'{"schema": "idbridge-region-1", "environment": "moon"}']
)
def test_a_region_whose_file_is_not_in_order_is_refused(saved: Path, spoilt: bytes) -> None:
    (saved / "region.json").write_bytes(spoilt)

    with pytest.raises(ConfigurationError) as refusal:
        Region.load(saved)

    assert refusal.value.code == "system.configuration"


def test_only_the_owner_can_read_what_is_private(saved: Path) -> None:
    private = saved / "private"
    modes = {path.stat().st_mode & 0o777 for path in private.iterdir()}

    assert private.stat().st_mode & 0o777 == 0o700
    assert modes == {0o600}


def test_nothing_private_stands_in_a_file_that_others_can_read(saved: Path) -> None:
    readable = [path for path in saved.rglob("*") if path.is_file() and path.parent.name != "private"]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in readable)

    assert readable
    assert "PRIVATE KEY" not in texts
    assert '"d"' not in texts
    assert not any(key in texts for key in region().keys.api.values())


def test_what_is_saved_and_loaded_is_the_same_region(saved: Path) -> None:
    loaded = Region.load(saved)

    assert loaded == region()
    assert loaded.snapshot(at=NOON).id == snapshot().id


def test_a_loaded_region_still_signs_what_its_nodes_accept(saved: Path) -> None:
    loaded = Region.load(saved)
    shown = Login("my-login", "my-aisyah").shown(
        Bench(loaded, NOON, SeededRandomness(b"loaded")), to=loaded.registration("th-bank")
    )

    assert code(asked(loaded, shown.credential, shown.nonce)) is None


def test_a_node_that_reads_the_published_folder_trusts_the_same(saved: Path) -> None:
    state = saved / "state"
    state.mkdir()
    repository = PlainRepository(saved / "trust", saved / "pins.json", state)
    repository.initialise()

    read = repository.load(at=NOON)

    assert read.id == snapshot().id
    assert not read.states_without_list
    assert not read.refused


def test_two_environments_share_no_address_and_no_key() -> None:
    sandbox, live = region(), region(Environment.LIVE)
    keys = [{signer.kid for signer in made.keys.lists.values()} for made in (sandbox, live)]

    assert addresses(sandbox).isdisjoint(addresses(live))
    assert keys[0].isdisjoint(keys[1])
    assert addresses(live) == {one["issuer"] for source in shipped().lists.values() for one in services_of(source)}
    assert all(address.startswith("https://sandbox.") for address in addresses(sandbox))


def test_each_environment_knows_the_addresses_of_the_other() -> None:
    assert all(snapshot().other_environment(address) for address in addresses(region(Environment.LIVE)))
    assert all(snapshot(Environment.LIVE).other_environment(address) for address in addresses(region()))
    assert not any(snapshot().other_environment(address) for address in addresses(region()))


def test_live_lists_are_not_accepted_by_a_node_of_the_sandbox() -> None:
    live = region(Environment.LIVE).published.lists[MemberState.SG]

    with pytest.raises(TrustError) as refusal:
        region().trusted_set(at=NOON).with_list(live.encode(), state=MemberState.SG, at=NOON)

    assert refusal.value.code == "trust.signer_unknown"


def test_an_api_key_names_environment_and_party_and_only_its_digest_is_registered() -> None:
    for party, key in region().relying_parties():
        assert re.fullmatch(rf"idb_test_{party.id}_[A-Za-z0-9_-]{{43}}", key)
        assert party.api_key_digests == (hashlib.sha256(key.encode()).hexdigest(),)
    assert all(key.startswith("idb_live_") for _, key in region(Environment.LIVE).relying_parties())


def test_every_state_has_a_relying_party_and_every_one_a_node() -> None:
    served = {state: region().registrations(state) for state in (MemberState.SG, MemberState.TH)}
    parties = [one.relying_party for found in served.values() for one in found]

    assert {party.state for party in parties} == set(MemberState)
    assert len(parties) == len(region().relying_parties())


def test_an_address_for_presentations_belongs_to_the_environment() -> None:
    assert region().registration("th-bank").audience == "https://sandbox.bank.th.example"
    assert region(Environment.LIVE).registration("th-bank").audience == "https://bank.th.example"


def test_a_state_without_a_node_has_none() -> None:
    with pytest.raises(LookupError, match="runs no node"):
        region().node(MemberState.LA)


@pytest.mark.parametrize(
    "lookup",
    [
        lambda made: made.service("no-service"),
        lambda made: made.registration("no-party"),
        lambda made: made.wallet("nobody"),
        lambda made: made.with_status("no-service", "withdrawn", at=NOON),
    ],
)
def test_what_the_region_does_not_have_is_not_made_up(lookup: Callable[[Region], object]) -> None:
    with pytest.raises(LookupError):
        lookup(region())


def test_a_withdrawn_service_is_refused_from_that_instant_and_the_region_before_is_unchanged() -> None:
    login = Login("sg-login", "sg-tan").shown(
        Bench(region(), NOON, SeededRandomness(b"withdrawn")), to=region().registration("th-bank")
    )
    after = region().with_status("sg-login", "withdrawn", at=NOON)

    assert code(asked(after, login.credential, login.nonce)) == "issuer.withdrawn"
    assert code(asked(region(), login.credential, login.nonce)) is None
    assert after.published.sequences[MemberState.SG] == 2
    assert after.published.lists[MemberState.TH] == region().published.lists[MemberState.TH]


def test_a_node_accepts_the_next_edition_and_not_the_one_before_it() -> None:
    held = region().trusted_set(at=NOON)
    later = region().reissued(MemberState.KH, at=NOON + DAY)
    newer = held.with_list(later.published.lists[MemberState.KH].encode(), state=MemberState.KH, at=NOON + DAY)

    with pytest.raises(TrustError) as refusal:
        newer.with_list(region().published.lists[MemberState.KH].encode(), state=MemberState.KH, at=NOON + DAY)

    assert refusal.value.code == "trust.rollback"


def test_lists_that_nobody_renews_go_out_of_date() -> None:
    with pytest.raises(TrustError) as refusal:
        region().snapshot(at=NOON + 90 * DAY)

    assert refusal.value.code == "trust.expired"


def test_a_region_renews_its_lists_once_half_of_their_life_has_passed() -> None:
    assert region().renewed(at=NOON + 44 * DAY) is region()

    renewed = region().renewed(at=NOON + 45 * DAY)

    assert set(renewed.published.sequences.values()) == {2}
    assert renewed.snapshot(at=NOON + 100 * DAY).states_without_list == {}
    assert renewed.renewed(at=NOON + 46 * DAY) is renewed


def test_a_provider_that_runs_elsewhere_can_be_listed_under_its_own_address(tmp_path: Path) -> None:
    signer = generate("ES256")
    listed = region().with_guest(
        MemberState.PH, guest_provider(), material={"guest": ServiceMaterial(jwks=(dict(signer.public_jwk),))}, at=NOON
    )
    token = guest_token(listed, sealed_by=signer)

    assert code(asked(listed, token, "n")) is None
    assert code(asked(region(), token, "n")) == "issuer.unknown"
    listed.save(tmp_path)
    assert Region.load(tmp_path) == listed
    with pytest.raises(LookupError):
        listed.service("guest")


def guest_provider() -> MappingProxyType[str, object]:
    """A provider of the Philippines as a source document would describe it, at an address on this machine."""
    source = next(one for one in services_of(shipped().lists[MemberState.PH]) if one["id"] == "ph-login")
    service = {**source, "id": "guest", "issuer": GUEST}
    return MappingProxyType({
        "name": {"en": "Guest"},
        "address": {"street": "1 Test Street", "country": "PH"},
        "information_uri": "https://about.guest.ph.example/",
        "service": [service],
    })  # fmt: skip


def guest_token(made: Region, *, sealed_by: FileSigner) -> str:
    """An ID token that the guest makes for a bank in Bangkok."""
    now = int(NOON.timestamp())
    claims = {
        "iss": GUEST, "sub": "guest-1", "aud": client_id("th-bank", issuer=GUEST), "nonce": "n", "acr": "verified",
        "iat": now, "exp": now + int(ID_TOKEN_LIFE.total_seconds()), "given_name": "Guest",
    }  # fmt: skip
    assert client_id("th-bank", issuer=GUEST) in made.registration("th-bank").relying_party.clients[GUEST]
    return sealed(Draft({"alg": "ES256", "kid": sealed_by.kid, "typ": "JWT"}, json_text(claims), sealed_by))


def test_keys_do_not_show_in_the_description_of_a_region() -> None:
    described = repr(region())

    assert "PRIVATE" not in described
    assert not any(key in described for key in region().keys.api.values())
    assert json.dumps(region().keys.pairwise[MemberState.TH].octets.hex()) not in described
