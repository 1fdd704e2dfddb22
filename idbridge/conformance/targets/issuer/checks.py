"""Checks of samples: what a verifier abroad takes, and what no single credential shows.

Clauses: RFC 9901 sections 4, 9 and 10 (salts, decoys, digests); ISO/IEC 18013-5 section 9.1.2 (random, digests);
Token Status List sections 6 and 8; ISO/IEC 18004 (codes).
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import pictures
from idbridge.conformance.targets.issuer.contents import Contents, contents_of
from idbridge.conformance.targets.issuer.judging import finding_of, reported
from idbridge.conformance.targets.issuer.samples import REVOKED, VALID, Sample, Samples
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.errors import ConfigurationError

Parameters = Mapping[str, Any]
SALT_OCTETS: Final = 16  # 128 bits (RFC 9901 section 9.3; ISO/IEC 18013-5 section 9.1.2.5)
CODE_OCTETS: Final = 1_273  # ISO/IEC 18004: version 25 with the least correction; denser ones fail on paper
_REVOKED: Final = "status.revoked"
_DIGESTS: Final = frozenset({"sha-256", "sha-384", "sha-512", "SHA-256", "SHA-384", "SHA-512"})
_IN_SIGHT: Final = frozenset({
    "iss", "iat", "nbf", "exp", "vct", "vct#integrity", "cnf", "status", "_sd", "_sd_alg", "sub", "jti",
})  # fmt: skip


def verified(samples: Samples, asked: Parameters) -> Finding | None:
    """Find what the verifier refuses of a sample: for a reason of one of ``groups``, or for any.

    That it is revoked is held against no sample that says so, and everything else is.

    Raises:
        ConfigurationError: Every sample is said to be revoked, so that none is left for anybody to rely on.
    """
    groups, of_kind = frozenset(asked.get("groups", ())), samples.of(asked["kind"])
    if all(sample.status == REVOKED for sample in of_kind):
        raise ConfigurationError(f"every sample of the kind {asked['kind']} is said to be revoked")
    for sample in of_kind:
        found = finding_of(samples, sample)
        if found is None or (sample.status == REVOKED and found.code == _REVOKED):
            continue
        if not groups or found.code.partition(".")[0] in groups:
            return Finding(found.code, f"{sample.id}: {found.words}")
    return None


def claims_as_expected(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a claim that the issuer expects a verifier to read, and that it reads otherwise or not at all.

    Raises:
        ConfigurationError: No sample says which claims a verifier has to find, so that nothing can be compared.
    """
    of_kind = samples.of(asked["kind"])
    if not any(sample.claims for sample in of_kind):
        raise ConfigurationError(f"no sample of the kind {asked['kind']} says which `claims` a verifier has to find")
    for sample in of_kind:
        credential = reported(samples, sample.text, sample.format).findings.credential
        read: Mapping[str, Any] = credential.claims if credential is not None else _claims(sample)
        for name, value in sample.claims.items():
            if read.get(name) != value:
                return Finding("claims", f"{sample.id}: `{name}` is read as {read.get(name)!r}")
    return None


def _claims(sample: Sample) -> Mapping[str, Any]:
    found = contents_of(sample)
    subject = found.plain.get("credentialSubject", {})
    return {**found.plain, **(subject if isinstance(subject, dict) else {}), **found.hidden}


