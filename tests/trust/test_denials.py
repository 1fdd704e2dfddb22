"""Denials in what a node holds: never lost, of effect at once, and on nothing but what they name."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.keys import public_key_from_certificate, thumbprint
from idbridge.errors import ConfigurationError, IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenialTarget
from idbridge.model.region import Environment, Format, ServiceType
from idbridge.trust import document, floors
from idbridge.trust.deny_entry import STATE_TARGET, key_target, service_target
from idbridge.trust.floors import Floors
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.denying import LOGIN_TARGET, authorities, denial, id_of, lift, listing, officers, own, ratified
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    SIGNERS,
    TH,
    attestation,
    edition,
    lote,
    pins,
    service,
    signed,
    statuses,
    trusted,
)
from tests.trust.nodes import Place
from tests.trust.test_paths import LISTED_RULE, MIDDLE, ROOT, SIGNER, leaf
from tests.trust.test_resolver import code_of, resolved, unverified

SECOND = timedelta(seconds=1)
LAPSE = NOON - HOUR + LIMITS.deny_unratified
JANUARY = "2026-01-01"
PID = "https://pid.sg.example"
HELD = trusted(edition(1, service(), attestation()))


def denying(held: TrustedSet, *entries: bytes, number: int = 1, at: datetime = NOON) -> TrustedSet:
    """The set once it accepted a deny list of these entries."""
    return held.with_deny_list(listing(number, *entries), authorities=authorities(), at=at)


def over(*entries: bytes, held: TrustedSet = HELD) -> KeyResolver:
    return KeyResolver(snapshot_of(denying(held, *entries)))


def outcomes(resolver: KeyResolver, *, at: datetime = NOON) -> tuple[str, str]:
    """What becomes of a login and of a card of Singapore: a code, or that it is good."""
    card = unverified(PID, kid="other-1", form=Format.SD_JWT_VC)
    found = []
    for credential, vct in ((unverified(), None), (card, "urn:example:pid")):
        try:
            resolver.resolve(unverified=credential, credential_type=vct, at=at)
        except IssuerError as refusal:
            found.append(refusal.code)
        else:
            found.append("good")
    return found[0], found[1]


# What a denial reaches


@pytest.mark.parametrize(
    ("target", "login", "card"),
    [
        (LOGIN_TARGET, "issuer.denied", "good"),
        (service_target(LOGIN, ServiceType.LOGIN), "issuer.denied", "good"),
        (service_target(LOGIN, ServiceType.PID), "good", "good"),
        (service_target(PID, ServiceType.PID), "good", "issuer.denied"),
        (key_target(thumbprint(OTHER_KEY.public_jwk)), "good", "issuer.denied"),
        (key_target(thumbprint(SIGNERS[SG].public_jwk)), "issuer.denied", "issuer.denied"),  # it signed the list
        (key_target(thumbprint(SIGNERS[TH].public_jwk)), "good", "good"),
        (STATE_TARGET, "issuer.denied", "issuer.denied"),
    ],
)
def test_a_denial_reaches_what_it_names_and_nothing_else(target: DenialTarget, login: str, card: str) -> None:
    assert outcomes(KeyResolver(snapshot_of(HELD))) == ("good", "good")
    assert outcomes(over(denial(target=target))) == (login, card)


def test_a_state_cannot_end_a_neighbours_key_or_service_by_calling_it_its_own() -> None:
    for target in (LOGIN_TARGET, service_target(LOGIN, ServiceType.LOGIN), STATE_TARGET):
        assert outcomes(over(denial(state=TH, target=target))) == ("good", "good")


def test_a_key_that_is_denied_in_one_role_is_denied_in_every_role_of_its_state() -> None:
    twice = trusted(edition(1, service(), attestation(keys=(LOGIN_KEY,))))
    denied = denial(target=service_target(PID, ServiceType.PID))

    assert code_of(over(denied, held=twice)) == "issuer.denied"


@pytest.mark.parametrize("named", ["leaf", "middle", "root"])
def test_a_denied_key_anywhere_on_a_path_ends_it(named: str) -> None:
    keys = {
        "leaf": thumbprint(SIGNER.public_jwk),
        "middle": public_key_from_certificate(MIDDLE.certificate).thumbprint,
        "root": public_key_from_certificate(ROOT.certificate).thumbprint,
    }
    certified = trusted(
        signed(lote(service(keys=(), leaf_rule=LISTED_RULE), certificates={"login": (ROOT.certificate,)}))
    )
    credential = unverified(x5c=(leaf(MIDDLE), MIDDLE.certificate))

    assert resolved(KeyResolver(snapshot_of(certified)), credential).path
    assert code_of(over(denial(target=key_target(keys[named])), held=certified), credential) == "issuer.denied"


def test_a_denied_state_is_denied_whether_its_list_is_stale_or_gone() -> None:
    denied = denying(HELD, denial(target=STATE_TARGET))
    gone = TrustedSet(denied.environment, denied.pins, denied.floors, denials=denied.denials)

    assert code_of(KeyResolver(snapshot_of(denied)), at=NOON + 60 * DAY) == "issuer.denied"
    assert code_of(KeyResolver(snapshot_of(gone))) == "issuer.denied"


@pytest.mark.parametrize("target", [LOGIN_TARGET, service_target(LOGIN, ServiceType.LOGIN)])
def test_a_denied_key_or_service_is_denied_though_the_list_is_stale_and_nothing_else_can_be_said(
    target: DenialTarget,
) -> None:
    late = NOON + 60 * DAY
    lasting = over(denial(target=target))

    assert code_of(lasting, at=late) == "issuer.denied"
    for other in (
        unverified(PID, kid="other-1", form=Format.SD_JWT_VC),
        unverified(kid="x"),
        unverified(form=Format.QR),
    ):
        assert code_of(lasting, other, vct="urn:example:pid", at=late) == "trust.stale"
    assert code_of(over(denial(officers(TH), target=target)), at=late) == "trust.stale"  # it has lapsed


def test_a_denial_says_more_than_the_end_that_the_list_tells() -> None:
    ended = trusted(edition(1, service(status=statuses(("granted", JANUARY), ("withdrawn", "2026-06-01")))))

    assert code_of(over(denial(), held=ended)) == "issuer.denied"


# When


def test_a_denial_holds_at_every_instant_before_it_lapses() -> None:
    resolver = over(denial(officers(TH)))

    for _ in range(2):  # the second time from memory
        assert code_of(resolver, at=NOON - 300 * DAY) == "issuer.denied"
        assert code_of(resolver, at=NOON) == "issuer.denied"
        assert code_of(resolver, at=LAPSE - SECOND) == "issuer.denied"
        assert resolved(resolver, at=LAPSE).key.kid == "login-1"
        assert resolved(resolver, at=LAPSE + DAY).key.kid == "login-1"


def test_of_two_denials_the_longer_counts() -> None:
    short, long = denial(officers(TH)), denial(officers(TH), issued_at=NOON)
    lasting = denial(target=service_target(LOGIN, ServiceType.LOGIN))

    assert code_of(over(short, long), at=LAPSE + HOUR - SECOND) == "issuer.denied"
    assert resolved(over(short, long), at=LAPSE + HOUR)
    assert code_of(over(short, lasting), at=NOON + 20 * DAY) == "issuer.denied"


def test_a_ratified_denial_lasts_and_a_lifted_one_is_over() -> None:
    entry = denial(officers(TH))

    assert code_of(over(entry, ratified(entry, own(SG))), at=LAPSE) == "issuer.denied"
    assert resolved(over(denial(), lift(denial(), own(SG))))


# What is kept


def test_a_snapshot_names_its_denials_and_is_another_with_them() -> None:
    plain, entry = snapshot_of(HELD), denial(officers(TH))
    with_denial = snapshot_of(denying(HELD, entry))
    with_ratification = snapshot_of(denying(HELD, entry, ratified(entry, own(SG))))
    lifted = snapshot_of(denying(HELD, denial(), lift(denial(), own(SG))))

    assert len({plain.id, with_denial.id, with_ratification.id}) == 3
    assert lifted.id == plain.id
    assert with_denial.manifest()["denials"] == [{"id": id_of(entry), "lapses_at": "2026-11-27T11:00:00Z"}]
    assert with_ratification.manifest()["denials"] == [{"id": id_of(entry), "lapses_at": None}]
    assert plain.manifest()["denials"] == []
    assert not plain.denied


def test_a_refused_list_loses_no_denial_and_neither_does_what_is_held_on() -> None:
    held = denying(HELD, denial())
    floors_alone = TrustedSet(held.environment, held.pins, held.floors, denials=held.denials)
    behind = TrustedSet(held.environment, held.pins, held.floors)

    with pytest.raises(TrustError) as caught:
        denying(held, number=2)
    assert caught.value.code == "trust.deny_dropped"
    assert floors_alone.holding(HELD).denials == held.denials
    assert behind.holding(held).denials == held.denials
    assert held.with_list(edition(2, service(), attestation()), state=SG, at=NOON).denials == held.denials


@pytest.mark.parametrize(
    ("services", "target", "left"),
    [
        ((attestation(),), LOGIN_TARGET, True),  # dropped
        ((service(status=statuses(("granted", JANUARY), ("compromised", "2026-03-01"))),), LOGIN_TARGET, True),
        ((service(status=statuses(("granted", JANUARY), ("withdrawn", "2026-11-24"))),), LOGIN_TARGET, True),
        ((service(status=statuses(("granted", JANUARY), ("withdrawn", "2026-11-25"))),), LOGIN_TARGET, False),
        ((service(status=statuses(("granted", JANUARY), ("superseded", "2026-11-24"))),), LOGIN_TARGET, False),
        ((service(),), LOGIN_TARGET, False),
        ((attestation(),), service_target(LOGIN, ServiceType.LOGIN), True),
        ((attestation(), service(keys=(SIGNER,))), service_target(LOGIN, ServiceType.LOGIN), False),  # goes on
        ((attestation(),), service_target("https://other.sg.example", ServiceType.LOGIN), False),  # never listed
        ((attestation(),), key_target(thumbprint(SIGNERS[SG].public_jwk)), False),  # signs lists
        ((attestation(),), STATE_TARGET, False),
    ],
)
def test_a_denial_leaves_when_a_newer_list_no_longer_grants_what_it_denies(
    services: tuple[dict[str, Any], ...], target: DenialTarget, left: bool
) -> None:
    held = denying(trusted(edition(1, service())), denial(target=target))
    newer = held.with_list(edition(2, *services, issued_at=NOON), state=SG, at=NOON)

    if left:
        assert denying(newer, number=2).denials.standing() == ()
        return
    with pytest.raises(TrustError) as caught:
        denying(newer, number=2)
    assert caught.value.code == "trust.deny_dropped"


def test_a_list_that_is_not_newer_than_the_denial_ends_nothing() -> None:
    held = denying(trusted(edition(1, service())), denial())
    same_age = held.with_list(edition(2, attestation(), issued_at=NOON - HOUR), state=SG, at=NOON)

    with pytest.raises(TrustError) as caught:
        denying(same_age, number=2)
    assert caught.value.code == "trust.deny_dropped"


def test_a_denial_of_a_state_whose_list_was_never_seen_stays() -> None:
    held = denying(HELD, denial(state=TH))

    with pytest.raises(TrustError):
        denying(held, number=2)


def test_denials_are_written_down_with_the_floors_and_read_back(tmp_path: Path) -> None:
    held = denying(HELD, denial())
    floors.write(tmp_path, floors.of(held))

    assert floors.read(tmp_path, Environment.SANDBOX).denials == held.denials
    assert floors.parse({**floors.render(Floors(Environment.SANDBOX)), "denials": None}).denials.number == 0


def test_a_file_of_before_denials_is_read_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    old = floors.render(Floors(Environment.SANDBOX))
    del old["denials"]

    assert floors.parse(old).denials.number == 0
    (tmp_path / floors.FILE).write_text('{"denials":{}}')
    with pytest.raises(ConfigurationError):
        floors.read(tmp_path, Environment.SANDBOX)


def test_a_node_in_plain_mode_forgets_no_denial_that_it_once_accepted(place: Place) -> None:
    place.load()
    state = place.floors.parent
    written = floors.read(state, Environment.SANDBOX)
    denied = denying(TrustedSet(Environment.SANDBOX, pins(), written.states), denial(target=STATE_TARGET)).denials
    floors.write(state, Floors(written.environment, written.states, written.arrangements, written.purposes, denied))

    for _ in range(2):
        snapshot = place.load()
        assert [entry.id for entry in snapshot.denials.in_force(NOON)] == [id_of(denial(target=STATE_TARGET))]
        assert code_of(KeyResolver(snapshot)) == "issuer.denied"


# What is told


def test_what_is_denied_is_told_with_the_state_and_by_itself() -> None:
    entry = denial(officers(TH), target=service_target(LOGIN, ServiceType.LOGIN))
    snapshot: TrustSnapshot = snapshot_of(denying(HELD, entry))
    (row,) = document.denial_rows(snapshot)

    assert row == {
        "id": id_of(entry),
        "state": "SG",
        "target": "service",
        "thumbprint": None,
        "issuer": LOGIN,
        "type": ServiceType.LOGIN.value,
        "reason": "key_compromise",
        "since": "2026-11-24T10:00:00Z",
        "issued_at": "2026-11-24T11:00:00Z",
        "by": ["TH"],
        "lapses_at": "2026-11-27T11:00:00Z",
    }
    assert document.list_row(snapshot, SG)["denials"] == [row]
    assert document.list_row(snapshot, TH)["denials"] == []
    (self_made,) = document.denial_rows(snapshot_of(denying(HELD, denial())))
    assert (self_made["thumbprint"], self_made["lapses_at"]) == (LOGIN_TARGET.thumbprint, None)
