"""Attacks 49 to 65: who speaks for whom, which kind of service, from when until when, and what a list may hold.

Clauses: reference on trust lists, section 7; ETSI TS 119 602; architecture D1 and D2.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from idbridge.model.region import MemberState
from idbridge.sandbox.cases import assertions, issuers, logins, presentations, recognition, sd_jwts
from idbridge.sandbox.cases.attacks_freshness import NEXT
from idbridge.sandbox.drill import contents, edits, thefts
from idbridge.sandbox.drill.agreeing import Agreement
from idbridge.sandbox.drill.arena import HOUR, SG
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.making import properly
from idbridge.sandbox.drill.publication import Publication
from idbridge.sandbox.drill.showing import LoginAfter, Shown
from idbridge.sandbox.drill.standing import Withdrawal
from idbridge.sandbox.entry import Entry

PROFILE: Final = "trust.profile_violation"
ORDER: Final = "trust.status_order"
_MINUTE: Final = timedelta(minutes=1)

_HONEST: Final[dict[str, tuple[Entry, str]]] = {
    "honest-login-abroad": (logins.SG, "A login of Singapore at a bank in Bangkok"),
    "honest-login-of-indonesia": (logins.ID, "A login of Indonesia where it is recognised"),
    "honest-login-of-cambodia": (logins.KH, "A login of Cambodia where it is recognised"),
    "honest-login-of-broker": (logins.TH_BROKER, "A login by Thailand's broker under its present key"),
    "honest-wallet-of-thailand": (presentations.TH, "A wallet identity of Thailand at a bank in Singapore"),
    "honest-card-of-myanmar": (presentations.MM, "A card of Myanmar at home"),
    "honest-residence-of-cambodia": (presentations.KH, "A residence attestation of Cambodia by the open office"),
    "honest-assertion": (assertions.SG, "An assertion of Singapore's node at a relying party in Thailand"),
    "honest-assertion-about-filipino": (assertions.PH, "An assertion of Singapore's node about a login"),
}
# Attacks by credential that the common catalogue tries too: the case there, and why it stands in this catalogue.
_SHOWN: Final = (
    ("attack-51-wallet-issuer-signs-login", "service-of-another-kind",
     "A login under an issuer that is listed for wallet identities",
     "A key that may do one thing may not do another."),
    ("attack-51-login-provider-signs-assertion", "assertion-about-another-kind",
     "An assertion that rests on a service of another kind than it says",
     "What a service is listed for is what it may be relied on for."),
    ("attack-52-type-not-listed", "vct-not-listed",
     "A wallet credential of a type that its issuer is not listed for",
     "An issuer of identities is none of driving licences."),
    ("attack-53-no-agreement", "mm-card-in-singapore",
     "A card of Myanmar in a state that has agreed on nothing with it",
     "A good list is not an agreement."),
    ("attack-53-agreement-repealed", "id-login-in-singapore",
     "A login of Indonesia under an arrangement that ended",
     "The history says what counts today, and today nothing does."),
    ("attack-53-agreement-in-future", "mm-card-in-thailand",
     "A card of Myanmar under an arrangement that begins later",
     "Agreed is not yet in force."),
    ("attack-53-agreement-suspended", "kh-login-in-thailand",
     "A login of Cambodia under an arrangement that one side suspended",
     "Leaving takes one, entering takes both."),
    ("attack-54-assertion-on-assertion", "assertion-on-assertion",
     "An assertion about an assertion of a third state",
     "Trust goes one step and is not passed on."),
    ("attack-54-third-state-by-the-back-door", "assertion-about-what-is-not-recognised",
     "A service that Singapore recognises and Thailand does not, shown in Thailand by Singapore's word",
     "That two trust each other, and two others do, makes no third pair."),
    ("attack-57-granted-then-without-evidence", "kh-residence-of-closed-office",
     "A residence attestation of an office that has closed since, without evidence of when it was made",
     "It may be genuine; without trusted evidence of the time nobody can tell it from one made yesterday."),
    ("attack-58-compromised-key", "th-broker-leaked-key",
     "A login under a key that has been in wrong hands since before",
     "From then on the thief's signature is as good as the provider's."),
)  # fmt: skip

LOGIN: Final = accepted(
    "honest-login-after-next-list",
    "A login of Singapore at a node that has just taken up Singapore's next list",
    why="The list still grants what it granted.",
    act=LoginAfter(),
)
OLDER_LOGIN: Final = accepted(
    "honest-login-of-minutes-ago",
    "A login of four minutes ago, at a node that has just taken up Singapore's next list",
    why="It was good when it was made, and nothing has ended since.",
    act=LoginAfter(publication=Publication(issued=-_MINUTE), ago=4 * _MINUTE),
)
AGREEMENT: Final = accepted(
    "honest-next-agreement",
    "The next version of an arrangement, signed by both parties",
    why="Both signed, and its number follows.",
    act=Agreement(),
)
HALVED: Final = accepted(
    "honest-shrink-confirmed",
    "A list of Singapore that ends half of its services, under one signature more than needed",
    why="All three holders of the role looked at it.",
    act=Publication(built=contents.half_ended, signers=thefts.everybody(SG)),
)
WITHDRAWN: Final = accepted(
    "honest-withdrawal-of-a-list",
    "Singapore withdraws its whole list, under one signature more than needed",
    why="A state may leave by its own word, and everybody who keeps its keys said it.",
    act=Withdrawal(signers=thefts.everybody(SG)),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on scope and semantics."""
    yield from (LOGIN, OLDER_LOGIN, AGREEMENT, HALVED, WITHDRAWN)
    yield from _territories()
    yield from _shown()
    yield from _agreements()
    yield from _endings()
    yield from _histories()
    yield from _unknown()
    yield from _identities()


