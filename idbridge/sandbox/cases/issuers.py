"""Cases about who signed: services that are not listed, not yet, or no longer, and certificates that do not lead there.

Clauses: ETSI TS 119 602 (service status and history); RFC 5280; SD-JWT VC section 2.5.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from idbridge.sandbox import chains
from idbridge.sandbox.cases import logins, presentations
from idbridge.sandbox.drill import paths
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.entry import Entry


def entries() -> Iterator[Entry]:
    """Yield the cases about issuers."""
    yield from _names()
    yield from _status()
    yield from _certificates()


def _names() -> Iterator[Entry]:
    yield logins.SG.refused(
        "issuer-missing",
        "issuer.missing",
        "A token that names no issuer",
        why="The key then says who signed and nobody says for whom.",
        token={"iss": ABSENT},
    )
    yield logins.SG.refused(
        "issuer-unknown",
        "issuer.unknown",
        "A token of a provider that no state lists",
        why="Well signed is not the same as trusted.",
        token={"iss": "https://login.nowhere.example"},
    )
    yield logins.SG.refused(
        "issuer-with-slash",
        "issuer.unknown",
        "A token whose issuer ends with a slash more",
        why="Identifiers are compared as they stand; likeness is not identity.",
        token={"iss": "https://sandbox.login.sg.example/"},
    )
    yield logins.SG.refused(
        "service-of-another-kind",
        "issuer.service_not_listed",
        "A login token of an issuer that is listed for wallet identities only",
        why="A listed service does one thing.",
        token={"iss": "https://sandbox.pid.sg.example"},
    )


def _status() -> Iterator[Entry]:
    yield logins.SG.refused(
        "login-under-superseded-key",
        "issuer.superseded",
        "A login today under the key of last year",
        why="A superseded key signs nothing new.",
        service="sg-login-2025",
    )
    yield presentations.PH_ROTATED.refused(
        "ph-pid-signed-after-rotation",
        "issuer.superseded",
        "A national identity of the Philippines under the old key, from after the change",
        why="The same key and the same person, one day too late.",
        payload={"iat": datetime(2026, 3, 1, tzinfo=UTC)},
    )
    yield presentations.PH_ROTATED.refused(
        "ph-pid-that-hides-its-age",
        "issuer.superseded",
        "A national identity of the Philippines under the old key, without a date",
        why="What does not say when it was signed cannot claim to be older.",
        payload={"iat": ABSENT},
    )
    yield presentations.KH.refused(
        "kh-residence-of-closed-office",
        "issuer.withdrawn",
        "A residence attestation of an office that was closed",
        why="Withdrawn is withdrawn, unless trusted evidence shows that the credential is older.",
        service="kh-residence-2025",
    )
    yield logins.TH_BROKER.refused(
        "th-broker-leaked-key",
        "issuer.compromised",
        "A login under the broker's leaked key",
        why="The thief's signature is as good as the broker's.",
        service="th-broker-leaked",
    )
    yield presentations.LA.refused(
        "la-card-of-the-future",
        "issuer.not_yet_granted",
        "A Lao card under the key of 2040",
        why="The key is listed ahead of its time.",
        service="la-card-2040",
    )


def _certificates() -> Iterator[Entry]:
    sg = presentations.SG
    yield sg.refused(
        "certificate-expired",
        "issuer.certificate_expired",
        "A wallet identity under a certificate that expired yesterday",
        why="The authority vouched for the key until then.",
        chain=chains.expired,
    )
    yield sg.refused(
        "certificate-for-another-use",
        "issuer.certificate_profile",
        "A wallet identity under a certificate for another use",
        why="The authority also certifies keys that may not sign identities; the list names the usage.",
        chain=chains.another_usage,
    )
    yield presentations.ID.refused(
        "id-certificate-without-policy",
        "issuer.certificate_profile",
        "An Indonesian wallet identity under a certificate without the listed policy",
        why="The list names the policy that the leaf must carry.",
        chain=chains.another_usage,
    )
    yield sg.refused(
        "certificate-of-another-name",
        "issuer.certificate_name_mismatch",
        "A wallet identity under the certificate of another issuer of the same authority",
        why="Both are genuine, and they do not belong together.",
        chain=chains.another_name,
    )
    yield sg.refused(
        "certificate-of-another-authority",
        "issuer.chain_untrusted",
        "A wallet identity under an authority that only has the same name",
        why="A name is no key.",
        chain=chains.another_authority,
    )
    yield sg.refused(
        "certificates-beyond-a-path",
        "input.too_large",
        "A wallet identity with more certificates than a path may have",
        why="Their number is bounded before any path is built.",
        chain=paths.too_many,
    )
    yield sg.refused(
        "certificates-of-namesakes",
        "issuer.chain_untrusted",
        "A wallet identity with several authorities of one name, none of which is listed",
        why="Whoever tries every namesake at every step is kept busy by a handful of certificates.",
        chain=paths.namesakes,
    )
    yield sg.refused(
        "certificate-of-another-state",
        "issuer.certificate_profile",
        "A wallet identity of Singapore under a certificate that names Malaysia",
        why="A state's authority speaks for its own territory.",
        chain=chains.another_country,
    )
