"""A store that cannot, once: what was half done when it happened has to be finished by whoever tries again."""

from typing import Any, Final

import pytest

from idbridge.errors import RequestError
from idbridge_gateway.stores.one_time import MemoryOneTime
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore

STORE: Final = "system.overloaded"


def falters_once(monkeypatch: pytest.MonkeyPatch, operation: str, kind: Kind, *, after: int = 0) -> None:
    """Let ``operation`` on a value of ``kind`` fail the next time, or once it went well ``after`` times."""
    whole: Any = getattr(MemorySealedStore, operation)
    left = [after]

    async def once(self: MemorySealedStore, of: Kind, *arguments: Any, **named: Any) -> Any:
        if of is kind and left[0] >= 0:
            left[0] -= 1
            if left[0] < 0:
                raise RequestError(STORE, "the store cannot now")
        return await whole(self, of, *arguments, **named)

    monkeypatch.setattr(MemorySealedStore, operation, once)


def claims_nothing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next one-time value find no place."""
    whole: Any = MemoryOneTime.claim
    left = [True]

    async def once(self: MemoryOneTime, key: bytes, **named: Any) -> Any:
        if left[0]:
            left[0] = False
            raise RequestError(STORE, "the store cannot now")
        return await whole(self, key, **named)

    monkeypatch.setattr(MemoryOneTime, "claim", once)
