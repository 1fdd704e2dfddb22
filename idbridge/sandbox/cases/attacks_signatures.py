"""Attacks 19 to 36 and 41 to 48: signatures, algorithms, headers, thresholds, stolen keys and broken successions.

Clauses: reference on trust lists, section 7; RFC 7515, RFC 8725; TUF specification 5.3.
"""

from collections.abc import Iterator
from typing import Any, Final

from idbridge.model.region import Environment
from idbridge.sandbox import forgeries
from idbridge.sandbox.cases.attacks_freshness import NEXT, RESTARTED
from idbridge.sandbox.drill import edits, rotation, signatures, tampering, thefts
from idbridge.sandbox.drill.attack import Attack, accepted
from idbridge.sandbox.drill.publication import Publication
from idbridge.sandbox.drill.rotation import KeyExchange, Rotation, SecondOfficer
from idbridge.trust.tuf import roles

PROFILE: Final = "trust.profile_violation"
SIGNATURE: Final = "trust.signature_invalid"
THRESHOLD: Final = "trust.threshold_missing"

TOP: Final = accepted(
    "honest-next-top-level",
    "The top level, signed anew by officers of three states, with Singapore's next list",
    why="Three of five states signed what all of them delegate to.",
    act=Publication(top=True),
)
NEW_LIST_KEY: Final = accepted(
    "honest-new-list-key",
    "Singapore's next list under a list key that its role names for the first time",
    why="The role says which key signs lists; two of its three keys signed that.",
    act=Publication(pinned=thefts.spare_list_key, list_key=thefts.spare_list_key),
)
AFTER_NEW_LIST_KEY: Final = accepted(
    "honest-list-after-new-list-key",
    "The list after the one under a new list key, at a node that took that up",
    why="The new key signs from now on.",
    act=Publication(
        ahead=2,
        pinned=thefts.spare_list_key,
        list_key=thefts.spare_list_key,
        begun=tampering.changed_its_list_key,
    ),
)
SECOND_OFFICER: Final = accepted(
    "honest-second-officer",
    "A top level by officers of three states, after Singapore was given a second officer's key",
    why="Three states signed; how many keys one of them has does not matter.",
    act=SecondOfficer(),
)
EXCHANGE: Final = accepted(
    "honest-key-exchange",
    "A new key set of Singapore, which two of the old keys countersigned",
    why="The state itself handed over; the region only followed.",
    act=KeyExchange(),
)
ROOTS: Final = accepted(
    "honest-two-new-roots",
    "Two new roots, the second of which exchanges the online key",
    why="Each is signed by the officers of the one before it.",
    act=Rotation(),
)
RECOVERY: Final = accepted(
    "attack-13-fast-forward-recovery",
    "A new online key, after a thief of the old one ran fifty thousand versions ahead",
    why="The floors of timestamp and snapshot count for one online key; a new root starts them anew.",
    act=Rotation(begun=tampering.online_key_ran_ahead),
)


def attacks() -> Iterator[Attack]:
    """Yield the attacks on signatures and keys."""
    yield from (TOP, NEW_LIST_KEY, AFTER_NEW_LIST_KEY, SECOND_OFFICER, EXCHANGE, ROOTS, RECOVERY)
    yield from _signatures()
    yield from _thresholds()
    yield from _algorithms()
    yield from _headers()
    yield from _compromises()
    yield from _roots()
    yield from _successions()


def _signatures() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-19-signature-bit-flipped",
        SIGNATURE,
        "A list of Singapore with one bit of its signature changed",
        why="What is signed is what counts.",
        seal=forgeries.signature_changed,
    )
    yield NEXT.refused(
        "attack-20-no-signature",
        SIGNATURE,
        "A list of Singapore with an empty signature",
        why="The role vouches for the octets and not for the state's word.",
        seal=edits.with_signature(lambda _: b""),
    )
    yield NEXT.refused(
        "attack-20-no-signature-part",
        PROFILE,
        "A list of Singapore in two parts instead of three",
        why="A list is one compact text with one signature.",
        seal=signatures.in_two_parts,
    )
    for name, seal in signatures.TWO_SIGNATURES.items():
        yield NEXT.refused(
            f"attack-21-two-signatures-{name}",
            PROFILE,
            f"A list with two signatures, {name.replace('-', ' ')}",
            why="A reader that is content with one of them could be shown the other.",
            seal=seal,
        )


