"""Cases about recognition and policy: genuine, valid, and not accepted here, for this, at this level.

Clause: architecture D2 and D4.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.sandbox.cases import logins, presentations
from idbridge.sandbox.edits import Within
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.presentations import Representation

_DAY: Final = timedelta(days=1)


def entries() -> Iterator[Entry]:
    """Yield the cases about recognition, mandates and policy."""
    yield from _arrangements()
    yield from _scope()
    yield from _mandates()
    yield from _policy()


def _arrangements() -> Iterator[Entry]:
    yield presentations.MM.refused(
        "mm-card-in-singapore",
        "recognition.no_arrangement",
        "Thida's card of Myanmar at a bank in Singapore",
        why="Genuine and in force, and the two states agreed on nothing yet.",
        relying_party="sg-bank",
    )
    yield presentations.MM.refused(
        "mm-card-in-thailand",
        "recognition.not_yet_in_force",
        "Thida's card of Myanmar at a bank in Bangkok",
        why="Agreed, and in force from a later day.",
        relying_party="th-bank",
    )
    yield logins.KH.refused(
        "kh-login-in-thailand",
        "recognition.suspended",
        "Sok Chandara of Cambodia logs in at a bank in Bangkok",
        why="Thailand suspended the arrangement alone; the regional one does not step in.",
        relying_party="th-bank",
    )
    yield logins.ID.refused(
        "id-login-in-singapore",
        "recognition.repealed",
        "Suharti of Indonesia logs in at a bank in Singapore",
        why="The arrangement ended; the regional one does not step in.",
        relying_party="sg-bank",
    )
    yield logins.PH.refused(
        "tl-login-in-singapore",
        "recognition.observer_state",
        "Domingos of Timor-Leste logs in at a bank in Singapore",
        why="An observer publishes its list; nothing of it is recognised yet.",
        service="tl-login",
        person="tl-domingos",
    )
    yield logins.PH.refused(
        "tl-login-at-home",
        "recognition.observer_state",
        "Filomena of Timor-Leste logs in at home",
        why="At home as abroad: an observer has nothing recognised yet.",
        service="tl-login",
        person="tl-filomena",
        relying_party="tl-telco",
    )


def _scope() -> Iterator[Entry]:
    yield logins.BN.refused(
        "bn-login-for-health",
        "recognition.purpose_not_allowed",
        "Hakim's login of Brunei, for treatment in Thailand",
        why="The regional arrangement covers visits and not health.",
        purpose="health-visit",
    )
    yield presentations.PH.refused(
        "ph-pid-in-thailand",
        "recognition.service_not_covered",
        "Luisa's national identity of the Philippines at a bank in Bangkok",
        why="Thailand and the Philippines agreed on logins only.",
        relying_party="th-bank",
    )
    yield logins.MY.refused(
        "my-login-buys-property",
        "recognition.loa_too_low",
        "Arvind's login of Malaysia, for property in Singapore",
        why="A3 at home counts as A2 here, and the purpose needs A3.",
        purpose="property-purchase",
    )
    yield presentations.SG_PROPERTY.refused(
        "sg-pid-too-low-for-property",
        "recognition.loa_too_low",
        "Tan Hui Ling's wallet identity at a lower level, for property in Thailand",
        why="The same wallet, enrolled with less care.",
        level="urn:example:sg:loa:2",
    )


def _mandates() -> Iterator[Entry]:
    vn, sg = presentations.VN, presentations.SG_COMPANY
    yield vn.refused(
        "mandate-missing",
        "mandate.missing",
        "An attestation of Viet Nam that names no company",
        why="The purpose is for companies; a person alone is not one.",
        represents=None,
    )
    yield vn.refused(
        "mandate-expired",
        "mandate.expired",
        "A mandate of Viet Nam that ended yesterday",
        why="The credential is good and the mandate in it is over.",
        represents=Representation("vn-sen", ends=-_DAY),
    )
    yield vn.refused(
        "mandate-of-tomorrow",
        "mandate.expired",
        "A mandate of Viet Nam that begins tomorrow",
        why="The mandate is not in force at this instant.",
        represents=Representation("vn-sen", starts=_DAY),
    )
    yield vn.refused(
        "mandate-for-less",
        "mandate.out_of_scope",
        "A mandate of Viet Nam to fetch the post",
        why="The mandate does not cover what the purpose needs.",
        represents=Representation("vn-sen", scope=("fetch-post",)),
    )
    yield sg.refused(
        "mandate-of-another-company",
        "mandate.entity_mismatch",
        "A mandate of Singapore for another company than the one the bank deals with",
        why="The person may act, and for somebody else.",
        represents=Representation("sg-pier"),
    )
    yield vn.refused(
        "mandate-for-a-company-of-another-register",
        "mandate.entity_invalid",
        "A mandate of Viet Nam for a company of Singapore",
        why="Who may act for a company says the state whose register it stands in, and no other.",
        represents=Representation("sg-quay"),
    )
    yield vn.refused(
        "mandate-for-a-number-of-no-form",
        "mandate.entity_invalid",
        "A mandate of Viet Nam for a company whose number is none",
        why="What no register could have issued names nobody.",
        payload={"dai_dien": Within({"entity": {"scheme": "VN-MST", "value": "not a number"}})},
    )


def _policy() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "purpose-not-registered",
        "policy.purpose_not_registered",
        "A bank that asks for a health visit",
        why="The registration bounds every request.",
        purpose="health-visit",
    )
    yield sg.refused(
        "audience-not-registered",
        "policy.audience_not_registered",
        "A bank that names an audience that is not its own",
        why="A request can narrow what is registered and never widen it.",
        expected={"audience": "https://sandbox.tower.sg.example"},
    )
    yield logins.VN.refused(
        "level-demanded",
        "policy.loa_too_low",
        "A bank that demands A3 of a level 2 login of Viet Nam",
        why="Recognised at A2; the bank itself asked for more.",
        expected={"loa": "A3"},
    )
