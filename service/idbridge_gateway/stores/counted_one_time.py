"""One-time values as ``one_time`` has them, with those told that the store could not take or tell."""

from collections.abc import Callable
from datetime import datetime

from idbridge.errors import RequestError
from idbridge_gateway.stores.one_time import NOBODY, OneTime


class CountedOneTime:
    """The one-time values of ``store``; ``failed`` is told of each that it does not answer for."""

    def __init__(self, store: OneTime, failed: Callable[[], None]) -> None:
        self._store = store
        self._failed = failed

    async def claim(self, key: bytes, *, until: datetime, by: bytes = NOBODY) -> bool:
        """Spend ``key`` until ``until``; tell whether it was unspent, or spent ``by`` the very same question.

        Raises:
            RequestError: ``system.overloaded``, the store cannot take it.
        """
        try:
            return await self._store.claim(key, until=until, by=by)
        except RequestError:
            self._failed()
            raise

    async def was_spent(self, key: bytes, *, by: bytes) -> bool:
        """Tell whether ``key`` was spent ``by`` this very question.

        Raises:
            RequestError: ``system.overloaded``, the store cannot tell.
        """
        try:
            return await self._store.was_spent(key, by=by)
        except RequestError:
            self._failed()
            raise
