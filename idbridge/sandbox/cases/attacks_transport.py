"""Attacks 66 to 72: mirrors that answer with anything, texts that wear parsers out, odd certificates, and faults.

Clauses: reference on trust lists, section 7; RFC 8259, RFC 9110; RFC 5280 sections 4.1 and 6.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from idbridge.sandbox.cases import presentations, revocations
from idbridge.sandbox.cases.attacks_freshness import NEXT
from idbridge.sandbox.drill import contents, der, edits, failing, fetching, paths, tampering
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.failing import FailOpen, Racing, TakingUp
from idbridge.sandbox.drill.fetching import Mirrored, Pointed
from idbridge.sandbox.drill.showing import Shown
from idbridge.sandbox.drill.trying import Tried

PROFILE: Final = "trust.profile_violation"
METADATA: Final = "trust.metadata_invalid"
UNREACHABLE: Final = "trust.unreachable"
FETCH: Final = "system.fetch_failed"
NO_ASSERTION: Final = "policy.assertion_not_available"

MIRROR: Final = accepted(
    "honest-mirror",
    "Singapore's next list, fetched from a mirror over HTTP",
    why="Whoever serves it, what is signed decides.",
    act=Mirrored(),
)
POINTER: Final = accepted(
    "honest-pointer",
    "A document at the address that signed settings name",
    why="The host is allowed, and its address is one that may be fetched from.",
    act=Pointed(),
)
NAMED: Final = accepted(
    "honest-pointer-by-name",
    "A document of a host that settings name, whose name leads to where it may",
    why="The address is looked up once and used for the connection that is made.",
    act=Pointed(url="http://lists.example:{port}/metadata/timestamp.json"),
)
WALLET: Final = accepted(
    "honest-wallet-with-certificate",
    "A wallet identity of Singapore under a certificate of the listed authority",
    why="One short path leads to what the list names.",
    act=Shown.of(presentations.SG),
)
REVOCATIONS: Final = accepted(
    "honest-revocation-list",
    "A wallet identity while the newest revocation list names nobody",
    why="The list is signed, current and not older than the one before it.",
    act=Tried(revocations.CURRENT.attempt),
)
FAULTLESS: Final = accepted(
    "honest-login-at-restored-node",
    "A login of Singapore at a node that was restored from its floors alone",
    why="Nothing fails, so everything is fetched and verified again.",
    act=FailOpen(),
)
ASSERTED: Final = accepted(
    "honest-assertion-of-restored-node",
    "An assertion about a login of Singapore, by a node that was restored from its floors alone",
    why="What passed may be asserted.",
    act=FailOpen(assertion=True),
)
TAKEN_UP: Final = accepted(
    "honest-publication-on-disk",
    "Singapore's next list at a node with room on its disk",
    why="Floors first, then the snapshot, then which one is in force.",
    act=TakingUp(),
)
ALONE: Final = accepted(
    "honest-publisher",
    "Malaysia's next list through the region's own publisher",
    why="Nobody else publishes at the moment.",
    act=Racing(),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on transport and parsing, and the faults."""
    yield from (MIRROR, POINTER, NAMED, WALLET, REVOCATIONS, FAULTLESS, ASSERTED, TAKEN_UP, ALONE)
    yield from _mirrors()
    yield from _json()
    yield from _pointers()
    yield from _certificates()
    yield from _faults()
    yield from _publishers()


def _mirrors() -> Iterator[Attack]:
    answers = {
        "66-captive-portal": ("that answers everything with a page to log in", fetching.captive_portal, METADATA),
        "66-cut-short": ("that hangs up in the middle", fetching.cut_short, UNREACHABLE),
        "67-oversized": ("that announces more than anybody reads", fetching.too_long, UNREACHABLE),
        "67-endless": ("that never stops sending", fetching.without_end, UNREACHABLE),
        "67-slow-loris": ("that sends an octet now and then", fetching.drop_by_drop, UNREACHABLE),
        "67-compressed": ("that sends what swells", fetching.compressed, UNREACHABLE),
        "70-redirect": ("that redirects the node into somebody's network", fetching.sent_elsewhere, UNREACHABLE),
    }
    for name, (what, answer, code) in answers.items():
        yield MIRROR.refused(
            f"attack-{name}",
            code,
            f"A mirror {what}",
            why="The node keeps what it holds, within a bound of time and octets, and tells.",
            answer=answer,
        )
    yield NEXT.refused(
        "attack-66-page-in-cache",
        METADATA,
        "A tree whose timestamp is a page to log in, as a cache kept it",
        why="A page is no metadata, and is taken up by nobody.",
        spoiled=tampering.overwritten("metadata/timestamp.json", b"<html>Welcome</html>"),
    )


def _json() -> Iterator[Attack]:
    member = b'"LoTESequenceNumber":3'
    texts = {
        "duplicate-member": ("that gives its number twice", member + b',"LoTESequenceNumber":4'),
        "lone-surrogate": ("with half of a character", member + b',"Remark":"\\ud800"'),
        "not-a-number": ("with a number that is none", member + b',"Remark":NaN'),
        "huge-number": ("with a number of ten thousand digits", member + b',"Remark":' + b"9" * 10_000),
        "nested": ("of arrays within arrays", member + b',"Remark":' + b"[" * 100_000 + b"]" * 100_000),
    }
    for name, (what, octets) in texts.items():
        yield NEXT.refused(
            f"attack-69-json-{name}",
            PROFILE,
            f"A list in JSON {what}",
            why="Two readers would read two things, or one of them would fall over.",
            seal=edits.with_payload(member, octets),
        )
    yield NEXT.refused(
        "attack-69-metadata-with-duplicate-member",
        METADATA,
        "A role of Singapore in JSON that gives its version twice",
        why="The library would take one of them, and somebody else the other.",
        stamped=edits.version_twice("SG"),
    )


