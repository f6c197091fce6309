"""What the identity sees of the estate, and what of it could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from backupkit import queries, rows
from backupkit.arm import Arm
from backupkit.checking import allowed
from backupkit.errors import ArmError, IdentityError, IncompleteReadError, OutOfTimeError
from backupkit.graph import Graph, R, Scope, batches, quoted, scopes
from backupkit.params import CommonParams
from backupkit.plain import text
from backupkit.records import Item, Job, Policy, Source, subscription_of, vault_of
from backupkit.times import stamp
from backupkit.vaults import API

VAULTS_A_QUERY = 100
SOURCES_A_QUERY = 250
"""Ids a query names: Microsoft asks for groups of fewer than 300
(learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests)."""

VERSIONS = {
    "microsoft.compute/virtualmachines": "2024-07-01",
    "microsoft.compute/disks": "2024-03-02",
    "microsoft.storage/storageaccounts": "2023-05-01",
    "microsoft.dbforpostgresql/servers": "2017-12-01",
    "microsoft.dbforpostgresql/flexibleservers": "2022-12-01",
    "microsoft.containerservice/managedclusters": "2024-05-01",
}
"""The api-version that each type of resource behind a protected item is read with."""

_GONE = ("ResourceNotFound", "ResourceGroupNotFound")
T = TypeVar("T")


@dataclass(frozen=True)
class Unread:
    scope: str
    reason: str


class Estate:
    """Reads through Resource Graph; what fails to be read is kept in `unread` and the rest goes on."""

    def __init__(self, arm: Arm, options: CommonParams) -> None:
        self._arm = arm
        self._graph = Graph(arm)
        self._options = options
        self._accepted = {one.lower() for one in options.accept_unread}
        self._scopes: list[Scope] = []
        self.unread: list[Unread] = []
        self.failed: dict[str, str] = {}
        self.subscriptions: tuple[str, ...] = ()
        self.named: dict[str, tuple[str, str]] = {}
        """Names and tenants of the subscriptions that are seen."""

    def could_not_read(self, scope: str, reason: object) -> None:
        """Remember it, once; it is no fault of the run where `accept_unread` names it or its subscription."""
        if scope.lower() in self.failed:
            return
        self.failed[scope.lower()] = str(reason)
        if not self.accepts(scope):
            self.unread.append(Unread(scope, str(reason)))

    def accepts(self, scope: str) -> bool:
        """Whether `accept_unread` names it or its subscription."""
        return not self._accepted.isdisjoint((scope.lower(), subscription_of(scope)))

    def open(self) -> None:
        """Find the subscriptions of the scope and compare them with those expected.

        Raises:
            BackupkitError: the list of subscriptions itself cannot be read.
        """
        groups = tuple(one[3:] for one in self._options.scope if one.startswith("mg:"))
        asked = tuple(one.lower() for one in self._options.scope if not one.startswith("mg:"))
        wide = Scope(management_groups=groups)
        listed = self._graph.read(queries.SUBSCRIPTIONS, wide, "list subscriptions")
        self.named = {
            str(row["subscriptionId"]).lower(): (text(row.get("name")), text(row.get("tenantId")).lower())
            for row in listed
        }
        seen = self.named.keys()
        for subscription in asked:
            if subscription not in seen:
                self.could_not_read(subscription, "scope names it and this identity does not see it")
        chosen = sorted(seen & set(asked) if asked else seen)
        self._expect(chosen)
        self.subscriptions = tuple(chosen)
        self._scopes = scopes(self.subscriptions)
        if not chosen:
            self.could_not_read("scope", "this identity sees no subscription in it; grant it Reader")

    def _expect(self, seen: Sequence[str]) -> None:
        expected = self._options.expect_subscriptions
        if expected and expected[0].isdigit():
            if len(seen) < int(expected[0]):
                self.could_not_read("scope", f"{len(seen)} subscriptions are seen, {expected[0]} expected")
            return
        for subscription in expected:
            if subscription.lower() not in seen:
                self.could_not_read(subscription.lower(), "it is expected and this identity does not see it")

    def sees_all(self, subscription: str, rights: Iterable[str], advice: str) -> None:
        """Name it where the identity lacks one of the rights: Resource Graph hides rows, and does not say so.

        Raises:
            IdentityError, OutOfTimeError: nothing can be asked any more.
        """
        try:
            if not allowed(self._arm, f"/subscriptions/{subscription}", *rights):
                may_not = "this identity may not read all vaults and resources in it"
                self.could_not_read(subscription, f"{may_not}; {advice}")
        except ArmError as error:
            self.could_not_read(subscription, error)

    def elsewhere(self) -> list[str]:
        """Subscriptions that the identity sees and the scope leaves out.

        Raises:
            BackupkitError: they cannot be listed.
        """
        if not self._options.scope:
            return []
        listed = self._graph.read(queries.SUBSCRIPTIONS, Scope(), "list subscriptions")
        return sorted({str(row["subscriptionId"]).lower() for row in listed} - set(self.subscriptions))

    def vaults(self, also: Sequence[str] = ()) -> dict[str, str]:
        """Regions of the vaults of both kinds, by lower-cased id; `also` are subscriptions out of scope."""
        listed = self._records(queries.VAULTS, "list vaults", lambda row: row, also=also)
        return {str(row["id"]).lower(): str(row.get("location") or "").lower() for row in listed}

    def everything(
        self, query: str, what: str, make: Callable[[Mapping[str, Any]], T], also: Sequence[str] = ()
    ) -> list[T]:
        """A record of each row of the whole scope and of `also`; a row of an unknown shape is unread."""
        return self._readable(query, what, make, also=also)

    def readings(
        self, query: str, what: str, fresh: Callable[[], R], also: Sequence[str] = ()
    ) -> Iterator[R]:
        """As `everything`, but each complete reading of a batch of subscriptions as it ends."""
        what = f"read {what}"
        return self._scoped(lambda scope: self._graph.read_into(query, scope, what, fresh), what, also=also)

    def readable(self, what: str, make: Callable[[Mapping[str, Any]], T]) -> Callable[..., T | None]:
        """`make`, for which a row of an unknown shape is unread."""

        def made(row: Mapping[str, Any]) -> T | None:
            try:
                return make(row)
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
                self.could_not_read(str(row["id"]), f"a row of {what} has an unknown shape: {error!r}")
                return None

        return made

    def missing_vaults(self, wanted: Iterable[str], seen: Iterable[str]) -> None:
        """Say of vaults that a parameter names and Resource Graph does not show why that is."""
        for vault in sorted({one.lower() for one in wanted} - set(seen)):
            refused = self._refused(vault)
            shown = "it answers, but Resource Graph does not show it; is its subscription in scope?"
            self.could_not_read(vault, refused or shown)

    def vanished_vaults(self, known: Iterable[str], seen: Iterable[str]) -> None:
        """Name vaults that an earlier run saw and this one does not, but for those that were deleted."""
        for vault in sorted(set(known) - set(seen)):
            refused = self._refused(vault)
            if refused and refused.status == 404 and refused.code in _GONE:
                continue
            why = refused or "it answers, but Resource Graph does not show it"
            reason = f"the last complete run saw it: {why}; if that is meant, name it in accept_unread"
            self.could_not_read(vault, reason)

    def _refused(self, vault: str) -> ArmError | None:
        """Why a vault itself cannot be read; None where it can."""
        try:
            self._arm.get(f"{vault}?{API}", f"read vault {vault}")
        except ArmError as error:
            return error
        return None

    def vaults_with_failures(self, since: datetime, until: datetime) -> set[str]:
        """Those with a failed job that started or ended in the window, or a database that says it failed."""
        asked = queries.FAILED_JOBS.format(since=stamp(since), until=stamp(until))
        failed = self._rows(asked, "list failed jobs")
        asked = queries.UNHEALTHY_DATABASES.format(since=stamp(since))
        failed += self._rows(asked, "list unhealthy databases")
        return set(self._askable({vault_of(str(row["id"])) for row in failed}))

    def jobs(self, vaults: Sequence[str], since: datetime, until: datetime) -> list[Job]:
        """Jobs that started or ended in the window, and those that still run."""
        query = queries.JOBS.replace("{since}", stamp(since)).replace("{until}", stamp(until))
        return self._of_vaults(query, vaults, "jobs", rows.job)

    def items(self, vaults: Sequence[str]) -> list[Item]:
        return self._of_vaults(queries.ITEMS, vaults, "protected items", rows.item)

    def policies(self, vaults: Sequence[str]) -> list[Policy]:
        return self._of_vaults(queries.POLICIES, vaults, "policies", rows.policy)

    def sources(self, ids: Iterable[str]) -> dict[str, Source]:
        """The resources behind protected items by lower-cased id.

        One that Resource Graph does not show is asked for by a GET: only a
        404 means that it is gone; any other refusal leaves it unknown.
        """
        wanted = self._askable({one.lower() for one in ids if one})
        found: dict[str, Source] = {}
        for batch in batches(wanted, SOURCES_A_QUERY):
            asked = queries.SOURCES.format(ids=quoted(batch))
            found.update(map(_source, self._rows(asked, "read what is behind failed items")))
        for missing in wanted:
            if missing not in found:
                found[missing] = self._source_by_get(missing)
        return found

    def _source_by_get(self, resource: str) -> Source:
        version = VERSIONS.get("/".join(resource.split("/")[6:8]))
        if version is None:  # no resource of a type that a vault backs up: an availability group's container
            return Source(resource, known=False)
        try:
            body = self._arm.get(f"{resource}?api-version={version}", f"read {resource}").body
            if str(body.get("id")).lower() != resource:
                raise ArmError(f"read {resource}", 200, "NotTheResource", "the answer is of something else")
            return _source(body)[1]
        except ArmError as error:
            # A subscription the identity cannot see answers as one that does not exist.
            gone = error.status == 404 and "SubscriptionNotFound" not in error.code
            if error.status not in (403, 404):
                self.could_not_read(resource, error)
            return Source(resource, exists=not gone, known=gone)

    def _askable(self, ids: Iterable[str]) -> list[str]:
        """Those that can stand in a query, in order; the others are unread."""
        found = []
        for one in sorted(ids):
            try:
                quoted([one])
            except ValueError as error:
                self.could_not_read(one, error)
            else:
                found.append(one)
        return found

    def _of_vaults(
        self, query: str, vaults: Sequence[str], what: str, make: Callable[[Mapping[str, Any]], T]
    ) -> list[T]:
        records: list[T] = []
        for batch in batches(vaults, VAULTS_A_QUERY):
            records.extend(self._readable(query.replace("{vaults}", quoted(batch)), what, make, batch))
        return records

    def _readable(
        self,
        query: str,
        what: str,
        make: Callable[[Mapping[str, Any]], T],
        named: Sequence[str] = (),
        also: Sequence[str] = (),
    ) -> list[T]:
        found = self._records(query, f"read {what}", self.readable(what, make), named, also)
        return [record for record in found if record is not None]

    def _rows(self, query: str, what: str) -> list[Mapping[str, Any]]:
        return self._records(query, what, lambda row: row)

    def _records(
        self,
        query: str,
        what: str,
        make: Callable[[Mapping[str, Any]], T],
        named: Sequence[str] = (),
        also: Sequence[str] = (),
    ) -> list[T]:
        parts = self._scoped(lambda scope: self._graph.read_as(query, scope, what, make), what, named, also)
        return [record for part in parts for record in part]

    def _scoped(
        self, read: Callable[[Scope], T], what: str, named: Sequence[str] = (), also: Sequence[str] = ()
    ) -> Iterator[T]:
        """What is read of each batch of the scope; one that cannot be is named, or each of `named` is."""
        for scope in [*self._scopes, *(scopes(also) if also else ())]:
            try:
                found = read(scope)
            except (IdentityError, OutOfTimeError):
                raise
            except (ArmError, IncompleteReadError) as error:
                for one in named or [f"{what}: {len(scope.subscriptions)} subscriptions"]:
                    self.could_not_read(one, error)
            else:
                yield found


def _source(row: Mapping[str, Any]) -> tuple[str, Source]:
    return str(row["id"]).lower(), rows.source(row)
