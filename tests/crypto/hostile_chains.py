"""Certificate chains with named flaws at named places, made from a seed: what a differential test of paths is fed.

A certificate without a flaw comes from the makers of the sandbox; one with a flaw is drafted and signed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from random import Random
from types import MappingProxyType
from typing import Final

from cryptography import x509

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.model.time import Validity
from idbridge.model.trust import LeafRule
from tests.crypto.chains import ISSUER, NOON, POLICY, RULE, START, YEAR, usage
from tests.crypto.flaws import (
    HOST,
    LISTED,
    OF_AUTHORITIES,
    OF_LEAVES,
    SECOND,
    STRANGER,
    USAGE,
    Draft,
    Flaw,
    basic,
    flaws_of,
    key_identifiers,
    named,
    policies,
    put,
)  # fmt: skip

RULES: Final = (None, RULE, POLICY)
DEPTH: Final = 4  # certificates below the anchor at most: one more than our paths may have
KEYS: Final = tuple(generate("ES256") for _ in range(DEPTH + 1))
CONSTRAINTS: Final = tuple(name for name in OF_AUTHORITIES if name.endswith(("permitted", "excluded")))
NAMES: Final = ("address in the subject", *(name for name in OF_LEAVES if "name" in name))


@dataclass(frozen=True, slots=True)
class Chain:
    """What both verifiers are asked about; ``flaws`` say what is wrong, each as ``name`` or ``name@place``."""

    flaws: tuple[str, ...]
    certificates: tuple[bytes, ...]
    anchors: tuple[bytes, ...]
    at: datetime
    rule: LeafRule | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(flaw.partition("@")[0] for flaw in self.flaws)


def _drafted(place: int, below: int, *, above: Authority | None, rule: LeafRule | None) -> Draft:
    """The certificate of ``place`` as the makers would make it."""
    key = KEYS[place]
    subject = named("login" if place == below else f"Authority {place}")
    signer = above.signer if above else key
    issuer = x509.load_der_x509_certificate(above.certificate).subject if above else subject
    draft = Draft(subject, issuer, key, signer)
    draft.put(x509.SubjectKeyIdentifier.from_public_key(key.private_key.public_key()))
    key_identifiers(draft, signer)
    leaf = place == below
    draft.put(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
    draft.put(usage("digital_signature") if leaf else usage("key_cert_sign", "crl_sign"), critical=True)
    if leaf:
        draft.put(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(ISSUER), x509.DNSName(HOST)]))
    if leaf and rule is RULE:
        draft.put(x509.ExtendedKeyUsage([USAGE]))
    if rule is POLICY and place > 0:
        draft.put(policies(LISTED))
    return draft


def _certificate(
    place: int,
    below: int,
    *,
    above: Authority | None,
    rule: LeafRule | None,
    flaws: list[Flaw],
    validity: Validity = YEAR,
) -> Authority:
    """One certificate of a chain: from the makers, or from a draft if it has flaws or states a policy."""
    key, leaf = KEYS[place], place == below
    if flaws or (rule is POLICY and 0 < place < below):
        draft = _drafted(place, below, above=above, rule=rule)
        draft.start, draft.end = validity.start, validity.end or draft.end
        for flaw in flaws:
            flaw(draft)
        return Authority(draft.sign(), draft.key)
    subject = Subject("login" if leaf else f"Authority {place}", "SG")
    if not leaf:
        return make_authority(key, subject=subject, validity=validity, issuer=above)
    names = {"uris": [ISSUER], "dns_names": [HOST]}
    return Authority(make_leaf(key, subject=subject, validity=validity, issuer=above, rule=rule, **names), key)


def make_chain(
    below: int, *, rule: LeafRule | None, flaws: dict[int, list[str]], presented: str | None = None
) -> Chain:
    """A chain of an anchor and ``below`` certificates under it, with the named flaws by place."""
    made: list[Authority] = []
    for place in range(below + 1):
        wrong = [flaws_of(place, below)[name] for name in flaws.get(place, ())]
        if presented == "issued by a leaf" and place == below - 1:
            wrong.append(lambda draft: (basic(False)(draft), put(usage("digital_signature"), True)(draft))[0])
        made.append(_certificate(place, below, above=made[-1] if made else None, rule=rule, flaws=wrong))
    said = tuple(f"{name}@{place}" for place, names in flaws.items() for name in names)
    said += ("longer than four",) * (below == DEPTH)
    certificates = [each.certificate for each in reversed(made[1:])]
    plain = Chain(said, tuple(certificates), (made[0].certificate,), NOON, rule)
    return _present(plain, made, presented) if presented else plain


@dataclass(slots=True)
class Offer:
    """What is presented and listed of the certificates ``made``, anchor first; a way to present them changes it."""

    made: list[Authority]
    rule: LeafRule | None
    leaf: bytes
    others: list[bytes]
    anchors: list[bytes]
    at: datetime = NOON

    def twin(self, validity: Validity = YEAR) -> bytes:
        """The lowest authority once more, issued by a stranger; the leaf, if there is none below the anchor."""
        below = len(self.made) - 1
        place, above = max(1, below - 1), Authority(_stranger("Stranger"), STRANGER)
        return _certificate(
            place, below, above=above, rule=self.rule, flaws=[lambda _: None], validity=validity
        ).certificate


@cache
def _stranger(name: str) -> bytes:
    return make_authority(STRANGER, subject=Subject(name, "SG"), validity=YEAR).certificate


def _misses(offer: Offer) -> None:
    del offer.others[:1]


def _stranger_above(offer: Offer) -> None:
    offer.others[:1] = [offer.twin()]


def _cross_signed(offer: Offer) -> None:
    offer.others.append(offer.twin())
    offer.anchors.insert(0, _stranger("Stranger"))


def _once_expired(offer: Offer) -> None:
    offer.others.insert(0, offer.twin(Validity(START - timedelta(days=9), NOON - timedelta(days=1))))
    offer.anchors.append(_stranger("Stranger"))


def _leaf_last(offer: Offer) -> None:
    *rest, offer.leaf = [offer.leaf, *reversed(offer.others)]
    offer.others = rest[::-1]


def _late(offer: Offer) -> None:
    offer.at += SECOND / 2


PRESENTED: Final[Mapping[str, Callable[[Offer], None]]] = MappingProxyType({
    "an authority is missing": _misses,
    "reversed": lambda offer: offer.others.reverse(),
    "every authority twice": lambda offer: offer.others.extend(offer.others[:]),
    "anchor presented too": lambda offer: offer.others.append(offer.made[0].certificate),
    "a namesake presented too": lambda offer: offer.others.append(_stranger(f"Authority {len(offer.made) - 2}")),
    "cross-signed by a stranger": _stranger_above,
    "cross-signed": _cross_signed,
    "cross-signed, once expired": _once_expired,
    "the anchor is a stranger": lambda offer: setattr(offer, "anchors", [_stranger("Stranger")]),
    "the anchor is a namesake": lambda offer: setattr(offer, "anchors", [_stranger("Authority 0")]),
    "the anchor is among strangers": lambda offer: offer.anchors.insert(0, _stranger("Authority 1")),
    "the anchor is the leaf": lambda offer: setattr(offer, "anchors", [offer.leaf]),
    "the anchor is an authority below": lambda offer: setattr(offer, "anchors", [offer.made[-2].certificate]),
    "issued by a leaf": lambda _: None,  # it is made so
    "the leaf is presented last": _leaf_last,
    "asked half a second late": _late,
})  # fmt: skip


def _present(chain: Chain, made: list[Authority], how: str) -> Chain:
    """The same certificates, offered or listed in another way."""
    offer = Offer(made, chain.rule, chain.certificates[0], list(chain.certificates[1:]), list(chain.anchors))
    PRESENTED[how](offer)
    return Chain((*chain.flaws, how), (offer.leaf, *offer.others), tuple(offer.anchors), offer.at, chain.rule)


def every_flaw_alone() -> list[Chain]:
    """Each flaw by itself at each place where it may stand, and each way to present a chain."""
    chains = [make_chain(below, rule=rule, flaws={}) for rule in RULES for below in (1, 2, 3, DEPTH)]
    for place in range(3):
        lone = {POLICY: flaws_of(place, 2), RULE: OF_LEAVES if place == 2 else OF_AUTHORITIES}
        chains += [make_chain(2, rule=rule, flaws={place: [name]}) for rule, names in lone.items() for name in names]
        late = {place: ["ends this second"]}
        chains.append(make_chain(2, rule=None, flaws=late, presented="asked half a second late"))
    for below, rule in zip((1, 2, 3), RULES, strict=True):
        chains += [make_chain(below, rule=rule, flaws={}, presented=how) for how in PRESENTED]
    chains += [make_chain(1, rule=RULE, flaws={1: [name]}, presented="the anchor is the leaf") for name in OF_LEAVES]
    # What shows only together: names under constraints, and a self-issued authority where none more is allowed.
    chains += [
        make_chain(2, rule=None, flaws={number % 2: [tree], 2: [name]})
        for number, (name, tree) in enumerate(product(NAMES, CONSTRAINTS))
    ]
    chains.append(make_chain(2, rule=None, flaws={0: ["path length 0"], 1: ["self-issued"]}))
    return chains


def flaws_together(seed: int, count: int) -> list[Chain]:
    """Chains of any length with up to three flaws, the same flaws for the same ``seed``."""
    random, chains = Random(seed), []
    for _ in range(count):
        below = random.choice((1, 1, 2, 2, 2, 3, 3, DEPTH))
        flaws: dict[int, list[str]] = {}
        for _ in range(random.choice((0, 1, 1, 2, 2, 3))):
            place = random.randint(0, below)
            flaws.setdefault(place, []).append(random.choice(sorted(flaws_of(place, below))))
        presented = random.choice((None, None, *sorted(PRESENTED)))
        chains.append(make_chain(below, rule=random.choice(RULES), flaws=flaws, presented=presented))
    return chains
