"""unprotected_sweep over an estate of which nearly all is protected."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator import clock
from simulator.estate import Estate
from simulator.estate_instances import backup_policy, backup_vault, instance
from simulator.estate_resources import disk
from simulator.estate_shares import share, share_policy
from simulator.world import Settings
from tests.benchmarks.measuring import SANDBOX, Book, Exchange, against

SUBSCRIPTIONS = 10
MACHINES_A_VAULT = 1000
GRAPH_A_SECOND = 3
"""What Resource Graph lets one identity ask: 15 queries in 5 seconds."""
SECONDS, SPARE = 30, 20
"""The time that 100,000 resources may take, and the requests beside pages, candidates and accounts."""
GROWTH_MB = 20
"""Flat: what the largest estate may take more than the smallest."""
ASKED_ONE_BY_ONE = 2000
"""So many machines are asked for singly; the time of more of them is in proportion."""
QUERY, STATUS = (
    "Microsoft.ResourceGraph/resources/read",
    "Microsoft.RecoveryServices/locations/backupStatus/action",
)
SHARES = "Microsoft.Storage/storageAccounts/fileServices/shares/read"


@dataclass(frozen=True)
class Size:
    """What each of ten subscriptions has; `bare` of its machines are not protected."""

    machines: int
    disks: int
    accounts: int
    bare: int

    @property
    def resources(self) -> int:
        """A share stands beside the account that it is in, and is not counted."""
        return SUBSCRIPTIONS * (self.machines + self.disks + self.accounts)


TENTH = Size(600, 390, 10, 5)
WHOLE = Size(6000, 3900, 100, 50)
DOUBLE = Size(12000, 7800, 200, 50)
SMALL = Size(60, 39, 1, 1)


@dataclass
class Built:
    """An estate, with the ids of its machines and the names of those that nothing protects."""

    folder: Path
    machines: list[str] = field(default_factory=list)
    bare: set[str] = field(default_factory=set)


def measure(book: Book, *sizes: Size) -> None:
    """From small to large, since the memory of the last is compared with that of the first."""
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            built = build(Path(place), size)
            exchange = swept(book, built, size)
            peaks.append(exchange.took.peak_mb)
            grown(book, sizes, peaks)
            paced(book, built, size)
            one_by_one(book, built, exchange)


def grown(book: Book, sizes: Sequence[Size], peaks: Sequence[float]) -> None:
    """What the last of these has taken beside the first."""
    if len(peaks) > 1:
        few, many = sizes[0].resources, sizes[len(peaks) - 1].resources
        each = 1e6 * (peaks[-1] - peaks[0]) / (many - few)
        beside = f"{each:.0f} bytes for each further one"
        book.add(f"  memory beside that for {few:,}", peaks[-1] - peaks[0], "MB", GROWTH_MB, beside)


def build(place: Path, size: Size) -> Built:
    """Subscription after subscription, so that memory does not grow with the estate."""
    built, now = Built(place / "estate"), clock.now()
    built.folder.mkdir()
    for number in range(SUBSCRIPTIONS):
        part = Estate(now)
        _fill(part, built, number, size)
        written = part.write(place / "part")
        for table in written.glob("*.ndjson"):
            with table.open("rb") as source, (built.folder / table.name).open("ab") as whole:
                shutil.copyfileobj(source, whole)
        shutil.rmtree(written)
    return built


def _fill(part: Estate, built: Built, number: int, size: Size) -> None:
    subscription = part.subscription(f"bench-{number}")
    place = {"subscription": subscription, "group": "rg-app"}
    vaults = [
        part.vault(f"rsv-{number}-{nth}", subscription=subscription, group="rg-backup")
        for nth in range(1 + size.machines // MACHINES_A_VAULT)
    ]
    policies = [part.policy(vault, "daily") for vault in vaults]
    protected = []
    for nth in range(size.machines):
        machine = part.vm(f"vm-{number}-{nth:05}", **place)
        built.machines.append(machine)
        if nth < size.bare:
            built.bare.add(machine.rpartition("/")[2])
            continue
        protected.append(machine)
        part.item(vaults[nth % len(vaults)], machine, policy=policies[nth % len(vaults)])
    for nth in range(size.disks):
        described = {"managedBy": protected[nth % len(protected)], "location": "westeurope"}
        properties = disk(128, part.stamp("400d"))
        part.resource(
            "Microsoft.Compute/disks", f"d-{number}-{nth:05}", **place, **described, properties=properties
        )
    _accounts(part, vaults[0], f"{number}", size)


def _accounts(part: Estate, vault: str, name: str, size: Size) -> None:
    """Each has a protected share, and its blobs are protected too."""
    subscription = vault.split("/")[2]
    other = backup_vault(part, f"bv-{name}", subscription=subscription, group="rg-backup")
    blobs, shares = backup_policy(part, other, "blob", "blob"), share_policy(part, vault, "files")
    for nth in range(size.accounts):
        account = part.storage_account(f"st{name}x{nth:04}", subscription=subscription, group="rg-app")
        instance(part, other, account, "blob", policy=blobs)
        share(part, vault, account, "docs", policy=shares)


def swept(book: Book, built: Built, size: Size) -> Exchange:
    """One run in which the service confirms each candidate, with no quota: it would be the whole time."""
    report = built.folder.parent / "report.ndjson"
    command = [SANDBOX, "runbooks/unprotected_sweep.py", "confirm=all", f"report={report}"]
    exchange = against(built.folder, Settings(quota=None), command)
    took, name = exchange.took, f"{size.resources:,} resources, {len(built.bare)} candidates:"
    done = {
        kind: counts.get("200", 0) for kind, counts in exchange.simulator.stats.report()["operations"].items()
    }
    pages, confirmed, listed = (done.get(one, 0) for one in (QUERY, STATUS, SHARES))
    share = f"{exchange.simulator.busy_s:.0f} s of it the simulator's"
    book.add(f"{name} swept", took.wall_s, "s", SECONDS if size == WHOLE else None, share)
    book.add("  own CPU", took.cpu_s, "s", None, f"{1e3 * took.cpu_s / size.resources:.2f} ms a resource")
    book.add("  memory at most", took.peak_mb, "MB", 400)
    bound = pages + confirmed + listed + SPARE
    beside = f"{pages} pages, {confirmed} confirmed, {listed} accounts"
    book.add("  requests", len(exchange.simulator.asked), "", bound, beside)
    check(book, name, exchange, built, report)
    return exchange


def paced(book: Book, built: Built, size: Size) -> None:
    """The same with the quota that Resource Graph has, beside the time that its pages take by that."""
    report = built.folder.parent / "paced.ndjson"
    command = [SANDBOX, "runbooks/unprotected_sweep.py", "confirm=all", f"report={report}"]
    exchange = against(built.folder, Settings(), command)
    told = exchange.simulator.stats.report()["operations"][QUERY]
    wall, floor, refused = exchange.took.wall_s, told["200"] / GRAPH_A_SECOND, told.get("429", 0)
    beside = f"{wall / floor:.2f}x the {floor:.0f} s of its pages; {refused} refused"
    book.add("  with Resource Graph's default quota", wall, "s", None, beside)
    check(book, f"{size.resources:,} resources, paced:", exchange, built, report)


def check(book: Book, name: str, exchange: Exchange, built: Built, report: Path) -> None:
    entries = [json.loads(line) for line in report.read_text().splitlines()]
    verdicts = Counter(one["verdict"] for one in entries)
    bare = {one["name"] for one in entries if one["verdict"] == "unprotected"}
    book.check(exchange.took.code == 0, f"{name} exit {exchange.took.code}: {exchange.took.output[-2000:]}")
    book.check(bare == built.bare, f"{name} {len(bare ^ built.bare)} verdicts of unprotected are wrong")
    book.check(verdicts["unknown"] == 0, f"{name} {verdicts['unknown']} resources are unknown")
    machines = {one["name"] for one in entries if (one["kind"], one["verdict"]) == ("vm", "protected")}
    wrong = len(machines ^ ({one.rpartition("/")[2] for one in built.machines} - built.bare))
    book.check(not wrong, f"{name} {wrong} verdicts on machines are wrong")


def one_by_one(book: Book, built: Built, exchange: Exchange) -> None:
    """As others do it: every machine is asked for, one after another, with nothing made of the answers."""
    some = built.machines[:: 1 + len(built.machines) // ASKED_ONE_BY_ONE]
    reads = built.folder.parent / "reads.json"
    reads.write_text(json.dumps([_status(one) for one in some]))
    command = [SANDBOX, str(Path(__file__).with_name("bare_loop.py")), str(reads)]
    bare = against(built.folder, Settings(quota=None), command)
    book.check(bare.took.code == 0, f"one by one: {bare.took.output[-2000:]}")
    whole = bare.took.wall_s * len(built.machines) / len(some)
    ratio = whole / exchange.took.wall_s
    beside = f"{ratio:.1f}x the sweep of all kinds; from {len(some):,} of them"
    book.add(f"backupStatus of {len(built.machines):,} machines, one by one", whole, "s", None, beside)


def _status(machine: str) -> dict[str, object]:
    location = "/providers/Microsoft.RecoveryServices/locations/westeurope/backupStatus"
    return {
        "method": "POST",
        "path": "/".join(machine.split("/")[:3]) + location,
        "query": {"api-version": "2024-04-01"},
        "body": {"resourceType": "VM", "resourceId": machine},
    }
