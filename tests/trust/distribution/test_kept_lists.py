"""A list that is refused leaves the held one in force, also when the role around it names other list keys."""

import shutil

from tuf.api.metadata import TargetFile

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.model.region import MemberState
from idbridge.trust.tuf import entry, roles
from tests.trust.distribution.places import NOW, SECOND, Place, force

SG = MemberState.SG


def _role_under_new_list_key(place: Place) -> bytes:
    """The role that exchanges Singapore's list key, though the list is still signed with the old one."""
    new = parse_jwk(generate("ES256").public_jwk)

    def change(signed: object) -> None:
        target: TargetFile = signed.targets[roles.list_path(SG)]  # type: ignore[attr-defined]  # a role as parsed
        held = entry.read(target)
        changed = entry.ListEntry(held.sequence, held.digest, new.thumbprint, (new,), held.keys)
        target.unrecognized_fields["custom"] = changed.custom()

    return place.next_role("SG", change, at=NOW + SECOND)


def test_a_refused_list_under_a_new_list_key_leaves_the_held_one_in_force(place: Place) -> None:
    held = place.load()
    force(place, {"SG": _role_under_new_list_key(place)}, at=NOW + SECOND)
    again = place.load(at=NOW + SECOND)

    assert {(offer.subject, offer.code) for offer in again.refused} == {("lists/SG", "trust.signer_unknown")}
    assert again.provenance(SG) == held.provenance(SG)
    assert again.arrangements.manifest() == held.arrangements.manifest()


def test_what_was_kept_so_is_kept_across_a_restart_without_a_mirror(place: Place) -> None:
    held = place.load()
    force(place, {"SG": _role_under_new_list_key(place)}, at=NOW + SECOND)
    place.load(at=NOW + SECOND)
    shutil.rmtree(place.tree.directory)

    assert place.load(at=NOW + SECOND).provenance(SG) == held.provenance(SG)
