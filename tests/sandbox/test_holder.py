"""A pretend wallet answers the nodes that it knows, what they asked for and nothing else, and nobody else at all."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from idbridge.codec import base64url, pem
from idbridge.crypto.jws import sign_compact
from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.net.calls import Answer, Call
from idbridge.sandbox.asked import UnansweredError
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.holder import Holder
from idbridge_gateway.demo.nodes import ACCESS_AUTHORITY
from tests.gateway.asking import Node, node_in
from tests.gateway.wallets import MDOC_QUERY, Wallets
from tests.presentation.asking import access, authority

Rewrite = Callable[[str], str]
# In an mdoc, who somebody is and at which level are elements like others: what is not asked for is not shown.
_NEEDED = ("name", "subject", "assurance_level")
MDOC_WITH_LEVEL = {
    "credentials": [
        {**one, "claims": [{"path": ["example.sg.pid.1", name]} for name in _NEEDED]}
        for one in MDOC_QUERY["credentials"]
    ]
}


def as_it_came(compact: str) -> str:
    return compact


@dataclass
class Calling:
    """Calls a node in process; ``rewrite`` is done to the request objects that come back."""

    node: Node
    rewrite: Rewrite = as_it_came

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        parts = urlsplit(call.url)
        if parts.netloc != urlsplit(self.node.settings.public_url).netloc:
            raise FetchError("another host")
        response = self.node.send(call.method, parts.path, body=call.body, headers=dict(call.head))
        body = response.content
        if "/request/" in parts.path and response.status_code == 200:
            body = self.rewrite(body.decode()).encode()
        assert len(body) <= max_bytes
        return Answer(response.status_code, {"content-type": response.headers["content-type"]}, body)


@pytest.fixture
def wallets(tmp_path_factory: pytest.TempPathFactory) -> Wallets:
    return Wallets(node_in(tmp_path_factory.mktemp("holder")))


def holder(wallets: Wallets, rewrite: Rewrite = as_it_came, *, person: str = "sg-tan", **changes: Any) -> Holder:
    node = wallets.node
    known = Path(node.directory) / "nodes" / "TH" / ACCESS_AUTHORITY
    bench = Bench(node.region, node.clock.now(), SystemRandomness())
    authorities = pem.decode(known.read_text("ascii"), label=pem.CERTIFICATE)
    return replace(Holder(bench, person, authorities, Calling(node, rewrite)), **changes)


def _claims(compact: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(compact.split(".")[1]))
    return claims


def _changed(compact: str) -> str:
    header, _, signature = compact.split(".")
    octets = json.dumps({**_claims(compact), "response_uri": "https://evil.example/"}).encode()
    return f"{header}.{base64url.encode(octets)}.{signature}"


def _by_a_stranger(compact: str) -> str:
    certificate = access()
    header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": certificate.x5c}
    return sign_compact(header, json.dumps(_claims(compact)).encode(), certificate.signer)


@pytest.mark.parametrize(
    ("rewrite", "why"),
    [
        pytest.param(_changed, "nobody whom this wallet knows", id="changed"),
        pytest.param(_by_a_stranger, "nobody whom this wallet knows", id="a stranger's"),
        pytest.param(lambda _: "no request", "nobody whom this wallet knows", id="no request"),
    ],
)
def test_a_request_that_nobody_known_signed_is_not_answered(wallets: Wallets, rewrite: Rewrite, why: str) -> None:
    ordered = wallets.ordered()

    with pytest.raises(UnansweredError, match=why):
        holder(wallets, rewrite).answer(ordered["wallet_link"])
    assert wallets.state(ordered) == "pending"


def test_a_node_that_the_wallet_does_not_know_is_not_answered(wallets: Wallets) -> None:
    with pytest.raises(UnansweredError, match="nobody whom this wallet knows"):
        holder(wallets, authorities=(authority().certificate,)).answer(wallets.ordered()["wallet_link"])


def test_a_request_under_another_name_than_that_of_the_link_is_not_answered(wallets: Wallets) -> None:
    link = wallets.ordered()["wallet_link"].replace("x509_hash%3A", "x509_hash%3AA")

    with pytest.raises(UnansweredError, match="somebody else than it says"):
        holder(wallets).answer(link)


def test_an_old_request_is_not_answered_in_place_of_a_new_one(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    old = wallets.fetch(ordered["wallet_link"], nonce="nonce-of-another-time").text

    with pytest.raises(UnansweredError, match="an old one"):
        holder(wallets, lambda _: old).answer(ordered["wallet_link"])


def test_a_request_that_is_over_is_not_answered(wallets: Wallets) -> None:
    ordered = wallets.ordered()
    bench = replace(holder(wallets).bench, at=wallets.node.clock.now() + LIMITS.presentation_lifetime)

    with pytest.raises(UnansweredError, match="is over"):
        holder(wallets, bench=bench).answer(ordered["wallet_link"])
    wallets.cancel(ordered)
    with pytest.raises(UnansweredError, match="no request at this link"):
        holder(wallets).answer(ordered["wallet_link"])


@pytest.mark.parametrize("link", ["https://bank.th.example/", "openid4vp://?client_id=x"])
def test_what_is_no_link_to_a_wallet_is_not_answered(wallets: Wallets, link: str) -> None:
    with pytest.raises(UnansweredError, match="no link to a wallet"):
        holder(wallets).answer(link)


def test_who_has_nothing_that_was_asked_for_does_not_answer(wallets: Wallets) -> None:
    with pytest.raises(UnansweredError, match="nothing in their wallet"):
        holder(wallets, person="th-kitti").answer(wallets.ordered()["wallet_link"])


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize("order", [{}, {"dcql": MDOC_WITH_LEVEL, "claims": ["name"]}], ids=["sd-jwt", "mdoc"])
def test_a_wallet_shows_what_was_asked_for_and_nothing_else(
    wallets: Wallets, mode: str, prefix: str, order: dict[str, Any]
) -> None:
    ordered = wallets.ordered(response_mode=mode, client_id_prefix=prefix, **order)

    assert holder(wallets).answer(ordered["wallet_link"]).status == 200
    report = wallets.seen(ordered)["report"]
    assert report["accepted"] is True
    assert set(report["claims"]) == set(ordered and (order.get("claims") or ["name", "birthdate"]))


def test_a_level_that_was_not_asked_for_is_not_shown_and_does_not_count(wallets: Wallets) -> None:
    ordered = wallets.ordered(dcql=MDOC_QUERY, claims=["name"])

    assert holder(wallets).answer(ordered["wallet_link"]).status == 400
    report = wallets.seen(ordered)["report"]
    assert report["accepted"] is False
    assert report["reason"]["code"] == "recognition.loa_too_low"


def test_what_was_not_asked_for_stays_in_the_wallet(wallets: Wallets) -> None:
    ordered = wallets.ordered(dcql=MDOC_WITH_LEVEL, claims=["name", "birthdate"])

    assert holder(wallets).answer(ordered["wallet_link"]).status == 200
    assert wallets.seen(ordered)["report"]["not_released"] == [{"claim": "birthdate", "why": "absent"}]


@pytest.mark.parametrize("person", ["sg-tan", "th-kitti", "id-suharti"])
def test_people_of_several_states_answer_one_template(wallets: Wallets, person: str) -> None:
    ordered = wallets.ordered(dcql=None, claims=None, purpose=None, template="age-over-18")

    assert holder(wallets, person=person).answer(ordered["wallet_link"]).status == 200
    assert wallets.seen(ordered)["report"]["claims"] == {"age_over_18": True}


def test_a_person_says_no(wallets: Wallets) -> None:
    ordered = wallets.ordered()

    assert holder(wallets).answer(ordered["wallet_link"], denies=True).status == 200
    assert wallets.seen(ordered)["wallet_error"] == "access_denied"
