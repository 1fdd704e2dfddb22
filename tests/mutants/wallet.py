"""Broken wallets: the pretend wallet with one check removed, or one thing shown that nobody asked for.

Each is a real holder of the region that answers over loopback. What is removed, a hasty implementation leaves out.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.codec import base64url
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.wallet.asking import Access
from idbridge.conformance.targets.wallet.calling import Refused
from idbridge.conformance.targets.wallet.target import WalletSettings
from idbridge.errors import FetchError
from idbridge.model.query import CredentialQuery
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Method
from idbridge.net.guarded import GuardedClient
from idbridge.sandbox.asked import Asked, UnansweredError, read_asked
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.holder import Holder
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.services import Service

MakeHolder = Callable[..., Holder]


@dataclass(frozen=True, slots=True)
class HolderCall:
    """A holder of the region as a wallet in process, made anew for each link by ``make``."""

    bench: Bench
    access: Access
    make: MakeHolder = Holder
    person: str = "sg-tan"

    def open(self, link: str) -> Fault | Refused | None:
        """Let the holder answer; what it refuses is not posted, and anything else is a crash."""
        address = urlsplit(dict(parse_qsl(urlsplit(link).query))["request_uri"])
        caller = GuardedClient(frozenset({address.netloc}), Environment.SANDBOX, allow_loopback=True)
        holder = self.make(self.bench, self.person, (self.access.authority,), caller)
        try:
            holder.answer(link)
        except UnansweredError as why:
            return Refused(why.error)
        except FetchError:
            return None
        except Exception as crash:  # noqa: BLE001 - whatever it is, it is how this wallet ends
            return Fault(FaultKind.CRASH, repr(crash))
        return None


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken wallet. ``breaks`` are the requirements that it does not keep; ``make`` makes its holder."""

    name: str
    title: str
    breaks: tuple[str, ...]
    make: MakeHolder = field(repr=False)

    def settings(self, honest: WalletSettings, bench: Bench) -> WalletSettings:
        """Return ``honest`` with this wallet in place of the one that it calls."""
        return replace(honest, call=HolderCall(bench, honest.access, self.make), name=self.name)


def _claims(compact: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(compact.split(".")[1]))
    return claims


class Believing(Holder):
    """Reads a request without looking at its signature, its certificate or its times."""

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:  # noqa: ARG002 - it looks at nothing
        return read_asked(_claims(compact))


def forgiving(*words: str) -> MakeHolder:
    """Return a holder that answers all the same where it would have refused with one of ``words``."""

    class Forgiving(Holder):
        def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
            try:
                return Holder._verified(self, compact, client_id=client_id, nonce=nonce)
            except UnansweredError as why:
                if any(word in str(why) for word in words):
                    return read_asked(_claims(compact))
                raise

    return Forgiving


def signing(**changes: Any) -> MakeHolder:
    """Return a holder whose SD-JWTs are shown with ``changes``."""

    class Changed(Holder):
        def _shown(
            self, service: Service, query: CredentialQuery, names: frozenset[str], asked: Asked
        ) -> Presentation | Mdoc:
            shown = Holder._shown(self, service, query, names, asked)
            if not isinstance(shown, Presentation):
                return shown
            return replace(shown, **changes)

    return Changed


class Generous(Holder):
    """Shows everything, whatever was asked for."""

    def _shown(
        self, service: Service, query: CredentialQuery, names: frozenset[str], asked: Asked
    ) -> Presentation | Mdoc:
        return replace(Holder._shown(self, service, query, names, asked), withheld=())


class Partial(Holder):
    """Shows what it has of what was asked for, if it is not all."""

    def _names(self, service: Service, query: CredentialQuery) -> frozenset[str] | None:  # noqa: ARG002 - it looks at nothing
        return frozenset("/".join(map(str, claim.path)) for claim in query.claims)


class Eager(Holder):
    """Authorises whatever it is asked to, whether or not its person can be shown it."""

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
        try:
            return Holder._verified(self, compact, client_id=client_id, nonce=nonce)
        except UnansweredError:
            claims = _claims(compact)
            texts = claims.pop("transaction_data", None)
            if texts is None:
                raise
            return read_asked(claims)


class Careless(Holder):
    """Takes a request without nonce, mode or type of response as if it had the usual ones."""

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
        try:
            return Holder._verified(self, compact, client_id=client_id, nonce=nonce)
        except UnansweredError as why:
            if "the request has no `nonce`" in str(why):
                return read_asked({**_claims(compact), "nonce": "usual"})
            if "of a kind" in str(why):
                return read_asked({**_claims(compact), "response_type": "vp_token", "response_mode": "direct_post"})
            raise


