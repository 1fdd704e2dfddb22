"""A logout token goes to the relying party whose login ended, and not to who has its client by the next attempt."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.net.calls import Answer, Call
from idbridge.oidc.client import Profile
from idbridge_gateway.deliveries import PostOffice
from idbridge_gateway.oidc.back_channel import BackChannel
from idbridge_gateway.oidc.clients import Clients, RegisteredClient
from idbridge_gateway.stores.outbox import NoOutbox
from tests.gateway.test_back_channel import NOBODYS_PORT, PATH, bank_told_at, told_of

THEIRS = "http://127.0.0.1:1/theirs"


@dataclass
class Client:
    """A client that does not answer in order."""

    calls: list[Call] = field(default_factory=list)

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        assert max_bytes
        self.calls.append(call)
        return Answer(500, {}, b"")


@dataclass
class Passed:
    """Clients of which every one becomes another relying party's, which is told at ``theirs``."""

    before: Clients
    theirs: str | None = None

    def find(self, client_id: str) -> RegisteredClient | None:
        found = self.before.find(client_id)
        if found is None or self.theirs is None:
            return found
        party = replace(found.relying_party, id="th-hospital")
        client = replace(found.client, relying_party=party.id, backchannel_logout_uri=self.theirs)
        return RegisteredClient(client, party)

    def serves(self, profile: Profile) -> bool:
        return self.before.serves(profile)


def test_a_client_that_is_another_relying_partys_by_the_next_attempt_is_told_nothing(
    shared_files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    bank, client = bank_told_at(shared_files, NOBODYS_PORT), Client()
    registry = Passed(bank.provider.clients)

    async def passed_on(_: float) -> None:
        registry.theirs = THEIRS

    made = BackChannel(
        clients=registry,
        caller=client,
        randomness=SystemRandomness(),
        pause=passed_on,
        post=PostOffice(lambda _kind, _life: NoOutbox()),
    )
    told_of(bank, made)
    told_of(bank, made)

    assert [urlsplit(call.url).path for call in client.calls] == [PATH]
    assert "client bank was not told: it has no address any more" in caplog.text
