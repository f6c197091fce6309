"""Items of virtual machines, and their jobs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from simulator import clock, estate_rows
from simulator.generate_history import GOOD, OF_MACHINES, Fate, History, Run
from simulator.generate_items import Protection, guid
from simulator.generate_schedules import AS_OF, DAY
from simulator.store import Row

Properties = dict[str, Any]


class RecoveryServices:
    def vault_of_jobs(self, protection: Protection) -> str:
        """Jobs come with a capital S, unlike their vault."""
        return protection.vault.id.replace("/subscriptions/", "/Subscriptions/", 1)


class Machines(RecoveryServices):
    causes = OF_MACHINES

    def item(self, protection: Protection, seen: History, chance: random.Random) -> tuple[str, Properties]:
        fate, source = protection.fate, protection.source
        described = estate_rows.item(protection.place, source, protection.policy.id)
        described["protectedItemDataId"] = str(chance.getrandbits(46))
        if chance.random() < 0.1:
            described["sourceResourceId"] = _shouted(source)
        if seen.newest:
            described |= shown(described, protection, seen)
        if fate is Fate.GONE:
            described |= {"isDatasourceDeleted": True, "healthStatus": "ActionRequired"}
        return estate_rows.item_path(source), {**described, **state(fate, chance)}

    def jobs(
        self, item: Row, protection: Protection, runs: list[Run], chance: random.Random
    ) -> Iterator[Properties]:
        """Enhanced policies have jobs of the second generation, which do not say who started them."""
        second = protection.policy.how == "hourly"
        alike = dict[tuple[str, bool], Properties]()
        for run in runs:
            key = (run.operation, run.user)
            if key not in alike:
                user = None if second else run.user
                alike[key] = estate_rows.job(item, protection.place, run.operation, user)
            codes = [run.code] if run.code else []
            described = {**alike[key], **estate_rows.course(run.status, run.start, run.end, codes)}
            described["activityId"] = guid(chance)
            if second:
                del described["containerName"]
            yield described


def shown(item: Properties, protection: Protection, seen: History) -> Properties:
    """What an item that was backed up says of its newest backup and its recovery points."""
    assert seen.newest is not None
    assert seen.good is not None
    succeeded = seen.newest.status in GOOD
    days = protection.policy.days
    oldest = clock.stamp(AS_OF - days * DAY + seen.good.start % DAY)
    return {
        "lastBackupTime": clock.stamp(seen.newest.start),
        "lastBackupStatus": "Completed" if succeeded else seen.newest.status,
        "protectionStatus": "Healthy" if succeeded else "Unhealthy",
        "lastRecoveryPoint": clock.stamp(seen.good.start),
        "protectionState": "Protected",
        "extendedInfo": {
            **item["extendedInfo"],
            "recoveryPointCount": max(1, days * protection.policy.runs // 14),
            "oldestRecoveryPoint": oldest,
        },
    }


def state(fate: Fate, chance: random.Random) -> Properties:
    """What protection that is not as it should be changes on an item of a Recovery Services vault."""
    if fate is Fate.STOPPED:
        return estate_rows.stopped()
    if fate is Fate.DELETED:
        return estate_rows.soft_deleted(clock.stamp(AS_OF - chance.uniform(0.1, 3) * DAY))
    if fate is Fate.BROKEN:
        return {
            "protectionState": "ProtectionError",
            "currentProtectionState": "ProtectionError",
            "healthStatus": "ActionRequired",
        }
    return {}


def _shouted(resource_id: str) -> str:
    """Some ids have their group in capitals."""
    parts = resource_id.split("/")
    parts[4] = parts[4].upper()
    return "/".join(parts)
