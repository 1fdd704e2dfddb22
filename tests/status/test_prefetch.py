"""A round of fetching: what is old, false or missing leaves the last good list, and spoils it for nobody else."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_crl, serial_number
from idbridge.crypto.crl import verify_crl
from idbridge.crypto.signer import generate
from idbridge.errors import FetchError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import Validity
from idbridge.status.crl import CrlState, crl_status
from idbridge.status.prefetch import Demand, Fetched, HeldCrl, Prefetched, demanded, fetch, take_up
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import snapshot_of
from tests.crypto.chains import LEAF, MIDDLE, NOON, ROOT, YEAR, path
from tests.trust.editions import attestation, edition, service, trusted

SG, TH = MemberState.SG, MemberState.TH
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ONE, TWO = "https://crl.sg.example/1.crl", "https://crl.sg.example/2.crl"
AT_ONE = Demand(SG, ONE, (ROOT.certificate,))
AT_TWO = Demand(SG, TWO, (MIDDLE.certificate,))
FRESH = CrlFloors(Environment.SANDBOX)
SHORT = path(LEAF)


class Shelf:
    """A source that has what it is given, and notes what it was asked for."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self.documents = documents
        self.asked: list[tuple[str, int]] = []

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        self.asked.append((url, max_bytes))
        if url not in self.documents:
            raise FetchError("nobody answers")
        if len(self.documents[url]) > max_bytes:
            raise FetchError("too long")
        return self.documents[url]


def crl(
    *revoked: bytes, number: int = 7, authority: Authority = ROOT, made: datetime = NOON - HOUR, life: timedelta = DAY
) -> bytes:
    return make_crl(
        authority,
        number=number,
        validity=Validity(made, made + life),
        revoked={serial_number(one): made for one in revoked},
    )


def partial(number: int, *, made: datetime) -> bytes:
    """A CRL of ROOT that speaks of end entities only."""
    issuer = x509.load_der_x509_certificate(ROOT.certificate).subject
    scope = x509.IssuingDistributionPoint(
        full_name=None, relative_name=None, only_contains_user_certs=True, only_contains_ca_certs=False,
        only_some_reasons=None, indirect_crl=False, only_contains_attribute_certs=False,
    )  # fmt: skip
    builder = x509.CertificateRevocationListBuilder(issuer, made, made + DAY)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False).add_extension(scope, critical=True)
    return builder.sign(ROOT.signer.private_key, hashes.SHA256()).public_bytes(Encoding.DER)


def round_of(
    documents: Mapping[str, bytes],
    *demands: Demand,
    after: Prefetched | None = None,
    held: Iterable[HeldCrl] | None = None,
    at: datetime = NOON,
) -> Prefetched:
    """One round; by default for the one address, after another round or as the first."""
    wanted = demands or (AT_ONE,)
    if held is None:
        held = after.held if after is not None else ()
    floors = after.floors if after is not None else FRESH
    return take_up(fetch(Shelf(documents), wanted), wanted, held=held, floors=floors, at=at)


def codes(found: Prefetched) -> list[str]:
    return [offer.code for offer in found.refused]


FIRST = round_of({ONE: crl()})


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (crl(number=6), "status.crl_rollback"),
        (crl(LEAF, number=7), "status.crl_rollback"),
        (crl(number=8, made=NOON - 2 * DAY), "status.crl_stale"),
        (crl(number=8, made=NOON + HOUR), "status.crl_stale"),
        (crl(number=8, authority=MIDDLE), "status.crl_invalid"),
        (crl(number=8)[:-1], "status.crl_invalid"),
        (b"<html>", "status.crl_invalid"),
        (None, "status.unavailable"),
    ],
)
def test_what_is_refused_or_missing_leaves_the_last_good_one(offered: bytes | None, code: str) -> None:
    found = round_of({ONE: offered} if offered is not None else {}, after=FIRST)

    assert codes(found) == [code]
    assert found.refused[0].subject == f"crl/SG {ONE}"
    assert (found.held, found.floors, found.statuses) == (FIRST.held, FIRST.floors, FIRST.statuses)


def test_an_older_number_is_refused_though_nothing_is_held_any_more() -> None:
    found = round_of({ONE: crl(number=6)}, after=FIRST, held=())

    assert codes(found) == ["status.crl_rollback"]
    assert (found.held, found.statuses) == ((), EMPTY_STATUS)


