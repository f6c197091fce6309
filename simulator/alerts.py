"""Action groups and alert processing rules: ordinary resources, with checks before they are written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator import arm
from simulator.alert_urls import sealed, told
from simulator.routes import Routes
from simulator.store import AUTOMATION
from simulator.wire import RefusedError, Request, Response

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()

_GROUPS = "/subscriptions/{subscription}/{rest*}/providers/Microsoft.Insights/actionGroups"
_RULES = "/subscriptions/{subscription}/{rest*}/providers/Microsoft.AlertsManagement/actionRules"
_RECEIVERS = (
    "emailReceivers",
    "smsReceivers",
    "webhookReceivers",
    "eventHubReceivers",
    "itsmReceivers",
    "azureAppPushReceivers",
    "automationRunbookReceivers",
    "voiceReceivers",
    "logicAppReceivers",
    "azureFunctionReceivers",
    "armRoleReceivers",
)
_RUNBOOK_NEEDS = (
    "name",
    "automationAccountId",
    "runbookName",
    "webhookResourceId",
    "isGlobalRunbook",
    "serviceUri",
)
_FIELDS = (
    "Severity",
    "MonitorService",
    "MonitorCondition",
    "SignalType",
    "TargetResourceType",
    "TargetResource",
    "TargetResourceGroup",
    "AlertRuleId",
    "AlertRuleName",
    "Description",
    "AlertContext",
)
_OPERATORS = ("Equals", "NotEquals", "Contains", "DoesNotContain")


@routes.on("PUT", _GROUPS + "/{name}", "Microsoft.Insights/actionGroups/write", since="2019-06-01")
def put_group(world: World, request: Request, subscription: str, rest: str, name: str) -> Response:
    given = _object(request)
    properties = given.get("properties") or {}
    _check_group(world, given, properties)
    known = {"enabled": True, **{kind: [] for kind in _RECEIVERS}, **properties}
    body = {**given, "location": "Global", "properties": sealed(world, known)}
    return _told(world, arm.put(world, _with(request, body), subscription, rest))


@routes.on("PATCH", _GROUPS + "/{name}", "Microsoft.Insights/actionGroups/write", since="2019-06-01")
def patch_group(world: World, request: Request, subscription: str, rest: str, name: str) -> Response:
    """Of its properties `enabled` alone can be changed this way."""
    _check_patch(_object(request), "an action group")
    return _told(world, arm.patch(world, request, subscription, rest))


@routes.on("GET", _GROUPS + "/{name}", "Microsoft.Insights/actionGroups/read", since="2019-06-01")
@routes.on("GET", _GROUPS, "Microsoft.Insights/actionGroups/read", scope="", since="2019-06-01")
@routes.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.Insights/actionGroups",
    "Microsoft.Insights/actionGroups/read",
    scope="",
    since="2019-06-01",
)
def get_groups(world: World, request: Request, subscription: str, rest: str = "", name: str = "") -> Response:
    return _told(world, arm.get(world, request, subscription, rest))


@routes.on("PUT", _RULES + "/{name}", "Microsoft.AlertsManagement/actionRules/write", since="2021-08-08")
def put_rule(world: World, request: Request, subscription: str, rest: str, name: str) -> Response:
    given = _object(request)
    properties = given.get("properties") or {}
    _check_scopes(subscription, properties.get("scopes"))
    _check_actions(world, properties.get("actions"))
    for condition in properties.get("conditions") or []:
        _check_condition(condition)
    body = {**given, "properties": {"enabled": True, **properties}}
    return arm.put(world, _with(request, body), subscription, rest)


@routes.on("PATCH", _RULES + "/{name}", "Microsoft.AlertsManagement/actionRules/write", since="2021-08-08")
def patch_rule(world: World, request: Request, subscription: str, rest: str, name: str) -> Response:
    _check_patch(_object(request), "an alert processing rule")
    return arm.patch(world, request, subscription, rest)


def _check_patch(given: dict[str, Any], what: str) -> None:
    strangers = sorted(set(given.get("properties") or {}) - {"enabled"})
    if strangers:
        raise _bad(f"A patch of {what} changes tags and enabled, not {', '.join(strangers)}.")


def _check_group(world: World, given: dict[str, Any], properties: dict[str, Any]) -> None:
    short = properties.get("groupShortName")
    if str(given.get("location") or "").lower() != "global":
        raise _bad("The location of an action group is Global.")
    if not isinstance(short, str) or not 1 <= len(short) <= 12:
        raise _bad("The groupShortName of an action group has 1 to 12 characters.")
    for receiver in properties.get("automationRunbookReceivers") or []:
        lacking = [name for name in _RUNBOOK_NEEDS if receiver.get(name) in (None, "")]
        if lacking:
            raise _bad(f"The automationRunbookReceiver {receiver.get('name')} has no {', '.join(lacking)}.")
        if world.store.get(AUTOMATION, str(receiver["webhookResourceId"]), world.now()) is None:
            raise _bad(f"There is no webhook {receiver['webhookResourceId']}.")


def _check_scopes(subscription: str, scopes: Any) -> None:
    if not isinstance(scopes, list) or not scopes:
        raise _bad("An alert processing rule needs scopes.")
    own = f"/subscriptions/{subscription}/".lower()
    for scope in scopes:
        if not f"{scope}/".lower().startswith(own):
            raise _bad(f"The scope {scope} is not in the subscription of the rule.")


def _check_actions(world: World, actions: Any) -> None:
    if not isinstance(actions, list) or not actions:
        raise _bad("An alert processing rule needs actions.")
    for action in actions:
        kind, groups = action.get("actionType"), action.get("actionGroupIds")
        if kind not in ("AddActionGroups", "RemoveAllActionGroups"):
            raise _bad(f"The actionType {kind} is neither AddActionGroups nor RemoveAllActionGroups.")
        if kind == "AddActionGroups" and not groups:
            raise _bad("AddActionGroups needs actionGroupIds.")
        for group in groups or []:
            if world.store.get("resources", str(group), world.now()) is None:
                raise _bad(f"There is no action group {group}.")


def _check_condition(condition: dict[str, Any]) -> None:
    field, operator, values = (condition.get(name) for name in ("field", "operator", "values"))
    if field not in _FIELDS:
        raise _bad(f"A condition's field is one of {', '.join(_FIELDS)}, got {field}.")
    if operator not in _OPERATORS:
        raise _bad(f"A condition's operator is one of {', '.join(_OPERATORS)}, got {operator}.")
    if not isinstance(values, list) or not values:
        raise _bad(f"The condition on {field} has no values.")


def _told(world: World, response: Response) -> Response:
    """The answer with the URLs this run knows."""
    return replace(response, body=told(world, response.body))


def _with(request: Request, body: dict[str, Any]) -> Request:
    return replace(request, body=json.dumps(body).encode())


def _object(request: Request) -> dict[str, Any]:
    given = request.json()
    if not isinstance(given, dict):
        raise _bad("The request content was invalid: an object is expected.")
    return given


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "BadRequest", message)
