"""Imports that do not end."""

import pytest
from deployer import importing
from deployer.errors import DeployError
from deployer.importing import Importing

from tests.deployer.cases import PINS, package


class Account:
    """Its packages are what they are, however often one asks."""

    def __init__(self, *found):
        self.found, self.asked = found, 0

    def packages(self, environment):
        self.asked += 1
        return list(self.found)


def test_packages_that_are_still_on_their_way_after_half_an_hour_are_named(monkeypatch):
    monkeypatch.setattr(importing, "WAIT_S", 0.0)
    account = Account(package("cffi", "Creating"), package("alpha", "ContentDownloaded"), package("beta"))
    with pytest.raises(
        DeployError, match=r"^packages alpha, cffi are still being imported after 0 minutes; look"
    ):
        Importing(account, "backup", None, 0).run(PINS, {}, lambda pin: None)


def test_a_package_that_an_earlier_run_has_imported_meanwhile_is_not_imported_again():
    there = [package(pin.name, version=pin.version) for pin in PINS]
    done = []
    Importing(Account(*there), "backup", None, 0).run(PINS, {}, done.append)

    assert tuple(done) == PINS
