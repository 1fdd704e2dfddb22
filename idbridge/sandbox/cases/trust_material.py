"""Cases about trust material: lists and arrangements that a node is offered, and lists that it does not hold.

Clauses: architecture D1 and D2; ETSI TS 119 602; ETSI TS 119 182-1.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox import forgeries
from idbridge.sandbox.case import Kind
from idbridge.sandbox.drill.signatures import listing
from idbridge.sandbox.nodes import Holding
from idbridge.sandbox.offers import ArrangementOffer, ListOffer
from idbridge.sandbox.sources import Table
from idbridge.sandbox.trial import Trial, accepted

# RFC 7515 appendix A.3.
_OF_A_STANDARD: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
LIST: Final = accepted(
    "list-next-edition",
    "Cambodia's next list",
    why="Signed by the pinned key, one edition ahead, telling the same past.",
    state=MemberState.KH,
    attempt=ListOffer(),
    kind=Kind.TRUST,
)
ARRANGEMENT: Final = accepted(
    "arrangement-of-both-parties",
    "An arrangement between Singapore and Thailand that both signed",
    why="Entering needs both.",
    state=MemberState.SG,
    attempt=ArrangementOffer(),
    kind=Kind.TRUST,
)
LIVE: Final = accepted(
    "live-list-next-edition",
    "Cambodia's next list, at a live node",
    why="Its keys were made for Cambodia, and nobody else has them.",
    state=MemberState.KH,
    attempt=ListOffer(environment=Environment.LIVE),
    kind=Kind.TRUST,
    environment=Environment.LIVE,
)
HELD: Final = accepted(
    "list-is-held",
    "A login of Singapore at a node that holds Singapore's list",
    why="The list says who may issue, and it is in date.",
    state=MemberState.SG,
    attempt=Holding(),
    kind=Kind.TRUST,
)


def trials() -> Iterator[Trial]:
    """Yield the cases about trust material."""
    yield from (LIST, LIVE, ARRANGEMENT, HELD)
    yield from _sequences()
    yield from _dates()
    yield from _signers()
    yield from _contents()
    yield from _published()
    yield from _histories()
    yield from _arrangements()
    yield from _absences()


def _sequences() -> Iterator[Trial]:
    yield LIST.refused(
        "list-rolled-back",
        "trust.rollback",
        "An older list",
        why="It was genuine once, and would bring back what was withdrawn since.",
        ahead=-1,
    )
    yield LIST.refused(
        "list-with-two-faces",
        "trust.equivocation",
        "Another list under the same number",
        why="Somebody is shown something else than somebody else.",
        ahead=0,
    )
    yield LIST.refused(
        "list-far-ahead",
        "trust.sequence_jump",
        "A list a thousand and one editions ahead",
        why="Accepted once, it would shut out every genuine list for years.",
        ahead=LIMITS.list_sequence_step + 1,
    )


def _dates() -> Iterator[Trial]:
    yield LIST.refused(
        "list-out-of-date",
        "trust.expired",
        "A list that is past its next update",
        why="Who keeps back the new list would keep the old one alive.",
        life=timedelta(minutes=30),
    )
    yield LIST.refused(
        "list-from-the-future",
        "trust.issued_in_future",
        "A list issued in an hour",
        why="Nobody signs in the future.",
        issued=timedelta(hours=1),
    )
    yield LIST.refused(
        "list-for-a-year",
        "trust.lifetime_too_long",
        "A list that is good for a year",
        why="A stolen list would be good for as long.",
        life=timedelta(days=365),
    )


def _signers() -> Iterator[Trial]:
    yield LIST.refused(
        "list-of-another-signer",
        "trust.signer_unknown",
        "Cambodia's list under Thailand's key",
        why="A state signs for itself.",
        signed_by=MemberState.TH,
    )
    yield LIST.refused(
        "list-altered",
        "trust.signature_invalid",
        "A list of which one bit was changed on the way",
        why="What is signed is what counts.",
        sent=forgeries.text_altered,
    )


def _contents() -> Iterator[Trial]:
    yield LIST.refused(
        "list-of-another-territory",
        "trust.territory_mismatch",
        "A list that Cambodia signs and that speaks for Viet Nam",
        why="A state signs for itself.",
        built=_for_another_state,
    )
    yield LIST.refused(
        "list-of-another-environment",
        "trust.environment_mismatch",
        "A live list at a node of the sandbox",
        why="Sandbox and live never mix.",
        environment=Environment.LIVE,
    )
    yield LIST.refused(
        "list-with-unknown-member",
        "trust.profile_violation",
        "A list with a member that the profile does not know",
        why="What is not understood is not ignored.",
        built=_with_unknown_member,
    )


def _published() -> Iterator[Trial]:
    yield LIVE.refused(
        "live-list-with-a-key-of-a-standard",
        "trust.published_test_key",
        "A live list with a key that stands in a standard, its private half beside it",
        why="Whoever has read the standard could speak for the provider.",
        built=listing(_OF_A_STANDARD),
    )


def _histories() -> Iterator[Trial]:
    yield LIST.refused(
        "list-with-disordered-history",
        "trust.status_order",
        "A list whose status begins before the one it follows",
        why="Nobody could tell what was trusted when.",
        written=_disordered,
    )
    yield LIST.refused(
        "list-that-revives-a-service",
        "trust.history_rewritten",
        "A list in which a closed office was never closed",
        why="What ended stays ended; who wants it back lists a new key.",
        written=_revived,
    )


def _arrangements() -> Iterator[Trial]:
    yield ARRANGEMENT.refused(
        "arrangement-of-one-party",
        "trust.arrangement_invalid",
        "An arrangement that Singapore signed alone",
        why="Nobody is bound by what another one signed.",
        signers=(MemberState.SG,),
    )
    yield ARRANGEMENT.refused(
        "arrangement-with-unknown-member",
        "trust.arrangement_invalid",
        "An arrangement with a member that nobody knows",
        why="What is not understood is not ignored.",
        changes={"secret_clause": "everything"},
    )


def _absences() -> Iterator[Trial]:
    yield HELD.refused(
        "list-not-configured",
        "trust.not_configured",
        "A login of Singapore at a node that no longer reads Singapore's list",
        why="The node knows whose login it is, and nothing about it today.",
        absent="trust.not_configured",
    )
    yield HELD.refused(
        "list-unreachable",
        "trust.unreachable",
        "A login of Singapore while Singapore's list cannot be read",
        why="No list is no trust; it may pass.",
        absent="trust.unreachable",
    )
    yield HELD.refused(
        "list-was-refused",
        "trust.refused",
        "A login of Singapore after Singapore's list was refused",
        why="A list that is not accepted is as good as none.",
        absent="trust.signature_invalid",
    )
    yield HELD.refused(
        "list-stale",
        "trust.stale",
        "A login of Singapore at a node that got no new list for a hundred days",
        why="Whatever was withdrawn meanwhile, the node does not know.",
        later=timedelta(days=100),
    )


def _for_another_state(lote: dict[str, Any]) -> dict[str, Any]:
    lote["LoTE"]["ListAndSchemeInformation"]["SchemeTerritory"] = "VN"
    return lote


def _with_unknown_member(lote: dict[str, Any]) -> dict[str, Any]:
    lote["LoTE"]["ListAndSchemeInformation"]["Remark"] = "trust me"
    return lote


def _disordered(source: Table) -> Table:
    return _with_status(source, "kh-residence-2025", [("granted", "2026-06-01"), ("withdrawn", "2026-05-01")])


def _revived(source: Table) -> Table:
    return _with_status(source, "kh-residence-2025", [("granted", "2025-06-01")])


def _with_status(source: Table, service_id: str, periods: list[tuple[str, str]]) -> Table:
    """Return ``source`` with another history of one service."""
    status = [{"status": word, "from": f"{day}T00:00:00Z"} for word, day in periods]
    providers = [
        {
            **provider,
            "service": [
                {**service, "status": status} if service["id"] == service_id else service
                for service in provider["service"]
            ],
        }
        for provider in source["provider"]
    ]
    return {**source, "provider": providers}
