"""File shares of storage accounts, as Resource Manager lists them."""

import pytest

from simulator.app import all_routes
from simulator.estate import Estate
from simulator.estate_shares import file_share, protectable_share, share
from simulator.world import World
from tests.simulator.asking import ISSUER, ask, error

NOW = 1_795_000_000.0


class Place:
    def __init__(self):
        self.estate = Estate(NOW)
        self.subscription = self.estate.subscription("prod")
        self.vault = self.estate.vault("rsv", subscription=self.subscription, group="rg-backup")
        self.account = self.add("stdocs")

    def add(self, name, kind="StorageV2", sku="Standard_ZRS"):
        account = self.estate.storage_account(name, subscription=self.subscription, group="rg-files")
        self.estate.row(account).update(kind=kind, sku={"name": sku, "tier": sku.partition("_")[0]})
        return account

    def world(self, folder):
        return World.load(self.estate.write(folder), clock=lambda: NOW)


@pytest.fixture
def place():
    return Place()


def listed(world, account, query=""):
    answer = ask(world, "GET", f"{account}/fileServices/default/shares{query}")
    assert answer.status == 200, answer.body
    return answer.body


def names(world, account, query=""):
    return [one["name"] for one in listed(world, account, query)["value"]]


def test_a_share_says_what_it_is(tmp_path, place):
    file_share(place.estate, place.account, "docs", modified_ago="2d", accessTier="Hot")
    (told,) = listed(place.world(tmp_path), place.account)["value"]

    assert told.pop("etag").startswith('"0x')
    assert told == {
        "id": f"{place.account}/fileServices/default/shares/docs",
        "name": "docs",
        "type": "Microsoft.Storage/storageAccounts/fileServices/shares",
        "properties": {
            "lastModifiedTime": place.estate.stamp("2d"),
            "enabledProtocols": "SMB",
            "shareQuota": 5120,
            "leaseStatus": "unlocked",
            "leaseState": "available",
            "accessTier": "Hot",
        },
    }


def test_shares_that_rows_name_are_there_but_those_whose_source_is_gone(tmp_path, place):
    share(place.estate, place.vault, place.account, "docs", hashed=True)
    share(place.estate, place.vault, place.account, "gone", isDatasourceDeleted=True)
    protectable_share(place.estate, place.vault, place.account, "docs", protected=True)
    protectable_share(place.estate, place.vault, place.account, "homes")
    file_share(place.estate, place.account, "new")

    assert names(place.world(tmp_path), place.account) == ["docs", "homes", "new"]


def test_what_is_said_of_a_share_counts_more_than_that_a_row_names_it(tmp_path, place):
    share(place.estate, place.vault, place.account, "old")
    share(place.estate, place.vault, place.account, "linux")
    file_share(place.estate, place.account, "old", deleted_ago="1d")
    file_share(place.estate, place.account, "linux", protocol="NFS")
    (told,) = listed(place.world(tmp_path), place.account)["value"]

    assert (told["name"], told["properties"]["enabledProtocols"]) == ("linux", "NFS")


def test_deleted_shares_are_told_to_who_asks_for_them(tmp_path, place):
    file_share(place.estate, place.account, "docs")
    file_share(place.estate, place.account, "docs", deleted_ago="3d")
    world = place.world(tmp_path)
    told = listed(world, place.account, "?$expand=deleted")["value"]

    assert names(world, place.account) == ["docs"]
    assert [one["properties"].get("deleted", False) for one in told] == [False, True]
    assert told[1]["properties"]["deletedTime"] == place.estate.stamp("3d")


def test_pages_hold_every_share_once(tmp_path, place):
    for number in range(5):
        file_share(place.estate, place.account, f"share-{number}")
    world = place.world(tmp_path)
    found, query = [], "?$maxpagesize=2"
    while query:
        page = listed(world, place.account, query)
        found.append([one["name"][-1] for one in page["value"]])
        query = page["nextLink"].partition("shares")[2] if "nextLink" in page else ""

    assert found == [["0", "1"], ["2", "3"], ["4"]]


