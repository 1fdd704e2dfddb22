"""What a change of a registration changed: for the line that is kept of it, and for the number of the policy."""

from typing import Any

from idbridge.oidc.client import EndingSecret
from idbridge_gateway.registry.form import POLICY, shown_document
from idbridge_gateway.registry.record import Registration

_COUNTED = frozenset({"version", "created_at", "changed_at"})


def changed_members(held: Registration | None, made: Registration) -> dict[str, Any]:
    """Return each member that differs, as it was and as it is; what was not there was null.

    Neither keys, nor secrets, nor digests of them are in it. A client of which a secret changed, be it the one that
    ends, is named in `secrets_changed`.
    """
    before: dict[str, Any] = {} if held is None else shown_document(held)
    after = shown_document(made)
    changed = {
        name: {"from": before.get(name), "to": value}
        for name, value in after.items()
        if name not in _COUNTED and before.get(name) != value
    }
    rotated = sorted(_secrets(made).items() - (set() if held is None else _secrets(held).items()))
    return {**changed, "secrets_changed": [client for client, _ in rotated]} if rotated else changed


def policy_changed(held: Registration, made: Registration) -> bool:
    """Tell whether what bounds the party's requests differs."""
    before, after = held.relying_party, made.relying_party
    return any(getattr(before, name) != getattr(after, name) for name in POLICY)


def _secrets(registration: Registration) -> dict[str, tuple[str, EndingSecret | None]]:
    return {
        client.id: (client.secret_digest, client.ending_secret)
        for client in registration.clients
        if client.secret_digest is not None
    }
