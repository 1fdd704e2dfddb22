"""Samples: what a node puts to itself. A good one has to be accepted, a forged one must never be.

In a live node they are files of one folder, each an object with `state`, `expect` (`accepted` or `refused`) and
`request`, which is a body of `POST /v1/verify`. One that is to be refused says by `code` for which reason: refused for
another, as a sample that is too old, it would say nothing of whether a forgery is noticed. What may count once cannot
be put twice, so a good one is a code or a credential without a proof of its holder. A sandbox mints its own
(``demo/canaries``).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.reasons import REASONS

GOOD: Final = "good"
FORGED: Final = "forged"
_KINDS: Final = {"accepted": GOOD, "refused": FORGED}
_MEMBERS: Final = frozenset({"state", "expect", "request"})
_SAID: Final = "`state`, `expect` and `request`, and if it is to be refused `code`"


@dataclass(frozen=True, slots=True)
class Sample:
    """One question to the node itself: of which state, whether good or forged, the body and who asks.

    ``code`` is the reason for which a forged one has to be refused.
    """

    name: str
    state: MemberState
    kind: str
    body: bytes = field(repr=False)
    api_key: str = field(repr=False)
    code: str = ""


class Samples(Protocol):
    """Where the samples of a round come from."""

    def drawn(self) -> tuple[Sample, ...]:
        """Return the samples of the next round.

        Raises:
            ConfigurationError: There are none that could be used.
        """
        ...


class FolderSamples:
    """The samples that lie in ``folder``, asked under the API key that is in ``key_file``. Read anew for each round."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self._folder = folder
        self._key_file = key_file

    def drawn(self) -> tuple[Sample, ...]:
        """Return the samples of the next round, in the order of their names.

        Raises:
            ConfigurationError: The folder, a file in it or the key cannot be read, or there are none, or too many.
        """
        try:
            key = self._key_file.read_text(encoding="ascii").strip()
            paths = sorted(self._folder.glob("*.json"))
            texts = [(path.stem, _text(path)) for path in paths[: LIMITS.canary_samples + 1]]
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError("the canary's samples or its key cannot be read") from None
        if not texts or len(texts) > LIMITS.canary_samples:
            raise ConfigurationError(f"the canary has 1 to {LIMITS.canary_samples} samples, and these are {len(texts)}")
        return tuple(_sample(name, text, key) for name, text in texts)


def missing(samples: Iterable[Sample], *, states: Iterable[MemberState]) -> tuple[str, ...]:
    """Return of which of ``states`` there is no good or no forged sample."""
    held = {(sample.state, sample.kind) for sample in samples}
    return tuple(f"{state} {kind}" for state in sorted(states) for kind in (GOOD, FORGED) if (state, kind) not in held)


def _text(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMITS.batch_body_bytes)


def _sample(name: str, text: bytes, key: str) -> Sample:
    try:
        members: Any = strict_json.parse_object(text, max_bytes=2 * LIMITS.body_bytes)
    except InputError as error:
        raise ConfigurationError(f"the sample {name} is not strict JSON: {error.detail}") from None
    state, kind = members.get("state"), _KINDS.get(str(members.get("expect")))
    wanted, code = (_MEMBERS | {"code"}, members.get("code")) if kind == FORGED else (_MEMBERS, "")
    if members.keys() != wanted or state not in MemberState.__members__ or kind is None:
        raise ConfigurationError(f"the sample {name} does not say {_SAID}, and nothing else")
    if type(code) is not str or (kind == FORGED and code not in REASONS):
        raise ConfigurationError(f"the `code` of the sample {name} is no reason of the catalogue")
    body = json.dumps(members["request"], ensure_ascii=False).encode()
    if type(members["request"]) is not dict or len(body) > LIMITS.body_bytes:
        raise ConfigurationError(f"the request of the sample {name} is no object of {LIMITS.body_bytes} octets at most")
    return Sample(name, MemberState(state), kind, body, key, code=code)
