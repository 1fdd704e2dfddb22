"""A node with late lists: what it accepts in grace counts once, makes no assertion, and yields to the worse."""

from datetime import datetime, timedelta
from typing import Any

from idbridge.crypto.keys import thumbprint
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState, ServiceType
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.graces import LONGEST, NO_GRACE, SUBSTANTIAL, Grace, timestamp, trusted_with
from idbridge.sandbox.logins import Login
from idbridge.sandbox.publication import LIST_LIFETIME
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.deny_entry import key_target, service_target
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from idbridge.verify.verifier import Verifier
from idbridge_gateway.api.verify import VERIFY_PATH
from idbridge_gateway.node import NodeState
from tests.gateway.asking import Node, verdict_of
from tests.gateway.clocks import NOON
from tests.trust.denying import authorities, denial, listing, officers

KEY = "order-0001"
LATE = LIST_LIFETIME + timedelta(hours=1)


def material(node: Node, grace: Grace = LONGEST) -> TrustedSet:
    """What the node holds of its lists, had every arrangement granted ``grace``."""
    return trusted_with(node.region, grace, at=NOON)


def hold(node: Node, held: TrustedSet, *, signed_at: datetime = NOON + LATE) -> None:
    """Put ``held`` in force, under a timestamp of the region."""
    fresh = timestamp(signed_at=signed_at, life=timedelta(days=1))
    snapshot = snapshot_of(held, regional=fresh)
    node.app.state.trust.exchange(NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS)))


def question(node: Node, **members: Any) -> dict[str, Any]:
    """A question about a login at A2, made when the lists are an hour late."""
    node.clock.instant = NOON + LATE
    bench = Bench(node.region, node.clock.now(), SystemRandomness())
    shown = Login("sg-login", "sg-tan", level=SUBSTANTIAL).shown(bench, to=node.region.registration("th-bank"))
    return {
        "credential": shown.credential,
        "purpose": "age-check",
        "claims": ["age_over_20"],
        "expected": {"nonce": shown.nonce},
        **members,
    }


def asked(node: Node, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
    """The report on it."""
    headers = {"idempotency-key": key} if key is not None else {}
    response = node.send("POST", VERIFY_PATH, body=body, headers={**node.access(), **headers})
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


def told(report: dict[str, Any]) -> tuple[str, bool, str]:
    """Indication, whether it is accepted, and the code."""
    return report["indication"], report["accepted"], report["reason"]["code"]


def test_what_is_accepted_in_grace_counts_once(node: Node) -> None:
    hold(node, material(node))
    body = question(node)

    first = asked(node, body, key=KEY)
    again = asked(node, body, key=KEY)

    assert told(first) == ("INDETERMINATE", True, "trust.stale")
    assert first["claims"] == {"age_over_20": True}
    assert len(first["recognition"]["limits"]) == 1
    assert {**again, "receipt": None} == {**first, "receipt": None}  # each answer that left has a leaf of its own
    assert told(asked(node, body)) == ("FAILED", False, "holder.replayed")


def test_what_is_not_accepted_spends_nothing(node: Node) -> None:
    hold(node, material(node, NO_GRACE))
    body = question(node)

    assert told(asked(node, body)) == ("INDETERMINATE", False, "trust.stale")
    hold(node, material(node))
    assert told(asked(node, body)) == ("INDETERMINATE", True, "trust.stale")


def test_an_answer_in_grace_yields_to_one_without_and_never_the_other_way(node: Node) -> None:
    hold(node, material(node))
    body = question(node)
    assert told(asked(node, body, key=KEY)) == ("INDETERMINATE", True, "trust.stale")

    hold(node, material(node, NO_GRACE))
    assert told(asked(node, body, key=KEY)) == ("INDETERMINATE", False, "trust.stale")
    hold(node, material(node))
    assert told(asked(node, question(node), key="order-0002"))[1]


def test_a_newer_denial_wins(node: Node) -> None:
    hold(node, material(node), signed_at=NOON)
    node.clock.instant = NOON
    login = Login("sg-login", "sg-tan", level=SUBSTANTIAL).shown(
        Bench(node.region, NOON, SystemRandomness()), to=node.region.registration("th-bank")
    )
    body = {"credential": login.credential, "purpose": "age-check", "expected": {"nonce": login.nonce}}
    headers = {**node.access(), "idempotency-key": KEY}
    assert verdict_of(node.send("POST", VERIFY_PATH, body=body, headers=headers)) == ("PASSED", None)

    target = key_target(thumbprint(node.region.signer("sg-login").public_jwk))
    entry = denial(officers(MemberState.TH), target=target, issued_at=NOON)
    hold(node, material(node).with_deny_list(listing(1, entry), authorities=authorities(), at=NOON), signed_at=NOON)

    assert verdict_of(node.send("POST", VERIFY_PATH, body=body, headers=headers)) == ("FAILED", "issuer.denied")


def test_no_assertion_is_made_in_grace(node: Node) -> None:
    hold(node, material(node))
    audience = node.region.registration("th-bank").audience
    report = asked(node, question(node, assertion={"audience": audience}))

    assert told(report) == ("INDETERMINATE", False, "trust.stale")
    assert (report["assertion"], report["claims"]) == (None, {})


def test_denials_are_told_with_the_lists(node: Node) -> None:
    issuer = node.region.service("sg-login").issuer
    entry = denial(officers(MemberState.TH), target=service_target(issuer, ServiceType.LOGIN), issued_at=NOON)
    hold(node, material(node).with_deny_list(listing(1, entry), authorities=authorities(), at=NOON), signed_at=NOON)
    state = node.send("GET", "/v1/trust/SG").json()
    table = node.send("GET", "/v1/recognition?for=TH&purpose=age-check").json()

    (told_of,) = state["denials"]
    assert (told_of["issuer"], told_of["type"], told_of["by"]) == (issuer, ServiceType.LOGIN.value, ["TH"])
    rows = next(row for row in table["states"] if row["state"] == "SG")["services"]
    services = material(node).lists[MemberState.SG].services
    named = {one.service_id for one in services if (one.issuer, one.service_type) == (issuer, ServiceType.LOGIN)}
    assert named
    assert {row["service_id"] for row in rows if row["code"] == "issuer.denied"} == named
