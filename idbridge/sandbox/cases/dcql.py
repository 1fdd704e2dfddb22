"""Cases about queries, and what wallets answer to them: one credential or several, each held against what was asked.

Clauses: OpenID4VP 1.0 sections 6 to 8.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.sandbox import vp_tokens
from idbridge.sandbox.case import Kind
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.recipe import Ask, Nonce
from idbridge.sandbox.vp_tokens import Sent, VpToken

_TH_TYPE: Final = "urn:example:th:pid:1"
PH_TYPE: Final = "urn:example:ph:pid:1"
_CLAIMS: Final = ("name", "birthdate", "nationality")


def asked(name: str, type_: str, **members: Any) -> dict[str, Any]:
    """Return a credential query for an SD-JWT VC."""
    return {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": [type_]}, **members}


def query(*credentials: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """Return the edit of a body that sends the query along."""
    return {"dcql": {"credentials": list(credentials), **members}}


_NAMES: Final = [
    {"id": "given", "path": ["given_name"]},
    {"id": "family", "path": ["family_name"]},
    {"id": "born", "path": ["birthdate"]},
    {"id": "nationality", "path": ["nationality"], "values": ["TH", "SG"]},
]
PID: Final = asked("pid", _TH_TYPE, claims=_NAMES)
_NATIONAL: Final = asked("national", PH_TYPE, claims=[{"path": ["fName"]}, {"path": ["DOB"]}])
THANAPORN: Final = Presentation("th-pid", "th-thanaporn")
KITTI: Final = Presentation("th-pid", "th-kitti")
_LUISA: Final = Presentation("ph-pid", "ph-luisa")


def payment(name: str) -> str:
    """Return the text of a payment that the credential asked for as ``name`` may authorise."""
    asked_of = {"type": "urn:example:payment", "credential_ids": [name], "amount": "120.00 SGD"}
    return base64url.encode(json.dumps(asked_of).encode())


_PAYMENT: Final = payment("pid")
_AUTHORISED: Final = {"transaction_data_hashes": [base64url.encode(hashlib.sha256(_PAYMENT.encode()).digest())]}


def answered(name: str, title: str, why: str, *answers: Sent, body: Mapping[str, Any], **ask: Any) -> Entry:
    """Return the entry of an answer that a bank in Singapore accepts for an account."""
    return accepted(
        name,
        title,
        why=why,
        to="sg-bank",
        purpose="account-opening",
        source=VpToken(answers),
        ask=Ask(**{"claims": _CLAIMS, **ask, "body": body}),
    )


TH: Final = answered(
    "th-wallet-answers-query",
    "Thanaporn's wallet answers a query for her identity",
    "Type, claims and one value are as asked for, which is looked up in the credential and not in the wallet's word.",
    Sent("pid", THANAPORN),
    body=query(PID),
)
LEAST: Final = answered(
    "th-wallet-answers-with-second-claim-set",
    "Kitti keeps his date of birth to himself and answers with the claim set that does without",
    "One whole claim set is enough, and the query says which there are.",
    Sent("pid", Presentation("th-pid", "th-kitti", withheld=("birthdate",))),
    body=query({**PID, "claim_sets": [["given", "family", "born"], ["given", "family"]]}),
)
EITHER: Final = answered(
    "ph-wallet-answers-one-of-two",
    "Luisa answers a query for a Thai or a Philippine identity with hers",
    "One option of the set is whole.",
    Sent("national", _LUISA),
    body=query(PID, _NATIONAL, credential_sets=[{"options": [["pid"], ["national"]]}]),
)
BOTH: Final = answered(
    "ph-wallet-answers-with-two-of-one-person",
    "Nonoy's wallet answers with two identities that his state issued to him",
    "One provider calls him by one identifier in both, and one key holds them; what they say is his.",
    Sent("national", Presentation("ph-pid", "ph-nonoy")),
    Sent("second", Presentation("ph-pid", "ph-nonoy", withheld=("DOB",))),
    body=query(_NATIONAL, asked("second", PH_TYPE)),
)
STRANGERS: Final = answered(
    "two-credentials-that-share-no-key",
    "A Thai and a Philippine identity in one answer, held by two keys, the second without name and date of birth",
    "Both are genuine. That they belong together nobody showed, so only what the first says is passed on.",
    Sent("pid", THANAPORN),
    Sent("national", Presentation("ph-pid", "ph-luisa", withheld=("fName", "mName", "lName", "DOB"))),
    body=query(PID, asked("national", PH_TYPE)),
)
ALONE: Final = accepted(
    "th-pid-alone-answers-query",
    "Thanaporn's identity without a vp_token around it, with the query that it answers",
    why="A credential on its own is held against a query for one as well.",
    to="sg-bank",
    purpose="account-opening",
    source=THANAPORN,
    ask=Ask(claims=_CLAIMS, body=query(PID)),
)
COPY: Final = accepted(
    "ph-copy-answers-query-at-reception",
    "A photocopied identity answers a query that says that a copy will do",
    why="The query renounces the proof of the holder, and the purpose does too.",
    to="sg-bank",
    purpose="building-visit",
    source=VpToken((Sent("national", Presentation("ph-pid", "ph-luisa", bound=False)),)),
    ask=Ask(
        claims=("name",), nonce=Nonce.NONE, body=query({**_NATIONAL, "require_cryptographic_holder_binding": False})
    ),
)
SG: Final = accepted(
    "sg-wallet-of-named-authority",
    "Tan Hui Ling's wallet answers a query that names the authority of Singapore's issuer",
    why="The certificates in `x5c` were verified, and one names the authority's key.",
    to="th-bank",
    purpose="account-opening",
    source=VpToken((Sent("pid", Presentation("sg-pid", "sg-tan")),)),
    ask=Ask(
        claims=_CLAIMS,
        body=query({"id": "pid", "format": "dc+sd-jwt", "meta": {}}),
        sent=vp_tokens.naming_the_authority,
    ),
)
SG_LISTED: Final = accepted(
    "sg-wallet-of-named-list",
    "Tan Hui Ling's wallet answers a query that names Singapore's trust list",
    why="The certificates in `x5c` lead to one that stands in that list.",
    to="th-bank",
    purpose="account-opening",
    source=VpToken((Sent("pid", Presentation("sg-pid", "sg-tan")),)),
    ask=Ask(
        claims=_CLAIMS,
        body=query({"id": "pid", "format": "dc+sd-jwt", "meta": {}}),
        sent=vp_tokens.naming_the_list,
    ),
)
PAYMENT: Final = answered(
    "th-wallet-authorises-payment",
    "Thanaporn shows who she is and authorises the payment that the bank asked her to",
    "Her key binding holds the digest of the very text that was sent to her wallet.",
    Sent("pid", Presentation("th-pid", "th-thanaporn", kb_claims=_AUTHORISED)),
    body={**query(PID), "transaction_data": [_PAYMENT]},
)


MDOC_QUERY: Final = {
    "id": "mdoc",
    "format": "mso_mdoc",
    "meta": {"doctype_value": "example.sg.pid.1"},
    "claims": [{"path": ["example.sg.pid.1", "family_name"], "intent_to_retain": True}],
}
MDOC: Final = accepted(
    "sg-wallet-answers-with-mdoc",
    "Tan Hui Ling's wallet answers a query for an mdoc",
    why="The document type and the elements are as asked for, by namespace.",
    to="th-bank",
    purpose="account-opening",
    source=VpToken((Sent("mdoc", Mdoc("sg-mdoc", "sg-tan")),)),
    ask=Ask(claims=_CLAIMS, body=query(MDOC_QUERY)),
)
MIXED: Final = accepted(
    "sg-wallet-answers-in-two-formats",
    "Tan Hui Ling's wallet answers with a credential and an mdoc in one go",
    why="Each is judged by the rules of its own format, and both answer one nonce.",
    to="th-bank",
    purpose="account-opening",
    source=VpToken((Sent("pid", Presentation("sg-pid", "sg-tan")), Sent("mdoc", Mdoc("sg-mdoc", "sg-tan")))),
    ask=Ask(claims=_CLAIMS, body=query({"id": "pid", "format": "dc+sd-jwt", "meta": {}}, MDOC_QUERY)),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about queries and their answers."""
    yield from (TH, LEAST, EITHER, BOTH, STRANGERS, ALONE, COPY, SG, SG_LISTED, PAYMENT, MDOC, MIXED)
    yield from _tokens()
    yield from _mismatches()
    yield from _incomplete()
    yield from _queries()


