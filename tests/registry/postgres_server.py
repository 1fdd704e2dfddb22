"""A real PostgreSQL on a socket of this machine, for as long as tests need it; never as root, which it refuses."""

import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.engines import require_engine

_PATIENCE = 120.0
_USER = "idbridge"


@dataclass(repr=False)
class PostgresServer:
    """A server that was started, and how it is reached."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The address of its database, by the folder of its socket."""
        return f"postgresql://{_USER}@/postgres?host={self.folder}"

    def stop(self) -> None:
        """End the server at once, as a power failure would."""
        self.process.kill()
        self.process.wait(timeout=_PATIENCE)


@contextmanager
def postgres_server(*options: str) -> Iterator[PostgresServer]:
    """Make a new cluster, start it with ``options``, and throw it away in the end."""
    folder = Path(mkdtemp(prefix="idb-pg-", dir=_open_folder()))  # short: a socket's path has room for 100 characters
    try:
        who = _nobody(folder)
        cluster = folder / "cluster"
        made = (require_engine("initdb"), "-D", cluster, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=_environment(), **who)
        server = start_again(folder, *options)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def start_again(folder: Path, *options: str) -> PostgresServer:
    """Start the server of a cluster that is there, and return it once it answers."""
    cluster = folder / "cluster"
    for left in (folder / ".s.PGSQL.5432.lock", cluster / "postmaster.pid"):
        left.unlink(missing_ok=True)
    options = options or ("-k", str(folder), "-c", "listen_addresses=")
    told = (require_engine("postgres"), "-D", cluster, "-c", "fsync=off", *(word.format(folder) for word in options))
    process = subprocess.Popen(
        told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=_environment(), **_nobody(folder)
    )
    server = PostgresServer(folder, process)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        # The last line of this file says whether connections are taken.
        with suppress(OSError):
            if (cluster / "postmaster.pid").read_text(encoding="ascii").splitlines()[-1].strip() == "ready":
                return server
        time.sleep(0.02)
    server.stop()
    raise RuntimeError("postgres did not start")


def _open_folder() -> Path:
    """Return a folder that every account can enter: the one of this run of tests may be closed to all but its own."""
    places = (Path("/dev/shm"), Path("/tmp"))  # noqa: S108 - mkdtemp makes a folder of its own there
    return next(place for place in places if place.stat().st_mode & stat.S_IWOTH)


def _nobody(folder: Path) -> dict[str, int]:
    """Give ``folder`` to an account without rights, and say that programs run as it, if this is root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