def _thresholds() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-22-threshold-short",
        THRESHOLD,
        "A role of Singapore that one of its keys signed, where two must",
        why="One stolen or coaxed key is never enough.",
        signers=thefts.only("SG", 1),
    )
    yield TOP.refused(
        "attack-22-threshold-short-region",
        THRESHOLD,
        "A top level that officers of two states signed, where three must",
        why="Two states do not decide for eleven.",
        signers=thefts.only(roles.TARGETS, 2),
    )
    doubled = {
        "signature": ("the same signature twice", thefts.first_signature_twice),
        "name": ("one signature under two names of its key", thefts.signature_under_another_name),
    }
    codes = {"signature": "trust.metadata_invalid", "name": THRESHOLD}
    for name, (what, change) in doubled.items():
        yield NEXT.refused(
            f"attack-23-same-key-twice-by-{name}",
            codes[name],
            f"A role of Singapore with {what}",
            why="A key counts once, however often it signs.",
            stamped=edits.stamped_on("SG", change),
        )
    yield SECOND_OFFICER.refused(
        "attack-24-threshold-of-one-state",
        THRESHOLD,
        "A top level with three signatures, two of them of Singapore",
        why="States count, not keys; otherwise one state could decide with whoever stands next to it.",
        officers=("SG", "SG again", "TH"),
    )


def _algorithms() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-25-algorithm-none",
        SIGNATURE,
        "A list that says it is not signed",
        why="Whoever accepts that accepts anything.",
        seal=forgeries.unsecured,
    )
    yield NEXT.refused(
        "attack-26-hmac-with-public-key",
        SIGNATURE,
        "A list under a MAC, with Singapore's public key as the secret",
        why="Everybody has that secret.",
        seal=forgeries.signed_with_public_key,
    )
    yield NEXT.refused(
        "attack-27-algorithm-with-sha-1",
        SIGNATURE,
        "A list that names an algorithm with SHA-1",
        why="Two texts with one digest can be bought.",
        seal=edits.with_header(alg="RS1"),
    )
    for name, key in signatures.WEAK_KEYS.items():
        yield NEXT.refused(
            f"attack-27-listed-{name}-key",
            PROFILE,
            f"A list that names a key of {name.upper().replace('-', ' of ', 1)} bits or points",
            why="A weak key that is listed is a key for everybody.",
            built=signatures.listing(key),
        )
    for algorithm in ("ES384", "RS256"):
        yield NEXT.refused(
            f"attack-28-{algorithm.lower()}-with-another-key",
            SIGNATURE,
            f"A list that says {algorithm} over a signature by a key of P-256",
            why="The key decides what it signs with, and not the text it signs.",
            seal=edits.with_header(alg=algorithm),
        )
    for name, make in signatures.NOT_CANONICAL.items():
        yield NEXT.refused(
            f"attack-36-signature-{name}",
            SIGNATURE,
            f"A list whose signature is {name.replace('-', ' ')}",
            why="There is one form of a signature; others have crashed verifiers, or passed them.",
            seal=edits.with_signature(make),
        )


def _headers() -> Iterator[Attack]:
    for member, value in signatures.KEY_IN_HEADER.items():
        yield NEXT.refused(
            f"attack-29-{member.lower()}-in-header",
            PROFILE,
            f"A list that brings its own key along, as `{member}`",
            why="The signer is the one that the role names, not the one that the text recommends.",
            seal=edits.with_header(**{member: value}),
        )
    yield NEXT.refused(
        "attack-30-signer-supplies-itself",
        PROFILE,
        "A list under a certificate of nobody, which it brings along",
        why="A certificate that a text carries says who signed it, and not that they may.",
        seal=signatures.with_certificates(1),
    )
    yield NEXT.refused(
        "attack-31-twenty-certificates",
        PROFILE,
        "A list with twenty certificates in its header",
        why="Nobody builds paths for a stranger.",
        seal=signatures.with_certificates(20),
    )
    headers: dict[str, tuple[str, dict[str, Any]]] = {
        "32-crit-unknown": ("demands that an unknown member be understood", {"crit": ["exp"], "exp": 1}),
        "33-crit-empty": ("demands that nothing in particular be understood", {"crit": []}),
        "34-b64-false": ("says that its content is not encoded", {"b64": False, "crit": ["b64"]}),
    }
    for name, (what, changes) in headers.items():
        yield NEXT.refused(
            f"attack-{name}",
            PROFILE,
            f"A list whose header {what}",
            why="Every member of a header is accounted for, or the list is none.",
            seal=edits.with_header(**changes),
        )
    yield NEXT.refused(
        "attack-35-duplicate-header-member",
        PROFILE,
        "A list whose header names two algorithms",
        why="Two readers would read two headers.",
        seal=edits.header_member_twice,
    )


