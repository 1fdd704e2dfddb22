"""The four verbs of the command-line protocol, for programs that put a library behind them; the standard library alone.

An adapter says which library it calls, what that does not judge, how its errors read, and how it is called. A refusal
is what the library raised, by its table or as ``unknown.<error>``; whatever else goes wrong here ends the process
otherwise than a verdict does, so that no bug of an adapter is taken for a refusal.
"""

import base64
import json
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

INDETERMINATE = frozenset({"jose.kid_unknown", "status.unavailable"})
EXITS = {"PASSED": 0, "FAILED": 1, "INDETERMINATE": 3}
BROKEN = 70  # how a process ends that has no verdict
Table = Sequence[tuple[str, str, str]]
"""Rows of a class of error, a pattern of its message, and the reason code that they come to."""


class Refused(Exception):
    """The library refused; the argument is the reason code."""


class NothingToAskWithError(Exception):
    """The adapter has not what the library wants from it; no refusal, whoever called it."""


@dataclass(frozen=True)
class Question:
    """One question: what is asked, who asks, the services of the material, and the instant."""

    request: Mapping[str, Any]
    party: Mapping[str, Any]
    services: Sequence[Mapping[str, Any]]
    at: datetime

    @property
    def credential(self) -> str:
        """What was presented."""
        return str(self.request["credential"])

    @property
    def nonce(self) -> str | None:
        """What the presentation has to answer, if anything."""
        nonce = self.request.get("expected", {}).get("nonce")
        return None if nonce is None else str(nonce)

    @property
    def audience(self) -> str:
        """Whom the presentation has to be for: the address of the party that asks."""
        named = self.request.get("expected", {}).get("audience")
        return str(named or self.party["audiences"][0])

    @property
    def octets(self) -> bytes:
        """What was presented, where that is base64url.

        Raises:
            Refused: It is none.
        """
        text = self.credential
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError as unreadable:
            raise Refused("input.malformed") from unreadable

    def issuer(self) -> object:
        """Return the issuer that a signed token names, unverified; ``None`` if it names none."""
        try:
            payload = self.credential.partition("~")[0].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValueError, IndexError):
            return None
        return claims.get("iss") if isinstance(claims, dict) else None

    def listed(self, issuer: object, *, form: str) -> list[Mapping[str, Any]]:
        """Return the services that are listed for ``issuer`` and a format."""
        return [one for one in self.services if one["issuer"] == issuer and form in one["formats"]]

    def keys(self, issuer: object, *, form: str) -> list[dict[str, Any]]:
        """Return the public keys that are listed for ``issuer`` and a format, as JWKs."""
        return [dict(key) for one in self.listed(issuer, form=form) for key in one["jwks"]]

    def anchors(self, *, form: str, issuer: object = None) -> list[str]:
        """Return the certificates that are listed for a format, of every issuer or of one, as base64."""
        chosen = [one for one in self.services if form in one["formats"] and issuer in (None, one["issuer"])]
        return [certificate for one in chosen for certificate in one["certificates"]]


def called(library: Callable[[], object], *, table: Table) -> object:
    """Return what ``library`` returns.

    Raises:
        Refused: It raised. The code is that of the first row which fits, or names the error.
    """
    try:
        return library()
    except NothingToAskWithError:
        raise
    except Exception as error:  # whatever a library raises is its refusal
        raise Refused(code_of(type(error).__name__, str(error), table=table)) from error


def code_of(kind: str, message: str, *, table: Table) -> str:
    """Return the reason code of an error, ``unknown.<kind>`` if the table has no row for it."""
    for name, pattern, code in table:
        if name == kind and re.search(pattern, message):
            return code
    return f"unknown.{kind}"


def answer(*, library: str, declined: Mapping[str, str], judge: Callable[[Question], None]) -> None:
    """Answer the verb on the command line and end the process.

    ``declined`` says by tag or requirement why the library cannot be asked that; ``judge`` returns if it accepts, and
    raises ``Refused`` if it does not.
    """
    try:
        _end(*_answered(library, declined, judge))
    except Exception:  # a bug of the adapter, or of its surroundings  # noqa: BLE001
        traceback.print_exc()
        sys.exit(BROKEN)


def _answered(
    library: str, declined: Mapping[str, str], judge: Callable[[Question], None]
) -> tuple[Mapping[str, Any], int]:
    verb, given = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    if verb == "describe":
        return {"name": library, "version": version(library), "not_implemented": sorted(declined)}, 0
    state = Path(given["--state"])
    if verb == "load":
        for name in ("keys.json", "parties.json"):
            shutil.copy(Path(given["--material"]) / name, state)
        (state / "at").write_text(given["--at"])
        return _verdict("PASSED", None)
    if verb != "verify":
        return {}, BROKEN
    try:
        judge(_question(state, Path(given["--input"])))
    except Refused as refusal:
        code = str(refusal)
        print(refusal.__cause__, file=sys.stderr)  # noqa: T201 - for who debugs it
        return _verdict("INDETERMINATE" if code in INDETERMINATE else "FAILED", code)
    return _verdict("PASSED", None)


def _question(state: Path, put: Path) -> Question:
    asked = json.loads(put.read_text("utf-8"))
    parties = json.loads((state / "parties.json").read_text("utf-8"))
    services = json.loads((state / "keys.json").read_text("utf-8"))
    at = datetime.fromisoformat((state / "at").read_text())
    return Question(asked["request"], parties[asked["relying_party"]], tuple(services.values()), at)


def _verdict(indication: str, code: str | None) -> tuple[Mapping[str, Any], int]:
    return {"indication": indication, "code": code}, EXITS[indication]


def _end(document: Mapping[str, Any], code: int) -> None:
    print(json.dumps(document))  # noqa: T201 - the answer
    sys.exit(code)
