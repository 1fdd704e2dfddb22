"""Presented: what the credentials of one presentation come to together. Part of step V8.

Decides three things once each credential is verified: whether they answer the query (OpenID4VP 1.0, section 8.6: the
wallet's own selection counts for nothing), whether each transaction was authorised by one of them, and whether they are
of one person. Two that contradict each other are refused. Two that are not shown to belong together are not: of the
other nothing is released, and no assertion is made (``docs/adr/0012-one-person.md``).

=================  =====================================================  ==========================================
check              passes if                                              else
=================  =====================================================  ==========================================
``vp.1``           the answer was a vp_token, and taken apart in V2       its own code
``vp.2``           every presentation was validated                       its own code
``vp.3``           each matches, and all that is needed is there          ``query.*``
``vp.4``           each holder proved to be that, unless a copy will do   ``query.holder_binding_missing``
``vp.11``          an authority that was named vouches for each           ``query.authority_mismatch``
``transaction.1``  one credential authorised each transaction             ``holder.transaction_mismatch``
``person.1``       no two contradict each other                           ``query.persons_differ``
``person.2``       all are shown to be of one person, for an assertion    ``policy.assertion_not_available``
=================  =====================================================  ==========================================
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from idbridge.codec import base64url
from idbridge.crypto.certificate_origin import unverified_origin
from idbridge.errors import Refusal
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.query import AKI, ETSI_LIST, Authority, Query, Shown, Transaction
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.presentation import matching
from idbridge.presentation.answers import TOKEN, Answer, is_vp_token
from idbridge.presentation.fulfilment import Fulfilment, fulfilment
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.findings import NOTHING_TOGETHER, Findings, Judged, Presented
from idbridge.verify.persons import contradict, represent_two, same_person
from idbridge.verify.representation import is_lent

_VP: Final = "OpenID4VP 1.0 section"
VALIDATED: Final = CheckPoint("vp.2", Step.V8, f"{_VP} 8.6")
QUERY: Final = CheckPoint("vp.3", Step.V8, f"{_VP} 6.4; 8.6")
HOLDERS: Final = CheckPoint("vp.4", Step.V8, f"{_VP} 6.1; 8.6")
AUTHORITIES: Final = CheckPoint("vp.11", Step.V8, f"{_VP} 6.1.1")
TRANSACTIONS: Final = CheckPoint("transaction.1", Step.V8, f"{_VP} 8.4; B.2.1")
PERSON: Final = CheckPoint("person.1", Step.V8, "idbridge presentations")
ONE_PERSON: Final = CheckPoint("person.2", Step.V8, "idbridge presentations")

_MDOC: Final = Format.MDOC.value
_POINTS: Final = {matching.BINDING: HOLDERS, matching.AUTHORITY: AUTHORITIES}
_LEFT_OPEN: Final = {
    matching.FORMAT: (AUTHORITIES, HOLDERS),
    matching.TYPE: (AUTHORITIES, HOLDERS),
    matching.AUTHORITY: (HOLDERS, QUERY),
    matching.BINDING: (QUERY,),
}
_NOT_LOOKED_AT: Final = "what comes before it was refused of a credential"
_STRANGERS: Final = (
    "not all credentials are shown to be of one person and as strong as the first: what the others say was left out"
)
_LENT: Final = "the first credential names no legal person: an assertion rests on the one that does, asked for first"
_UNJUDGED: Final = "a credential of the presentation was refused"


def presented(
    request: VerifyRequest,
    answers: tuple[Answer, ...],
    judged: tuple[tuple[Judged, ...], ...],
    *,
    trust: TrustSnapshot,
) -> Presented:
    """Return what the presentation comes to; ``judged`` has the credentials of each of ``answers``, in their order."""
    found = [one.findings for ones in judged for one in ones]
    if request.query is None and len(found) == 1:
        return NOTHING_TOGETHER
    opened = (TOKEN.passed,) if request.query is not None and is_vp_token(request) else ()
    credentials = [one.credential for one in found if one.credential is not None]
    if len(credentials) < len(found):
        skipped = (point.skipped(_UNJUDGED) for point in _made(request, several=len(found) > 1))
        return Presented((*opened, *skipped))
    outcome = None if request.query is None else fulfilment(request.query, _shown(answers, judged, trust))
    recognised = [one.recognised for one in found if one.recognised is not None]
    kin, strangers = _kin(recognised)
    checks = (
        *opened,
        *(() if outcome is None else _query_checks(outcome)),
        *_transactions(request, credentials),
        *_persons(request, credentials, strangers=bool(strangers), lent=bool(recognised) and is_lent(recognised[0])),
    )
    return Presented(checks, outcome, kin, strangers, (_STRANGERS,) if strangers else ())


def _made(request: VerifyRequest, *, several: bool) -> Iterator[CheckPoint]:
    """Yield the checks that this presentation gets."""
    if request.query is not None:
        yield from (VALIDATED, QUERY, HOLDERS, AUTHORITIES)
    if request.transactions:
        yield TRANSACTIONS
    if several:
        yield from (PERSON, ONE_PERSON)


def _shown(
    answers: tuple[Answer, ...], judged: tuple[tuple[Judged, ...], ...], trust: TrustSnapshot
) -> dict[str, tuple[Shown, ...]]:
    """Return what was shown for each credential query."""
    shown: dict[str, tuple[Shown, ...]] = {}
    for answer, ones in zip(answers, judged, strict=True):
        if answer.query is not None:
            asked = answer.query.authorities
            found = tuple(
                _held_against(one.findings, _authorities(one.findings, trust) if asked else ()) for one in ones
            )
            shown[answer.query.id] = shown.get(answer.query.id, ()) + found
    return shown


def _held_against(findings: Findings, authorities: Iterable[Authority]) -> Shown:
    """Return one verified credential as a query sees it; one of a format that no query asks for matches none."""
    credential = findings.credential
    if credential is None or credential.disclosed is None:
        return Shown("", frozenset(), {}, bound=False)
    disclosed = credential.disclosed
    return Shown(credential.format, disclosed.types, disclosed.claims, credential.holder.bound, frozenset(authorities))


def _authorities(findings: Findings, trust: TrustSnapshot) -> Iterator[Authority]:
    """Yield who vouches for the verified path: by key identifiers, as certificates on it name them, and by its list.

    A certificate names its authority truly only if the next one on the path says that the key is its own; nobody
    compared the two before, since the signature alone tells whose it is. Of the last, the state vouches for all of it.
    A list vouches for an issuer whose certificates lead to one that stands in it (section 6.1.1.2), not for one whose
    key it lists alone, and by an address that the list states of itself. There is no federation: who asks for one is
    not answered.
    """
    resolved = findings.resolved
    if resolved is None or resolved.path is None:
        return
    yield from (Authority(ETSI_LIST, address) for address in trust.addresses_of(resolved.service.member_state))
    try:
        chain = [unverified_origin(certificate) for certificate in resolved.path.chain]
    except Refusal:  # it was verified, so this cannot be; and what cannot be read names nobody
        return
    for place, origin in enumerate(chain):
        identifier = origin.authority_key_identifier
        listed = place + 1 == len(chain)
        if identifier is not None and (listed or identifier == chain[place + 1].key_identifier):
            yield Authority(AKI, base64url.encode(identifier))


def _query_checks(outcome: Fulfilment) -> tuple[Check, ...]:
    """Return a check for each way in which the query is not answered, and for each in which it is.

    The first mismatch of a credential ends what is asked of it, and what comes after that has not passed.
    """
    refused = [_POINTS.get(fault.code, QUERY).refused(fault.code, fault.detail) for fault in outcome.mismatches]
    if not refused and not outcome.satisfied:
        needed = ", ".join(f"`{name}`" for name in outcome.missing)
        refused.append(QUERY.refused("query.unsatisfied", f"nothing answers {needed}"))
    ids = {check.id for check in refused}
    left_open = {point.id for fault in outcome.mismatches for point in _LEFT_OPEN.get(fault.code, ())}
    others = (
        point.skipped(_NOT_LOOKED_AT) if point.id in left_open else point.passed
        for point in (VALIDATED, QUERY, HOLDERS, AUTHORITIES)
        if point.id not in ids
    )
    return (*others, *refused)


def _transactions(request: VerifyRequest, credentials: list[VerifiedCredential]) -> tuple[Check, ...]:
    """Judge that one credential, and no second, authorised each transaction."""
    if not request.transactions:
        return ()
    authorised = [one.disclosed.transactions for one in credentials if one.disclosed is not None]
    for asked in request.transactions:
        times = sum(asked.text in texts for texts in authorised)
        if times != 1:
            why = "two credentials authorise one transaction" if times else _unauthorised(asked, request.query)
            return (TRANSACTIONS.refused("holder.transaction_mismatch", why),)
    return (TRANSACTIONS.passed,)


def _unauthorised(asked: Transaction, query: Query | None) -> str:
    """Return why nobody authorised ``asked``.

    How an mdoc carries an authorisation is left to the type of transaction and the document type (OpenID4VP 1.0,
    B.2.1), and none that is served here says it, so no element that a device signed counts as one.
    """
    if query is not None and all(query.by_id[name].format == _MDOC for name in asked.credentials):
        return "only mdocs were asked to authorise a transaction, and no type served here says how one does"
    return "no holder authorised a transaction"


def _kin(
    recognised: list[RecognisedIdentity],
) -> tuple[tuple[RecognisedIdentity, ...], tuple[RecognisedIdentity, ...]]:
    """Return the other credentials of the first one's person that are no weaker than it, and the rest.

    What a person is in one legal person says nothing of what they are in another, so it is not told beside it.
    """
    if not recognised:
        return (), ()
    first, *others = recognised
    kin: list[RecognisedIdentity] = []
    strangers: list[RecognisedIdentity] = []
    for one in others:
        apart = one.level < first.level or represent_two(first.credential, one.credential)
        related = not apart and same_person(first.credential, one.credential)
        (kin if related else strangers).append(one)
    return tuple(kin), tuple(strangers)


def _persons(
    request: VerifyRequest, credentials: list[VerifiedCredential], *, strangers: bool, lent: bool
) -> tuple[Check, ...]:
    """Judge that no two contradict each other, and that an assertion would be about one person."""
    if len(credentials) == 1:
        return ()
    differing = next((why for one, other in combinations(credentials, 2) if (why := contradict(one, other))), None)
    person = PERSON.passed if differing is None else PERSON.refused("query.persons_differ", differing)
    if request.assertion_audience is None:
        return person, ONE_PERSON.skipped("no assertion is asked for")
    if strangers or lent:
        return person, ONE_PERSON.refused("policy.assertion_not_available", _STRANGERS if strangers else _LENT)
    return person, ONE_PERSON.passed