class InTheOpen(Holder):
    """Never encrypts."""

    def _posted(self, url: str, form: Mapping[str, str]) -> Answer:
        return Holder._posted(self, url, form)

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
        return replace(Holder._verified(self, compact, client_id=client_id, nonce=nonce), key=None)


class Stateless(Holder):
    """Makes up a state of its own."""

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
        asked = Holder._verified(self, compact, client_id=client_id, nonce=nonce)
        return replace(asked, claims={**asked.claims, "state": "mine"})


class Repeating(Holder):
    """Sends every answer twice."""

    def _posted(self, url: str, form: Mapping[str, str]) -> Answer:
        if "wallet_nonce" not in form:
            Holder._posted(self, url, form)
        return Holder._posted(self, url, form)


class Crashing(Holder):
    """Fetches every request, and falls over."""

    def _asked(self, link: str) -> Asked:
        named = dict(parse_qsl(urlsplit(link).query))
        self._posted(named["request_uri"], {"wallet_nonce": "AAAAAAAAAAAAAAAAAAAAAA"})
        raise RuntimeError("it always does")


FALLS_OVER = """
import sys
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen
urlopen(parse_qs(urlsplit(sys.argv[1]).query)["request_uri"][0]).read()
raise RuntimeError("it always does")
"""  # a wallet by command: it fetches every request, and ends with 1, as an exception that nobody caught does


class Silent(Holder):
    """Does nothing at all, which looks like refusing everything."""

    def _asked(self, link: str) -> Asked:  # noqa: ARG002 - it looks at nothing
        raise UnansweredError("it never does")


class Mediocre(Holder):
    """Takes whatever is served at the link for a request object."""

    def _asked(self, link: str) -> Asked:
        named = dict(parse_qsl(urlsplit(link).query))
        nonce = base64url.encode(self.bench.randomness.octets(16))
        body = urlencode({"wallet_nonce": nonce}).encode()
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        got = self.caller.call(Call(Method.POST, named["request_uri"], head, body), max_bytes=64 * 1024)
        return self._verified(got.body.decode("ascii"), client_id=named["client_id"], nonce=nonce)


_OTHER = base64url.encode(hashlib.sha256(b"another").digest())
_TABLE: tuple[tuple[str, str, tuple[str, ...], MakeHolder], ...] = (
    ("believing", "looks at no signature", ("009", "010", "012"), Believing),
    ("any-name", "does not ask whether certificate and name go together", ("011", "005"), forgiving("somebody else")),
    ("any-signer", "does not ask who signed", ("009", "010", "012"), forgiving("nobody whom")),
    ("timeless", "answers requests that are over", ("013",), forgiving("is over")),
    ("any-audience", "does not ask whom a request is for", ("014", "015"), forgiving("another wallet")),
    ("generous", "shows everything", ("006",), Generous),
    ("partial", "shows a part where it does not have all", ("020",), Partial),
    ("eager", "authorises what it does not know", ("007",), Eager),
    ("careless", "makes up a nonce, a mode and a type of response", ("016", "017"), Careless),
    ("in-the-open", "never encrypts", ("003",), InTheOpen),
    ("stateless", "makes up a state", ("002",), Stateless),
    ("repeating", "sends every answer twice", ("002",), Repeating),
    ("other-nonce", "binds to a nonce of its own", ("004",), signing(kb_claims={"nonce": "mine"})),
    ("other-audience", "binds to nobody", ("004",), signing(kb_claims={"aud": "https://anybody.example"})),
    ("other-holder", "binds with the key of somebody else", ("004",), signing(bound_by="sg-kavitha")),
    ("unbound", "binds nothing", ("004",), signing(bound=False)),
    ("other-digest", "binds another presentation than it shows", ("004",), signing(kb_claims={"sd_hash": _OTHER})),
    ("no-transaction", "authorises nothing", ("007",), signing(kb_claims={})),
    ("any-media", "reads a page as a request", ("012",), Mediocre),
)


def mutants() -> tuple[Mutant, ...]:
    """Return every broken wallet that answers somehow."""
    return tuple(
        Mutant(f"wallet-{name}", f"A wallet that {title}", tuple(f"IDB-WAL-{one}" for one in breaks), make)
        for name, title, breaks, make in _TABLE
    )
