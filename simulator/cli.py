"""python -m simulator: serve an estate, run a command against one, let time pass in one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from typer._click.exceptions import ClickException

from simulator.options import Options, UnusableError

T = TypeVar("T")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=__doc__,
)

Estate = Annotated[Path, typer.Option(help="Folder of NDJSON tables and world.json.")]
FaultsFile = Annotated[Path | None, typer.Option("--faults", help="JSON list of faults.")]
StatsFile = Annotated[Path | None, typer.Option("--stats", help="Write what was asked and answered here.")]
StateFolder = Annotated[
    Path | None, typer.Option("--state", help="Write the estate as it is after the run here.")
]
Latency = Annotated[float, typer.Option(min=0, help="Milliseconds before every answer.")]
Quota = Annotated[str, typer.Option(help="Resource Graph's: queries/seconds, or off.")]
Speed = Annotated[float, typer.Option(help="Divides durations, Retry-After, lag and limit windows.")]
Seed = Annotated[int, typer.Option(help="Same seed, same GUIDs.")]


@app.command()
def serve(
    *,
    estate: Estate,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 0,
    env_file: Annotated[Path | None, typer.Option(help="Write the client's environment here.")] = None,
    faults: FaultsFile = None,
    stats: StatsFile = None,
    state: StateFolder = None,
    latency: Latency = 0,
    quota: Quota = "15/5",
    speed: Speed = 1,
    seed: Seed = 0,
) -> None:
    """Serve an estate until Ctrl-C."""
    from simulator import running

    options = Options(estate, faults, stats, state, latency, quota, speed, seed, port, env_file)
    raise typer.Exit(_told(running.serve, options, typer.echo))


@app.command("exec", context_settings={"allow_interspersed_args": False})
def execute(
    *,
    estate: Estate,
    command: Annotated[list[str], typer.Argument(help="What to run, after --.")],
    faults: FaultsFile = None,
    stats: StatsFile = None,
    state: StateFolder = None,
    latency: Latency = 0,
    quota: Quota = "15/5",
    speed: Speed = 1,
    seed: Seed = 0,
    kill_at: Annotated[str, typer.Option(help="N[:after]: kill the command at its Nth request.")] = "",
) -> None:
    """Run a command against an estate and exit with its code."""
    from simulator import running

    options = Options(estate, faults, stats, state, latency, quota, speed, seed, kill_at=kill_at)
    raise typer.Exit(_told(running.execute, options, command))


@app.command()
def generate(
    *,
    vms: Annotated[int, typer.Option(min=1, help="How many virtual machines.")],
    jobs: Annotated[int, typer.Option(min=0, help="How many jobs, of all kinds.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
    subscriptions: Annotated[int, typer.Option(min=0, help="0: one for 200 machines, at least two.")] = 0,
    vaults: Annotated[
        int, typer.Option(min=0, help="Of Recovery Services; 0: one for 60 machines of a region.")
    ] = 0,
    tenants: Annotated[
        int, typer.Option(min=1, help="Subscriptions go round them; those not of the first are delegated.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    counts: Annotated[bool, typer.Option("--counts", help="Print what it made, by kind and state.")] = False,
) -> None:
    """Make a lifelike estate.

    For 100 machines there are about 160 disks, 10 storage accounts with 18 file shares, 35 databases in
    machines, 3 PostgreSQL servers, 2 AKS clusters and 2 vaults of either world; some tens of percent of all
    are not protected. Every item has its newest jobs, reaching equally far back for all, so that there are as
    many as asked for. Where they would reach further back than the 14 days Azure keeps, more of the items (up
    to half) are backed up every four hours; beyond that they do reach further back.
    """
    from simulator.generate import generate
    from simulator.generate_records import Size

    made = _told(generate, Size(vms, jobs, subscriptions, seed, tenants, vaults), out)
    if counts:
        for (kind, state), number in sorted(made.items()):
            typer.echo(f"{number:>10,}  {kind:<40}{state}".rstrip())


@app.command()
def advance(
    by: Annotated[str, typer.Argument(help="90s, 90m, 24h or 7d.")],
    env_file: Annotated[Path, typer.Option(help="The file `serve --env-file` wrote.")],
) -> None:
    """Let time pass in a running simulator: every stamp ages."""
    from simulator import running

    _told(running.advance, by, env_file)


def main() -> NoReturn:
    """Wrong options are one line and exit 2, like everything else that stops a run before it starts."""
    try:
        code = app(standalone_mode=False)
    except ClickException as error:
        _fail(error.format_message().replace("\n", " "))
    sys.exit(code if isinstance(code, int) else 0)


def _told(work: Callable[..., T], *arguments: Any) -> T:
    """Do it; what is wrong with what was given is one line."""
    try:
        return work(*arguments)
    except UnusableError as error:
        _fail(str(error))


def _fail(text: str) -> NoReturn:
    typer.echo(f"simulator: {text}", err=True)
    sys.exit(2)
