"""A test that needs ``::1`` is skipped for one reason alone, and under CI for no other."""

import errno
import socket
from pathlib import Path

import pytest

from tests.net.loopback import NO_LOOPBACK, has_ipv6_loopback, require_ipv6_loopback

LINE = "00000000000000000000000000000001 01 80 10 80       lo\n"
OTHER = "fe800000000000000000000000000001 02 40 20 80     eth0\n"


@pytest.fixture
def barred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no socket of the sixth version be made, as under a filter of system calls."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.usefixtures("barred")
def test_an_address_that_is_there_and_barred_fails_under_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "if_inet6").write_text(OTHER + LINE)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not permitted"):
        require_ipv6_loopback(tmp_path / "if_inet6")

    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="not permitted"):
        require_ipv6_loopback(tmp_path / "if_inet6")


@pytest.mark.parametrize("text", [None, "", OTHER])
def test_a_kernel_without_the_address_is_named_under_ci_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None
) -> None:
    monkeypatch.setenv("CI", "true")
    if text is not None:
        (tmp_path / "if_inet6").write_text(text)

    assert not has_ipv6_loopback(tmp_path / "if_inet6")
    with pytest.raises(pytest.skip.Exception, match=NO_LOOPBACK):
        require_ipv6_loopback(tmp_path / "if_inet6")
    assert has_ipv6_loopback(tmp_path / "another system" / "if_inet6")
