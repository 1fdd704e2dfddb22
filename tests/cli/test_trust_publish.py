"""Publishing and refreshing: nothing goes out that a node would refuse, and what is refused holds up nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idbridge.cli import trust_publish
from idbridge.cli.trust_publish import watched
from idbridge.clock import Clock, SystemClock
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.model.denial import DenialReason
from idbridge.model.region import Environment
from idbridge.trust import records
from idbridge.trust.operator import denying
from idbridge.trust.operator.drafting import Intent
from tests.cli.ceremony import Ceremony
from tests.cli.ended import Ended
from tests.trust.operator.offices import MY, online_role, standing

Run = Callable[..., Ended]


def test_the_proposer_alone_publishes_nothing(ceremony: Ceremony) -> None:
    ended = ceremony.publish(ceremony.edition())

    assert (ended.code, "trust.threshold_missing" in ended.err) == (6, True)
    told = ceremony.trust("publish", str(ceremony.folder / "made.proposal.json"), *ceremony.online, "--json")
    assert (told.code, told.json["summary"]["code"]) == (6, "trust.threshold_missing")


def test_a_tree_that_is_begun_is_not_begun_again_but_a_machine_may_be(ceremony: Ceremony) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")
    arguments = ["publish", str(made), *ceremony.online]
    arguments[arguments.index("--state") + 1] = str(ceremony.folder / "another")

    assert ceremony.trust(*arguments).code == 5
    assert ceremony.trust(*arguments, "--initialise").code == 0


def test_an_edition_is_published_and_nodes_take_it_up(ceremony: Ceremony) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")

    rehearsed = ceremony.trust("publish", str(made), *ceremony.online, "--dry-run")
    assert "nothing was written" in rehearsed.err
    ended = ceremony.trust("publish", str(made), *ceremony.online, "--json")

    assert ended.json["summary"] == {
        "done": True, "timestamp": 2, "snapshot": 2, "due": [], "not_accepted": [], "gaps": [],
    }  # fmt: skip
    assert ended.json["results"][0]["role"] == "SG"
    rows = {row["state"]: row for row in ceremony.fetched()["results"]}
    assert rows["SG"]["sequence"] == 2
    (record,) = records.read_unverified(ceremony.place.tree.directory / "records")
    assert [one["act"] for one in record.content["acts"]] == ["propose", "sign"]


def test_what_was_published_is_shown(ceremony: Ceremony) -> None:
    ended = ceremony.publish(ceremony.signed(ceremony.edition(), "role-SG-2"))

    assert "timestamp 2, snapshot 2" in ended.out
    assert "a test" in ended.out


# The online role


def test_the_online_key_of_a_live_region_is_never_in_the_open(ceremony: Ceremony) -> None:
    places = (ceremony.place.tree.directory, ceremony.place.root_file, ceremony.folder / "publisher")

    with pytest.raises(ConfigurationError):
        trust_publish.online_role(*places, ceremony.key("role-online"), None, environment=Environment.LIVE)


def test_a_refresh_publishes_what_was_laid_down_and_says_what_waits(ceremony: Ceremony) -> None:
    ready = ceremony.signed(ceremony.edition(), "role-SG-2")
    ceremony.place.tree.lay_down("SG-2-x.proposal.json", ready.read_bytes())
    waiting = ceremony.proposed("propose", "--renew", "TH", name="w", key="role-TH-1")
    ceremony.place.tree.lay_down("TH-2-x.proposal.json", waiting.read_bytes())

    ended = ceremony.trust("refresh", *ceremony.online)

    assert ended.code == 0
    assert "published SG-2-x.proposal.json" in ended.out
    assert "waiting TH-2-x.proposal.json" in ended.out


def test_a_refused_proposal_ends_with_1_and_the_rest_goes_on(ceremony: Ceremony) -> None:
    ceremony.place.tree.lay_down("SG-9-x.proposal.json", b"{}")

    ended = ceremony.trust("refresh", *ceremony.online)
    again = ceremony.trust("refresh", *ceremony.online, "--json")

    assert (ended.code, "trust.metadata_invalid" in ended.err) == (1, True)
    assert (again.code, again.json["summary"]["timestamp"]) == (0, 3)


def test_a_denial_that_is_not_in_force_never_ends_with_0(ceremony: Ceremony) -> None:
    at = SystemClock().now().replace(microsecond=0)
    before, signer = standing(ceremony.place), ceremony.place.region.keys.roles.on_call(MY)
    denied = denying.look_up(before, "SG", at=at)
    reason = DenialReason.KEY_COMPROMISE
    entry = denying.denial(before, denied, {MY: (signer,)}, since=at, reason=reason, at=at)
    refused = denying.edition(before, entry, Intent("deny", "a test", signer, at))
    ceremony.place.tree.lay_down(refused.name, refused.octets())
    unsigned = replace(refused, file=refused.file, acts=())
    table = json.loads(unsigned.octets())
    table["metadata"]["signatures"] = []
    waiting = json.dumps(table).encode()

    ended = ceremony.trust("refresh", *ceremony.online)
    assert (ended.code, "trust.deny_invalid" in ended.err) == (1, True)
    ceremony.place.tree.lay_down("deny-2-x.proposal.json", waiting)
    ended = ceremony.trust("refresh", *ceremony.online)

    assert (ended.code, "waiting deny-2-x.proposal.json" in ended.out) == (1, True)


def test_beside_damaged_records_nothing_is_published(ceremony: Ceremony) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")
    folder = ceremony.place.tree.directory / "records"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(b'{"broken"}\n')

    ended = ceremony.publish(made)
    ceremony.place.tree.lay_down("SG-2-x.proposal.json", made.read_bytes())
    refreshed = ceremony.trust("refresh", *ceremony.online)

    assert (ended.code, "nothing was published" in ended.err) == (5, True)
    assert (refreshed.code, "left SG-2-x.proposal.json" in refreshed.err) == (5, True)
    (folder / "records.jsonl").unlink()
    assert ceremony.publish(made).code == 0


def test_another_key_than_the_online_key_is_called_so(ceremony: Ceremony) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")
    Path(ceremony.key("role-online")).write_text(generate("ES256").pem())

    for ended in (ceremony.publish(made), ceremony.trust("refresh", *ceremony.online)):
        assert (ended.code, "not the online key" in ended.err) == (5, True)


def test_a_watch_goes_round_and_says_what_a_round_could_not_do(ceremony: Ceremony) -> None:
    ended = ceremony.trust("refresh", *ceremony.online, "--watch", "--rounds", "2", "--interval", "1", "--json")
    assert ended.code == 0
    assert ended.out.count('"timestamp"') == 2

    (ceremony.place.tree.directory / "metadata" / "timestamp.json").write_bytes(b"{}")
    ended = ceremony.trust("refresh", *ceremony.online, "--watch", "--rounds", "1")
    assert (ended.code, "error" in ended.err) == (1, True)


class Steps:
    """A clock that goes on by an hour each time it is asked, and a wait that ends after some rounds."""

    def __init__(self, rounds: int) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the TUF client reads the machine's clock
        self.left = rounds

    def now(self) -> datetime:
        self.at += timedelta(hours=1)
        return self.at

    def wait(self, _: float) -> bool:
        self.left -= 1
        return self.left == 0


def test_a_watch_ends_when_it_is_told_to(ceremony: Ceremony) -> None:
    steps = Steps(3)
    clock: Clock = steps

    code = watched(online_role(ceremony.place), clock=clock, wait=steps.wait, interval=1, rounds=None, as_json=False)

    assert (code, ceremony.place.tree.head().timestamp.version) == (0, 4)


def test_a_refresh_warns_of_what_is_past_half_of_its_life(
    ceremony: Ceremony, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(4)
    steps.now = lambda: steps.at + timedelta(hours=23 * (5 - steps.left))  # type: ignore[method-assign]

    watched(online_role(ceremony.place), clock=steps, wait=steps.wait, interval=1, rounds=None, as_json=False)

    assert "half the life of `deny` has passed" in capsys.readouterr().err
