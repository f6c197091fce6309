"""Subscriptions of another tenant, delegated with Azure Lighthouse."""

import base64
import json

import pytest

from simulator.access import Principal
from simulator.estate import Estate
from simulator.estate_instances import backup_policy, backup_vault, instance, instance_job
from simulator.generate import generate
from simulator.generate_records import Size
from simulator.options import UnusableError
from simulator.subscriptions import home_tenant
from simulator.world import World
from tests.simulator.asking import ISSUER, ask, error

HOME, CUSTOMER = "11111111-0000-0000-0000-000000000001", "22222222-0000-0000-0000-000000000002"
DISK = "Microsoft.Compute/disks/d1"


class Side:
    """What one tenant has: a vault of each kind with something in it."""

    def __init__(self, estate, name, tenant):
        self.subscription = estate.subscription(name, tenant=tenant)
        place = {"subscription": self.subscription, "group": "rg"}
        self.recovery = estate.vault("rsv", **place)
        self.item = estate.item(self.recovery, estate.vm("vm-1", **place))
        self.recovery_job = estate.job(self.item, "Completed", ago="2h")
        self.backup = backup_vault(estate, "bv", **place)
        self.policy = backup_policy(estate, self.backup, "daily", "disk")
        self.disk = f"/subscriptions/{self.subscription}/resourceGroups/rg/providers/{DISK}"
        self.instance = instance(estate, self.backup, self.disk, "disk", policy=self.policy)
        self.job = instance_job(estate, self.instance, "Completed", ago="2h")


@pytest.fixture(scope="module")
def estate():
    """Shared by all, since what they do changes nothing."""
    made = Estate()
    made.sides = {"home": Side(made, "zz-home", HOME), "customer": Side(made, "aa-customer", CUSTOMER)}
    return made


@pytest.fixture(scope="module")
def world(estate, tmp_path_factory):
    return World.load(estate.write(tmp_path_factory.mktemp("two-tenants")))


@pytest.fixture
def customer(estate):
    return estate.sides["customer"]


@pytest.fixture
def home(estate):
    return estate.sides["home"]


def asked(world, method, path, body=None, tenant=HOME):
    caller = Principal(tenant=tenant, object_id="oid", client_id="app")
    token = ISSUER.signer.token(caller, "https://management.azure.com/")
    headers = {"authorization": f"Bearer {token}", "content_type": "application/json"}
    return ask(world, method, path, body, **headers)


def seen(world, query, tenant=HOME, **scope):
    """How many rows of each type and tenant there are, for who asks."""
    path = "/providers/Microsoft.ResourceGraph/resources"
    query += " | summarize number = count() by type, tenantId"
    answer = asked(world, "POST", path, {"query": query, **scope}, tenant)
    assert answer.status == 200, answer.body
    kinds = {"microsoft.dataprotection/backupvaults": "DP", "microsoft.recoveryservices/vaults": "RS"}
    told = {}
    for row in answer.body["data"]:
        for provider, short in kinds.items():
            if row["type"].startswith(provider):
                told.setdefault(row["tenantId"], {})[short + row["type"].removeprefix(provider)] = row[
                    "number"
                ]
    return told


