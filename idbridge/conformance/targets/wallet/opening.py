"""Opening a wallet under test: how it is called, and in a file of settings what it holds and whom it is told to know.

The settings are TOML: ``pins`` and ``trust`` are the trust material under which its credentials verify; the suite
writes the authority of its access certificate as PEM to ``authority``, for the wallet to know; ``vct``, ``doctype`` and
``namespace`` say what it holds, ``settling_ms`` and ``patience_ms`` how long it is waited for, ``not_implemented`` what
its maker declares. Paths are counted from the file itself.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.codec import pem
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.declaration import read_declaration
from idbridge.conformance.targets.publisher.opening import named_place, read_table
from idbridge.conformance.targets.publisher.publication import Publication, look
from idbridge.conformance.targets.wallet.asking import Holding, new_access
from idbridge.conformance.targets.wallet.calling import AddressCall, CommandCall
from idbridge.conformance.targets.wallet.target import WalletSettings, WalletTarget
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import files, pins
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.verify.verifier import Verifier

COMMAND: Final = "cmd:"
_HELD: Final = ("vct", "doctype", "namespace")
_REQUIRED: Final = frozenset({"pins", "trust", "authority"})
_MEMBERS: Final = _REQUIRED | {*_HELD, "not_implemented", "settling_ms", "patience_ms", "name"}


def open_wallet(
    where: str, settings: Path, *, clock: Clock, randomness: Randomness, known: Mapping[str, ConformanceCase]
) -> WalletTarget:
    """Return the target for the wallet at ``where``: an address, or ``cmd:`` and a command. See there for ``known``.

    Raises:
        ConfigurationError: The settings are not in order, or what they name is not there.
    """
    said, beside, at = read_table(settings), settings.parent, clock.now()
    if not _REQUIRED <= said.keys() <= _MEMBERS:
        raise ConfigurationError("the settings of a wallet name `pins`, `trust` and `authority`, and nothing unknown")
    access = new_access(at=at.replace(microsecond=0))
    place = named_place(said, "authority", beside=beside)
    files.write(place.parent, place.name, pem.encode(access.authority, label=pem.CERTIFICATE).encode("ascii"))
    held = {name: str(said[name]) for name in _HELD if name in said}
    call = CommandCall(where.removeprefix(COMMAND)) if where.startswith(COMMAND) else AddressCall(where)
    return WalletTarget(
        WalletSettings(
            call=call,
            access=access,
            verifier=Verifier(trust=_trust(said, beside, clock=clock), status=EMPTY_STATUS),
            clock=clock,
            randomness=randomness,
            holding=Holding(**held),
            settling=_time(said, "settling_ms", LIMITS.conformance_settling),
            patience=_time(said, "patience_ms", LIMITS.conformance_patience),
            name=str(said.get("name", "wallet")),
            not_implemented=read_declaration(said.get("not_implemented", [])),
        ),
        known,
    )


def _time(said: Mapping[str, Any], name: str, usual: timedelta) -> timedelta:
    """Return a time in milliseconds of the settings, above none."""
    told = said.get(name)
    if told is None:
        return usual
    most = LIMITS.conformance_wait // timedelta(milliseconds=1)
    if type(told) is not int or not 0 < told <= most:
        raise ConfigurationError(f"`{name}` is a number of milliseconds, more than none")
    return timedelta(milliseconds=told)


def _trust(said: Mapping[str, Any], beside: Path, *, clock: Clock) -> TrustSnapshot:
    folder, pinning = (named_place(said, name, beside=beside) for name in ("trust", "pins"))
    try:
        pinned = pins.parse(pinning.read_bytes())
        seen = look(Publication(DirectoryTree(folder), pins=pinned, folder=folder), at=clock.now())
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"the trust material of the wallet cannot be read: {unreadable}") from unreadable
    if seen.trusted is None or not seen.trusted.lists:
        raise ConfigurationError("no trust list of the wallet's issuers can be taken up")
    return snapshot_of(seen.trusted)