def _pointers() -> Iterator[Attack]:
    addresses = {
        "file": ("a file of the node", "file:///etc/hostname"),
        "metadata-service": ("the metadata service of a cloud", "http://169.254.169.254/latest/meta-data/"),
        "another-host": ("a host that nobody named", "https://elsewhere.example/lists/SG.jws"),
        "user-in-address": ("another host behind a user's name", "http://{host}@elsewhere.example/"),
    }
    for name, (what, url) in addresses.items():
        yield POINTER.refused(
            f"attack-70-pointer-to-{name}",
            FETCH,
            f"A pointer to {what}",
            why="The node fetches from hosts that signed settings name, and from nowhere else.",
            url=url,
        )
    for name, address in (("private-address", "10.0.0.7"), ("link-local-address", "169.254.169.254")):
        yield NAMED.refused(
            f"attack-70-name-leads-to-{name}",
            FETCH,
            f"A host that is allowed, and whose name leads to a {name.replace('-', ' ')}",
            why="A name server is nobody's word for what may be reached.",
            leads_to=address,
        )
    yield NEXT.refused(
        "attack-70-list-with-pointer",
        PROFILE,
        "A list of Singapore that points to another list",
        why="A state's list leads nowhere, so that nobody is led in a circle.",
        built=contents.pointing,
    )


def _certificates() -> Iterator[Attack]:
    for name, (what, change) in der.ODD.items():
        yield NEXT.refused(
            f"attack-71-certificate-{name}",
            PROFILE,
            f"A list with a certificate that {what}",
            why="It is refused by name, and nobody falls over.",
            built=contents.certificate(change),
        )
    chains = {
        "namesakes": ("with several authorities of one name", paths.namesakes, "issuer.chain_untrusted"),
        "too-many": ("with more certificates than a path has", paths.too_many, "input.too_large"),
        "many-names": (
            "whose leaf has names by the dozen",
            paths.many_names,
            "issuer.certificate_profile",
        ),
    }
    for name, (what, chain, code) in chains.items():
        yield WALLET.refused(
            f"attack-71-chain-{name}",
            code,
            f"A wallet identity {what}",
            why="Whoever sends certificates does not choose how long we search.",
            source=replace(presentations.SG.recipe.source, chain=chain),  # type: ignore[type-var]  # a presentation
        )
    for trial in revocations.trials():
        if trial.case.code is not None:
            yield REVOCATIONS.refused(
                f"attack-71-{trial.case.name}",
                trial.case.code,
                f"{trial.case.title}, in the drill",
                why=trial.case.why,
                attempt=trial.attempt,
            )


_FAULTS: Final[dict[str, tuple[str, Any, str]]] = {
    "not-configured": ("Singapore has withdrawn its list", failing.withdrawn, "trust.not_configured"),
    "unreachable": ("Singapore's list cannot be had", failing.unreachable, UNREACHABLE),
    "stale": ("Singapore's newest list is past its end", failing.stale, "trust.stale"),
    "bad-signature": ("the signature of Singapore's list is broken", failing.bad_signature, "trust.refused"),
    "threshold": ("Singapore's role lacks a signature", failing.below_threshold, "trust.refused"),
    "parse-error": ("Singapore's list is cut off", failing.not_parsed, "trust.refused"),
    "empty": ("Singapore's list lists nobody", failing.empty, "trust.refused"),
}


def _faults() -> Iterator[Attack]:
    for name, (what, fault, code) in _FAULTS.items():
        yield FAULTLESS.refused(
            f"attack-72-{name}-verify",
            code,
            f"A login of Singapore at a restored node, while {what}",
            why="What cannot be verified is not accepted, whatever failed.",
            fault=fault,
        )
        yield ASSERTED.refused(
            f"attack-72-{name}-assertion",
            NO_ASSERTION,
            f"An assertion about a login of Singapore by a restored node, while {what}",
            why="Nothing is asserted that did not pass.",
            fault=fault,
        )


def _publishers() -> Iterator[Attack]:
    yield TAKEN_UP.refused(
        "attack-72-disk-full",
        "system.configuration",
        "Singapore's next list at a node whose disk is full",
        why="What cannot be written down is not put in force; what was stays.",
        disk=failing.full_disk,
    )
    yield NEXT.refused(
        "attack-72-killed-while-publishing",
        METADATA,
        "A timestamp of which only half was written when the power went",
        why="Half a file is no file; our own publisher renames whole ones into place.",
        spoiled=tampering.half_a_timestamp,
    )
    yield ALONE.refused(
        "attack-72-two-publishers",
        "system.configuration",
        "Malaysia's next list, published while somebody else is publishing",
        why="One at a time: exactly one of two publications wins, and the tree stays whole.",
        others=failing.another_publisher,
    )
    yield ALONE.refused(
        "attack-72-publisher-that-came-second",
        "trust.snapshot_mismatch",
        "Malaysia's next role, prepared before somebody else's was published",
        why="Versions follow each other; whoever comes second proposes anew.",
        others=failing.another_was_faster,
    )
