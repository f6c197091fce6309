"""What stands in `schedules.json`: the model that reads it, checks it and describes it to editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar

from backupkit.params import CommonParams
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from deployer import cadence, parameters
from deployer.parameters import Parameters
from deployer.texts import (
    AlertName,
    At,
    Container,
    Date,
    GroupName,
    Often,
    OnDay,
    RuleGroup,
    RunbookName,
    RuntimeName,
    ScheduleName,
    ShortName,
    Subscription,
    VariableName,
    Version,
    WebhookName,
    Zone,
)
from deployer.wording import Fault, FaultsError, UnfitError, did_you_mean, fault

BY_NAME: dict[str, JsonValue] = {"additionalProperties": False}  # a name that fits no pattern is refused
Given = dict[str, str | bool | int | float | list[str]]


def _some(runs: Any) -> Any:
    if runs == []:
        raise fault("names none; add a run, or leave the schedule out")
    return runs


@dataclass(frozen=True)
class Known:
    """What names in the file may refer to; without it they are not looked up."""

    runbooks: frozenset[str]
    params: Mapping[str, type[CommonParams]]
    webhooks: frozenset[str]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Runtime(Shape):
    """The runtime environment that the runbooks run in."""

    name: RuntimeName
    """Name of the runtime environment; it is made when it is missing."""
    version: Version = "3.10"
    """Version of Python; it cannot be changed once the runtime environment exists."""
    staging: Container
    """The blob container that Azure Automation fetches the packages from: its URL, without a SAS."""


class Runbook(Shape):
    """A runbook to publish."""

    description: str = ""
    """What Azure shows beside its name; empty for the first line of its file."""
    verbose: StrictBool = False
    """Keep the VERBOSE lines of its jobs."""


class Start(Shape):
    """A runbook, and what it is started with."""

    alerted: ClassVar[bool] = False

    runbook: RunbookName
    """Which of the runbooks above."""
    parameters: Parameters = Field({}, json_schema_extra={"maxProperties": parameters.MOST})
    """Its parameters by name; those left out have the default that README.md names."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Sorted, as `parameters.tokens_of` gives those of the account."""
        return tuple(sorted(parameters.tokens(self.parameters)))

    @field_validator("runbook")
    @classmethod
    def _is_listed(cls, name: str, info: ValidationInfo) -> str:
        known: Known | None = info.context
        if known and name not in known.runbooks:
            raise UnfitError("must be listed under runbooks", did_you_mean(name, known.runbooks))
        return name

    @field_validator("parameters", mode="plain", json_schema_input_type=Given)
    @classmethod
    def _suit_the_runbook(cls, given: Any, info: ValidationInfo) -> Parameters:
        known: Known | None = info.context
        runbook = info.data.get("runbook", "")
        kind = known.params.get(runbook) if known else None
        return parameters.read(given, runbook, kind, alerted=cls.alerted)


class Run(Start):
    """What a schedule starts."""


class Schedule(Shape):
    """When runs start."""

    every: Often
    """How often: 'hour', '2 hours', 'day', '1 week', '3 months'; from 1 to 100, and hourly at most."""
    at: At
    """Time of day in its zone, HH:MM; an hourly schedule starts at these minutes of every hour."""
    zone: Zone = "Etc/UTC"
    """Time zone by its IANA name, such as Europe/Berlin; the time of day stays over daylight saving."""
    on: tuple[OnDay, ...] = Field((), validate_default=True)
    """Weekdays of a weekly schedule; of a monthly one days ('1' to '31', 'last day') or 'first Monday'."""
    description: str = ""
    """What Azure shows beside its name."""
    enabled: StrictBool = True
    """A schedule that is not enabled stays in the account and starts nothing."""
    starts: Date | None = None
    """First date it may run on; of every second week, month and so on, the one that counts as first."""
    ends: Date | None = None
    """Last date it may run on."""
    runs: Annotated[tuple[Run, ...], BeforeValidator(_some)] = Field(json_schema_extra={"minItems": 1})
    """What it starts."""

    @field_validator("on")
    @classmethod
    def _goes_with_every(cls, on: tuple[cadence.Day, ...], info: ValidationInfo) -> tuple[cadence.Day, ...]:
        unfit = cadence.unfit(info.data["every"], on) if "every" in info.data else ""
        if unfit:
            raise fault(unfit)
        return on

    @field_validator("ends")
    @classmethod
    def _is_not_before_starts(cls, ends: date | None, info: ValidationInfo) -> date | None:
        starts = info.data.get("starts")
        if ends and starts and ends < starts:
            raise UnfitError(f"must not be before starts, which is {starts}")
        return ends

    @field_validator("runs")
    @classmethod
    def _differ(cls, runs: tuple[Run, ...]) -> tuple[Run, ...]:
        """To a second link Azure answers 'A job schedule for the specified runbook ... already exists'."""
        seen = set[str]()
        for number, run in enumerate(runs):
            if run.runbook in seen:
                told = (
                    "is started by this schedule already, and Azure links the two once; add a second schedule"
                )
                raise FaultsError([Fault((number, "runbook"), told)])
            seen.add(run.runbook)
        return runs