def managed_identity(world):
    """The claims of its token."""
    secret = {"x-identity-header": ISSUER.secret}
    path = "/msi/token?resource=https://management.azure.com/"
    answer = ask(world, "GET", path, host="127.0.0.1", **secret)
    claims = answer.body["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))


ALL = {
    "RS/backupfabrics/protectioncontainers/protecteditems": 1,
    "RS/backupjobs": 1,
    "DP/backupinstances": 1,
    "DP/backupjobs": 1,
    "DP/backuppolicies": 1,
}
RECOVERY = {kind: number for kind, number in ALL.items() if kind.startswith("RS")}


class TestResourceGraph:
    def test_what_lies_in_backup_vaults_of_another_tenant_is_not_seen(self, world):
        assert seen(world, "recoveryservicesresources") == {HOME: ALL, CUSTOMER: RECOVERY}

    def test_nor_when_the_subscription_is_named(self, world, customer):
        told = seen(world, "recoveryservicesresources", subscriptions=[customer.subscription])

        assert told == {CUSTOMER: RECOVERY}

    def test_the_vaults_themselves_are_seen(self, world):
        assert seen(world, "resources") == {tenant: {"RS": 1, "DP": 1} for tenant in (HOME, CUSTOMER)}

    def test_who_is_of_the_other_tenant_sees_its_own_and_not_ours(self, world):
        assert seen(world, "recoveryservicesresources", CUSTOMER) == {HOME: RECOVERY, CUSTOMER: ALL}

    def test_a_subscription_says_who_manages_it(self, world):
        query = "resourcecontainers | project name, tenantId, properties | order by name asc"
        path = "/providers/Microsoft.ResourceGraph/resources"
        rows = asked(world, "POST", path, {"query": query}).body["data"]

        assert [(row["name"], row["tenantId"], row["properties"]["managedByTenants"]) for row in rows] == [
            ("aa-customer", CUSTOMER, [{"tenantId": HOME}]),
            ("zz-home", HOME, []),
        ]

    def test_it_is_below_no_management_group_of_ours(self, world):
        assert set(seen(world, "resources", managementGroups=["corp"])) == {HOME}


class TestServices:
    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("{backup}/backupInstances", id="instances"),
            pytest.param("{backup}/backupPolicies", id="policies"),
            pytest.param("{backup}/backupJobs", id="jobs"),
            pytest.param("{backup}/deletedBackupInstances", id="deleted instances"),
            pytest.param("{instance}", id="an instance"),
            pytest.param("{policy}", id="a policy"),
            pytest.param("{job}", id="a job"),
            pytest.param("{disk}/providers/Microsoft.DataProtection/backupInstances", id="of a resource"),
        ],
    )
    def test_what_lies_in_a_backup_vault_of_another_tenant_is_refused(self, world, home, customer, path):
        refused = asked(world, "GET", path.format(**vars(customer)) + "?api-version=2024-04-01")
        own = asked(world, "GET", path.format(**vars(home)) + "?api-version=2024-04-01")

        assert (error(refused)[:2], own.status) == ((403, "AuthorizationFailed"), 200)

    def test_a_backup_of_it_is_refused_too(self, world, customer):
        refused = asked(world, "POST", f"{customer.instance}/backup?api-version=2024-04-01", {})

        assert error(refused)[:2] == (403, "AuthorizationFailed")

    @pytest.mark.parametrize("path", ["{backup}", "{recovery}", "{recovery}/backupJobs", "{item}"])
    def test_the_vault_itself_and_recovery_services_are_as_in_the_home_tenant(self, world, customer, path):
        answer = asked(world, "GET", path.format(**vars(customer)) + "?api-version=2024-04-01")

        assert answer.status == 200

    def test_a_subscription_is_listed_with_its_own_tenant(self, world):
        listed = asked(world, "GET", "/subscriptions").body["value"]

        assert {(one["displayName"], one["tenantId"]) for one in listed} == {
            ("aa-customer", CUSTOMER),
            ("zz-home", HOME),
        }
        assert [one["tenantId"] for one in asked(world, "GET", "/tenants").body["value"]] == [HOME]

    def test_the_identity_is_of_the_home_tenant_also_after_a_dump(self, world, tmp_path):
        world.dump(tmp_path)
        again = World.load(tmp_path)

        assert home_tenant(again) == HOME
        assert managed_identity(again)["tid"] == HOME
        assert seen(again, "recoveryservicesresources") == {HOME: ALL, CUSTOMER: RECOVERY}


def test_with_one_tenant_no_query_is_asked_more_than_before(tmp_path):
    made = Estate()
    Side(made, "only", HOME)
    world = World.load(made.write(tmp_path))

    assert world.access.visible_sql(Principal("elsewhere", "oid", "app")) == ("true", [])


class TestGenerated:
    def test_subscriptions_go_round_the_tenants(self, tmp_path):
        generate(Size(60, 300, subscriptions=5, tenants=2), tmp_path)
        world = World.load(tmp_path)
        rows = world.store.find("resourcecontainers", world.now(), type="microsoft.resources/subscriptions")
        home = home_tenant(world)

        delegated = [row["properties"]["managedByTenants"] for row in rows if row["tenantId"] != home]
        assert delegated == [[{"tenantId": home}]] * 2
        told = seen(world, "recoveryservicesresources", tenant=home)
        assert len(told) == 2
        assert [
            any(kind.startswith("DP") for kind in told[tenant]) for tenant in sorted(told, key=home.__ne__)
        ] == [
            True,
            False,
        ]
        tenants = {row["subscriptionId"]: row["tenantId"] for row in rows}
        for table in ("resources", "recoveryservicesresources", "alertsmanagementresources"):
            for row in world.store.find(table, world.now()):
                assert row["tenantId"] == tenants[row["subscriptionId"]]

    def test_there_are_no_more_tenants_than_subscriptions(self, tmp_path):
        with pytest.raises(UnusableError, match="tenants 3: there are only 2 subscriptions"):
            generate(Size(20, 100, tenants=3), tmp_path)
