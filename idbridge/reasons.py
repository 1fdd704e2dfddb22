"""The reason catalogue: every code, what it means and what to do about it.

The text stands in ``reasons.toml``, one table a code; this module reads it once, at import, and refuses a
catalogue with a gap. Code never spells a sentence, it names a code.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

GROUPS: Final = (
    "input", "jose", "cose", "issuer", "trust", "time", "sd_jwt", "holder", "mdoc",
    "qr", "w3c", "oidc", "status", "query", "recognition", "mandate", "policy", "system",
)  # fmt: skip


class Indication(StrEnum):
    """Outcome of a verification, as in ETSI EN 319 102-1, section 5.1.3."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused.

    ``http_status`` is set for the codes that answer a broken request; every other code is a verdict and
    travels in a report with HTTP status 200.
    """

    code: str
    indication: Indication
    clause: str
    sub_indication: str
    retryable: bool
    retry_after: timedelta | None
    http_status: int | None
    remedy: str
    person: str
    business: str
    developer: str

    @property
    def group(self) -> str:
        """The part of the code before the dot."""
        return self.code.partition(".")[0]

    def document(self) -> dict[str, Any]:
        """Return the entry as JSON values: the members of ``GET /v1/reasons/{code}``."""
        return {
            "code": self.code,
            "indication": self.indication.value,
            "http_status": self.http_status,
            "clause": self.clause,
            "sub_indication": self.sub_indication,
            "retryable": self.retryable,
            "retry_after_s": int(self.retry_after.total_seconds()) if self.retry_after is not None else None,
            "remedy": self.remedy,
            "person": self.person,
            "business": self.business,
            "developer": self.developer,
        }


_TEXTS: Final = ("clause", "sub_indication", "remedy", "person", "business", "developer")
_MEMBERS: Final = frozenset({*_TEXTS, "indication", "retryable", "retry_after_s", "http_status"})


def _entry(code: str, table: Mapping[str, Any]) -> Reason:
    for name in _TEXTS:
        if not str(table.get(name, "")).strip():
            raise ValueError(f"{code} has no {name} in the reason catalogue")
    if not table.keys() <= _MEMBERS:
        raise ValueError(f"{code} has a member that the reason catalogue does not know")
    seconds = table.get("retry_after_s")
    retryable = table.get("retryable", False)
    if retryable is not (seconds is not None):
        raise ValueError(f"{code} must say after how long it may be tried again, and only if it may")
    return Reason(
        code=code,
        indication=Indication(table.get("indication", "FAILED")),
        clause=table["clause"],
        sub_indication=table["sub_indication"],
        retryable=retryable,
        retry_after=timedelta(seconds=seconds) if seconds is not None else None,
        http_status=table.get("http_status"),
        remedy=table["remedy"],
        person=table["person"],
        business=table["business"],
        developer=table["developer"],
    )


def read_catalogue(text: str) -> Mapping[str, Reason]:
    """Return the catalogue that ``text`` (TOML) spells out.

    Raises:
        ValueError: A group or member is unknown, a sentence is missing or blank, or there is no code at all.
    """
    entries: dict[str, Reason] = {}
    for group, tables in tomllib.loads(text).items():
        if group not in GROUPS:
            raise ValueError(f"unknown group {group} in the reason catalogue")
        for name, table in tables.items():
            entries[f"{group}.{name}"] = _entry(f"{group}.{name}", table)
    if not entries:
        raise ValueError("the reason catalogue is empty")
    return MappingProxyType(entries)


def _load() -> Mapping[str, Reason]:
    return read_catalogue(resources.files("idbridge").joinpath("reasons.toml").read_text(encoding="utf-8"))


REASONS: Final[Mapping[str, Reason]] = _load()


def reason(code: str) -> Reason:
    """Return the catalogue entry of ``code``.

    Raises:
        LookupError: The code is not in the catalogue; always a programming error, found at import or in tests.
    """
    try:
        return REASONS[code]
    except KeyError:
        raise LookupError(f"no reason code {code} in the catalogue") from None
