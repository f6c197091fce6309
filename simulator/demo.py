"""python -m simulator.demo: a bad night of backups, and what auto_retry makes of it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator import clock, demo_deploy, demo_estate, demo_story, demo_workloads
from simulator.demo_saying import say, tell, title, typed
from simulator.demo_story import NotAsToldError, Told, rows
from simulator.server import Address

ROOT = Path(__file__).parents[1]
OUT = "demo-out"
SIMULATOR = ".venv/bin/python -m simulator"
EXEC = f"{SIMULATOR} exec --speed 60"
SERVE = (
    f"{SIMULATOR} serve --speed 60 --estate {OUT}/estate --env-file {OUT}/env "
    f"--stats {OUT}/requests.json --state {OUT}/state"
)
AUTO_RETRY = ".venv-sandbox/bin/python runbooks/auto_retry.py"
FOR_REAL = "dry_run=false ledger=none"
NEXT = {
    "What each parameter does, and its default:": f"{AUTO_RETRY} help",
    "Go on from where this demo ended, and try once what failed for a cause nobody has judged:": (
        f"{EXEC} --estate {OUT}/state -- {AUTO_RETRY} {FOR_REAL} unknown=once log=summary"
    ),
    "The bad night again, with Azure throttling and connections breaking; the decisions are the same:": (
        f"{EXEC} --estate {OUT}/estate --faults {OUT}/faults.json -- {AUTO_RETRY} log=summary"
    ),
}
FAULTS: list[dict[str, Any]] = [
    {
        "match": {"path": "ResourceGraph"},
        "when": {"nth": [2]},
        "then": {"status": 429, "headers": {"Retry-After": "1"}},
    },
    {"match": {"path": "backupJobs$"}, "when": {"every": 3}, "then": {"reset": True}},
]


@dataclass
class Demo:
    """The runs so far; `folder` is the clone, in which the commands are typed."""

    folder: Path
    runs: list[Told] = field(default_factory=list)

    def auto_retry(self, tokens: str, environment: Mapping[str, str], before: str = "") -> Told:
        """Type it, run it, and read what it said.

        Raises:
            NotAsToldError: it did not end well.
        """
        report = f"{OUT}/{len(self.runs) + 1}-report.ndjson"
        words = [before, AUTO_RETRY, tokens, f"report={report}"]
        log = self.run(" ".join(filter(None, words)), environment)
        told = Told(log.splitlines(), rows(self.folder / report))
        self.runs.append(told)
        return told

    def advance(self, by: str) -> None:
        self.run(f"{SIMULATOR} advance {by} --env-file {OUT}/env", os.environ)

    def run(self, command: str, environment: Mapping[str, str], *, code: int = 0) -> str:
        """What it printed; NotAsToldError where it ended with another code, or said something to stderr."""
        typed(command)
        words, where = shlex.split(command), self.folder
        try:
            done = subprocess.run(  # noqa: S603 - the words are the demo's own
                words, cwd=where, env=environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise NotAsToldError(f"{words[0]}: {error.strerror}; make demo sets up what it needs") from error
        if done.returncode != code or done.stderr:
            raise NotAsToldError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[dict[str, str]]:
        """A simulator in the background; gives the environment that leads to it."""
        typed(f"{SERVE} &")
        with subprocess.Popen(  # noqa: S603 - the words are the demo's own
            shlex.split(SERVE), cwd=self.folder, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                if server.stdout is None or not server.stdout.readline():
                    raise NotAsToldError("the simulator did not start; it says why above")
                typed(f"set -a; . {OUT}/env; set +a")
                yield environment_of(self.folder / OUT / "env")
            finally:
                server.terminate()


def main(folder: Path = ROOT) -> int:
    demo = Demo(folder)
    try:
        opening(demo)
        would_retry(demo)
        title("2. Retry them")
        tell("From here on one simulator runs on, as Azure would.")
        with demo.serving() as environment:
            retry(demo, environment)
            after_the_canaries(demo, environment)
            once_more(demo, environment)
            all_well(demo, environment)
        closing(demo)
        all_workloads(demo)
        not_backed_up(demo)
        exported(demo)
        deployed(demo)
        title("What to try next")
        for why, command in NEXT.items():
            say(why)
            typed(command)
    except NotAsToldError as error:
        sys.stderr.write(f"demo: the story is not as told: {error}\n")
        return 1
    return 0


def opening(demo: Demo) -> None:
    build(demo.folder / OUT)
    kinds = Counter(row["type"].rpartition("/")[2] for row in estate_rows(demo.folder / OUT / "estate"))
    title("A bad night")
    tell(
        f"{OUT}/estate is an Azure estate as of now: {kinds['virtualmachines']} virtual machines in "
        f"{kinds['vaults']} Recovery Services vaults of {kinds['subscriptions']} subscriptions, with a week "
        f"of {kinds['backupjobs']} backup jobs. Last night many of them failed, for many reasons; "
        "simulator/demo_estate.py has the cast. The runbook below is the one that runs in Azure, and the "
        "simulator plays Azure on this machine, where --speed 60 makes a minute a second. You can type each "
        "command yourself."
    )


def would_retry(demo: Demo) -> None:
    title("1. What would it do?")
    tell(
        "A dry run, which is the default, sends only reads. Every item whose backup failed in the last 24 "
        "hours gets one line: what is done about it, and why. Look at the reasons: each is a rule of the "
        "runbook, the first that held, in the order an operator would ask. (Shown are some lines of each "
        "rule, without the ids of jobs.)"
    )
    told = demo.auto_retry("", os.environ, f"{EXEC} --estate {OUT}/estate --stats {OUT}/1-requests.json --")
    say(*demo_story.excerpt(told, most=1))
    say(*demo_story.table(told))
    requests = json.loads((demo.folder / OUT / "1-requests.json").read_text(encoding="utf-8"))["requests"]
    demo_story.check_dry_run(told, requests)
    tell(
        f"{len(requests)} requests, all of them reads; nothing was changed. {len(told.vms(rule='storm'))} "
        f"items wait because most of their vault failed with one code, as after an outage: of such a storm "
        f"only canaries go first, here {' and '.join(demo_story.canaries(told))}."
    )


def retry(demo: Demo, environment: Mapping[str, str]) -> None:
    tell("dry_run=false starts backups; ledger=none counts the attempts of each item from its vault's jobs.")
    told = demo.auto_retry(FOR_REAL, environment)
    say(*demo_story.excerpt(told, ("passing_cause",)))
    say(*demo_story.table(told))
    demo_story.check_kept_word(demo.runs[0], told)
    tell(
        f"What the dry run said was done: the same {len(told.vms(verdict='retried'))} items, each with its "
        f"new_job in {OUT}/2-report.ndjson."
    )


def after_the_canaries(demo: Demo, environment: Mapping[str, str]) -> None:
    title("3. Twenty minutes later")
    before = demo.runs[-1]
    tell("The backups have ended by now, some of them with a failure. The same again:")
    demo.advance("20m")
    told = demo.auto_retry(FOR_REAL, environment)
    say(*demo_story.excerpt(told, ("succeeded_since", "passing_cause", "backing_off"), most=2))
    say(*demo_story.table(told))
    demo_story.check_since(demo.runs)
    demo_story.check_storm_over(before, told)
    tried = before.vms(verdict="retried")
    tell(
        f"Of the {len(tried)} items retried before, {len(tried & told.vms(rule='succeeded_since'))} have "
        f"recovered and are left alone; {' and '.join(demo_story.canaries(before))}, the canaries, among "
        f"them, so the {len(before.vms(rule='storm'))} others of the storm were started now. "
        f"{' and '.join(sorted(tried & told.vms(rule='backing_off')))} failed again: the next attempt waits, "
        "longer each time."
    )


def once_more(demo: Demo, environment: Mapping[str, str]) -> None:
    title("4. And again")
    demo.advance("20m")
    told = demo.auto_retry(FOR_REAL, environment)
    say(*demo_story.excerpt(told, ("passing_cause",)))
    say(*demo_story.table(told))
    demo_story.check_since(demo.runs)
    tell(f"Over by now: the back-off of {' and '.join(sorted(told.vms(verdict='retried'))) or 'no item'}.")


def all_well(demo: Demo, environment: Mapping[str, str]) -> None:
    title("5. What is left")
    demo.advance("20m")
    told = demo.auto_retry("", environment)
    left = {rule for _, rule in told.rules()} - {"succeeded_since"}
    say(*demo_story.excerpt(told, left, most=1))
    say(*demo_story.table(told))
    demo_story.check_since(demo.runs)
    demo_story.check_nothing_left(demo.runs)
    tell(
        f"{len(told.vms(rule='succeeded_since'))} of {len(told.entries)} items have recovered, all that were "
        "retried among them, and there is nothing left to retry. The others need a person, or time, and "
        "each line says which."
    )


def closing(demo: Demo) -> None:
    out = demo.folder / OUT
    requests = json.loads((out / "requests.json").read_text(encoding="utf-8"))["requests"]
    triggers = rows(out / "state" / "triggers.ndjson")
    asked = demo_story.check_triggers(demo.runs, triggers, requests)
    title("The books")
    retried = [len(told.vms(verdict="retried")) for told in demo.runs]
    say(
        f"retried, say the reports     {' + '.join(map(str, retried))} = {sum(retried)}",
        f"asked for, on the wire       {asked}",
        f"started, in the vaults       {len(triggers)}",
    )
    say(
        f"{OUT}/*-report.ndjson           each run's decisions, an object a line",
        f"{OUT}/requests.json             every request of runs 2 to 5, in order",
        f"{OUT}/state/triggers.ndjson     the backups that the vaults started",
        f"{OUT}/state                     the estate as it is now: start from it again",
    )


def all_workloads(demo: Demo) -> None:
    title("Everything else that is backed up")
    tell(
        "File shares, databases, disks, blobs, PostgreSQL and AKS, in Recovery Services vaults and Backup "
        "vaults, in an estate of 2,000 machines made by the simulator: a dry run over all of it."
    )
    demo.run(f"{SIMULATOR} {demo_workloads.GENERATE} --out {OUT}/larger", os.environ)
    report = f"{OUT}/larger-report.ndjson"
    command = f"{EXEC} --estate {OUT}/larger -- {AUTO_RETRY} {demo_workloads.TOKENS} report={report}"
    told = Told(demo.run(command, os.environ).splitlines(), rows(demo.folder / report))
    demo_workloads.check(told)
    say(*demo_workloads.table(told))
    unlisted = next(str(entry["name"]) for entry in told.entries if not entry["job"])
    say(*demo_story.folded(told.line(unlisted)))
    tell(
        "Azure does not list all backups of databases as jobs. That one failed by the database's own word; "
        "no job shows it."
    )


def not_backed_up(demo: Demo) -> None:
    title("What is not backed up at all")
    tell("Another runbook looks for that in the same estate: it reports, and changes nothing.")
    command = f"{EXEC} --estate {OUT}/larger -- {demo_workloads.SWEEP} report={OUT}/reports/"
    log = demo.run(command, os.environ, code=1).splitlines()
    [report] = (demo.folder / OUT / "reports").rglob("*.ndjson")
    say(*demo_workloads.excerpt(log, rows(report)))
    tell(
        "It ends with 1, since it is not known of all whether they are backed up, and that is never called "
        "unprotected."
    )


def exported(demo: Demo) -> None:
    title("For dashboards")
    tell(
        "A third runbook writes all of that to files, each row once, and what the sweep said with it. Days "
        "that are over are final: the next run leaves them alone."
    )
    export = f"{EXEC} --estate {OUT}/larger -- {demo_workloads.EXPORT} to={OUT}/export sweep={OUT}/reports"
    log = demo.run(export, os.environ).splitlines()
    say(*demo_workloads.exported(log, demo.folder / OUT / "export"))
    tell(
        "docs/reading-the-export.md has what to ask of the files, with DuckDB, pandas, Spark and Azure Data "
        "Explorer. Whoever wants one page to look at on Monday:"
    )
    page = f"{demo_workloads.PAGE} source={OUT}/export to={OUT}/report.html log=summary"
    say(*demo_workloads.verdict(demo.run(page, os.environ).splitlines(), demo.folder / OUT / "report.html"))


def deployed(demo: Demo) -> None:
    title("Into an Automation account")
    tell(
        "So that it runs every hour and at each alert, the runbook goes into the Automation account of the "
        "estate, as schedules.json says. First the wheels of its packages are downloaded and checked:"
    )
    environment = {**os.environ, **demo_deploy.environment()}
    say(*demo.run(f"{demo_deploy.DEPLOY} build --packages", environment).splitlines()[:1])
    say(*(f"$ export {name}={value}" for name, value in demo_deploy.environment().items()))
    plan = demo.run(f"{EXEC} --estate {OUT}/estate -- {demo_deploy.DEPLOY} plan", environment).splitlines()
    say(*demo_deploy.excerpt(plan))
    apply = f"{EXEC} --estate {OUT}/estate --state {OUT}/account -- {demo_deploy.DEPLOY} apply --poll 0.5"
    applied = demo.run(apply, environment).splitlines()
    say(*applied[-1:])
    again = f"{EXEC} --estate {OUT}/account -- {demo_deploy.DEPLOY} plan"
    planned_again = demo.run(again, environment).splitlines()
    say(*planned_again)
    changes = demo_deploy.check(plan, applied, planned_again)
    tell(
        f"All {changes} changes were made. Now edit a line of runbooks/auto_retry.py, such as "
        f"{demo_deploy.EDITED}, and plan again:"
    )
    typed(again)


def build(folder: Path) -> None:
    """Make everything anew."""
    shutil.rmtree(folder, ignore_errors=True)
    now = clock.now()
    demo_estate.build(folder / "estate", now)
    # So that it is the morning after whenever it is used.
    (folder / "estate" / "estate.json").write_text(json.dumps({"as_of": clock.stamp(now)}) + "\n")
    (folder / "faults.json").write_text(json.dumps(FAULTS, indent=1) + "\n", encoding="utf-8")


def environment_of(env_file: Path) -> dict[str, str]:
    """As `set -a; . env; set +a` makes it, less what would lead a client past the simulator."""
    pairs = (line.partition("=") for line in env_file.read_text(encoding="utf-8").splitlines())
    known = {name: value for name, _, value in pairs}
    port = int(known["SIMULATOR_URL"].rpartition(":")[2])
    return Address(port, known["IDENTITY_HEADER"], Path(known["SSL_CERT_FILE"])).environment(os.environ)


def estate_rows(estate: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(estate.glob("*.ndjson")):
        yield from rows(path)


if __name__ == "__main__":
    sys.exit(main())