def test_the_last_good_one_ages_by_its_own_next_update_and_what_it_revoked_stays_revoked() -> None:
    silent, speaking = FIRST, round_of({ONE: crl(LEAF, number=8)})
    late = NOON + DAY

    for before, now, then in (
        (silent, CrlState.GOOD, CrlState.UNKNOWN),
        (speaking, CrlState.REVOKED, CrlState.REVOKED),
    ):
        found = round_of({}, after=before, at=late)
        assert crl_status(SHORT, found.statuses, at=NOON).state is now
        assert crl_status(SHORT, found.statuses, at=late).state is then


def test_the_same_octets_past_their_next_update_are_told_as_overdue() -> None:
    found = round_of({ONE: FIRST.held[0].octets}, after=FIRST, at=NOON + DAY)

    assert codes(found) == ["status.crl_stale"]
    assert found.held == FIRST.held


def test_one_bad_list_of_two_spoils_nothing_for_the_other() -> None:
    below = crl(authority=MIDDLE)
    for bad in (b"<html>", crl(number=8)[:-1], crl(authority=MIDDLE, number=3)):
        found = round_of({ONE: bad, TWO: below}, AT_ONE, AT_TWO)
        assert codes(found) == ["status.crl_invalid"]
        assert [one.octets for one in found.held] == [below]


def test_two_lists_of_one_number_are_an_attack_and_the_first_stands() -> None:
    second = replace(AT_ONE, address=TWO)

    found = round_of({ONE: crl(), TWO: crl(LEAF)}, AT_ONE, second)

    assert codes(found) == ["status.crl_rollback"]
    assert [one.place for one in found.held] == [AT_ONE.place]


def test_a_mirror_that_lags_behind_is_no_step_back_while_it_serves_what_it_served() -> None:
    second, old, new = replace(AT_ONE, address=TWO), crl(), crl(LEAF, number=8)
    before = round_of({ONE: old, TWO: old}, AT_ONE, second)

    found = round_of({ONE: new, TWO: old}, AT_ONE, second, after=before)

    assert found.refused == ()
    assert crl_status(SHORT, found.statuses, at=NOON).state is CrlState.REVOKED


def test_an_elder_list_of_another_scope_does_not_take_the_place_of_a_younger_one() -> None:
    found = round_of({ONE: partial(90, made=NOON - 2 * HOUR)}, after=FIRST)
    younger = round_of({ONE: partial(90, made=NOON - HOUR)}, after=FIRST)

    assert codes(found) == ["status.crl_rollback"]
    assert found.held == FIRST.held
    assert younger.refused == ()


def test_a_newer_list_takes_the_place_of_the_last_and_raises_the_floor() -> None:
    newer = crl(LEAF, number=9)

    found = round_of({ONE: newer}, after=FIRST)

    assert found.refused == ()
    assert [one.octets for one in found.held] == [newer]
    assert [part.floor.number for part in found.floors.parts.values()] == [9]
    assert crl_status(SHORT, found.statuses, at=NOON).state is CrlState.REVOKED


def test_any_of_the_listed_certificates_may_sign_and_the_refusal_is_the_most_telling() -> None:
    both = replace(AT_ONE, issuers=(MIDDLE.certificate, ROOT.certificate))

    assert round_of({ONE: crl()}, both).held[0].issuer == ROOT.certificate
    assert codes(round_of({ONE: crl(made=NOON - 2 * DAY)}, both)) == ["status.crl_stale"]


def test_an_address_whose_list_nobody_listed_could_have_signed_is_refused() -> None:
    others = [
        make_authority(generate("ES256"), subject=Subject(f"Authority {number}", "SG"), validity=YEAR).certificate
        for number in range(LIMITS.crl_issuers)
    ]
    full = replace(AT_ONE, issuers=(*others[1:], ROOT.certificate))
    past = replace(AT_ONE, issuers=(*others, ROOT.certificate))

    assert codes(round_of({ONE: crl()}, replace(AT_ONE, issuers=()))) == ["status.crl_invalid"]
    assert codes(round_of({ONE: crl()}, past)) == ["status.crl_invalid"]
    assert round_of({ONE: crl()}, full).refused == ()


def test_what_no_list_names_any_more_is_held_no_more_and_its_floor_stays() -> None:
    for demand in (AT_TWO, replace(AT_ONE, state=TH), replace(AT_ONE, issuers=(MIDDLE.certificate,))):
        found = round_of({}, demand, after=FIRST)
        assert (found.held, found.statuses) == ((), EMPTY_STATUS)
        assert found.floors == FIRST.floors


