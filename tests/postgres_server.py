"""A PostgreSQL server of the tests' own, on a socket in a folder of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

_PORT = 5432  # names the socket only; nothing listens on the network
_NAMES = count()


def program(name: str) -> Path | None:
    """Where a program of PostgreSQL lies: Debian keeps the server's out of PATH."""
    found = shutil.which(name)
    if found:
        return Path(found).resolve()
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return versions[-1] if versions else None


class Server:
    """A running server; :meth:`url` makes a new, empty database."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user = folder, user
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it takes connections."""
        postgres = program("postgres")
        assert postgres is not None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    postgres, "-D", self.folder / "data", "-k", self.folder,
                    "-p", str(_PORT), "-c", "listen_addresses=", "-c", "max_connections=60",
                ],
                stdout=log, stderr=log, user=self.user, cwd=self.folder,
            )  # fmt: skip
        state = self.folder / "data" / "postmaster.pid"
        while self.process.poll() is None:
            with suppress(FileNotFoundError):
                if "ready" in state.read_text().split():
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; SIGQUIT is a crash, after which it recovers from its log."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)

    def url(self) -> str:
        """The address of a new database."""
        name = f"test{next(_NAMES)}"
        self._run(f"CREATE DATABASE {name}")
        return f"postgresql+pg8000://earmark@/{name}?unix_sock={self._socket}"

    @property
    def _socket(self) -> Path:
        return self.folder / f".s.PGSQL.{_PORT}"

    def _run(self, statement: str) -> None:
        import pg8000.dbapi

        connection = pg8000.dbapi.connect(
            user="earmark", database="postgres", unix_sock=str(self._socket)
        )
        connection.autocommit = True
        connection.cursor().execute(statement)
        connection.close()


def _fast_place() -> str | None:
    """Memory, where there is room for a server; else the usual place."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > 10**9 else None


@contextmanager
def running() -> Iterator[Server]:
    """A server in a new folder, gone at the end; it refuses to run as root, so not as root."""
    initdb = program("initdb")
    assert initdb is not None
    user = None
    if os.geteuid() == 0:
        names = {one.pw_name for one in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    # The path of a socket is short, and pytest's folders are root's alone.
    folder = Path(tempfile.mkdtemp(prefix="earmark-pg-", dir=_fast_place()))
    server = Server(folder, user)
    try:
        if user:
            shutil.chown(folder, user)
        made = subprocess.run(
            [
                initdb, "-D", folder / "data", "-U", "earmark", "-A", "trust", "-E", "UTF8",
                "--locale=C", "--no-sync",
            ],
            user=user, cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(made.stderr)
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