def test_a_filter_is_how_names_begin(tmp_path, place):
    for name in ("docs", "docs-old", "homes"):
        file_share(place.estate, place.account, name)

    assert names(place.world(tmp_path), place.account, "?$filter=docs") == ["docs", "docs-old"]


@pytest.mark.parametrize(
    ("kind", "sku", "status"),
    [
        ("StorageV2", "Standard_LRS", 200),
        ("Storage", "Standard_LRS", 200),
        ("FileStorage", "Premium_ZRS", 200),
        ("BlobStorage", "Standard_LRS", 400),
        ("BlockBlobStorage", "Premium_LRS", 400),
        ("StorageV2", "Premium_LRS", 400),
    ],
)
def test_not_every_account_has_a_file_service(tmp_path, place, kind, sku, status):
    account = place.add("stother", kind, sku)
    world = place.world(tmp_path)

    for path in ("fileServices/default/shares", "fileServices/default"):
        answer = ask(world, "GET", f"{account}/{path}")
        assert answer.status == status
        if status == 400:
            assert error(answer) == (
                400,
                "FeatureNotSupportedForAccount",
                "File is not supported for the account.",
            )


def test_an_account_that_is_not_there_is_not_found(tmp_path, place):
    answer = ask(place.world(tmp_path), "GET", f"{place.account}9/fileServices/default/shares")

    assert error(answer)[:2] == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("role", "status"), [("Reader", 200), ("Backup Reader", 403), ("Backup Contributor", 403)]
)
def test_the_roles_of_backup_do_not_list_shares(tmp_path, place, role, status):
    place.estate.world["role_assignments"] = [{"role": role, "scope": f"/subscriptions/{place.subscription}"}]
    answer = ask(place.world(tmp_path), "GET", f"{place.account}/fileServices/default/shares")

    assert answer.status == status


def test_a_forbidden_account_is_refused(tmp_path, place):
    place.estate.world["forbidden"] = [place.account]
    answer = ask(place.world(tmp_path), "GET", f"{place.account}/fileServices/default/shares")

    assert error(answer)[:2] == (403, "AuthorizationFailed")


def test_one_is_told_by_its_name_while_it_is_not_deleted(tmp_path, place):
    file_share(place.estate, place.account, "docs")
    file_share(place.estate, place.account, "old", deleted_ago="1d")
    world = place.world(tmp_path)

    assert ask(world, "GET", f"{place.account}/fileServices/default/shares/DOCS").body["name"] == "docs"
    assert error(ask(world, "GET", f"{place.account}/fileServices/default/shares/old"))[:2] == (
        404,
        "ShareNotFound",
    )


def test_they_are_the_same_after_a_dump_and_older_after_an_advance(tmp_path, place):
    file_share(place.estate, place.account, "docs", modified_ago="2d")
    file_share(place.estate, place.account, "old", deleted_ago="1d")
    world = place.world(tmp_path / "one")
    told = listed(world, place.account, "?$expand=deleted")
    world.dump(tmp_path / "two")
    again = World.load(tmp_path / "two", clock=lambda: NOW)
    world.advance(3600)

    assert listed(again, place.account, "?$expand=deleted") == told
    (docs,) = listed(world, place.account)["value"]
    assert docs["properties"]["lastModifiedTime"] == place.estate.stamp("49h")


def test_a_share_without_a_name_is_a_fault_of_the_estate(tmp_path, place):
    place.estate.world["shares"] = {place.account: [{"enabledProtocols": "SMB"}]}

    with pytest.raises(ValueError, match=r"world\.json: shares: '.*stdocs'\[0\]: name: expected a text"):
        place.world(tmp_path)


def test_the_routes_come_before_those_of_any_resource():
    actions = [route.action for route in all_routes(ISSUER)]

    assert actions.index("Microsoft.Storage/storageAccounts/fileServices/shares/read") < actions.index("*")
