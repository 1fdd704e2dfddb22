"""Keys of providers that are not listed themselves, and tokens that come encrypted.

A key set is looked at again for a key that nobody knows yet: where the list names the set, once in a while, by one of
many, and nowhere but at a login.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.oidc.logout_token import make_logout_token
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.region import Region
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.pretending import CLIENT_ID, KH, SG
from tests.gateway.providing import FORM, told
from tests.gateway.upstreaming import Abroad, abroad_in

NEW = generate("ES256", kid="published-alone")
NEWER = generate("ES256", kid="published-later")
STRANGER = generate("ES256", kid="a-stranger")
DISCOVERY = "/.well-known/openid-configuration"


def with_service(region: Region, state: MemberState, service_id: str, **changes: Any) -> Region:
    """A region in which the list of ``state`` says something else of one service."""
    source = region.sources.lists[state]
    providers = [
        {**table, "service": [{**one, **(changes if one["id"] == service_id else {})} for one in table["service"]]}
        for table in source["provider"]
    ]
    lists = MappingProxyType({**region.sources.lists, state: {**source, "provider": providers}})
    return replace(region, sources=replace(region.sources, lists=lists)).reissued(state, at=NOON)


@pytest.fixture(scope="module")
def region() -> Region:
    """A region in which Cambodia lists where its provider publishes keys."""
    issuer = the_region().service(KH).issuer
    return with_service(the_region(), MemberState.KH, KH, key_set=f"{issuer}/jwks")


@pytest.fixture(scope="module")
def sealed_region() -> Region:
    """A region in which Singapore's login encrypts what it says."""
    return with_service(the_region(), MemberState.SG, SG, encryption="required")


@pytest.fixture
def abroad(tmp_path: Path, region: Region) -> Abroad:
    found = abroad_in(tmp_path, region=region)
    found.kh.signer, found.kh.key_set = NEW, [NEW.public_jwk]
    return found


