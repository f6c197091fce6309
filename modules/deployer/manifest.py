"""`schedules.json`: what an Automation account should hold."""

from __future__ import annotations

from deployer.parameters import azure_parameters, tokens, tokens_of
from deployer.shape import Alert, Manifest, Run, Runbook, Runtime, Schedule, Variable, Webhook

__all__ = [
    "Alert",
    "Manifest",
    "Run",
    "Runbook",
    "Runtime",
    "Schedule",
    "Variable",
    "Webhook",
    "azure_parameters",
    "tokens",
    "tokens_of",
]
