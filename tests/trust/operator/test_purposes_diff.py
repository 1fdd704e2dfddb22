"""A new purpose register, shown purpose by purpose: what comes, what goes, and what lets more be asked for."""

from collections.abc import Mapping
from typing import Any

import pytest
from tuf.api.metadata import TargetFile

from idbridge.codec import jcs
from idbridge.errors import TrustError
from idbridge.model.region import MemberState
from idbridge.trust.operator import agreeing, drafting
from idbridge.trust.operator.change import Diff, Item
from idbridge.trust.operator.comparison import change_of, unverified_payload
from idbridge.trust.tuf import roles, writing
from tests.trust.distribution.places import NOW, Place, force
from tests.trust.operator.offices import LATER, MY, SG, TH, standing

Table = dict[str, Any]


def register(place: Place) -> Table:
    """The second register, which says what the first one says."""
    held = unverified_payload(standing(place).files(roles.AGREEMENTS)["purposes/1.json"])
    return {**held, "version": 2}


def diff(place: Place, *tables: Table, by: tuple[MemberState, ...] = (SG, TH, MY)) -> Diff:
    """What registers change that are carried together."""
    before, new = standing(place), {}
    for table in tables:
        octets = jcs.canonicalize(table)
        for state in by:
            octets = agreeing.countersigned(before, octets, place.region.keys.lists[state])
        new[f"purposes/{table['version']}.json"] = octets
    files = {**before.files(roles.AGREEMENTS), **new}
    payload = writing.carrier(drafting.issue(before, roles.AGREEMENTS, at=LATER), roles.AGREEMENTS, files=files)
    return change_of(before, roles.AGREEMENTS, payload, new)


def purpose(table: Table, subject: str) -> Table:
    """A purpose of the register that is about such a subject."""
    found: Table = next(one for one in table["purposes"] if one["subject"] == subject)
    return found


def told(item: Item) -> Mapping[str, tuple[Any, Any, bool]]:
    return {one.what: (one.before, one.after, one.widens) for one in item.changes}


def changed(place: Place, about: str, /, **members: Any) -> Item:
    """What is shown of the purpose that is ``about`` such a subject, after a change of its members."""
    table = register(place)
    purpose(table, about).update(members)
    (item,) = diff(place, table).items
    return item


def test_a_register_that_too_few_states_signed_is_not_shown_as_a_change(place: Place) -> None:
    with pytest.raises(TrustError) as caught:
        diff(place, register(place), by=(SG, TH))

    assert caught.value.code == "trust.arrangement_invalid"


def test_a_purpose_that_is_new_is_flagged_with_all_that_it_allows(place: Place) -> None:
    table = register(place)
    table["purposes"].append({**purpose(table, "natural"), "code": "x-new", "bearer_allowed": True})

    found = diff(place, table)

    (item,) = found.items
    assert (item.mark, item.name, item.widens, found.widens) == ("+", "purposes 2: x-new", True, True)
    assert told(item)["bearer"] == (None, "allowed", False)
    assert {"name", "minimum level", "subject", "claims"} <= set(told(item))


def test_a_purpose_that_goes_is_shown_and_widens_nothing(place: Place) -> None:
    table = register(place)
    gone = table["purposes"].pop(0)

    found = diff(place, table)

    (item,) = found.items
    assert (item.mark, item.name, item.widens, found.widens) == ("-", f"purposes 2: {gone['code']}", False, False)
    assert told(item)["minimum level"] == (gone["minimum_level"], None, False)


def test_a_register_that_says_the_same_changes_no_purpose(place: Place) -> None:
    found = diff(place, register(place))

    assert (found.items, found.widens) == ((), False)
    assert "purpose register" in {fact.what for fact in found.facts}


def test_what_lets_more_be_asked_for_is_flagged(place: Place) -> None:
    held = purpose(register(place), "natural")
    wider = {
        "claims": changed(place, "natural", claims=[*held["claims"], "x_more"]),
        "bearer": changed(place, "natural", bearer_allowed=not held["bearer_allowed"]),
        "minimum level": changed(place, "natural", minimum_level="A1" if held["minimum_level"] != "A1" else "A2"),
        "subject": changed(place, "natural", subject="any", mandate_scope=["x-scope"]),
    }

    assert wider["claims"].widens
    assert "x_more" in told(wider["claims"])["claims"][1]
    assert told(wider["subject"])["subject"] == ("natural", "any", True)
    assert wider["bearer"].widens is not held["bearer_allowed"]
    assert wider["minimum level"].widens is (held["minimum_level"] != "A1")


def test_a_mandate_that_has_to_contain_less_is_flagged_and_one_that_has_to_contain_more_is_not(place: Place) -> None:
    held = purpose(register(place), "legal")

    less = changed(place, "legal", mandate_scope=["x-other"])
    more = changed(place, "legal", mandate_scope=[*held["mandate_scope"], "x-other"])
    fewer = changed(place, "legal", claims=held["claims"][1:], minimum_level="A3")

    assert (less.widens, more.widens, fewer.widens) == (True, False, False)


def test_another_subject_is_flagged_and_fewer_of_them_are_not(place: Place) -> None:
    any_first = register(place)
    purpose(any_first, "legal").update(subject="any")
    then = {**register(place), "version": 3}
    purpose(then, "legal").update(subject="natural", mandate_scope=[])

    items = diff(place, then, any_first).items

    assert [(one.name.partition(":")[0], one.widens) for one in items] == [("purposes 2", True), ("purposes 3", False)]


def test_a_new_name_is_shown_in_every_language(place: Place) -> None:
    item = changed(place, "natural", name={"en": "Another name"})

    assert (told(item)["name"][1], item.widens) == (("en: Another name",), False)


def test_where_the_register_that_stands_cannot_be_read_every_purpose_is_flagged(place: Place) -> None:
    """The keys that signed it are gone, and nobody could show that the new one reaches no further."""
    path, table = "purposes/1.json", register(place)
    text = jcs.canonicalize({**table, "version": 1})
    weak = agreeing.countersigned(standing(place), text, place.region.keys.lists[SG])
    folder = place.tree.directory / "targets" / "purposes"
    (folder / f"{writing.digest(weak)}.1.json").write_bytes(weak)

    def weaken(signed: Any) -> None:
        signed.targets[path] = TargetFile.from_data(path, weak, ["sha256"])

    force(place, {roles.AGREEMENTS: place.next_role(roles.AGREEMENTS, weaken, at=NOW)}, at=NOW)
    found = diff(place, table)

    assert len(found.items) == len(table["purposes"])
    assert all(one.widens and one.mark == "+" for one in found.items)
