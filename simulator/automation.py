"""Azure Automation's control plane: accounts' runbooks, environments, schedules, webhooks and variables.

Accounts themselves are ordinary resources; jobs are not played.
"""

from __future__ import annotations

from simulator import (
    automation_drafts,
    automation_environments,
    automation_links,
    automation_packages,
    automation_runbooks,
    automation_schedules,
    automation_variables,
    automation_webhooks,
)
from simulator.routes import Routes

routes = Routes()
for _kind in (
    automation_runbooks,
    automation_drafts,
    automation_environments,
    automation_packages,
    automation_schedules,
    automation_links,
    automation_webhooks,
    automation_variables,
):
    routes.all += _kind.operations.routes.all
