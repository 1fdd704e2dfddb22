"""What was published is written down, also when the machine failed in between and the officers who signed have left."""

from collections.abc import Mapping
from typing import Any

import pytest

from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.trust import records
from idbridge.trust.operator import drafting
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.taking_up import OnlineRole, Places
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.tree import RECORDS
from idbridge.trust.tuf.writing import Group, Holder
from tests.trust.distribution.places import Place
from tests.trust.operator.denials import numbered
from tests.trust.operator.offices import LATER, MY, SG, TH, Office, officers_sign, online_role, standing


def lay_down(place: Place, name: str, octets: bytes) -> None:
    place.tree.lay_down(name, octets)


def incoming(place: Place) -> list[str]:
    return [name for name, _ in place.tree.incoming()]


def test_what_a_crash_left_behind_is_recorded_once_and_taken_away(sg: Office) -> None:
    made = sg.signed(sg.edition(), 1)
    role = online_role(sg.place)
    role.publish([made], at=LATER)
    folder = sg.place.tree.directory / RECORDS
    lay_down(sg.place, made.name, made.octets())

    assert role.round(at=LATER).published == (made.name,)
    assert len(records.read_unverified(folder)) == 1
    (folder / records.FILE).unlink()
    lay_down(sg.place, made.name, made.octets())
    assert role.round(at=LATER).published == (made.name,)

    (record,) = records.read_unverified(folder)
    assert record.content["role"] == "SG"
    assert incoming(sg.place) == []


class Withdrawn:
    """A token that is pulled out after so many signatures."""

    def __init__(self, signer: Signer, signatures: int) -> None:
        self._signer = signer
        self._left = signatures

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        return self._signer.public_jwk

    @property
    def kid(self) -> str:
        return self._signer.kid

    @property
    def algorithm(self) -> str:
        return self._signer.algorithm

    def sign(self, message: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ConfigurationError("the token is gone")
        return self._signer.sign(message)


def test_what_was_published_and_not_recorded_says_so_and_is_recorded_in_the_next_round(sg: Office) -> None:
    made, key = sg.signed(sg.edition(), 1), sg.place.region.keys.roles.online
    places = Places(sg.place.tree.directory, sg.place.root_file, sg.place.folder / "publisher")

    with pytest.raises(ConfigurationError, match="published, not recorded"):
        OnlineRole(places, Withdrawn(key, 2)).publish([made], at=LATER)
    assert (standing(sg.place).version("SG"), incoming(sg.place)) == (2, [made.name])
    assert online_role(sg.place).round(at=LATER).published == (made.name,)

    (record,) = records.read_unverified(sg.place.tree.directory / RECORDS)
    assert (record.content["role"], record.content["metadata"]) == ("SG", made.file.digest)


@pytest.mark.parametrize("role", [roles.ROOT, roles.TARGETS])
def test_what_was_published_of_the_top_and_not_recorded_is_recorded_too(sg: Office, role: str) -> None:
    officers = dict(sg.place.region.keys.roles.officers(role))
    made = drafting.renewed(standing(sg.place), role, Intent("renew", "a test", officers[SG], LATER))
    made = officers_sign(sg.place, made, TH, MY)
    online_role(sg.place).publish([made], at=LATER)
    (sg.place.tree.directory / RECORDS / records.FILE).unlink()
    lay_down(sg.place, made.name, made.octets())

    assert online_role(sg.place).round(at=LATER).published == (made.name,)

    (record,) = records.read_unverified(sg.place.tree.directory / RECORDS)
    assert record.content["role"] == role


def without_singapore(place: Place) -> Proposal:
    """A new root that no key of Singapore signs any more, as its officer proposes who leaves."""

    def group(role: str, *leaving: MemberState) -> Group:
        quorum = quorum_of(before.root, role)
        keys = [key for _, key in sorted(quorum.keys.items()) if key.state not in leaving]
        return Group(tuple(Holder(key.key.jwk, key.state) for key in keys), quorum.threshold)

    before = standing(place)
    issue = drafting.issue(before, roles.ROOT, at=LATER)
    payload = writing.root(
        issue, region=group(roles.ROOT, SG), targets=group(roles.TARGETS), online=group(roles.TIMESTAMP)
    )  # fmt: skip
    officers = dict(place.region.keys.roles.officers(roles.ROOT))
    made = drafting.completed(before, roles.ROOT, payload, {}, Intent("exchange", "a test", officers[SG], LATER))
    return officers_sign(place, made, TH, MY, MemberState.VN)


def test_a_root_that_was_published_and_not_recorded_is_recorded_with_the_act_of_who_left(sg: Office) -> None:
    made = without_singapore(sg.place)
    online_role(sg.place).publish([made], at=LATER)
    (sg.place.tree.directory / RECORDS / records.FILE).unlink()
    lay_down(sg.place, made.name, made.octets())

    found = online_role(sg.place).round(at=LATER)

    assert (found.published, found.refused) == ((made.name,), ())
    (record,) = records.read_unverified(sg.place.tree.directory / RECORDS)
    assert record.content["acts"][0]["by"] == made.proposer
    assert len(record.content["acts"]) == 4


def test_a_root_whose_record_failed_is_recorded_in_the_next_round(sg: Office) -> None:
    made, key = without_singapore(sg.place), sg.place.region.keys.roles.online
    places = Places(sg.place.tree.directory, sg.place.root_file, sg.place.folder / "publisher")

    with pytest.raises(ConfigurationError, match="published, not recorded"):
        OnlineRole(places, Withdrawn(key, 2)).publish([made], at=LATER)
    assert online_role(sg.place).round(at=LATER).published == (made.name,)

    (record,) = records.read_unverified(sg.place.tree.directory / RECORDS)
    assert record.content["metadata"] == made.file.digest


def test_what_stands_is_recorded_before_the_round_changes_anything(sg: Office) -> None:
    made = sg.signed(sg.edition(), 1)
    online_role(sg.place).publish([made], at=LATER)
    (sg.place.tree.directory / RECORDS / records.FILE).unlink()
    lay_down(sg.place, made.name, made.octets())
    denial = numbered(sg.place, standing(sg.place), 2)
    lay_down(sg.place, denial.name, denial.octets())

    found = online_role(sg.place).round(at=LATER)

    assert found.published == (made.name, denial.name)
