"""Cases about assertions: what one node says, shown at another.

Clause: architecture section 1.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.sandbox import forgeries
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.case import Kind
from idbridge.sandbox.edits import ABSENT, Within
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.recipe import Ask
from idbridge.sandbox.replays import the_same

_ACCOUNT: Final = Ask(claims=("name", "birthdate"))

SG: Final = accepted(
    "assertion-of-node-sg",
    "Node SG vouches for Tan Hui Ling's wallet identity before a bank in Bangkok",
    why="Thailand and Singapore recognise each other's nodes, and Thailand would recognise the source itself.",
    to="th-bank",
    purpose="account-opening",
    source=AssertionOf("sg-node", "sg-branch", Presentation("sg-pid", "sg-tan")),
    ask=_ACCOUNT,
)
MY: Final = accepted(
    "assertion-of-node-sg-about-malaysian",
    "Node SG vouches for Arvind's Malaysian login before a bank in Bangkok",
    why="Two arrangements: one with the node's state, one with the state that the login is from.",
    to="th-bank",
    purpose="account-opening",
    source=AssertionOf("sg-node", "sg-branch", Login("my-login", "my-arvind")),
    ask=_ACCOUNT,
)
PH: Final = accepted(
    "assertion-of-node-sg-about-filipino",
    "Node SG vouches for Luisa's login of the Philippines before a bank in Bangkok",
    why="Thailand recognises logins of the Philippines, so it recognises one that came through Singapore.",
    to="th-bank",
    purpose="account-opening",
    source=AssertionOf("sg-node", "sg-branch", Login("ph-login", "ph-luisa")),
    ask=_ACCOUNT,
)
TH: Final = accepted(
    "assertion-of-node-th",
    "Node TH vouches for Thanaporn's wallet identity before a bank in Singapore",
    why="The same in the other direction.",
    to="sg-bank",
    purpose="account-opening",
    source=AssertionOf("th-node", "th-branch", Presentation("th-pid", "th-thanaporn")),
    ask=_ACCOUNT,
)
TRY: Final = accepted(
    "assertion-of-node-sg-for-try-page",
    "Node SG vouches for Tan Hui Ling's wallet identity before the page where everybody may try",
    why="The page is one party with a registration at either node, and asks one of them what the other vouched for.",
    to="th-try",
    purpose="account-opening",
    source=AssertionOf("sg-node", "sg-try", Presentation("sg-pid", "sg-tan")),
    ask=_ACCOUNT,
)


def entries() -> Iterator[Entry]:
    """Yield the cases about assertions."""
    yield from (SG, MY, PH, TH, TRY)
    yield from _for_another()
    yield from _passed_on()
    yield from _about_strangers()
    yield from _forged()
    yield from _malformed()


def _for_another() -> Iterator[Entry]:
    yield SG.refused(
        "assertion-for-another-party",
        "recognition.assertion_audience",
        "An assertion that a bank in Singapore asked for, for itself",
        why="An assertion is for whom it was made.",
        asked_by="sg-bank",
    )
    yield SG.refused(
        "assertion-for-another-purpose",
        "recognition.purpose_not_allowed",
        "An assertion made for an account, used to send money",
        why="The node asked its own question, and this is another one.",
        purpose="remittance",
    )
    yield SG.refused(
        "assertion-used-twice",
        "holder.replayed",
        "The same assertion a second time",
        why="An assertion counts once.",
        kind=Kind.SEQUENCE,
        before=the_same,
    )
    yield SG.refused(
        "assertion-where-a-nonce-is-expected",
        "holder.nonce_mismatch",
        "A relying party that expects an answer to its nonce and gets an assertion",
        why="An assertion answers no nonce; who expects one wants the person, not the node.",
        expected={"nonce": "n-of-the-relying-party"},
    )


def _passed_on() -> Iterator[Entry]:
    yield SG.refused(
        "assertion-on-assertion",
        "recognition.assertion_chained",
        "An assertion that rests on an assertion",
        why="Trust is not passed on: each node answers for what it saw itself.",
        token={"origin": Within({"format": "idbridge-assertion+jwt"})},
    )
    yield SG.refused(
        "assertion-from-assertion",
        "policy.assertion_not_available",
        "A bank that asks node TH for an assertion from node SG's",
        why="The other end of the same rule: none is made from one.",
        body={"assertion": {"audience": "https://sandbox.bank.th.example"}},
    )
    yield PH.refused(
        "assertion-about-what-is-not-recognised",
        "recognition.service_not_covered",
        "Node SG vouches for Luisa's national identity before a bank in Bangkok",
        why="Singapore recognises it and Thailand does not; a node cannot lend its state's arrangements.",
        source=Presentation("ph-pid", "ph-luisa"),
    )


def _about_strangers() -> Iterator[Entry]:
    yield PH.refused(
        "assertion-about-withdrawn-provider",
        "issuer.withdrawn",
        "Node SG vouches for an attestation of an office that Cambodia closed meanwhile",
        why="A node that missed the closing does not keep the office open anywhere else.",
        about="kh-residence-2025",
    )
    yield PH.refused(
        "assertion-about-leaked-key",
        "issuer.compromised",
        "Node SG vouches for a login under the leaked key of a Thai bank, before a bank in Bangkok",
        why="The bank's own state warned of the key; a way through Singapore does not mend it.",
        about="th-broker-leaked",
    )
    yield PH.refused(
        "assertion-about-unknown-provider",
        "issuer.unknown",
        "Node SG vouches for a login of a provider that nobody lists",
        why="A node says what it saw; who may issue, each state says for itself.",
        token={"origin": Within({"issuer": "https://nobody.example"})},
    )
    yield PH.refused(
        "assertion-that-moves-a-provider",
        "recognition.assertion_malformed",
        "Node SG says that a provider of the Philippines is one of Thailand",
        why="What is one's own needs no arrangement, so nobody may call another's provider one's own.",
        token={"origin": Within({"state": "TH"})},
    )
    yield PH.refused(
        "assertion-about-another-kind",
        "issuer.service_not_listed",
        "Node SG says that a login provider of the Philippines issued a wallet identity",
        why="A provider is listed for one thing, also where a node speaks of it.",
        token={"origin": Within({"format": "dc+sd-jwt"})},
    )


def _forged() -> Iterator[Entry]:
    yield SG.refused(
        "assertion-of-closed-node",
        "issuer.withdrawn",
        "An assertion under the key of Singapore's closed pilot node",
        why="A state withdraws its node like any other service.",
        service="sg-node-pilot",
    )
    yield SG.refused(
        "assertion-signature-changed",
        "jose.signature_invalid",
        "One bit of the assertion's signature is another",
        why="There is no such thing as nearly signed.",
        seal=forgeries.signature_changed,
    )
    yield SG.refused(
        "assertion-signed-by-provider",
        "jose.signature_invalid",
        "An assertion that a login provider of the same state signed",
        why="A key that is listed for one thing signs nothing else.",
        signed_by="sg-login",
    )
    yield TH.refused(
        "live-assertion-at-sandbox-node",
        "recognition.environment_mismatch",
        "An assertion of Thailand's live node at a node of the sandbox",
        why="Sandbox and live never mix.",
        made_in=Environment.LIVE,
    )
    yield TH.refused(
        "assertion-that-says-live",
        "recognition.environment_mismatch",
        "An assertion of a sandbox node that calls itself live",
        why="A node cannot promote itself.",
        token={"environment": "live"},
    )


def _malformed() -> Iterator[Entry]:
    yield SG.refused(
        "assertion-expired",
        "time.expired",
        "An assertion that was good two minutes ago",
        why="Five minutes at most, so that nothing revoked lives on in it.",
        ago=LIMITS.assertion_lifetime + timedelta(minutes=2),
    )
    yield SG.refused(
        "assertion-without-member",
        "recognition.assertion_malformed",
        "An assertion without the purpose it was made for",
        why="Every member is there, or nobody knows what was left out.",
        token={"purpose": ABSENT},
    )
    yield SG.refused(
        "assertion-with-unknown-member",
        "recognition.assertion_malformed",
        "An assertion with a member that nobody knows",
        why="What is not understood is not ignored.",
        token={"note": "please accept"},
    )
    yield SG.refused(
        "assertion-that-raises-a-level",
        "recognition.assertion_malformed",
        "An assertion whose level is above its weaker axis",
        why="The weaker axis is the level, wherever it is stated.",
        token={"assurance": Within({"authentication": "A1"})},
    )
    yield SG.refused(
        "assertion-about-a-company-of-another-register",
        "mandate.entity_invalid",
        "An assertion that names a company of Viet Nam on the word of a provider of Singapore",
        why="No state speaks for another's register, and a node cannot lend it the right to.",
        token={
            "represents": {
                "entity": {"scheme": "VN-MST", "value": "0000000501"},
                "name": None,
                "scope": ["represent"],
                "valid_from": None,
                "valid_until": None,
            }
        },
    )
