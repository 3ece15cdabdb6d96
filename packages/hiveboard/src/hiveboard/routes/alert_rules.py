"""Alert rules: list, make, change, delete, silence, test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from hiveboard.alerts.alert import new_id
from hiveboard.alerts.channel import InvalidFieldError
from hiveboard.alerts.condition import CONDITION_TYPES, Condition, Filters
from hiveboard.alerts.rule import AlertSeverity, Rule, check_rule
from hiveboard.errors import ApiError, BadRequestError, NotFoundError
from hiveboard.instant import SECOND_US, parse_instant

from .alert_views import AlertView, RuleView, alert_view, rule_view
from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS", "invalid"]

_MAX_RULES = 200
_MAX_SILENCE_US = 366 * 86_400 * SECOND_US

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Channels = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=20)]
_Cooldown = Annotated[float, Meta(ge=0, le=604_800, description="Seconds.")]


class NewRule(Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule to make. Within ``cooldown_seconds`` after it told of an agent it keeps quiet about that agent;
    ``notify_resolved`` tells when it is over, too."""

    name: _Name
    condition: Condition
    filters: Filters = Filters()
    severity: AlertSeverity = "warning"
    channels: _Channels = []
    cooldown_seconds: _Cooldown = 300
    enabled: bool = True
    notify_resolved: bool = False


class RuleChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is absent stays."""

    name: _Name | UnsetType = UNSET
    condition: Condition | UnsetType = UNSET
    filters: Filters | UnsetType = UNSET
    severity: AlertSeverity | UnsetType = UNSET
    channels: _Channels | UnsetType = UNSET
    cooldown_seconds: _Cooldown | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    notify_resolved: bool | UnsetType = UNSET


class Silence(Struct, kw_only=True, forbid_unknown_fields=True):
    """For how long a rule tells nobody: ``seconds`` from now or ``until`` a moment; neither ends the silence."""

    seconds: Annotated[float, Meta(gt=0, le=31_622_400)] | None = None
    until: str | None = None


class RuleList(Struct):
    """A page of rules, the newest first."""

    data: list[RuleView]
    pagination: Pagination


class RuleDeleted(Struct):
    """The rule is gone; its history stays."""

    status: str
    rule_id: str


def invalid(field: str, fix: str) -> BadRequestError:
    """The 400 that names a field and what to send."""
    return BadRequestError(f"{field}: {fix}", details={"field": field, "fix": fix})


async def _view(context: Context, rule: Rule) -> RuleView:
    state = await context.services.alerts.repository.state(context.tenant, rule.id)
    going_on = state is not None and rule.enabled and state.generation == rule.generation
    firing = len(state.firing) if state is not None and going_on else 0
    return rule_view(rule, firing, context.services.clock())


async def list_rules(context: Context) -> RuleList:
    """A page of rules."""
    params = context.params
    before = read_cursor("alert-rules", params["cursor"], tuple[str])
    enabled = {"true": True, "false": False, None: None}[params["is_enabled"]]
    rules = [
        rule
        for rule in await context.services.alerts.repository.rules(context.tenant)
        if (before is None or rule.id < before[0])
        and params["project_id"] in (None, rule.filters.project_id)
        and enabled in (None, rule.enabled)
    ]
    page = rules[: params["limit"]]
    more = (page[-1].id,) if len(rules) > len(page) else None
    return RuleList([await _view(context, rule) for rule in page], write_cursor("alert-rules", more))


async def _asked(context: Context) -> Rule:
    rule_id = context.params["rule_id"]
    rule = await context.services.alerts.repository.rule(context.tenant, rule_id)
    if rule is None:
        raise _unknown(rule_id)
    return rule


def _unknown(rule_id: str) -> NotFoundError:
    return NotFoundError(f"there is no alert rule {rule_id[:64]!r} here", code="rule_not_found")


async def get_rule(context: Context) -> RuleView:
    """One rule."""
    return await _view(context, await _asked(context))


def _require_sense(condition: Condition, filters: Filters) -> None:
    try:
        check_rule(condition, filters)
    except InvalidFieldError as error:
        raise invalid(error.field, error.fix) from None


async def _require_channels(context: Context, channels: list[str]) -> None:
    if len(set(channels)) != len(channels):
        raise invalid("channels", "name each channel once")
    for channel_id in channels:
        if await context.services.alerts.repository.channel(context.tenant, channel_id) is None:
            raise invalid(
                "channels", f"there is no channel {channel_id!r}; GET /v1/alerts/channels lists them"
            )


async def _read(context: Context, kind: type[NewRule] | type[RuleChange]) -> NewRule | RuleChange:
    """The body; a wrong kind of condition is told with those there are."""
    try:
        return await context.read(kind)
    except BadRequestError as error:
        if error.details.get("field") != "condition.type":
            raise
        raise invalid("condition.type", f"send one of {', '.join(CONDITION_TYPES)}") from None


async def create_rule(context: Context) -> Response:
    """Make a rule; only what happens from now on counts as news."""
    new = await _read(context, NewRule)
    assert isinstance(new, NewRule)
    services, now = context.services, context.services.clock()
    _require_sense(new.condition, new.filters)
    await _require_channels(context, new.channels)
    if len(await services.alerts.repository.rules(context.tenant)) >= _MAX_RULES:
        raise ApiError(f"there are {_MAX_RULES} rules already; delete some", code="too_many", status=409)
    rule = Rule(
        id=new_id(now),
        **{name: getattr(new, name) for name in NewRule.__struct_fields__},
        silenced_until=None,
        created_at=now,
        updated_at=now,
        generation=1,
        from_seq=await services.store.last_seq(),
        link_base=_link_base(context),
    )
    await services.alerts.repository.put_rule(context.tenant, rule)
    services.alerts.poke()
    body = msgspec.json.encode(rule_view(rule, 0, now))
    return Response(body, 201, {"Location": f"/v1/alerts/rules/{rule.id}"}, media_type="application/json")


def _link_base(context: Context) -> str:
    """Where the dashboard is: as the server was told, else where this request went."""
    return context.services.settings.public_url or str(context.request.base_url).rstrip("/")


async def change_rule(context: Context) -> RuleView:
    """Change what is named. When what is watched changes, what was going on is forgotten and begins anew."""
    await _asked(context)
    change = await _read(context, RuleChange)
    given = {name: getattr(change, name) for name in RuleChange.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    await _require_channels(context, given.get("channels", []))
    services, now = context.services, context.services.clock()
    newest = await services.store.last_seq()

    def changed(rule: Rule) -> Rule:
        made = msgspec.structs.replace(rule, **given, updated_at=now)
        _require_sense(made.condition, made.filters)
        watched = (rule.condition, rule.filters, rule.enabled)
        if (made.condition, made.filters, made.enabled) != watched:
            made.generation += 1
            made.from_seq = newest
        return made

    view = await _changed(context, changed)
    services.alerts.poke()
    return view


async def _changed(context: Context, change: Callable[[Rule], Rule]) -> RuleView:
    rule_id = context.params["rule_id"]
    rule = await context.services.alerts.repository.change_rule(context.tenant, rule_id, change)
    if rule is None:
        raise _unknown(rule_id)
    return await _view(context, rule)


async def delete_rule(context: Context) -> RuleDeleted:
    """Forget a rule."""
    rule = await _asked(context)
    await context.services.alerts.repository.delete_rule(context.tenant, rule.id)
    return RuleDeleted("deleted", rule.id)


async def silence_rule(context: Context) -> RuleView:
    """Tell nobody for a while. What still holds afterwards is told then; what merely happened meanwhile is not."""
    await _asked(context)
    asked = await context.read(Silence)
    now = context.services.clock()
    if asked.seconds is not None and asked.until is not None:
        raise invalid("until", "send either seconds or until")
    until = None if asked.seconds is None else now + round(asked.seconds * SECOND_US)
    if asked.until is not None:
        until = parse_instant(asked.until)
        if until is None or not now < until <= now + _MAX_SILENCE_US:
            raise invalid(
                "until", "send an ISO 8601 time within the next 366 days, such as 2026-02-10T14:32:01Z"
            )

    def silenced(rule: Rule) -> Rule:
        return msgspec.structs.replace(rule, silenced_until=until, updated_at=now)

    return await _changed(context, silenced)


async def test_rule(context: Context) -> AlertView:
    """Deliver a marked alert to every channel of the rule, once, and tell how that went."""
    rule = await _asked(context)
    if not rule.channels:
        raise invalid("channels", "this rule names no channel; add one first")
    return alert_view(await context.services.alerts.test_rule(context.tenant, rule))


_BODY_ERRORS = (400, 403, 408, 413, 415)
_ONE = "/v1/alerts/rules/{rule_id}"

ENDPOINTS = (
    Endpoint("GET", "/v1/alerts/rules", list_rules, RuleList, "Alert rules.",
             (text("project_id", "Only rules limited to this project."),
              choice("is_enabled", "Only rules that are on, or off.", ("true", "false")), LIMIT, CURSOR),
             tag="alerts", errors=(400,)),
    Endpoint("POST", "/v1/alerts/rules", create_rule, RuleView, "Make an alert rule.", tag="alerts", needs="admin",
             body=NewRule, errors=(*_BODY_ERRORS, 409), more_answers=((201, RuleView, "It is made."),)),
    Endpoint("GET", _ONE, get_rule, RuleView, "One alert rule.", tag="alerts", errors=(404,)),
    *(
        Endpoint(method, _ONE, change_rule, RuleView, "Change what is named of an alert rule; what is absent stays.",
                 tag="alerts", needs="admin", body=RuleChange, errors=(*_BODY_ERRORS, 404))
        for method in ("PUT", "PATCH")
    ),
    Endpoint("DELETE", _ONE, delete_rule, RuleDeleted, "Delete an alert rule; its history stays.", tag="alerts",
             needs="admin", errors=(403, 404)),
    Endpoint("POST", f"{_ONE}/silence", silence_rule, RuleView, "Let a rule tell nobody for a while.", tag="alerts",
             needs="admin", body=Silence, errors=(*_BODY_ERRORS, 404)),
    Endpoint("POST", f"{_ONE}/test", test_rule, AlertView,
             "Deliver a marked test to every channel of a rule, once, and tell how it went.", tag="alerts",
             needs="admin", errors=(400, 403, 404)),
)  # fmt: skip
