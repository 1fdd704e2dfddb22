"""Cases about what several credentials of one answer come to together, and about transactions that one authorises.

Clauses: OpenID4VP 1.0 sections 8.4 and 8.6; ``docs/adr/0012-one-person.md``.
"""

from collections.abc import Iterator

from idbridge.sandbox.cases.dcql import (
    KITTI,
    MDOC,
    MDOC_QUERY,
    MIXED,
    PAYMENT,
    PH_TYPE,
    PID,
    STRANGERS,
    THANAPORN,
    answered,
    asked,
    payment,
    query,
)
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.vp_tokens import Sent


def entries() -> Iterator[Entry]:
    """Yield the refused twins of answers with several credentials, mdocs and transactions."""
    yield from _mdocs()
    yield from _persons()
    yield from _transactions()


def _mdocs() -> Iterator[Entry]:
    yield MDOC.refused(
        "mdoc-of-another-document-type",
        "query.type_mismatch",
        "An mdoc with an identity where a driving licence was asked for",
        why="Another document is no answer, however genuine.",
        body=query({**MDOC_QUERY, "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}),
    )
    yield MDOC.refused(
        "mdoc-without-asked-element",
        "query.claim_missing",
        "An mdoc whose element stands in another namespace than asked for",
        why="An element is named by its namespace, too.",
        body=query({**MDOC_QUERY, "claims": [{"path": ["org.iso.18013.5.1", "family_name"]}]}),
    )
    yield MDOC.refused(
        "mdoc-with-another-value",
        "query.value_mismatch",
        "An mdoc whose nationality is not the one that was asked for",
        why="The value is compared with the one that was signed.",
        body=query({**MDOC_QUERY, "claims": [{"path": ["example.sg.pid.1", "nationality"], "values": ["TH"]}]}),
    )
    yield MIXED.refused(
        "mdoc-of-another-session-beside-a-credential",
        "holder.signature_invalid",
        "Of two answers in two formats the mdoc was made in another session",
        why="Every presentation counts, and the worst decides.",
        answers=(
            Sent("pid", Presentation("sg-pid", "sg-tan")),
            Sent("mdoc", Mdoc("sg-mdoc", "sg-tan", took={"response_uri": "https://elsewhere.example/answer"})),
        ),
    )


def _persons() -> Iterator[Entry]:
    several = answered(
        "th-wallet-answers-with-several",
        "Thanaporn's wallet answers with two of her identities where several will do",
        "The query allows several, each matches, and all are hers.",
        Sent("pid", THANAPORN),
        Sent("pid", THANAPORN),
        body=query({**PID, "multiple": True}),
    )
    yield several
    yield several.refused(
        "answer-of-two-people",
        "query.persons_differ",
        "Kitti's identity stands beside Thanaporn's in one answer",
        why="What two people show would become one person's.",
        answers=(Sent("pid", THANAPORN), Sent("pid", KITTI)),
    )
    yield STRANGERS.refused(
        "assertion-about-two-holders",
        "policy.assertion_not_available",
        "An assertion is asked for from two credentials that share no key",
        why="An assertion is about one person.",
        body={
            **query(PID, asked("national", PH_TYPE)),
            "assertion": {"audience": "https://sandbox.bank.sg.example"},
        },
    )


def _transactions() -> Iterator[Entry]:
    yield PAYMENT.refused(
        "payment-not-authorised",
        "holder.transaction_mismatch",
        "Thanaporn shows who she is and does not authorise the payment",
        why="Who she is, she says; that she pays, she does not.",
        answers=(Sent("pid", THANAPORN),),
    )
    yield PAYMENT.refused(
        "another-payment-authorised",
        "holder.transaction_mismatch",
        "Thanaporn authorised another payment",
        why="The digest is that of another text.",
        answers=(
            Sent("pid", Presentation("th-pid", "th-thanaporn", kb_claims={"transaction_data_hashes": ["A" * 43]})),
        ),
    )
    yield PAYMENT.refused(
        "payment-authorised-unasked",
        "holder.transaction_mismatch",
        "Thanaporn authorised a payment that the bank did not ask for",
        why="Somebody else asked her.",
        body=query(PID),
    )
    yield MDOC.refused(
        "payment-asked-of-an-mdoc",
        "holder.transaction_mismatch",
        "A payment was to be authorised with an mdoc",
        why="No standard and no type of payment that is known here says how an mdoc would authorise one.",
        body={**query(MDOC_QUERY), "transaction_data": [payment("mdoc")]},
    )
