"""The three things the command line does."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from simulator import control
from simulator.app import Simulator
from simulator.identity import Issuer, check_identities
from simulator.options import Options, UnusableError
from simulator.server import serving
from simulator.world import World

BROKEN = 70
"""Exit code of `exec` where the command succeeded and the simulator did not."""
_CONTROL = "SIMULATOR_URL"


class Group:
    """A command in its own process group, so that all of it can be told and killed."""

    def __init__(self) -> None:
        self._leader: int | None = None

    async def run(self, command: list[str], environment: Mapping[str, str]) -> int:
        """The exit code, 128 + n for a signal.

        Raises:
            UnusableError: it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(*command, env=environment, process_group=0)
        except OSError as error:
            raise UnusableError(f"cannot run {command[0]!r}: {error.strerror}") from error
        self._leader = process.pid
        try:
            code = await process.wait()
        finally:
            self.kill()
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        self.tell(signal.SIGKILL)

    def tell(self, what: signal.Signals) -> None:
        if self._leader is None:
            return
        try:
            os.killpg(self._leader, what)
        except ProcessLookupError:
            self._leader = None


def execute(options: Options, command: list[str]) -> int:
    group = Group()
    return asyncio.run(_execute(options, loaded(options, group.kill), group, command))


async def _execute(options: Options, simulator: Simulator, group: Group, command: list[str]) -> int:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, group.tell, one)
    return await played(options, simulator, lambda environment: group.run(command, environment))


async def played(
    options: Options, simulator: Simulator, run: Callable[[Mapping[str, str]], Awaitable[int]]
) -> int:
    """Serve while `run` lasts, which gets the environment for a client, then write the results.

    The exit code is what `run` returns, or BROKEN.
    """
    async with serving(simulator) as address:
        code = await run(address.environment(os.environ))
    _write(options, simulator)
    return code or (BROKEN if simulator.broken else 0)


def serve(options: Options, say: Callable[[str], None]) -> int:
    """Until SIGINT or SIGTERM; `say` gets the one line that tells how to use it."""
    return asyncio.run(_serve(options, loaded(options, lambda: None), say))


async def _serve(options: Options, simulator: Simulator, say: Callable[[str], None]) -> int:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    with tempfile.TemporaryDirectory(prefix="azure-simulator-env-") as folder:
        env_file = options.env_file or Path(folder) / "env"
        try:
            async with serving(simulator, options.port) as address:
                lines = [f"{name}={value}" for name, value in address.variables().items()]
                _write_secret(env_file, "\n".join([*lines, f"{_CONTROL}={address.url}", ""]))
                say(
                    f"{address.url} plays {options.estate}; use it with: set -a; . {env_file}; set +a "
                    f"(Ctrl-C stops it)"
                )
                await stop.wait()
        except OSError as error:
            raise UnusableError(f"port {options.port}: {error.strerror}") from error
    _write(options, simulator)
    return BROKEN if simulator.broken else 0


def advance(by: str, env_file: Path) -> None:
    """Raises UnusableError where nothing runs there, or it refuses."""
    try:
        control.duration(by)
        pairs = (line.partition("=") for line in env_file.read_text(encoding="utf-8").splitlines())
        known = {name: value for name, _, value in pairs}
        url, secret = known[_CONTROL], known["IDENTITY_HEADER"]
    except KeyError as error:
        raise UnusableError(f"{env_file}: no {error.args[0]} in it; serve --env-file writes one") from error
    except (OSError, ValueError) as error:
        raise UnusableError(str(error)) from error
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    try:
        connection.request("POST", f"{control.PATH}/advance?by={by}", headers={control.HEADER: secret})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except OSError as error:
        raise UnusableError(f"{url}: no simulator answers: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise UnusableError(f"{url}: {text}")


def loaded(options: Options, kill: Callable[[], None]) -> Simulator:
    """A simulator of the estate that is not yet served.

    Raises:
        UnusableError: what was given cannot be used.
    """
    try:
        options.check_places()
        faults = options.rules()
        world = World.load(options.estate, options.settings())
        check_identities(world.known.identities)
    except ValueError as error:
        raise UnusableError(str(error)) from error
    return Simulator(world, Issuer(), faults, kill)


def _write(options: Options, simulator: Simulator) -> None:
    if options.stats:
        text = json.dumps(simulator.stats.report(), indent=1)
        options.stats.write_text(text + "\n", encoding="utf-8")
    if options.state:
        simulator.world.dump(options.state)
        _write_lines(options.state / "triggers.ndjson", simulator.world.triggers)
        _write_lines(options.state / "messages.ndjson", simulator.world.messages)


def _write_lines(path: Path, rows: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")


def _write_secret(path: Path, text: str) -> None:
    """The file holds the secret of the identity endpoint."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
