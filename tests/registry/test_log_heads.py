"""Heads of logs in a database: a log of a backup does not go on, and of two who change a row one does."""

from pathlib import Path

import pytest

from idbridge.errors import FetchError
from idbridge.evidence.errors import HeadBehindError, LogError
from idbridge.evidence.head import Head
from idbridge_gateway.registry.database import database_address
from idbridge_gateway.registry.log_heads import SqlHeads
from tests.evidence.kit import Node
from tests.registry.conftest import Database
from tests.tlog.kit import ORIGIN, recursive_root

pytestmark = pytest.mark.usefixtures("patient")


def head(size: int) -> Head:
    return Head(ORIGIN, size, recursive_root(0, size))


def heads_in(database: Database) -> SqlHeads:
    return SqlHeads(database_address(database.url))


def test_a_log_from_a_backup_is_refused_because_the_database_has_seen_a_longer_one(
    database: Database, tmp_path: Path
) -> None:
    node = Node(tmp_path / "log", heads=heads_in(database)).begin()
    backup = node.filled(2).copied("backup")
    node.filled(1)

    with pytest.raises(HeadBehindError) as caught:
        backup.open()

    assert (caught.value.local, caught.value.known) == (2, 3)
    assert node.size() == 3


def test_who_expects_what_does_not_stand_there_changes_nothing(database: Database) -> None:
    heads = heads_in(database)
    assert heads.swap(head(3), expected=head(2)) is None
    assert heads.swap(head(3), expected=None) is None

    assert heads.swap(head(5), expected=None) == head(3)
    assert heads.swap(head(5), expected=head(4)) == head(3)
    assert heads.swap(head(5), expected=Head(ORIGIN, 3, bytes(32))) == head(3)

    assert heads.swap(head(5), expected=head(3)) == head(3)
    assert heads.swap(head(6), expected=head(5)) == head(5)


def test_a_database_that_is_not_there_is_asked_again_later(tmp_path: Path) -> None:
    with pytest.raises(FetchError):
        SqlHeads(database_address(f"sqlite:///{tmp_path / 'gone.db'}")).swap(head(1), expected=None)


def test_a_row_that_holds_no_head_is_no_reason_to_go_on(database: Database) -> None:
    heads_in(database).swap(head(3), expected=None)
    database.say("UPDATE log_heads SET root = '????'")

    with pytest.raises(LogError, match="damaged"):
        heads_in(database).swap(head(1), expected=None)