def _territories() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-49-issuer-of-neighbour",
        "trust.territory_mismatch",
        "A list of Singapore that also lists an issuer of Thailand",
        why="The entry gives no trust and the rest of the list stands: nobody speaks for a neighbour.",
        built=contents.issuer_of_neighbour,
    )
    yield NEXT.refused(
        "attack-49-role-lists-neighbour",
        "trust.territory_mismatch",
        "A role of Singapore that lists the list of Thailand",
        why="Its paths are its own, whatever else is written there.",
        edits=edits.of("SG", thefts.lists("lists/TH/list.jws")),
    )
    yield NEXT.refused(
        "attack-49-list-speaks-for-neighbour",
        "trust.territory_mismatch",
        "A list that Singapore signed and that says it is Thailand's",
        why="A state signs for itself.",
        built=contents.scheme(SchemeTerritory="TH"),
    )
    yield NEXT.refused(
        "attack-50-list-of-another-type",
        PROFILE,
        "A list of verifiers in the place of a list of issuers",
        why="A name on one list says nothing for another.",
        built=contents.scheme(LoTEType="urn:idbridge:lote:verifiers"),
    )


def _shown() -> Iterator[Attack]:
    modules = (logins, presentations, issuers, sd_jwts, recognition, assertions)
    known = {entry.case.name: entry for module in modules for entry in module.entries()}
    honest = {
        entry.case.name: accepted(name, title, why=entry.case.why, act=Shown.of(entry), state=entry.case.state)
        for name, (entry, title) in _HONEST.items()
    }
    yield from honest.values()
    for name, case, title, why in _SHOWN:
        entry = known[case]
        twin = honest[str(entry.case.twin)]
        shown = Shown.of(entry)
        changes = {
            field: getattr(shown, field)
            for field in Shown.__slots__
            if getattr(shown, field) != getattr(twin.act, field)
        }
        yield twin.refused(name, str(entry.case.code), title, why=why, **changes)


def _agreements() -> Iterator[Attack]:
    yield AGREEMENT.refused(
        "attack-53-agreement-of-one-side",
        "trust.arrangement_invalid",
        "The next version of an arrangement, signed by one of its parties",
        why="Nobody widens what another one bound itself to.",
        parties=(SG,),
    )
    yield AGREEMENT.refused(
        "attack-53-agreement-by-a-stranger",
        "trust.arrangement_invalid",
        "The next version of an arrangement, signed by one party and a third state",
        why="Whose word is needed stands in the arrangement.",
        parties=(SG, MemberState.MY),
    )
    yield AGREEMENT.refused(
        "attack-53-agreement-with-unknown-member",
        "trust.arrangement_invalid",
        "The next version of an arrangement, with a member that nobody knows",
        why="What is not understood is not ignored: the parties may have agreed on something else.",
        more={"secret_clause": "everything"},
    )


