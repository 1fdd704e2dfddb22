"""Cases about the structure of an SD-JWT VC: signed by the right key and built against the rules.

Clauses: RFC 9901 section 7.1; SD-JWT VC sections 2.2 and 2.4.
"""

from collections.abc import Iterator

from idbridge.sandbox import forgeries, slips, wallet
from idbridge.sandbox.cases import presentations
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry

_DAY = 86_400


def entries() -> Iterator[Entry]:
    """Yield the cases about SD-JWT VCs, apart from their key binding."""
    yield from _headers()
    yield from _times()
    yield from _disclosures()
    yield from _disclosed_against_the_rules()
    yield from _arity()
    yield from _digests()
    yield from _types()


def _headers() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "sd-jwt-typ-jwt",
        "jose.typ_mismatch",
        "A Thai credential whose `typ` is JWT",
        why="The type keeps a credential from serving as something else.",
        header={"typ": "JWT"},
    )
    yield th.refused(
        "sd-jwt-typ-of-old-drafts",
        "jose.typ_mismatch",
        "A Thai credential under the `typ` of old drafts",
        why="The transition from `vc+sd-jwt` is over, and the standard no longer speaks of it.",
        header={"typ": "vc+sd-jwt"},
    )
    yield th.refused(
        "sd-jwt-alg-none",
        "jose.alg_none",
        "A Thai credential that is not signed and says so",
        why="Good disclosures and a good key binding do not replace a signature.",
        seal=forgeries.unsecured,
    )
    yield presentations.PH.refused(
        "sd-jwt-signature-changed",
        "jose.signature_invalid",
        "One bit of a Filipino signature is another",
        why="There is no such thing as nearly signed.",
        seal=forgeries.signature_changed,
    )
    yield presentations.LA.refused(
        "sd-jwt-signed-by-another-state",
        "jose.signature_invalid",
        "A Lao card that Myanmar's card office signed",
        why="A state signs for itself.",
        signed_by="mm-card",
    )


def _times() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "sd-jwt-expired",
        "time.expired",
        "A Thai credential that expired yesterday",
        why="Genuine, and out of date.",
        payload={"exp": After(-_DAY)},
    )
    yield th.refused(
        "sd-jwt-not-yet-valid",
        "time.not_yet_valid",
        "A Thai credential that is good from tomorrow",
        why="`nbf` may be left out, and counts where it stands.",
        payload={"nbf": After(_DAY)},
    )
    yield presentations.MM.refused(
        "mm-card-expired",
        "time.expired",
        "A card of Myanmar that expired yesterday, at home",
        why="Genuine, and out of date.",
        payload={"exp": After(-_DAY)},
    )
    yield presentations.ID.refused(
        "id-pid-expired",
        "time.expired",
        "An Indonesian wallet identity that expired yesterday",
        why="The certificate is in force and the credential is not.",
        payload={"exp": After(-_DAY)},
    )


def _disclosures() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "disclosure-unreferenced",
        "sd_jwt.disclosure_unreferenced",
        "A disclosure that no digest refers to",
        why="Nobody signed it.",
        slip=slips.unreferenced_disclosure,
    )
    yield th.refused(
        "disclosure-handed-out-twice",
        "sd_jwt.digest_duplicate",
        "The same disclosure twice",
        why="One disclosure would count in two places.",
        slip=slips.disclosure_twice,
    )
    yield th.refused(
        "disclosure-named-sd",
        "sd_jwt.disclosure_reserved_name",
        "A disclosure named `_sd`",
        why="It would bring in digests that were not there.",
        slip=slips.disclosure_named_sd,
    )
    yield th.refused(
        "disclosure-named-dots",
        "sd_jwt.disclosure_reserved_name",
        "A disclosure named `...`",
        why="It would pass for a placeholder.",
        slip=slips.disclosure_named_dots,
    )
    yield th.refused(
        "disclosure-overrides-claim",
        "sd_jwt.disclosure_collision",
        "A disclosure that says something else than a claim in plain sight",
        why="Two readers could pick different ones.",
        slip=slips.disclosure_overrides_claim,
    )
    yield th.refused(
        "disclosed-twice",
        "sd_jwt.disclosure_collision",
        "Two disclosures of the same claim",
        why="Two readers could pick different ones.",
        slip=slips.disclosed_twice,
    )


