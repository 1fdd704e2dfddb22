"""Between registrations and rows: what stands in the database is read as strictly as what anybody sends."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from idbridge.codec import jcs, strict_json
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registry.form import kept_document, read_registration
from idbridge_gateway.registry.members import instant, written
from idbridge_gateway.registry.record import ApiKey, Registration
from idbridge_gateway.registry.tables import API_KEYS, CLIENTS, PARTIES

Rows = Mapping[str, list[RowMapping]]
_CLIENTS_MEMBER: Final = "oidc_clients"
_KEPT_BYTES: Final = 2 * LIMITS.registration_bytes  # with every default spelled out


async def read_all(
    connection: AsyncConnection, environment: Environment
) -> tuple[tuple[Registration, ...], tuple[str, ...]]:
    """Return all registrations, and the ids of those that cannot be read."""
    clients, keys = await _grouped(connection, CLIENTS), await _grouped(connection, API_KEYS)
    found: list[Registration] = []
    unreadable: list[str] = []
    for row in (await connection.execute(select(PARTIES).order_by(PARTIES.c.id))).mappings():
        try:
            found.append(_registration(row, clients.get(row["id"], []), keys.get(row["id"], []), environment))
        except (IdBridgeError, ValueError, TypeError, KeyError):
            unreadable.append(row["id"])
    return tuple(found), tuple(unreadable)


async def read_one(connection: AsyncConnection, party_id: str, environment: Environment) -> Registration | None:
    """Return the registration of ``party_id``; ``None`` if there is none.

    Raises:
        IdBridgeError, ValueError, TypeError, KeyError: It cannot be read.
    """
    row = (await connection.execute(select(PARTIES).where(PARTIES.c.id == party_id))).mappings().one_or_none()
    if row is None:
        return None
    clients, keys = await _grouped(connection, CLIENTS, party_id), await _grouped(connection, API_KEYS, party_id)
    return _registration(row, clients.get(party_id, []), keys.get(party_id, []), environment)


async def taken_client(connection: AsyncConnection, registration: Registration) -> str | None:
    """Return a client id of ``registration`` that another party has; ``None`` if all of them are free."""
    ids = [client.id for client in registration.clients]
    others = select(CLIENTS.c.id).where(CLIENTS.c.id.in_(ids), CLIENTS.c.relying_party != registration.id)
    return (await connection.execute(others.limit(1))).scalar_one_or_none()


async def write(connection: AsyncConnection, registration: Registration, *, is_new: bool) -> None:
    """Write ``registration`` in the place of what is held of its party."""
    document = kept_document(registration)
    clients = document.pop(_CLIENTS_MEMBER)
    values = {
        "document": jcs.canonicalize(document).decode(),
        "version": registration.version,
        "created_at": written(registration.created_at),
        "changed_at": written(registration.changed_at),
    }
    if is_new:
        await connection.execute(insert(PARTIES).values(id=registration.id, **values))
    else:
        await connection.execute(update(PARTIES).where(PARTIES.c.id == registration.id).values(**values))
    for table in (CLIENTS, API_KEYS):
        await connection.execute(delete(table).where(table.c.relying_party == registration.id))
    await _insert(connection, CLIENTS, registration, _client_rows(clients))
    await _insert(connection, API_KEYS, registration, _key_rows(registration.api_keys))


async def _insert(
    connection: AsyncConnection, table: Any, registration: Registration, rows: Iterable[Mapping[str, Any]]
) -> None:
    numbered = [{**row, "relying_party": registration.id, "position": position} for position, row in enumerate(rows)]
    if numbered:
        await connection.execute(insert(table), numbered)


def _client_rows(clients: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return ({"id": client["id"], "document": jcs.canonicalize(client).decode()} for client in clients)


def _key_rows(keys: Iterable[ApiKey]) -> Iterable[Mapping[str, Any]]:
    return (
        {
            "digest": key.digest,
            "last_four": key.last_four,
            "created_at": written(key.created_at),
            "expires_at": written(key.expires_at),
        }
        for key in keys
    )


async def _grouped(connection: AsyncConnection, table: Any, party_id: str | None = None) -> Rows:
    """Return the rows of ``table`` by their party, each party's in the order in which they were written."""
    query = select(table).order_by(table.c.relying_party, table.c.position)
    if party_id is not None:
        query = query.where(table.c.relying_party == party_id)
    grouped: dict[str, list[RowMapping]] = {}
    for row in (await connection.execute(query)).mappings():
        grouped.setdefault(row["relying_party"], []).append(row)
    return grouped


def _registration(
    row: RowMapping,
    clients: Iterable[RowMapping],
    keys: Iterable[RowMapping],
    environment: Environment,
) -> Registration:
    document = _parsed(row["document"])
    if document.get("id") != row["id"] or _CLIENTS_MEMBER in document:
        raise ValueError("a registration that stands under the id of another")
    return read_registration(
        {**document, _CLIENTS_MEMBER: [_client(client) for client in clients]},
        environment=environment,
        api_keys=tuple(_key(key) for key in keys),
        version=row["version"],
        created_at=instant(row["created_at"], "created_at"),
        changed_at=instant(row["changed_at"], "changed_at"),
    )


def _client(row: RowMapping) -> Mapping[str, Any]:
    document = _parsed(row["document"])
    if document.get("id") != row["id"]:
        raise ValueError("a client that stands under the id of another")
    return document


def _key(row: RowMapping) -> ApiKey:
    created, expires = instant(row["created_at"], "created_at"), instant(row["expires_at"], "expires_at")
    return ApiKey(row["digest"], row["last_four"], created, expires)


def _parsed(text: str) -> dict[str, Any]:
    return strict_json.parse_object(text, max_bytes=_KEPT_BYTES)