def _compromises() -> Iterator[Attack]:
    yield NEXT.refused(
        "attack-41-one-role-key-stolen",
        THRESHOLD,
        "A role of Singapore by one stolen key of it and the stolen online key",
        why="The thief of one key has one signature, and the online key is no key of the role.",
        signers=thefts.with_online_key_too,
    )
    yield AFTER_NEW_LIST_KEY.refused(
        "attack-41-list-by-rotated-key",
        "trust.signer_unknown",
        "A later list by the stolen key, after Singapore's role named another",
        why="Since the exchange the old key signs nothing, whatever number it writes.",
        list_key=thefts.own_list_key,
    )
    yield TOP.refused(
        "attack-42-online-key-signs-top-level",
        THRESHOLD,
        "A top level that the stolen online key signed",
        why="The online key says what is the newest, and never who may sign.",
        signers=thefts.instead(roles.TARGETS, thefts.online_key),
    )
    yield NEXT.refused(
        "attack-42-online-key-signs-role",
        THRESHOLD,
        "A role of Singapore that the stolen online key signed",
        why="No new trust comes from it, only delay.",
        signers=thefts.instead("SG", thefts.online_key),
    )
    yield NEXT.refused(
        "attack-42-online-key-rolls-back",
        "trust.rollback",
        "A snapshot by the stolen online key that names Singapore's first role",
        why="Every version that was accepted is a floor.",
        spoiled=tampering.snapshot_with_first_role,
    )
    yield RESTARTED.refused(
        "attack-42-online-key-rolls-back-after-restart",
        "trust.rollback",
        "The same at a node that lost its cache",
        why="The library would take the first role for news; the floors know better.",
        spoiled=tampering.snapshot_with_first_role,
    )
    yield NEXT.refused(
        "attack-42-online-key-forgets-a-state",
        "trust.metadata_invalid",
        "A snapshot by the stolen online key that leaves Singapore out",
        why="A state leaves by its own word, not by silence of whoever keeps the index.",
        edits=edits.of(roles.SNAPSHOT, thefts.forgets_singapore),
    )


def _roots() -> Iterator[Attack]:
    yield ROOTS.refused(
        "attack-43-root-withheld",
        THRESHOLD,
        "Two new roots, of which the first is kept back",
        why="A node stays on the root that it can reach, and what is signed under another is signed by nobody.",
        served=rotation.withheld(rotation.NEXT),
    )
    yield ROOTS.refused(
        "attack-43-root-skipped",
        "trust.rollback",
        "The second new root, served in the place of the first",
        why="Roots are walked one by one; whoever skips one skips its officers' consent.",
        served=rotation.skipped,
    )
    yield ROOTS.refused(
        "attack-44-root-not-signed-by-old",
        THRESHOLD,
        "New roots that only new officers signed",
        why="Nobody appoints themselves.",
        signed=rotation.by_nobody_known,
    )
    yield ROOTS.refused(
        "attack-45-endless-roots",
        "trust.metadata_invalid",
        "More new roots than anybody walks",
        why="All of them are properly signed, and a node still does not walk for ever.",
        length=rotation.TOO_MANY_ROOTS,
    )


def _successions() -> Iterator[Attack]:
    exchanges: dict[str, tuple[str, dict[str, Any]]] = {
        "by-one-key": ("one old key countersigned, where two must", {"countersigned": rotation.one_outgoing}),
        "by-itself": ("only its own keys countersigned", {"countersigned": rotation.incoming}),
        "by-nobody": ("nobody countersigned", {"listed": rotation.none_at_all}),
    }
    for name, (what, changes) in exchanges.items():
        yield EXCHANGE.refused(
            f"attack-41-key-set-handed-over-{name}",
            "trust.reanchored",
            f"A new key set of Singapore that {what}",
            why="Officers of the region could otherwise put their own keys in a state's place.",
            **changes,
        )
    yield NEXT.refused(
        "attack-47-new-list-key-before-its-time",
        "trust.signer_unknown",
        "A list of Singapore by its next list key, which the role does not name yet",
        why="A key counts from when the role names it.",
        list_key=thefts.spare_list_key,
    )
    yield NEXT.refused(
        "attack-47-old-list-key-after-its-time",
        "trust.signer_unknown",
        "A list of Singapore by its list key, under a role that names the next one only",
        why="A key counts until the role names it no more.",
        pinned=thefts.spare_list_key,
    )
    yield NEXT.refused(
        "attack-48-live-list-in-sandbox",
        "trust.environment_mismatch",
        "A live list of Singapore in the tree of the sandbox",
        why="A practice key would otherwise vouch for real people, or the other way round.",
        environment=Environment.LIVE,
    )
    yield NEXT.refused(
        "attack-48-live-role-in-sandbox",
        "trust.environment_mismatch",
        "A live role of Singapore in the tree of the sandbox",
        why="Every file says of which environment it is, and that is signed.",
        edits=edits.of("SG", edits.live),
    )
    yield NEXT.refused(
        "attack-48-yesterdays-live-timestamp",
        "trust.environment_mismatch",
        "A live timestamp in the tree of the sandbox",
        why="One key over both would otherwise join what must stay apart.",
        edits=edits.of(roles.TIMESTAMP, edits.live),
    )