def _disclosed_against_the_rules() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "expiry-disclosed",
        "sd_jwt.disclosure_forbidden_claim",
        "An expiry that the holder may withhold",
        why="The holder would decide when the credential ends.",
        slip=slips.expiry_disclosed,
    )
    yield th.refused(
        "holder-key-disclosed",
        "sd_jwt.disclosure_forbidden_claim",
        "A holder key that the holder may withhold",
        why="The holder would decide whether it is bound.",
        slip=slips.holder_key_disclosed,
    )
    yield th.refused(
        "disclosure-garbled",
        "sd_jwt.disclosure_unreferenced",
        "A disclosure that does not decode",
        why="No digest refers to it any more, and what is not referred to is not skipped.",
        sleight=wallet.last_disclosure_garbled,
    )
    yield th.refused(
        "disclosure-not-an-array",
        "sd_jwt.disclosure_malformed",
        "A disclosure that is an object",
        why="Its digest is right and its form is not.",
        slip=slips.disclosure_not_array,
    )
    yield th.refused(
        "too-many-disclosures",
        "input.too_large",
        "More disclosures than the limit",
        why="Their number is bounded before any is hashed.",
        slip=slips.too_many_disclosures,
    )


def _arity() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "two-elements-in-object",
        "sd_jwt.disclosure_arity",
        "A disclosure of two elements where three belong",
        why="It has a value and no name; a careless reader makes one up.",
        slip=slips.two_elements_in_object,
    )
    yield th.refused(
        "three-elements-in-array",
        "sd_jwt.disclosure_arity",
        "A disclosure of three elements where two belong",
        why="It has a name where there is none to give.",
        slip=slips.three_elements_in_array,
    )


def _digests() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "digest-twice",
        "sd_jwt.digest_duplicate",
        "The same digest twice",
        why="One disclosure would count in two places.",
        slip=slips.digest_twice,
    )
    yield th.refused(
        "digest-twice-across-array",
        "sd_jwt.digest_duplicate",
        "The same digest in two arrays",
        why="The same, and libraries that look at each place alone miss it.",
        slip=slips.digest_twice_across_array,
    )
    yield th.refused(
        "digest-not-text",
        "sd_jwt.disclosure_malformed",
        "A number among the digests",
        why="A structure that is not of the required form is refused, not read around.",
        slip=slips.digest_not_text,
    )
    yield th.refused(
        "hash-unknown",
        "sd_jwt.alg_unsupported",
        "Digests of a hash function that nobody knows",
        why="Without the function no disclosure can be checked.",
        slip=slips.hash_unknown,
    )
    yield th.refused(
        "hash-weak",
        "sd_jwt.alg_unsupported",
        "Digests of a hash function that collides",
        why="Two disclosures could share a digest.",
        slip=slips.hash_weak,
    )


def _types() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "vct-missing",
        "sd_jwt.vct_invalid",
        "A credential that does not say what it is",
        why="The list says which types a service may issue.",
        payload={"vct": ABSENT},
    )
    yield th.refused(
        "vct-number",
        "sd_jwt.vct_invalid",
        "A credential whose type is a number",
        why="The type is a text, compared as it stands.",
        payload={"vct": 7},
    )
    yield th.refused(
        "vct-not-listed",
        "issuer.service_not_listed",
        "A Thai identity service that issues a diploma",
        why="Who may issue identities may not therefore issue everything.",
        payload={"vct": "urn:example:th:diploma:1"},
    )
    yield presentations.BN.refused(
        "revocation-status-not-known-here",
        "status.unavailable",
        "A credential of Brunei that may have been cancelled",
        why="It refers to a revocation status, and this node holds none of that address: nobody can tell.",
        payload={"status": {"status_list": {"idx": 7, "uri": "https://status.bn.example/1"}}},
    )