def _endings() -> Iterator[Attack]:
    yield LOGIN.refused(
        "attack-55-withdrawn-now",
        "issuer.withdrawn",
        "A login made after Singapore withdrew the service",
        why="The newest list counts, from the moment that it is in force.",
        publication=Publication(built=contents.login_ended(contents.WITHDRAWN, before=HOUR)),
    )
    yield OLDER_LOGIN.refused(
        "attack-56-withdrawn-backdated",
        "issuer.withdrawn",
        "A login that says it was made before Singapore withdrew the service",
        why="What a key says of the time is worth what the key is worth: nothing any more.",
        publication=Publication(issued=-_MINUTE, built=contents.login_ended(contents.WITHDRAWN, before=_MINUTE)),
    )
    yield OLDER_LOGIN.refused(
        "attack-58-compromised-since",
        "issuer.compromised",
        "A login that says it is older than a compromise that reaches back behind it",
        why="From that time on nothing that the key signed counts.",
        publication=Publication(issued=-_MINUTE, built=contents.login_ended(contents.COMPROMISED, before=HOUR)),
    )
    yield LOGIN.refused(
        "attack-62-one-key-in-two-services",
        "issuer.withdrawn",
        "A login under a key that Singapore lists twice, once as withdrawn",
        why="Of two things that are said of one key, the worse one counts.",
        publication=Publication(built=contents.login_twice),
    )


def _histories() -> Iterator[Attack]:
    for name, built in contents.DISORDERED.items():
        yield NEXT.refused(
            f"attack-59-history-{name}",
            ORDER,
            f"A list with a service whose history {name.replace('-', ' ')}",
            why="Nobody could tell what was trusted when.",
            built=built,
        )
    yield NEXT.refused(
        "attack-59-another-past",
        "trust.history_rewritten",
        "A list that tells another past of a service than the one before it",
        why="What was published about yesterday stays published.",
        built=contents.ANOTHER_PAST,
    )
    yield HALVED.refused(
        "attack-63-half-of-a-list-ends",
        "trust.shrink_unconfirmed",
        "A list of Singapore that ends half of its services, under just enough signatures",
        why="A wrong template looks like that, and so does sabotage; it waits for one signature more.",
        signers=properly,
    )
    yield WITHDRAWN.refused(
        "attack-63-whole-list-withdrawn",
        "trust.shrink_unconfirmed",
        "A role of Singapore that lists nothing any more, under just enough signatures",
        why="To end everything takes no less than to end half of it.",
        signers=properly,
    )
    yield NEXT.refused(
        "attack-63-empty-list",
        PROFILE,
        "A list of Singapore that lists nobody",
        why="Empty is no list; a state that leaves says so by its role.",
        built=contents.empty,
    )


def _unknown() -> Iterator[Attack]:
    unknown = {
        "60-unknown-status": ("status", contents.unknown_status),
        "61-unknown-critical-extension": ("extension that must be understood", contents.unknown_critical_extension),
    }
    for name, (what, change) in unknown.items():
        yield LOGIN.refused(
            f"attack-{name}",
            "jose.kid_unknown",
            f"A login of a service that Singapore lists with a {what} and nobody knows",
            why="That entry gives no trust; the rest of the list does.",
            publication=Publication(built=contents.login(change)),
        )


def _identities() -> Iterator[Attack]:
    identities: dict[str, tuple[str, Any]] = {
        "64-identity-empty": ("identifies nothing", {}),
        "64-identity-made-up": ("is identified by a member that nobody knows", {"Fingerprint": ["00"]}),
        "65-identity-by-name-alone": ("is identified by a name alone", {"X509SubjectNames": ["CN=LionPass,C=SG"]}),
    }
    for name, (what, value) in identities.items():
        yield NEXT.refused(
            f"attack-{name}",
            PROFILE,
            f"A list with a service that {what}",
            why="A name is no key, and whoever takes the name would take the trust.",
            built=contents.identity(value),
        )
    certificates = {
        "not-der": ("is no certificate", contents.not_der),
        "pem": ("stands there as PEM", contents.as_pem),
        "trailing-octets": ("goes on behind its end", contents.with_trailing_octets),
    }
    for name, (what, change) in certificates.items():
        yield NEXT.refused(
            f"attack-64-certificate-{name}",
            PROFILE,
            f"A list with a certificate that {what}",
            why="The schema of the standard lets it pass, and two readers would see two things.",
            built=contents.certificate(change),
        )