def salts_long(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a salt of fewer than 128 bits: what it hides can be guessed."""
    for sample, found in _contents(samples, asked):
        if not found.salts:
            return Finding("salt", f"{sample.id} hides nothing")
        if any(len(salt) < SALT_OCTETS for salt in found.salts):
            return Finding("salt", f"{sample.id}: a salt of fewer than {SALT_OCTETS} octets")
    return None


def salts_fresh(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a salt that comes twice, in one sample or in two."""
    seen: dict[bytes, str] = {}
    for sample, found in _contents(samples, asked):
        for salt in found.salts:
            if salt in seen:
                return Finding("salt", f"{sample.id} and {seen[salt]} have a salt in common")
            seen[salt] = sample.id
    return None


def digest_algorithm(samples: Samples, asked: Parameters) -> Finding | None:
    """Find digests of an algorithm that is not served."""
    return _first(samples, asked, lambda one: None if one.algorithm in _DIGESTS else f"digests by {one.algorithm!r}")


def decoys(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a sample that tells by the number of its digests how much is said of a person."""
    return _first(samples, asked, lambda one: None if len(one.digests) > len(one.salts) else "no decoy digest")


def digests_in_order(samples: Samples, asked: Parameters) -> Finding | None:
    """Find digests that stand in the order of the claims, which tells what was withheld."""
    return _first(samples, asked, lambda one: None if list(one.digests) == sorted(one.digests) else "not sorted")


def hidden_not_in_sight(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a claim about the person that nobody can withhold, beside the identifier and the level of the profile."""
    allowed = {name for sample in samples.of(asked["kind"]) for name in _needed(samples, sample)} | _IN_SIGHT
    return _first(
        samples, asked, lambda one: ", ".join(sorted(one.plain.keys() - allowed)) or None, code="in_everybodys_sight"
    )


def _needed(samples: Samples, sample: Sample) -> Iterator[str]:
    """Yield the claims that the service's listing needs: the identifier of the person, level and mandate."""
    resolved = reported(samples, sample.text, sample.format).findings.resolved
    if resolved is not None:
        listed = resolved.service.profile.claim_map
        yield from filter(None, (listed.subject, listed.acr, listed.mandate))


def names_no_more(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a claim about a person that the service's listing does not name: no verifier abroad can use it."""
    for sample, found in _contents(samples, asked):
        resolved = reported(samples, sample.text, sample.format).findings.resolved
        if resolved is None:
            raise ConfigurationError(f"{sample.id} leads to no listed service")
        named = {one.rpartition("/")[2] for one in resolved.service.profile.claim_map.sources} | {"issuing_country"}
        more = sorted(found.hidden.keys() - named)
        if more:
            return Finding("unlisted_claims", f"{sample.id}: {', '.join(more)}")
    return None


def holder_keys(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a sample that names no key of its holder, or one key for two people."""
    owners: dict[str, str] = {}
    for sample, found in _contents(samples, asked):
        if not found.holder:
            return Finding("holder_key", f"{sample.id} names no key of its holder")
        if owners.setdefault(found.holder, sample.person) != sample.person:
            return Finding("holder_key", f"{sample.person} and {owners[found.holder]} have one key")
    return None


def within_certificate(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a sample that lasts longer than the certificate of who signed it."""
    return _first(samples, asked, _outlives, code="validity")


def _outlives(one: Contents) -> str | None:
    if one.ends is None:
        return "it never ends"
    return "it outlives the certificate" if one.certified_until is not None and one.ends > one.certified_until else None


def has_status(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a sample whose status reference leads nowhere in the status lists of the folder."""
    for sample in samples.of(asked["kind"]):
        if sample.status and status_value(samples, sample) is None:
            return Finding("status.unavailable", f"{sample.id}: its reference leads into no list that is trusted")
    return None


def status_true(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a sample of ``status`` that the list says otherwise of, or that no sample has this status."""
    wanted = [one for one in samples.of(asked["kind"]) if one.status == asked["status"]]
    if not wanted:
        return Finding("status", f"no sample is {asked['status']}")
    for sample in wanted:
        value = status_value(samples, sample)
        if value is None or (value == 0) is not (sample.status == VALID):
            return Finding("status", f"{sample.id} is {sample.status}, and the list says {value}")
    return None


def status_value(samples: Samples, sample: Sample) -> int | None:
    """Return what the list that ``sample`` refers to says of it."""
    refers = contents_of(sample).status or {}
    reference = refers.get("status_list") or refers
    address = reference.get("uri") or reference.get("statusListCredential")
    index = reference.get("idx", reference.get("statusListIndex"))
    for (_, place), held in samples.statuses.lists.items():
        if place == address and index is not None:
            return held.value(int(index), size=held.bits or 1)
    return None


def code_small(samples: Samples, asked: Parameters) -> Finding | None:
    """Find a text that is too long for a code that is scanned from paper."""
    for sample in samples.of(asked["kind"]):
        size = len(sample.text.encode("utf-8"))
        if size > CODE_OCTETS:
            return Finding("too_large", f"{sample.id}: {size} octets")
    return None


def photos_readable(samples: Samples, _: Parameters) -> Finding | None:
    """Find a picture in which no code is found, or another text than that of its sample."""
    texts = {sample.id: sample.text for sample in samples.samples}
    if not samples.photos:
        raise ConfigurationError("there is no picture, and it is not declared as not implemented")
    for photo in samples.photos:
        if texts.get(photo.sample) not in pictures.codes_in(photo.octets):
            return Finding("photo", f"{photo.id}: the text of {photo.sample} is not found in it")
    return None


def _contents(samples: Samples, asked: Parameters) -> Iterator[tuple[Sample, Contents]]:
    return ((sample, contents_of(sample)) for sample in samples.of(asked["kind"]))


def _first(
    samples: Samples, asked: Parameters, wrong: Callable[[Contents], str | None], *, code: str = "digests"
) -> Finding | None:
    for sample, found in _contents(samples, asked):
        why = wrong(found)
        if why is not None:
            return Finding(code, f"{sample.id}: {why}")
    return None


CHECKS: Final[Mapping[str, Procedure[Samples]]] = MappingProxyType({
    "verified": verified,
    "claims-as-expected": claims_as_expected,
    "salts-long": salts_long,
    "salts-fresh": salts_fresh,
    "digest-algorithm": digest_algorithm,
    "decoys": decoys,
    "digests-in-order": digests_in_order,
    "hidden-not-in-sight": hidden_not_in_sight,
    "names-no-more": names_no_more,
    "holder-keys": holder_keys,
    "within-certificate": within_certificate,
    "has-status": has_status,
    "status-true": status_true,
    "code-small": code_small,
    "photos-readable": photos_readable,
})  # fmt: skip
