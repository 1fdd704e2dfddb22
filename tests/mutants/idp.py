"""Broken identity providers: the sandbox's own, standing on loopback, with one thing wrong.

The rest of each is honest, so that a case which catches one has found that very thing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Target
from idbridge.sandbox.idp.faults import ProviderFault
from tests.conformance.idp.kit import FAPI, PLAIN, standing
from tests.mutants import idp_proofs as proofs
from tests.mutants import idp_wraps as wraps
from tests.mutants.idp_wraps import Broken
from tests.mutants.mutant import Mutant

_DISCOVERY: Final = "/.well-known/openid-configuration"


def mutants() -> Iterator[Mutant]:
    """Yield every broken provider."""
    faulty = (_Broken(name, title, breaks, wraps.with_fault(fault)) for name, title, breaks, fault in _FAULTS)
    for one in (*_BROKEN, *faulty):
        yield Mutant(one.name, one.title, Profile.ID_PROVIDER, one.breaks, one.opened)


@dataclass(frozen=True, slots=True)
class _Broken:
    name: str
    title: str
    breaks: tuple[str, ...]
    make: Broken
    service: str = FAPI
    by_key: bool = True

    @contextmanager
    def opened(self, _corpus: Corpus) -> Iterator[Target]:
        """Let it stand until the block ends."""
        with standing(self.service, make=self.make, by_key=self.by_key) as stands:
            yield stands.target


def _idp(*numbers: int) -> tuple[str, ...]:
    return tuple(f"IDB-IDP-{number:03d}" for number in numbers)


_BROKEN: Final = (
    _Broken("idp-any-verifier", "takes every code verifier", _idp(12), wraps.any_verifier),
    _Broken("idp-no-pkce", "takes requests without PKCE", _idp(10), wraps.without_pkce),
    _Broken("idp-plain-pkce", "takes PKCE by plain", _idp(11), wraps.plain_pkce),
    _Broken(
        "idp-redirect-prefix", "compares redirect URIs from the front", _idp(13, 15), wraps.redirect_by_prefix, PLAIN
    ),
    _Broken("idp-unpushed", "takes requests that were not pushed", _idp(20), wraps.unpushed),
    _Broken("idp-request-reusable", "lets a pushed request be answered twice", _idp(18), wraps.request_reusable),
    _Broken("idp-code-reusable", "redeems a code again and again", _idp(29), wraps.code_reusable),
    _Broken("idp-code-of-anybody", "redeems a code for another client", _idp(31), wraps.code_of_anybody),
    _Broken("idp-code-for-ever", "redeems a code a year later", _idp(32), wraps.codes_for_ever),
    _Broken("idp-token-survives", "leaves the token when its code comes again", _idp(30), wraps.token_survives),
    _Broken("idp-any-audience", "takes client assertions for others", _idp(22), proofs.any_audience),
    _Broken("idp-any-signature", "does not verify client assertions", _idp(26), proofs.any_signature),
    _Broken("idp-assertion-no-end", "takes client assertions that are over", _idp(23), proofs.no_end),
    _Broken("idp-proofs-reusable", "counts no proof as used", _idp(25, 38), wraps.proofs_reusable),
    _Broken("idp-any-secret", "compares no client secret", _idp(28), proofs.any_secret, PLAIN, by_key=False),
    _Broken(
        "idp-any-address",
        "takes DPoP proofs for other addresses",
        _idp(36),
        proofs.proof(url=lambda said, own: said.get("htu") or own),
    ),
    _Broken(
        "idp-any-method",
        "takes DPoP proofs for other methods",
        _idp(36),
        proofs.proof(method=lambda said, own: said.get("htm") or own),
    ),
    _Broken(
        "idp-old-proofs",
        "takes DPoP proofs of yesterday",
        _idp(37),
        proofs.proof(at=proofs.issued, nonces=lambda _said, _own: None),
    ),
    _Broken(
        "idp-nonce-of-form",
        "demands a nonce, takes any, and looks at no date",
        _idp(37),
        proofs.proof(at=proofs.issued, nonces=proofs.any_nonce),
    ),
    _Broken("idp-proofs-ahead", "takes DPoP proofs of tomorrow", _idp(104), proofs.proof(at=proofs.issued_at_last)),
    _Broken("idp-unbound", "binds access tokens to no key", _idp(41), proofs.proof(bound_to=lambda _said, _own: None)),
    _Broken(
        "idp-no-ath",
        "takes proofs that name no access token",
        _idp(42),
        proofs.proof(access_token=lambda _said, _own: None),
    ),
    _Broken("idp-bearer-too", "takes bound tokens without a proof", _idp(41), wraps.bearer_too),
    _Broken("idp-prompt-none", "logs in who is asked for silently", _idp(80), wraps.logs_anybody_in, PLAIN),
    _Broken("idp-no-state", "forgets the state in errors", _idp(81), wraps.stateless_errors, PLAIN),
    _Broken("idp-logout-anywhere", "sends who logs out to any address", _idp(90), wraps.logout_anywhere),
    _Broken(
        "idp-private-key", "publishes a private key", _idp(70), wraps.document("/jwks", change=wraps.private_member)
    ),
    _Broken("idp-same-kid", "publishes two keys of one name", _idp(71), wraps.document("/jwks", change=wraps.same_kid)),
    _Broken("idp-key-unannounced", "signs with a key at once", _idp(73), wraps.use_at_once),
    _Broken(
        "idp-old-key-gone", "takes old keys away at once", _idp(74), wraps.document("/jwks", change=wraps.old_keys_gone)
    ),
    _Broken(
        "idp-discovery-issuer",
        "names another issuer in its document",
        _idp(1),
        wraps.document(_DISCOVERY, change=wraps.issuer_of_another),
    ),
    _Broken("idp-framable", "lets anybody frame its pages", _idp(103), wraps.framable),
    _Broken("idp-repeating", "redirects by 307 after a form", _idp(101), wraps.repeating),
    _Broken("idp-cached", "lets caches keep tokens", _idp(65), wraps.cached),
)
# The sandbox's own faults, each switched on for good.
_FAULTS: Final = (
    ("idp-no-iss", "names no issuer in its responses", _idp(81), ProviderFault.MISSING_RESPONSE_ISS),
    ("idp-other-iss", "names another issuer in its responses", _idp(81), ProviderFault.INVALID_RESPONSE_ISS),
    ("idp-wrong-aud", "makes ID tokens for another client", _idp(53), ProviderFault.INVALID_AUD),
    ("idp-wrong-issuer", "names another issuer in ID tokens", _idp(52), ProviderFault.INVALID_ISS),
    ("idp-wrong-nonce", "answers another nonce", _idp(54), ProviderFault.NONCE_NOT_MATCHING),
    ("idp-bad-signature", "signs ID tokens wrongly", _idp(50), ProviderFault.INVALID_SIGNATURE),
    ("idp-mac-header", "says HS256 over its signature", _idp(50), ProviderFault.INVALID_ALG_HEADER),
    ("idp-expired", "makes ID tokens that are over", _idp(55), ProviderFault.TOKEN_EXPIRED),
    ("idp-not-yet", "makes ID tokens for later", _idp(55), ProviderFault.TOKEN_NOT_VALID_YET),
    ("idp-wrong-level", "states a level that is not listed", _idp(57), ProviderFault.INCORRECT_ACR),
    ("idp-no-level", "states no level", _idp(57), ProviderFault.MISSING_ACR),
)
