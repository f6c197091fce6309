"""Lifelike estates of any size: the same seed, the same bytes, on any day.

A plan of small records says what there is to be; rows follow from it one after another
and are written as they are made, so that memory does not grow with the estate.
"""

from __future__ import annotations

from pathlib import Path

from simulator.generate_author import Author, Ration, protections
from simulator.generate_files import Counts, Files
from simulator.generate_machines import Ways
from simulator.generate_plan import plan
from simulator.generate_records import Size
from simulator.generate_schedules import AS_OF
from simulator.options import UnusableError


def generate(size: Size, folder: Path) -> Counts:
    """Write an estate into a new folder, and count what is in it by kind and state.

    Raises:
        UnusableError: `folder` holds something or cannot be written, or nothing could have the jobs.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UnusableError(f"out {str(folder)!r} is not an empty folder; name a new one")
    subscriptions, ways = plan(size), Ways(size.seed)
    ration = Ration(size.jobs, sum(one.runs for each in subscriptions for one in protections(each, ways)))
    if size.jobs and not ration.whole:
        raise UnusableError(
            f"jobs {size.jobs}: nothing of {size.vms} machines is backed up; ask for more of them"
        )
    try:
        with Files(folder) as files:
            for each in subscriptions:
                Author(size.seed, files, ration, ways, each).write()
            if size.tenants > 1:
                files.world["home_tenant"] = subscriptions[0].home
            files.finish(AS_OF)
    except OSError as error:
        raise UnusableError(f"out {str(folder)!r}: {error.strerror}") from error
    return files.counts