def _tokens() -> Iterator[Entry]:
    yield TH.refused(
        "vp-token-without-query",
        "query.missing",
        "A wallet's answer without the query that it answers",
        why="The ids in it mean something in the query alone.",
        body={},
    )
    yield TH.refused(
        "vp-token-under-another-id",
        "query.id_unknown",
        "A wallet's answer to a query that nobody asked",
        why="It answers something else, whatever is in it.",
        wrap=vp_tokens.under_another_id,
    )
    yield TH.refused(
        "vp-token-with-one-too-many",
        "query.multiple_not_allowed",
        "A wallet answers with two where one was asked for",
        why="Which of them counts would be for the reader to choose.",
        wrap=vp_tokens.sent_twice,
    )
    yield TH.refused(
        "vp-token-of-old-drafts",
        "input.malformed",
        "A wallet's answer without lists, as old drafts had it",
        why="The standard has one form.",
        wrap=vp_tokens.without_list,
    )
    yield TH.refused(
        "vp-token-with-a-crowd",
        "input.too_large",
        "A wallet answers with more presentations than the limit",
        why="Each of them costs signatures to check.",
        wrap=vp_tokens.in_a_crowd,
    )
    yield TH.refused(
        "vp-token-of-another-request",
        "holder.nonce_mismatch",
        "A wallet's answer to another request",
        why="One nonce is for the whole answer.",
        nonce=Nonce.ANOTHER,
    )
    yield BOTH.refused(
        "vp-token-with-one-forged",
        "holder.signature_invalid",
        "Of two presentations in one answer the second is bound by another wallet",
        why="Every presentation counts, and the worst decides.",
        answers=(
            Sent("national", Presentation("ph-pid", "ph-nonoy")),
            Sent("second", Presentation("ph-pid", "ph-nonoy", withheld=("DOB",), bound_by="ph-luisa")),
        ),
    )


