"""Denying past what a hostile officer on call laid down: the denial is in force after one round, or after two."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from idbridge.model.denial import DenyEntry, FollowUpKind
from idbridge.model.region import MemberState
from idbridge.trust import deny_list
from idbridge.trust.deny_entry import reread
from idbridge.trust.operator import denying, published
from idbridge.trust.operator.taking_up import Round
from idbridge.trust.tuf import proposal, roles
from idbridge.trust.tuf.proposal import Proposal
from tests.cli.ceremony import Ceremony
from tests.cli.ended import Ended
from tests.trust.operator import denials
from tests.trust.operator.denials import LOGIN
from tests.trust.operator.offices import LATER, MY, SECOND, SG, TH, online_role, standing

Run = Callable[..., Ended]
SINCE = ("--since", "2026-11-01T00:00:00Z", "--reason", "key_compromise")
VN = MemberState.VN
HOUR = timedelta(hours=1)
MUCH_LATER = LATER + 3 * HOUR


def deny(ceremony: Ceremony, what: str, by: MemberState, *more: str, of: MemberState | None = None) -> Ended:
    ended = ceremony.trust(
        "deny", what, *SINCE, "--key", ceremony.key(f"role-{by}-on-call"), "--confirm", str(of or by),
        "--to", str(ceremony.place.tree.directory), "--root", str(ceremony.place.root_file), *more,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return ended


def lay_down(ceremony: Ceremony, name: str, made: Proposal) -> str:
    ceremony.place.tree.lay_down(f"{name}.proposal.json", made.octets())
    return f"{name}.proposal.json"


def in_force(ceremony: Ceremony) -> list[str]:
    return sorted(str(one.state) for one in ceremony.place.load(at=MUCH_LATER).denials.in_force(MUCH_LATER))


def published_by(ceremony: Ceremony, made: Proposal) -> None:
    online_role(ceremony.place).publish([made], at=LATER)


def later_round(ceremony: Ceremony) -> Round:
    return online_role(ceremony.place).round(at=MUCH_LATER)


def brings_back_what_was_lifted(ceremony: Ceremony) -> Proposal:
    """A denial of Singapore that was made, lifted, left out, and is brought back without its lift."""
    place, keys = ceremony.place, ceremony.place.region.keys.roles.of_state(SG)
    entry = denials.denial(place, standing(place), LOGIN, SG)
    published_by(ceremony, denials.edition(place, standing(place), entry))
    (told,) = denying.entries(standing(place)).values()
    assert isinstance(told.said, DenyEntry)
    lift = denying.countersigned(standing(place), FollowUpKind.LIFT, told.said, [], {SG: keys[:2]}, at=LATER)
    published_by(ceremony, denials.edition(place, standing(place), lift))
    published_by(ceremony, denials.listing(place, standing(place), ()))
    return denials.listing(place, standing(place), [entry])


def ends_after(life: timedelta) -> Callable[[Ceremony], Proposal]:
    def made(ceremony: Ceremony) -> Proposal:
        before = standing(ceremony.place)
        return denials.listing(ceremony.place, before, denials.listed(before), life=life)

    return made


@pytest.mark.parametrize("name", ["0", "z"])
@pytest.mark.parametrize(
    "hostile",
    [ends_after(40 * SECOND), ends_after(2 * HOUR), brings_back_what_was_lifted],
    ids=["ends in seconds", "ends in two hours", "lifted"],
)
def test_no_denial_is_lost_behind_one_that_the_online_role_refuses(
    ceremony: Ceremony, hostile: Callable[[Ceremony], Proposal], name: str
) -> None:
    lay_down(ceremony, name, hostile(ceremony))

    deny(ceremony, "TH", TH)
    later_round(ceremony)

    assert in_force(ceremony) == ["TH"]


@pytest.mark.parametrize("name", ["0", "z"])
def test_what_is_refused_in_the_midst_of_others_costs_none_of_them(ceremony: Ceremony, name: str) -> None:
    deny(ceremony, LOGIN, SG)
    ((_, octets),) = ceremony.place.tree.incoming()
    then = published.following(standing(ceremony.place), proposal.parse(octets))
    bad = denials.listing(ceremony.place, then, denials.listed(then), life=2 * HOUR)
    lay_down(ceremony, name, bad)

    deny(ceremony, "TH", TH)
    deny(ceremony, "VN", VN)
    found = later_round(ceremony)

    assert in_force(ceremony) == ["SG", "TH", "VN"]
    assert found.refused == ()  # all that the hostile one brought is in force


def test_a_refused_denial_that_is_in_force_by_another_copy_is_no_alarm(ceremony: Ceremony) -> None:
    deny(ceremony, LOGIN, SG)
    deny(ceremony, "TH", TH)

    ended = ceremony.trust("refresh", *ceremony.online)

    assert (ended.code, "put aside" in ended.err) == (0, False)
    assert in_force(ceremony) == ["SG", "TH"]
    assert ceremony.place.tree.incoming() == ()
    assert not (ceremony.place.tree.directory / "incoming" / ".refused").exists()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whatever_denials_are_called_none_undoes_another(ceremony: Ceremony, order: tuple[int, ...]) -> None:
    for number, state in enumerate((SG, TH, VN)):
        before = {name for name, _ in ceremony.place.tree.incoming()}
        deny(ceremony, str(state), state)
        for name, octets in ceremony.place.tree.incoming():
            if name not in before:
                ceremony.place.tree.take_away(name)
                ceremony.place.tree.lay_down(f"{order[number]}-{name}", octets)

    ended = ceremony.trust("refresh", *ceremony.online)

    assert ended.code == 0
    assert in_force(ceremony) == ["SG", "TH", "VN"]


def test_a_denial_that_lost_to_a_hostile_name_wins_when_it_is_made_anew(ceremony: Ceremony) -> None:
    deny(ceremony, "TH", TH)
    hostile_denial(ceremony, "MY")
    lost = ceremony.trust("refresh", *ceremony.online)
    assert (lost.code, "deny" in lost.err, in_force(ceremony)) == (1, True, ["MY"])

    deny(ceremony, "TH", TH)
    hostile_denial(ceremony, "https://sandbox.login.my.example")
    ceremony.trust("refresh", *ceremony.online)

    assert in_force(ceremony) == ["MY", "TH"]


def test_nobody_goes_first_with_nothing(ceremony: Ceremony) -> None:
    deny(ceremony, "TH", TH)
    before = standing(ceremony.place)
    lay_down(ceremony, "0", denials.listing(ceremony.place, before, denials.listed(before)))

    ceremony.trust("refresh", *ceremony.online)

    assert in_force(ceremony) == ["TH"]


def hostile_denial(ceremony: Ceremony, what: str) -> None:
    """One more denial of Malaysia by its own key on call, laid down so that its name comes first."""
    before = standing(ceremony.place)
    entry = denials.denial(ceremony.place, before, what, MY)
    lay_down(ceremony, "0", denials.edition(ceremony.place, before, entry, by=MY))


def test_a_fault_of_the_machine_costs_no_denial_its_place(ceremony: Ceremony) -> None:
    deny(ceremony, LOGIN, SG)
    deny(ceremony, "TH", TH)
    waiting = ceremony.place.tree.incoming()
    damaged = ceremony.place.tree.directory / "records" / "records.jsonl"
    damaged.parent.mkdir()
    damaged.write_bytes(b'{"broken"}\n')

    assert ceremony.trust("refresh", *ceremony.online).code == 5
    assert (ceremony.place.tree.incoming(), in_force(ceremony)) == (waiting, [])
    damaged.unlink()
    assert ceremony.trust("refresh", *ceremony.online).code == 0

    assert in_force(ceremony) == ["SG", "TH"]


def test_whoever_publishes_at_once_takes_along_what_waits(ceremony: Ceremony) -> None:
    deny(ceremony, LOGIN, SG)

    told = deny(
        ceremony, "TH", TH, "--online-key", ceremony.key("role-online"), "--online-state",
        str(ceremony.folder / "publisher"),
    )  # fmt: skip

    assert ("published: timestamp 2" in told.out, in_force(ceremony)) == (True, ["TH"])
    assert ceremony.trust("refresh", *ceremony.online).code == 0
    assert in_force(ceremony) == ["SG", "TH"]


def test_a_denial_is_ratified_before_it_is_published_and_past_what_is_refused(ceremony: Ceremony) -> None:
    lay_down(ceremony, "0", ends_after(2 * HOUR)(ceremony))
    deny(ceremony, LOGIN, TH, of=SG)
    (about,) = {
        told.said.id
        for _, octets in ceremony.place.tree.incoming()
        for told in map(reread, deny_list.parse(proposal.parse(octets).targets[roles.DENY_LIST]).entries)
    }
    keys = [one for state in (SG, TH, MY) for one in ("--key", ceremony.key(f"role-targets-{state}"))]

    ended = ceremony.trust(
        "ratify", about, *keys, "--on-call", ceremony.key("role-VN-on-call"), "--confirm", "SG",
        "--to", str(ceremony.place.tree.directory), "--root", str(ceremony.place.root_file),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    later_round(ceremony)

    book = ceremony.place.load(at=MUCH_LATER).denials
    assert [book.lapses_at(one) for one in book.in_force(MUCH_LATER)] == [None]
