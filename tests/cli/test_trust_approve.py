"""Proposing, signing, merging and publishing: what is refused ends with its code, and nobody publishes alone."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from idbridge.crypto.signer import generate
from idbridge.trust.operator.public_keys import PublicKeys
from tests.cli.ceremony import MY, SG, TH, Ceremony, digest
from tests.cli.ended import Ended
from tests.trust.operator.offices import public_of

Run = Callable[..., Ended]


# Proposing


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--join", "x", "--renew", "SG"),
        ("--handover", "x"),
        ("--renew", "nobody"),
    ],
)
def test_one_thing_is_proposed_at_a_time(ceremony: Ceremony, arguments: tuple[str, ...]) -> None:
    ended = ceremony.trust(
        "propose", *arguments, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )

    assert ended.code == 2


def test_without_a_place_or_a_root_nothing_is_proposed(ceremony: Ceremony, tmp_path: Path) -> None:
    key = ["--key", ceremony.key("role-SG-1"), "--reason", "a test"]
    tree, root = ceremony.tree[:2], ceremony.tree[2:]

    assert ceremony.trust("propose", *ceremony.office, *key).code == 2
    assert ceremony.trust("propose", *ceremony.office, *tree, *key).code == 2
    assert ceremony.trust("propose", *ceremony.office, *root, "--from", str(tmp_path / "no"), *key).code == 5
    assert ceremony.trust("propose", *ceremony.office, *tree, "--root", str(tmp_path / "no"), *key).code == 5
    (tmp_path / "root.json").write_text("{}")
    assert ceremony.trust("propose", *ceremony.office, *tree, "--root", str(tmp_path / "root.json"), *key).code == 5


def test_whoever_has_no_part_in_a_role_proposes_nothing(ceremony: Ceremony) -> None:
    ended = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-TH-1"), "--reason", "a test"
    )

    assert ended.code == 1
    assert "trust.signer_unknown" in ended.err
    refused = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-TH-1"), "--reason", "a test", "--json"
    )
    assert (refused.code, refused.json["summary"]["code"]) == (1, "trust.signer_unknown")


def test_a_rehearsal_of_a_proposal_writes_nothing(ceremony: Ceremony) -> None:
    out = ceremony.folder / "made.proposal.json"

    ended = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test",
        "--out", str(out), "--dry-run",
    )  # fmt: skip

    assert (ended.code, out.exists()) == (0, False)
    assert "list of SG" in ended.out


def test_a_proposal_goes_to_the_drafts_of_the_state(ceremony: Ceremony) -> None:
    ended = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test", "--json"
    )

    (draft,) = (ceremony.folder / "SG" / "drafts").iterdir()
    assert ended.json["summary"]["file"] == str(draft)
    assert ended.json["summary"]["diff_digest"] == digest(draft) == ended.json["results"][0]["diff_digest"]
    assert ended.json["results"][0]["ready"] is False
    assert ended.json["diff"]["subject"] == "SG"


def test_the_root_in_the_folder_of_the_state_is_the_one_that_is_trusted(ceremony: Ceremony) -> None:
    (ceremony.folder / "SG" / "root.json").write_bytes(ceremony.place.root_file.read_bytes())

    ended = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree[:2], "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )

    assert ended.code == 0
    assert "send it to another key holder" in ended.err


def test_a_folder_of_the_other_environment_proposes_nothing(ceremony: Ceremony) -> None:
    public = ceremony.folder / "SG" / "public.json"
    public.write_text(public.read_text().replace('"sandbox"', '"live"'))

    ended = ceremony.trust(
        "propose", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )

    assert ended.code == 5


def test_without_a_key_for_the_list_no_edition_is_made(ceremony: Ceremony) -> None:
    ended = ceremony.trust(
        "propose", *ceremony.office[:2], *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )

    assert ended.code == 5
    assert "list.pem" in ended.err


# Signing


def test_a_change_that_is_not_confirmed_is_not_signed(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    octets = made.read_bytes()
    arguments = ["sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-2")]

    assert ceremony.trust(*arguments).code == 6
    assert ceremony.trust(*arguments, "--diff-digest", "0" * 64).code == 6
    assert made.read_bytes() == octets


def test_a_proposal_that_changes_something_else_than_it_says_is_not_signed(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    other = ceremony.proposed("propose", *ceremony.office, name="other")
    ceremony.signed(other, "role-SG-2")
    assert ceremony.publish(other).code == 0

    ended = ceremony.trust(
        "sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-2"), "--diff-digest", digest(made)
    )

    assert ended.code == 1
    assert "trust.snapshot_mismatch" in ended.err


def test_a_proposal_that_lies_about_its_change_is_not_signed(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    table = json.loads(made.read_text())
    table["diff"]["effect"] = "narrower"
    made.write_text(json.dumps(table))

    ended = ceremony.trust("sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-2"))

    assert (ended.code, "trust.metadata_invalid" in ended.err) == (1, True)


@pytest.mark.parametrize(("member", "value"), [("reason", "a harmless slip of the pen"), ("acts", [])])
def test_a_proposal_with_another_reason_or_without_what_was_done_to_it_is_neither_signed_nor_published(
    ceremony: Ceremony, member: str, value: object
) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")
    table = json.loads(made.read_text())
    made.write_text(json.dumps({**table, member: value}))
    octets = made.read_bytes()

    looked = ceremony.trust("proposals", str(made), *ceremony.tree)
    signed = ceremony.trust(
        "sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-3"), "--diff-digest", digest(made)
    )
    published = ceremony.publish(made)

    assert (looked.code, "trust.metadata_invalid" in looked.out) == (1, True)
    for ended in (signed, published):
        assert (ended.code, "trust.metadata_invalid" in ended.err) == (1, True)
    assert made.read_bytes() == octets


def test_nothing_is_signed_at_a_terminal_that_was_not_shown_there(
    ceremony: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ceremony.edition()
    octets = made.read_bytes()
    monkeypatch.setattr(click, "prompt", lambda *_, **__: digest(made)[:8])
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    sign = ["sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-2")]

    unseen = ceremony.trust(*sign, "--json")

    assert (unseen.code, made.read_bytes()) == (6, octets)
    assert "--diff-digest" in unseen.err
    assert ceremony.trust(*sign).code == 0


def test_whoever_signed_does_not_sign_again(ceremony: Ceremony) -> None:
    made = ceremony.edition()

    ended = ceremony.trust(
        "sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--diff-digest", digest(made)
    )

    assert (ended.code, "already" in ended.err) == (1, True)


def test_signing_takes_one_proposal_and_a_key(ceremony: Ceremony) -> None:
    made = str(ceremony.edition())

    assert ceremony.trust("sign", made, *ceremony.tree).code == 2
    assert ceremony.trust("sign", made, made, *ceremony.tree, "--key", ceremony.key("role-SG-2")).code == 2
    assert ceremony.trust("sign", made, *ceremony.tree, "--merge").code == 2


def test_a_look_at_a_proposal_before_signing_writes_nothing(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    octets = made.read_bytes()

    ended = ceremony.trust("sign", str(made), *ceremony.tree, "--key", "-", "--dry-run")

    assert ended.code == 0
    assert digest(made) in ended.out
    assert "1 of 2 keys" in ended.out
    assert made.read_bytes() == octets


def test_signatures_made_in_different_places_are_merged_and_published(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    copies = []
    for number in ("2", "3"):
        out = ceremony.folder / f"copy-{number}.json"
        ended = ceremony.trust(
            "sign", str(made), *ceremony.tree, "--key", ceremony.key(f"role-SG-{number}"),
            "--diff-digest", digest(made), "--out", str(out), "--json",
        )  # fmt: skip
        assert ended.json["results"][0]["quorums"][0]["counted"] == 2
        copies.append(str(out))
    merged = ceremony.folder / "merged.json"

    rehearsed = ceremony.trust("sign", *copies, *ceremony.tree, "--merge", "--out", str(merged), "--dry-run")
    assert (rehearsed.code, merged.exists()) == (0, False)
    ended = ceremony.trust("sign", *copies, *ceremony.tree, "--merge", "--out", str(merged))

    assert "3 of 2 keys; ready" in ended.out
    assert ceremony.publish(merged).code == 0


# Looking at proposals


def test_proposals_say_whose_signature_is_missing(ceremony: Ceremony) -> None:
    made = ceremony.edition()

    ended = ceremony.trust("proposals", str(made), *ceremony.tree)
    told = ceremony.trust("proposals", str(made), *ceremony.tree, "--json")

    assert ended.code == told.code == 6
    assert "proposer" in ended.out
    assert "a key other than the proposer's has to sign" in ended.out
    assert told.json["results"][0]["code"] == "trust.threshold_missing"
    assert len(told.json["results"][0]["quorums"][0]["missing"]) == 2


def test_a_proposal_waits_for_the_one_who_is_named_as_its_proposer(ceremony: Ceremony) -> None:
    made = ceremony.edition()
    table = json.loads(made.read_text())
    table["metadata"]["signatures"], table["acts"] = [], []
    made.write_text(json.dumps(table))
    ceremony.signed(made, "role-SG-2", "role-SG-3")

    ended = ceremony.trust("proposals", str(made), *ceremony.tree)

    assert ended.code == ceremony.publish(made).code == 6
    assert "2 of 2 keys; its proposer has to sign" in ended.out
    assert ceremony.publish(ceremony.signed(made, "role-SG-1")).code == 0


def test_proposals_that_can_never_be_published_are_named(ceremony: Ceremony) -> None:
    ceremony.place.tree.lay_down("broken.proposal.json", b"{}")
    ready = ceremony.signed(ceremony.edition(), "role-SG-2")
    ceremony.place.tree.lay_down("ready.proposal.json", ready.read_bytes())

    ended = ceremony.trust("proposals", *ceremony.tree)

    assert ended.code == 1
    assert "trust.metadata_invalid" in ended.out
    assert "ready.proposal.json" in ended.out
    assert ceremony.trust("proposals", str(ready), *ceremony.tree).code == 0


def test_a_tree_without_proposals_says_so(ceremony: Ceremony) -> None:
    ended = ceremony.trust("proposals", *ceremony.tree)

    assert (ended.code, ended.out) == (0, "there are no proposals\n")


# States come in, exchange their keys, and officers change


def write(ceremony: Ceremony, name: str, public: PublicKeys) -> str:
    place = ceremony.folder / name
    place.write_bytes(public.octets())
    return str(place)


def test_a_state_that_is_there_already_does_not_join(ceremony: Ceremony) -> None:
    public = write(ceremony, "th.json", public_of(ceremony.place.region, TH))

    ended = ceremony.trust(
        "propose", "--join", public, *ceremony.tree, "--key", ceremony.key("role-targets-SG"), "--reason", "a test"
    )

    assert ended.code == 5


def test_new_keys_are_signed_by_those_before_them(ceremony: Ceremony) -> None:
    held = public_of(ceremony.place.region, SG)
    role = tuple(dict(generate("ES256").public_jwk) for _ in range(3))
    public = PublicKeys(**{**{name: getattr(held, name) for name in held.__slots__}, "role": role})
    to_keys = write(ceremony, "next.json", public)
    out = ceremony.folder / "SG.handover.json"
    sign = ["sign", to_keys, *ceremony.tree, "--out", str(out), "--diff-digest", public.digest]

    assert ceremony.trust(*sign[:-2], "--key", ceremony.key("role-SG-1")).code == 6
    assert ceremony.trust("sign", to_keys, *ceremony.tree, "--key", ceremony.key("role-SG-1")).code == 2
    assert ceremony.trust(*sign, "--key", ceremony.key("role-TH-1")).code == 1
    assert ceremony.trust(*sign[:-2], "--key", ceremony.key("role-SG-1"), "--dry-run").code == 0
    assert not out.exists()
    assert "1 of 2 keys" in ceremony.trust(*sign, "--key", ceremony.key("role-SG-1")).out
    propose = ["propose", "--handover", str(out), "--to-keys", to_keys]
    early = ceremony.trust(*propose, *ceremony.tree, "--key", ceremony.key("role-targets-SG"), "--reason", "a test")
    assert (early.code, "trust.reanchored" in early.err) == (1, True)
    ended = ceremony.trust(*sign, "--key", ceremony.key("role-SG-2"), "--json")
    assert ended.json["summary"]["signed"] == 2

    made = ceremony.proposed(*propose, name="keys", key="role-targets-SG")
    ceremony.signed(made, "role-targets-TH", "role-targets-MY")
    alone = ceremony.publish(made)  # the state's role is still signed by the keys before: who begins later has no list
    assert (alone.code, "trust.threshold_missing" in alone.err) == (6, True)


def test_whoever_signs_a_handover_sees_that_fewer_keys_will_do(ceremony: Ceremony) -> None:
    held = public_of(ceremony.place.region, SG)
    parts = {name: getattr(held, name) for name in held.__slots__}
    role = tuple(dict(generate("ES256").public_jwk) for _ in range(3))

    def shown(**changes: object) -> str:
        to_keys = write(ceremony, "next.json", PublicKeys(**{**parts, "role": role, **changes}))
        out = str(ceremony.folder / "SG.handover.json")
        sign = ["sign", to_keys, *ceremony.tree, "--out", out, "--key", ceremony.key("role-SG-1"), "--dry-run"]
        return ceremony.trust(*sign).out

    assert "! threshold 2 of 3 -> 1 of 2" in shown(role=role[:2], threshold=1)
    assert "threshold 2 of 3, as before" in shown()
    assert "! threshold" not in shown()


def test_what_is_published_together_is_drafted_one_after_the_other(ceremony: Ceremony) -> None:
    first = ceremony.proposed("propose", "--renew", "targets", name="top", key="role-targets-SG")
    ceremony.signed(first, "role-targets-TH", "role-targets-MY")

    second = ceremony.proposed("propose", "--renew", "SG", "--after", str(first), name="then")
    ended = ceremony.trust(
        "sign", str(second), *ceremony.tree, "--after", str(first), "--key", ceremony.key("role-SG-2"),
        "--diff-digest", digest(second),
    )  # fmt: skip

    assert ended.code == 0
    assert ceremony.publish(first, second).code == 0


def test_the_officers_of_the_region_are_exchanged(ceremony: Ceremony) -> None:
    officers = [
        argument for state in (SG, TH, MY)
        for argument in ("--officers", write(ceremony, f"{state}.json", public_of(ceremony.place.region, state)))
    ]  # fmt: skip

    made = ceremony.proposed("propose", *officers, name="root", key="role-root-SG")
    ceremony.signed(made, "role-root-TH", "role-root-MY")

    ended = ceremony.trust("proposals", str(made), *ceremony.tree)
    assert "3 of 3 states, 3 of 2 states; ready" in ended.out
    assert ceremony.publish(made).code == 0
    assert ceremony.fetched()["summary"]["regional"]["root_version"] == 2