def test_a_list_past_its_bound_is_not_read() -> None:
    shelf = Shelf({ONE: b"\x30" * (LIMITS.crl_bytes + 1)})

    fetched = fetch(shelf, [AT_ONE])

    assert shelf.asked == [(ONE, LIMITS.crl_bytes)]
    assert [offer.code for offer in fetched.refused] == ["status.unavailable"]


def test_one_state_has_so_many_addresses_fetched_and_no_more_and_the_others_all_of_theirs() -> None:
    addresses = [f"https://crl.sg.example/{number:03}" for number in range(LIMITS.crl_state_addresses + 2)]
    demands = [Demand(SG, address, ()) for address in addresses]
    shelf = Shelf(dict.fromkeys((*addresses, ONE), b"x"))

    fetched = fetch(shelf, [*demands, Demand(TH, ONE, ())])

    asked = sorted(url for url, _ in shelf.asked)
    assert asked == sorted([*addresses[: LIMITS.crl_state_addresses], ONE])
    assert {offer.subject for offer in fetched.refused} == {f"crl/SG {address}" for address in addresses[-2:]}
    assert {offer.code for offer in fetched.refused} == {"status.unavailable"}


def test_one_state_has_so_many_octets_fetched_and_no_more() -> None:
    whole = LIMITS.crl_state_bytes // LIMITS.crl_bytes
    addresses = [f"https://crl.sg.example/{number}" for number in range(whole + 1)]
    shelf = Shelf(dict.fromkeys(addresses, bytes(LIMITS.crl_bytes)))

    fetched = fetch(shelf, [Demand(SG, address, ()) for address in addresses])

    assert [demand.address for demand in fetched.unverified] == addresses[:whole]
    assert sum(room for _, room in shelf.asked) <= (whole + LIMITS.status_state_fetches) * LIMITS.crl_bytes
    assert [offer.subject for offer in fetched.refused] == [f"crl/SG {addresses[-1]}"]


def test_octets_past_the_share_are_not_asked_for_once_others_came() -> None:
    rest = LIMITS.crl_state_bytes // LIMITS.crl_bytes + LIMITS.status_state_fetches
    addresses = [f"https://crl.sg.example/{number:02}" for number in range(rest + 1)]
    shelf = Shelf(dict.fromkeys(addresses, bytes(LIMITS.crl_bytes)))

    fetch(shelf, [Demand(SG, address, ()) for address in addresses])

    assert dict(shelf.asked)[addresses[-1]] == 0


def test_what_is_held_for_one_state_has_its_bound_over_all_rounds() -> None:
    offered = crl(authority=MIDDLE)
    for room, refused in ((len(offered), []), (len(offered) - 1, ["status.crl_invalid"])):
        silent = replace(FIRST.held[0], octets=bytes(LIMITS.crl_state_bytes - room))
        found = round_of({TWO: offered}, AT_ONE, AT_TWO, held=[silent])
        assert codes(found) == ["status.unavailable", *refused]
        assert len(found.held) == 2 - len(refused)


def test_nothing_that_was_not_fetched_is_judged() -> None:
    found = take_up(Fetched({}, ()), [AT_ONE], held=FIRST.held, floors=FIRST.floors, at=NOON)

    assert found == FIRST


def test_each_address_that_a_service_names_is_demanded_once_with_every_certificate_of_its_services() -> None:
    held = trusted(edition(1, attestation(crl=[TWO, ONE]), service()))
    anchors = held.lists[SG].services[0].anchors

    assert demanded(snapshot_of(held)) == (Demand(SG, ONE, anchors), Demand(SG, TWO, anchors))
    assert demanded(snapshot_of(trusted(edition(1, service())))) == ()


def test_a_floor_speaks_of_one_part_of_one_authority() -> None:
    here = verify_crl(crl(), issuer=ROOT.certificate, at=NOON)
    part = verify_crl(partial(1, made=NOON - HOUR), issuer=ROOT.certificate, at=NOON)

    floors = FRESH.raised(SG, here).raised(SG, part)

    assert len(floors.parts) == 2
    with pytest.raises(StatusError) as caught:
        floors.raised(SG, verify_crl(crl(number=3), issuer=ROOT.certificate, at=NOON))
    assert caught.value.code == "status.crl_rollback"