def _mismatches() -> Iterator[Entry]:
    yield ALONE.refused(
        "answer-in-another-format",
        "query.format_mismatch",
        "A credential in another format than the query asks for",
        why="The query says in which format.",
        body=query({"id": "pid", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}),
    )
    yield TH.refused(
        "answer-of-another-type",
        "query.type_mismatch",
        "An identity where a diploma was asked for",
        why="Another document is no answer, however genuine.",
        body=query({**PID, "meta": {"vct_values": ["urn:example:th:diploma:1"]}}),
    )
    yield SG.refused(
        "answer-of-another-authority",
        "query.authority_mismatch",
        "A query names an authority that does not vouch for the issuer",
        why="Who asks may narrow further than the lists do.",
        sent=vp_tokens.naming_another_authority,
    )
    yield SG_LISTED.refused(
        "answer-of-another-list",
        "query.authority_mismatch",
        "A query names Thailand's trust list, and the issuer stands in Singapore's",
        why="A list vouches for those in it.",
        sent=vp_tokens.naming_another_list,
    )
    yield SG_LISTED.refused(
        "answer-where-a-federation-was-named",
        "query.authority_mismatch",
        "A query names an entity of a federation",
        why="Nobody here looks at a federation, so nobody in one vouches.",
        sent=vp_tokens.naming_a_federation,
    )
    yield COPY.refused(
        "copy-where-the-holder-is-asked-for",
        "query.holder_binding_missing",
        "A photocopied identity answers a query that asks for a proof of the holder",
        why="Without a word on it the query demands the proof.",
        body=query(_NATIONAL),
    )
    yield LEAST.refused(
        "answer-without-asked-claim",
        "query.claim_missing",
        "Kitti keeps his date of birth to himself, and every claim was asked for",
        why="What is withheld is missing.",
        body=query(PID),
    )
    yield TH.refused(
        "answer-with-another-value",
        "query.value_mismatch",
        "A Thai identity where a nationality of Singapore was asked for",
        why="The value is compared with the one that was signed.",
        body=query({**PID, "claims": [{"path": ["nationality"], "values": ["SG"]}]}),
    )


def _incomplete() -> Iterator[Entry]:
    yield TH.refused(
        "answer-to-half-the-query",
        "query.unsatisfied",
        "Two credentials were asked for and one is shown",
        why="Without sets, all of them are needed.",
        body=query(PID, _NATIONAL),
    )
    yield EITHER.refused(
        "answer-to-half-an-option",
        "query.unsatisfied",
        "Half of the only option of a credential set is shown",
        why="An option is whole or none.",
        body=query(PID, _NATIONAL, credential_sets=[{"options": [["pid", "national"]]}]),
    )


def _queries() -> Iterator[Entry]:
    yield TH.refused(
        "query-with-unknown-member",
        "query.malformed",
        "A query with a member that the standard does not define",
        why="A restriction under a wrong name would otherwise be none.",
        kind=Kind.REQUEST,
        body=query({**PID, "claims_required": True}),
    )
    yield PAYMENT.refused(
        "transaction-for-no-credential",
        "query.malformed",
        "A transaction for a credential that is not asked for",
        why="Nobody could authorise it.",
        kind=Kind.REQUEST,
        body={**query({**PID, "id": "other"}), "transaction_data": [_PAYMENT]},
    )
