"""What no credential of any state could answer is not asked of a person; what one could, is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import pytest

from idbridge.errors import RequestError
from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.model.request import Expectations, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.denials import NEVER, Denied
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier
from idbridge_gateway.node import NodeState
from idbridge_gateway.wallet.answerable import require_answerable
from idbridge_gateway.wallet.order import read_order
from tests.gateway.asking import Node, problem_of
from tests.gateway.wallets import ORDER, Wallets
from tests.verify.pretend import NOON, region, registered

SG_PID: Final = "urn:example:sg:pid:1"
SG_COMPANY: Final = "urn:example:sg:company-representative:1"
ID_PID: Final = "urn:example:id:pid:1"
KH_CARD: Final = "urn:example:kh:residence:1"
VN_COMPANY: Final = "urn:example:vn:organisation:1"
PH_PID: Final = "urn:example:ph:pid:1"
MM_CARD: Final = "urn:example:mm:card:1"
SG_SERVICE: Final = "sg-pid"
MM_IN_FORCE: Final = datetime(2040, 1, 1, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
COMPANY: Final = {"purpose": "company-representation"}


def one(name: str, *types: str) -> dict[str, Any]:
    return {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": list(types)} if types else {}}


def query(*credentials: dict[str, Any], sets: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"credentials": list(credentials), **({"credential_sets": sets} if sets is not None else {})}


def judged(
    dcql: dict[str, Any],
    *,
    at: datetime = NOON,
    purpose: str = "account-opening",
    loa: AssuranceLevel | None = None,
    trust: TrustSnapshot | None = None,
    minimum: AssuranceLevel = AssuranceLevel.A0,
) -> None:
    snapshot = trust or region().snapshot(at=NOON)
    asked = VerifyRequest(
        credential=".",
        relying_party=registered("th-bank", minimum_level=minimum),
        purpose=purpose,
        expected=Expectations(minimum_level=loa),
        query=parse_query(dcql),
    )
    state = NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS))
    require_answerable(asked, state=state, at=at, until=at + HOUR)


def why_not(dcql: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(RequestError) as caught:
        judged(dcql, **changes)
    assert caught.value.code == "query.unanswerable"
    return caught.value.detail


A3: Final = AssuranceLevel.A3
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a format of nobody": (query({"id": "a", "format": "ldp_vc", "meta": {}}), {}, "no state lists what `a`"),
    "a type of nobody": (query(one("a", "urn:example:nowhere:1")), {}, "no state lists what `a`"),
    "a type that is listed in another format": (
        query({"id": "a", "format": "mso_mdoc", "meta": {"doctype_value": SG_PID}}), {}, "no state lists what `a`",
    ),
    "a kind that the arrangement does not cover": (query(one("a", PH_PID)), {}, "`recognition.service_not_covered`"),
    "an arrangement that is suspended": (query(one("a", KH_CARD)), {}, "`recognition.suspended`"),
    "an arrangement of a day far off": (query(one("a", MM_CARD)), {}, "`recognition.not_yet_in_force`"),
    "a purpose that the arrangement does not have": (
        query(one("a", VN_COMPANY)), {"purpose": "building-visit"}, "`recognition.purpose_not_allowed`",
    ),
    "a credential that names no company": (query(one("a", SG_PID)), COMPANY, "`mandate.missing`"),
    "a level above what it counts as": (query(one("a", ID_PID)), {"loa": A3}, "counts as A3"),
    "a registered level above what it counts as": (query(one("a", ID_PID)), {"minimum": A3}, "counts as A3"),
    "one of two that are both needed": (query(one("a", SG_PID), one("b", PH_PID)), {}, "`b`"),
    "every option of a set that is needed": (
        query(one("a", PH_PID), one("b", MM_CARD), one("c", SG_PID), sets=[
            {"options": [["a", "c"], ["b", "c"]]}, {"options": [["c"]]},
        ]), {}, "`a`",
    ),
    "what is needed beside what need not be shown": (
        query(one("a", "urn:example:nowhere:1"), one("b", PH_PID), sets=[
            {"options": [["b"]]}, {"options": [["a"]], "required": False},
        ]), {}, "`b`",
    ),
    "what is needed beside a set that is met otherwise": (
        query(one("a", PH_PID), one("b", SG_PID), one("c", MM_CARD), sets=[
            {"options": [["a"], ["b"]]}, {"options": [["c"]]},
        ]), {}, "`c`",
    ),
    "all of what nobody has to show": (
        query(one("a", PH_PID), one("b", MM_CARD), sets=[{"options": [["a"], ["b"]], "required": False}]), {}, "`a`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_an_order_that_no_credential_could_pass_is_refused_with_why(what: str) -> None:
    dcql, changes, words = REFUSED[what]

    assert words in why_not(dcql, **changes)


def test_the_node_refuses_before_anybody_is_asked(node: Node) -> None:
    wallets = Wallets(node)
    refused = wallets.order(dcql=query(one("a", "urn:example:nowhere:1")))
    too_high = wallets.order(dcql=query(one("a", KH_CARD)), expected={"loa": "A3"})

    assert [problem_of(one, 400) for one in (refused, too_high)] == ["query.unanswerable"] * 2
    assert "urn:example:nowhere:1" not in refused.text
    assert not node.app.state.parts.stores.sealed.held
    assert wallets.order(dcql=query(one("a", KH_CARD)), expected={"loa": "A2"}).status_code == 201


PASSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "any type": (query(one("a")), {}),
    "one type of two": (query(one("a", PH_PID, SG_PID)), {}),
    "one option of two": (query(one("a", PH_PID), one("b", SG_PID), sets=[{"options": [["a"], ["b"]]}]), {}),
    "what need not be shown": (
        query(one("a", PH_PID), one("b", SG_PID), sets=[
            {"options": [["b"]]}, {"options": [["a"]], "required": False},
        ]), {},
    ),
    "a person beside a representative": (query(one("a", SG_PID), one("b", SG_COMPANY)), COMPANY),
    "a W3C credential of one of its types": (
        query({"id": "a", "format": "jwt_vc_json", "meta": {"type_values": [["VerifiableAttestation"]]}}), {},
    ),
    "the highest level": (query(one("a", SG_PID)), {"loa": A3, "minimum": A3}),
    "an arrangement that begins before the order ends": (query(one("a", MM_CARD)), {"at": MM_IN_FORCE - HOUR}),
    "one that ends before the order does": (query(one("a", MM_CARD)), {"at": MM_IN_FORCE}),
}  # fmt: skip


@pytest.mark.parametrize("what", PASSES)
def test_an_order_that_one_state_could_pass_is_taken(what: str) -> None:
    dcql, changes = PASSES[what]

    judged(dcql, **changes)


@pytest.mark.parametrize(
    ("service", "kind", "changes", "words"),
    [
        ("id-pid", ID_PID, {"loa": A3}, "counts as A3"),
        ("ph-pid", PH_PID, {}, "recognised here for this purpose: `recognition.service_not_covered`"),
    ],
)
def test_that_a_service_is_superseded_is_not_why_what_it_issued_before_could_not_pass(
    service: str, kind: str, changes: dict[str, Any], words: str
) -> None:
    trust = region().with_status(service, "superseded", at=NOON).snapshot(at=NOON)

    assert words in why_not(query(one("a", kind)), trust=trust, **changes)


def test_what_a_superseded_service_issued_before_may_still_be_shown() -> None:
    trust = region().with_status(SG_SERVICE, "superseded", at=NOON).snapshot(at=NOON)

    judged(query(one("a", SG_PID)), trust=trust)
    ended = region().with_status(SG_SERVICE, "withdrawn", at=NOON).snapshot(at=NOON)
    assert "`issuer.withdrawn`" in why_not(query(one("a", SG_PID)), trust=ended)


@pytest.mark.parametrize(("seconds", "code"), [(540, "query.unanswerable"), (660, None)])
def test_an_order_is_judged_for_as_long_as_it_will_be_open(seconds: int, code: str | None) -> None:
    """Ten minutes before an arrangement begins."""
    snapshot = region().snapshot(at=NOON)
    state = NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS))
    members = {**ORDER, "claims": ["name"], "dcql": query(one("a", MM_CARD)), "expires_in": seconds}
    told: list[str] = []
    try:
        read_order(
            members,
            party=registered("th-bank"),
            return_uris=frozenset(),
            state=state,
            at=MM_IN_FORCE - timedelta(minutes=10),
        )
    except RequestError as refusal:
        told.append(refusal.code)

    assert told == ([code] if code is not None else [])


def test_what_may_be_good_again_before_the_order_ends_is_taken() -> None:
    trust = region().snapshot(at=NOON)
    denied = replace(trust, denied=Denied(states=MappingProxyType({MemberState.SG: NEVER})))
    judged(query(one("a", SG_PID)), trust=denied)
    judged(query(one("a", SG_PID)), at=trust.stale_from(MemberState.SG))

    others: dict[MemberState, TrustList] = dict(trust.lists)
    del others[MemberState.SG]
    for code, refused in (("trust.unreachable", False), ("trust.not_configured", True)):
        gone = replace(trust, lists=others, states_without_list=MappingProxyType({MemberState.SG: code}))
        if refused:
            assert "no state lists" in why_not(query(one("a", SG_PID)), trust=gone)
        else:
            judged(query(one("a", SG_PID)), trust=gone)
