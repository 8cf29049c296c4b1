"""A private PostgreSQL server for one run of pytest.

Started by whichever process first asks, from the binaries on this machine, on a socket in the run's own directory: no
port to collide on, no other user let in. However the run ends, even killed, a watcher stops the server.
Only the standard library here: the watcher is this file, run by itself.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOT_FOUND = "PostgreSQL's server is not installed (apt-get install postgresql), and TEST_POSTGRES_URL names none."
PLACES = (
    "usr/lib/postgresql/*/bin",  # Debian keeps them out of PATH
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
WHERE = """
listen_addresses = ''
unix_socket_directories = '{home}'
max_connections = 200
"""
# Nothing in it outlives the run, so that it need not be safe, only quick.
CONFIGURATION = f"""{WHERE}
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""
# As it is delivered, but for a place of its own: for measuring what safety costs.
LASTING = WHERE


class NoServerError(Exception):
    """PostgreSQL is not there or did not start; the message says what to do."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process of the run at a time; the kernel lets go when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def the_server_of(run: Path, configuration: str = CONFIGURATION) -> str:
    """The URL of the run's server, which is started unless another process has done so."""
    home = run / "postgres"
    with locked(run / "start.lock"):
        if not (run / "started").exists():
            _start(run, home, configuration)
            (run / "started").touch()
    return f"postgresql+psycopg://elevate@/postgres?host={home}"


def stop_at_once(run: Path) -> None:
    """As when its power fails: nothing that is under way is finished."""
    _control(run, "-m", "immediate", "stop")


def start_again(run: Path) -> None:
    _control(run, "-l", run / "postgres" / "log", "start")


def wait_for_the_watcher(run: Path) -> None:
    if (run / "watched").exists():
        with locked(run / "watched"):
            pass


def _start(run: Path, home: Path, settings: str) -> None:
    programs = _programs()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    _hand_over(run, home)
    data = home / "data"
    how = ("-U", "elevate", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    _as_owner(home, programs / "initdb", "-D", data, *how)
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(settings.format(home=home))
    # First the watcher, then the server: there is no moment at which nobody would stop it.
    _set_the_watcher(run, programs)
    start_again(run)


def _control(run: Path, *words: str | Path) -> None:
    home = run / "postgres"
    _as_owner(home, _programs() / "pg_ctl", "-D", home / "data", "-w", *words)


def _programs() -> Path:
    """Where the server's programs are: the newest of several, unless PATH says which."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    everywhere = [path for place in PLACES for path in Path("/").glob(place)]
    installed = [path for path in everywhere if (path / "initdb").exists()]
    if not installed:
        raise NoServerError(NOT_FOUND)
    return max(
        installed,
        key=lambda path: [
            int(n) for n in path.parent.name.split("@")[-1].split(".") if n.isdigit()
        ],
    )


def no_server() -> str:
    """Why there can be none, in the line that names the package; empty: there can."""
    if os.environ.get("TEST_POSTGRES_URL"):
        return ""
    try:
        _programs()
    except NoServerError as error:
        return str(error)
    return ""


def _hand_over(run: Path, home: Path) -> None:
    """PostgreSQL refuses to run as root, so root gives the directory to somebody else."""
    if os.geteuid() != 0:
        return
    users = {user.pw_name: user for user in pwd.getpwall()}
    owner = users.get("postgres") or users["nobody"]
    run.chmod(0o711)
    os.chown(home, owner.pw_uid, owner.pw_gid)


def _as_owner(home: Path, *command: str | Path) -> None:
    log = home.parent / "postgres.log"
    owner = home.stat()
    other: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()}
    with log.open(
        "ab"
    ) as output:  # not a pipe: the server would hold it open for as long as it lives
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            check=False,
            **(other if os.geteuid() == 0 else {}),
        )
    if done.returncode:
        raise NoServerError(f"{command[0]} failed:\n{log.read_text()}")


def _set_the_watcher(run: Path, programs: Path) -> None:
    with (run / "watched").open("w") as watched:
        fcntl.flock(watched, fcntl.LOCK_EX)
        watcher = subprocess.Popen(
            [sys.executable, __file__, run, programs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[watched.fileno()],  # the lock is now the watcher's, for as long as it lives
            start_new_session=True,  # Ctrl-C is for pytest, which then ends in good order
        )
    watcher.returncode = 0  # it outlives us: nobody is to wait for it, or to warn that nobody did


def _watch(run: Path, programs: Path) -> None:
    """Wait until pytest's main process is gone, in whatever way; then stop the server."""
    with (run / "alive").open() as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)
    home = run / "postgres"
    try:
        _as_owner(home, programs / "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), Path(sys.argv[2]))