def passed(response: httpx2.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/consent?t=")


def refused(response: httpx2.Response) -> str:
    return told(response)["error"]


def looks(abroad: Abroad) -> int:
    """How often the key set was asked for."""
    return abroad.kh.paths.count("/jwks")


def test_a_key_that_the_listed_set_has_is_found_at_the_login_and_known_from_then_on(abroad: Abroad) -> None:
    assert passed(abroad.log_in(KH))
    assert looks(abroad) == 1

    assert passed(abroad.log_in(KH))
    assert looks(abroad) == 1


def test_a_key_that_the_set_does_not_have_never_verifies(abroad: Abroad) -> None:
    abroad.kh.signer = STRANGER

    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"
    abroad.kh.signer = generate("ES256", kid=NEW.kid)
    assert refused(abroad.log_in(KH)) == "access_denied"


def test_garbage_makes_nobody_look_more_often_than_once_in_a_while(abroad: Abroad) -> None:
    abroad.kh.signer = STRANGER
    for _ in range(3):
        assert refused(abroad.log_in(KH)) == "temporarily_unavailable"
    assert looks(abroad) == 1

    abroad.node.clock.turn(seconds=LIMITS.upstream_key_pause.total_seconds() - 1)
    refused(abroad.log_in(KH))
    assert looks(abroad) == 1
    abroad.node.clock.turn(seconds=1)
    refused(abroad.log_in(KH))
    assert looks(abroad) == 2


def test_a_set_that_cannot_be_had_is_not_asked_again_at_once_either(abroad: Abroad) -> None:
    abroad.kh.down = {"/jwks"}

    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"
    abroad.kh.down = set()
    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"
    assert looks(abroad) == 1
    abroad.node.clock.turn(seconds=LIMITS.upstream_key_pause.total_seconds())
    assert passed(abroad.log_in(KH))


def test_of_many_logins_at_once_one_looks(abroad: Abroad) -> None:
    answers = [abroad.kh.authorize(abroad.leave(abroad.begin(state=f"s-{number}"), KH)) for number in range(4)]
    paths = ["/" + answer.split("/", 3)[3] for answer in answers]

    async def all_come_back() -> list[str]:
        async with abroad.node.client() as client:
            going = [client.get(path, headers=abroad.browser.head()) for path in paths]
            return [response.headers["location"] for response in await asyncio.gather(*going)]

    assert all(location.startswith("/consent?t=") for location in asyncio.run(all_come_back()))
    assert looks(abroad) == 1


@pytest.mark.parametrize(
    "keys",
    [
        [{**NEW.public_jwk, "d": "AAAA"}],
        [NEW.public_jwk, NEW.public_jwk],
        [],
        [{name: value for name, value in NEW.public_jwk.items() if name != "kid"}],
        [{**NEW.public_jwk, "use": "enc"}],
        [NEW.public_jwk] * (LIMITS.key_set_keys + 1),
    ],
    ids=["a private key", "one name for two", "no key", "a key without name", "a key for something else", "too many"],
)
def test_a_key_set_that_is_not_in_order_changes_nothing(abroad: Abroad, keys: list[Mapping[str, Any]]) -> None:
    abroad.kh.key_set = keys

    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"


@pytest.mark.parametrize("octets", [b"", b"<html>", b'{"keys":1}', b"x" * (LIMITS.key_set_bytes + 1)])
def test_what_is_no_key_set_changes_nothing(abroad: Abroad, octets: bytes) -> None:
    abroad.kh.raw["/jwks"] = octets

    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"


def test_a_key_that_left_the_set_is_gone_with_the_next_look(abroad: Abroad) -> None:
    assert passed(abroad.log_in(KH))
    abroad.node.clock.turn(seconds=LIMITS.upstream_key_pause.total_seconds())
    abroad.kh.key_set, abroad.kh.signer = [NEWER.public_jwk], NEWER
    assert passed(abroad.log_in(KH))

    abroad.kh.signer = NEW
    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"


def test_a_key_that_took_the_name_of_another_is_found_once_the_set_has_it(abroad: Abroad) -> None:
    assert passed(abroad.log_in(KH))
    abroad.node.clock.turn(seconds=LIMITS.upstream_key_pause.total_seconds())
    exchanged = generate("ES256", kid=NEW.kid)
    abroad.kh.signer = exchanged
    assert refused(abroad.log_in(KH)) == "access_denied"

    abroad.node.clock.turn(seconds=LIMITS.upstream_key_pause.total_seconds())
    abroad.kh.key_set = [exchanged.public_jwk]
    assert passed(abroad.log_in(KH))


def test_a_document_that_names_another_key_set_is_not_followed(tmp_path: Path, region: Region) -> None:
    abroad = abroad_in(tmp_path, region=region)
    abroad.kh.discovery = {"jwks_uri": f"{abroad.kh.issuer}/other-keys"}

    assert abroad.refused(abroad.begin(), KH).code == "issuer.service_not_listed"
    assert abroad.kh.paths == [DISCOVERY]


def test_where_the_list_names_no_set_none_is_looked_at_whatever_the_provider_publishes(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    abroad.kh.signer, abroad.kh.key_set = NEW, [NEW.public_jwk]

    assert refused(abroad.log_in(KH)) == "temporarily_unavailable"
    assert looks(abroad) == 0


def test_a_verification_never_looks_though_a_login_does(abroad: Abroad) -> None:
    asked = {"nonce": "n" * 43}
    token = abroad.kh.id_token(asked, access_token=None)
    report = abroad.node.ask(credential=token, expected={"nonce": "n" * 43})

    assert report.json()["reason"]["code"] == "jose.kid_unknown"
    assert not abroad.kh.seen


def test_a_fetched_key_beside_a_listed_one_is_one_of_several_and_has_to_be_named(abroad: Abroad) -> None:
    assert passed(abroad.log_in(KH))
    abroad.kh.header = {"kid": ABSENT}

    assert refused(abroad.log_in(KH)) == "access_denied"


def test_what_was_fetched_is_on_disk_for_the_next_start(abroad: Abroad, region: Region) -> None:
    assert passed(abroad.log_in(KH))
    again = abroad_in(abroad.node.directory, region=region)
    again.kh.signer, again.kh.key_set = NEW, [NEW.public_jwk]

    assert passed(again.log_in(KH))
    assert looks(again) == 0


def test_a_logout_token_may_be_signed_by_a_key_of_the_listed_set_and_by_no_other(abroad: Abroad) -> None:
    for key, status in ((STRANGER, 400), (NEW, 200)):
        named: dict[str, Any] = {"jti": f"logout-{key.kid}", "subject": None, "session": "s"}
        token = make_logout_token(
            key, issuer=abroad.kh.issuer, client_id=CLIENT_ID, at=abroad.node.clock.now(), **named
        )
        body = urlencode({"logout_token": token}).encode()
        response = abroad.node.send("POST", f"/login/backchannel/{KH}", body=body, headers=FORM)
        assert response.status_code == status, response.text
    assert looks(abroad) == 1


class TestEncrypted:
    """Nested tokens, as the list demands or allows them, opened with the node's own keys."""

    def node(self, tmp_path: Path, region: Region, *extra: FileSigner) -> Abroad:
        abroad = abroad_in(tmp_path, region=region)
        folder = abroad.node.settings.decryption_keys_dir
        assert folder is not None
        for number, signer in enumerate(extra):
            write_key_file(folder / f"extra-{number}.pem", signer, passphrase=None)
        return abroad_in(tmp_path, region=region)

    def key(self, abroad: Abroad, curve: str) -> dict[str, Any]:
        keys = (dict(key.public_jwk) for key in abroad.node.app.state.parts.decryption_keys)
        return next(jwk for jwk in keys if jwk.get("crv") == curve)

    def test_a_token_in_the_open_is_none_where_it_has_to_be_encrypted(
        self, tmp_path: Path, sealed_region: Region
    ) -> None:
        assert refused(self.node(tmp_path, sealed_region).log_in()) == "access_denied"

    def test_a_token_that_was_encrypted_to_somebody_else_does_not_open(
        self, tmp_path: Path, sealed_region: Region
    ) -> None:
        abroad = self.node(tmp_path, sealed_region)
        abroad.sg.sealed_to = generate("ES256").public_jwk

        assert refused(abroad.log_in()) == "access_denied"

    def test_a_nested_token_names_the_key_that_opens_it_where_several_of_the_node_could(
        self, tmp_path: Path, sealed_region: Region
    ) -> None:
        """OpenID Connect Core 1.0 section 10.2."""
        abroad = self.node(tmp_path, sealed_region, generate("ES256"))
        named = self.key(abroad, "P-256")
        abroad.sg.sealed_to = {name: value for name, value in named.items() if name != "kid"}
        assert refused(abroad.log_in()) == "access_denied"

        abroad.sg.sealed_to = named
        assert passed(abroad.log_in())

    def test_who_encrypts_proves_nothing_without_the_signature_inside(
        self, tmp_path: Path, sealed_region: Region
    ) -> None:
        abroad = self.node(tmp_path, sealed_region)
        abroad.sg.sealed_to, abroad.sg.signer = self.key(abroad, "P-256"), STRANGER

        assert refused(abroad.log_in()) == "temporarily_unavailable"
        abroad.sg.signer, abroad.sg.header = None, {"alg": "none"}
        assert refused(abroad.log_in()) == "access_denied"

    @pytest.mark.parametrize("curve", ["P-256", "P-521"])
    def test_a_nested_token_opens_with_a_key_of_the_node(
        self, tmp_path: Path, sealed_region: Region, curve: str
    ) -> None:
        """Also to a key on P-521, and with `iss` and `aud` in the header, as real providers write them."""
        abroad = self.node(tmp_path, sealed_region, generate("ES512"))
        abroad.sg.sealed_to = self.key(abroad, curve)

        assert passed(abroad.log_in())

    def test_a_token_is_not_taken_encrypted_where_the_list_says_nothing_of_it(self, tmp_path: Path) -> None:
        abroad = self.node(tmp_path, the_region())
        abroad.sg.sealed_to = self.key(abroad, "P-256")

        assert refused(abroad.log_in()) == "access_denied"


def test_no_secret_of_a_key_set_is_written(abroad: Abroad, caplog: pytest.LogCaptureFixture) -> None:
    abroad.kh.key_set = [{**NEW.public_jwk, "d": "the-private-half"}]
    abroad.log_in(KH)

    assert "the-private-half" not in caplog.text
    assert "the-private-half" not in json.dumps([str(path) for path in abroad.node.directory.rglob("*")])