class Webhook(Start):
    """A URL that starts a runbook; alerts call it."""

    alerted: ClassVar[bool] = True

    valid_days: Annotated[StrictInt, Field(ge=1, le=3650)] = 365
    """Days from its making to its expiry; Azure allows ten years."""
    renew_days: Annotated[StrictInt, Field(ge=0, le=3650, validate_default=True)] = 30
    """It is made anew when it has fewer days left."""
    enabled: StrictBool = True
    """A webhook that is not enabled stays in the account and starts nothing."""

    @field_validator("renew_days")
    @classmethod
    def _is_within_its_life(cls, days: int, info: ValidationInfo) -> int:
        if days >= info.data.get("valid_days", days + 1):
            raise UnfitError(f"must be less than valid_days, which is {info.data['valid_days']}")
        return days


class Alert(Shape):
    """An action group that calls a webhook for the alerts of Azure Backup."""

    webhook: WebhookName
    """Which of the webhooks above it calls."""
    short_name: ShortName
    """What messages of the action group are signed with."""
    resource_group: GroupName = ""
    """Resource group of the action group; empty for that of the Automation account."""
    rules: Mapping[Subscription, RuleGroup] = Field({}, json_schema_extra=BY_NAME)
    """Subscriptions to watch, each with the group that holds its rule; empty for the account's own two."""
    enabled: StrictBool = True
    """Alert processing rules that are not enabled send nothing."""

    @field_validator("webhook")
    @classmethod
    def _is_there(cls, name: str, info: ValidationInfo) -> str:
        known: Known | None = info.context
        if known and name not in known.webhooks:
            raise UnfitError("must be one of webhooks", did_you_mean(name, known.webhooks))
        return name


class Variable(Shape):
    """An Automation variable, which parameters name as var:NAME."""

    value: str
    """Its value; write ${NAME} for what the environment holds, so that no secret stands in this file."""
    encrypted: StrictBool = False
    """Azure keeps it encrypted and shows it to jobs alone; to change this, it is deleted and made again."""
    description: str = ""
    """What Azure shows beside its name."""


class Manifest(Shape):
    """Runbooks of an Automation account, and what starts them; ${NAME} is taken from the environment."""

    schema_: str = Field("", alias="$schema", title="Schema")
    """Where editors find this description."""
    runtime: Runtime
    """The runtime environment that the runbooks run in."""
    runbooks: Mapping[RunbookName, Runbook] = Field(json_schema_extra=BY_NAME)
    """Runbooks to publish, by name: that of their file in runbooks/, without .py."""
    schedules: Mapping[ScheduleName, Schedule] = Field({}, json_schema_extra=BY_NAME)
    """Schedules by name."""
    webhooks: Mapping[WebhookName, Webhook] = Field({}, json_schema_extra=BY_NAME)
    """Webhooks by name, which is given a suffix in Azure that changes when they are made anew."""
    alerts: Mapping[AlertName, Alert] = Field({}, json_schema_extra=BY_NAME)
    """Action groups by name."""
    variables: Mapping[VariableName, Variable] = Field({}, json_schema_extra=BY_NAME)
    """Automation variables by name."""

    def var_names(self) -> tuple[str, ...]:
        """Automation variables that parameters name and this file does not hold; the account may."""
        starts = [*self.webhooks.values(), *(run for one in self.schedules.values() for run in one.runs)]
        named = {name for start in starts for name in parameters.names_of_variables(start.parameters)}
        held = {name.lower() for name in self.variables}
        return tuple(sorted(name for name in named if name.lower() not in held))
