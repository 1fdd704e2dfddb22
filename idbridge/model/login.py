"""What comes with a login beside its ID token, and how it travelled: values that steps V2 and V5 compare with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

MEMBERS: Final = frozenset({"max_age", "access_token", "code", "state"})  # of `expected`, by which a login is known


@dataclass(frozen=True, slots=True)
class Encryption:
    """That a token arrived encrypted, under which names of RFC 7518; ``refused`` is the code why it did not open."""

    algorithm: str | None = None
    encoding: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class LoginExpectations:
    """What the relying party knows of the login that the token is to be of (OpenID Connect Core 1.0, 3.1.3.7 and 3.3).

    What stands here has to be answered by the token: a hash or a time that is missing refuses it like a wrong one.

    Raises:
        ValueError: Nothing is expected, or ``max_age`` is negative; empty is not success.
    """

    max_age: timedelta | None = None
    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if all(one is None for one in (self.max_age, self.access_token, self.code, self.state)):
            raise ValueError("expectations of a login expect something")
        if self.max_age is not None and self.max_age < timedelta(0):
            raise ValueError("a login is never younger than now")

    @classmethod
    def of(cls, expected: Mapping[str, Any]) -> "LoginExpectations | None":
        """Return what the member ``expected`` of a request says of a login, ``None`` if nothing.

        Its members are of the published schema.
        """
        if MEMBERS.isdisjoint(expected):
            return None
        texts = {name: expected.get(name) for name in ("access_token", "code", "state")}
        return cls(timedelta(seconds=expected["max_age"]) if "max_age" in expected else None, **texts)


@dataclass(frozen=True, slots=True)
class Userinfo:
    """A signed userinfo response of the same login as text, and how it travelled (OpenID Connect Core 1.0, 5.3.2)."""

    text: str = field(repr=False)
    encryption: Encryption | None = None
