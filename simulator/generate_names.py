"""What companies call things, in the several ways they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# region -> the zone its people keep, by its Windows name, and what it is ahead of UTC in winter, in hours
ZONES = {
    "westeurope": ("W. Europe Standard Time", 1.0),
    "northeurope": ("GMT Standard Time", 0.0),
    "eastus2": ("Eastern Standard Time", -5.0),
    "southeastasia": ("Singapore Standard Time", 8.0),
    "uksouth": ("GMT Standard Time", 0.0),
    "centralindia": ("India Standard Time", 5.5),
    "germanywestcentral": ("W. Europe Standard Time", 1.0),
    "centralus": ("Central Standard Time", -6.0),
}
SHORT = {
    "westeurope": "weu",
    "northeurope": "neu",
    "eastus2": "eus2",
    "southeastasia": "sea",
    "uksouth": "uks",
    "centralindia": "inc",
    "germanywestcentral": "gwc",
    "centralus": "cus",
}
# environment -> the management groups above its subscriptions, nearest first
CHAINS = {
    "prod": ("production", "landing-zones", "contoso"),
    "shared": ("platform", "contoso"),
    "dev": ("development", "landing-zones", "contoso"),
    "test": ("development", "landing-zones", "contoso"),
}
UNITS = ("retail", "finance", "logistics", "plants", "people", "research", "sales", "media")
APPLICATIONS = (
    "shop", "erp", "crm", "billing", "stock", "portal", "payroll", "search", "mail", "fleet", "claims",
    "ledger", "orders", "pricing", "loyalty", "telemetry", "archive", "intranet", "identity", "routing",
    "tickets", "catalog", "quality", "planning", "invoice", "tariff", "survey", "booking", "parts", "depot",
    "energy", "labs",
)  # fmt: skip
OWNERS = ("a.novak", "b.lindqvist", "c.okafor", "d.moreau", "e.tanaka", "f.rossi", "g.haddad", "h.silva")


@dataclass(frozen=True)
class Dialect:
    """How one team writes: patterns of names, keys of tags, words for environments."""

    subscription: str
    group: str
    machine: str
    owner: str
    environment: str
    cost_centre: str
    words: Mapping[str, str]
    written: Callable[[str], str] = str

    def group_of(self, application: str, environment: str) -> str:
        return self.written(self.group.format(application=application, environment=environment))

    def tags(self, owner: str, environment: str, cost_centre: int) -> dict[str, str]:
        return {
            self.owner: f"{owner}@contoso.example",
            self.environment: self.words[environment],
            self.cost_centre: str(cost_centre),
        }


DIALECTS = (
    Dialect(
        "contoso-{unit}-{environment}",
        "rg-{application}-{environment}",
        "vm-{application}-{tier}-{number:02}",
        "owner",
        "environment",
        "costCenter",
        {"prod": "prod", "shared": "shared", "dev": "dev", "test": "test"},
    ),
    Dialect(
        "Contoso {unit} {environment}",
        "RG-{application}-{environment}",
        "{application}{tier}{number:03}",
        "Owner",
        "Environment",
        "CostCentre",
        {"prod": "Production", "shared": "Shared", "dev": "Development", "test": "Test"},
        str.upper,
    ),
    Dialect(
        "{environment}-{unit}",
        "{application}-{environment}-RG",
        "{application}-{tier}{number}",
        "owner",
        "Env",
        "cost-centre",
        {"prod": "PRD", "shared": "SHD", "dev": "DEV", "test": "TST"},
    ),
    Dialect(
        "sub-{unit}-{environment}",
        "Rg-{application}-{environment}",
        "az{environment}{application}{tier}{number:02}",
        "ownerEmail",
        "ENVIRONMENT",
        "CostCenter",
        {"prod": "Prod", "shared": "Prod", "dev": "Dev", "test": "Dev"},
    ),
)
