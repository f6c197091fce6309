"""A deployment from its files to Azure and back: reads, plans, applies, and looks again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from azure.core.credentials import TokenCredential

from deployer import bundle, live, manifest, packages, plan
from deployer.account import Account, Target
from deployer.apply import Applying, Doing, Shown, Told
from deployer.changes import Plan
from deployer.errors import DeployError
from deployer.importing import Importing
from deployer.live import Live
from deployer.packages import Wheel
from deployer.staging import Staging
from deployer.wanted import Wanted

NO_ENVIRONMENTS = ("brazilsoutheast",)
"""Regions without custom runtime environments, without which the runbooks have no packages."""


@dataclass(frozen=True)
class Files:
    """Where what is deployed stands; `root` is the clone."""

    root: Path
    manifest: Path

    @property
    def runbooks(self) -> Path:
        return self.root / "runbooks"

    @property
    def lock(self) -> Path:
        return self.root / "modules" / "sandbox.lock"

    def wheels(self) -> tuple[Wheel, ...]:
        """The packages of the lock, downloaded where they are not there yet.

        Raises:
            DeployError: one cannot be had or is not the one that was locked, or together they lack something.
        """
        found = packages.wheels(self.lock, self.root / "build" / "wheels")
        faults = packages.missing(found)
        if faults:
            raise DeployError("; ".join(faults))
        return found

    def build(self, name: str) -> str:
        return bundle.build(self.runbooks / f"{name}.py", self.root / "modules" / "backupkit")


@dataclass
class Deployment:
    """`environ` is what `${NAME}` in the manifest stands for; `rotate` are webhooks that get a new URL."""

    files: Files
    target: Target
    credential: TokenCredential
    environ: Mapping[str, str]
    poll_s: float
    rotate: Collection[str] = ()
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(self.target, self.credential, self.poll_s)

    def wanted(self) -> Wanted:
        """What the files say.

        Raises:
            ManifestError, DeployError: they cannot be used; nothing was sent.
        """
        said = manifest.read(self.files.manifest, self.files.runbooks, self.environ)
        unknown = sorted(set(self.rotate) - said.webhooks.keys())
        if unknown:
            raise DeployError(
                f"no webhook {unknown[0]!r} in {self.files.manifest.name}; it has {', '.join(said.webhooks)}"
            )
        texts = {name: self.files.build(name) for name in said.runbooks}
        pins = packages.pins(self.files.lock)
        now = datetime.now(UTC).replace(microsecond=0)
        return Wanted(said, texts, pins, self.target, now, frozenset(self.rotate))

    def look(self, wanted: Wanted | None) -> Live:
        """What is there."""
        if wanted is None:
            found = live.read(self.account, "", (), ())
        else:
            found = live.read(self.account, wanted.environment, wanted.texts, wanted.beside)
        region = str(found.account.get("location") or "").replace(" ", "").lower()
        if region in NO_ENVIRONMENTS:
            raise DeployError(
                f"account {self.target.account} is in {region}, where Azure Automation has no custom runtime "
                f"environments, so the runbooks cannot have their packages there: use an account in another "
                f"region"
            )
        return found

    def apply(self, wanted: Wanted, there: Live, changes: Plan, told: Told, shown: Shown | None) -> None:
        """Do it, and look whether it holds.

        Raises:
            DeployError: something failed, or the account is not as it should be afterwards.
        """
        wheels = self._wheels(changes)
        with closing(Staging(wanted.manifest.runtime.staging, self.credential)) as staging:
            importing = Importing(self.account, wanted.environment, staging, self.poll_s)
            Applying(Doing(self.account, there, told, shown), wanted, importing, wheels).run(changes)
        now = plan.plan(replace(wanted, rotate=frozenset()), self.look(wanted))
        done = {(one.kind, one.name) for one in changes.changes}
        still = [one for one in now.changes if not wanted.rotate or (one.kind, one.name) in done]
        if still:
            first = still[0]
            raise DeployError(
                f"all was done, but {len(still)} things are not as they should be, the first: "
                f"{first.verb} {first.kind} {first.name} ({first.why}); somebody else may be at work on the "
                f"account: plan again"
            )

    def destroy(self, there: Live, changes: Plan, told: Told) -> None:
        doing = Doing(self.account, there, told)
        for change in changes.removals:
            doing.remove(change)

    def _wheels(self, changes: Plan) -> dict[str, Wheel]:
        """By name, where packages are to be imported; what is wrong with them is found before that."""
        if not any(one.kind == "package" and one.verb == "import" for one in changes.changes):
            return {}
        return {wheel.name: wheel for wheel in self.files.wheels()}
