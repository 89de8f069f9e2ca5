"""Alarms, events, their definitions, and saved reports."""

from vast_standin.vms.alarms import AlarmRules, EventRules, list_alarms
from vast_standin.vms.monitors import MonitorRules
from vast_standin.vms.resource import resource

_ALARMS = resource(
    "alarms",
    """
    id int A
    severity str A
    alarm_message str A
    event_name str A
    event_type str A
    event_definition str A
    object_type str A
    object_id int A
    object_guid str A
    object_name str A
    timestamp str A
    last_updated str A
    acknowledged bool PA =false
    metadata obj A
    cluster str A
    """,
    filters="timestamp__gte timestamp__lte severity alarm_message__contains object_guid "
    "object_type object_id",
    calls="list get patch delete",
    rules=AlarmRules(),
    listed=list_alarms,
)
_EVENTS = resource(
    "events",
    """
    id int A
    guid str A
    severity str A
    event_message str CA
    event_name str A
    event_type str CA
    event_origin str A
    event_definition str A
    object_type str RA
    object_id int RA
    object_guid str A
    object_name str A
    timestamp str A
    metadata obj A
    cluster str A
    """,
    filters="timestamp__gte timestamp__lte event_type event_type__in event_origin "
    "event_origin__in event_message__contains object_guid object_type object_type__in "
    "object_id severity severity__in",
    calls="list get create",
    rules=EventRules(),
)
_EVENTDEFINITIONS = resource(
    "eventdefinitions",
    """
    id int A
    name str A
    event_type str A
    event_message str A
    object_type str A
    property str A
    severity str PA INFO|MINOR|MAJOR|CRITICAL
    enabled bool PA =true
    alarm_only bool PA =true
    trigger_on str A
    trigger_off str A
    cooldown int A
    disable_actions bool A =true
    email_recipients [str] A =[]
    webhooks [int] A =[]
    user_modified bool A =false
    internal bool A =false
    metadata obj A
    """,
    filters="object_type event_type",
    calls="list get patch",
)
_MONITORS = resource(
    "monitors",
    """
    id int A
    name str CA
    object_type str RA
    object_ids any CPA
    prop_list any CPA
    time_frame str CA
    from_time str CPA
    to_time str CPA
    granularity str CPA seconds|minutes|hours|days
    aggregation str CPA avg|min|max|latency_weighted_average|stddev|sum
    monitor_type str A
    """,
    calls="list get create patch delete",
    rules=MonitorRules(),
)
_WEBHOOKS = resource(
    "webhooks",
    """
    id int A
    name str CPA
    url str RPA
    method str CPA GET|POST|PUT|PATCH|DELETE ="POST"
    headers obj CPA ={}
    data str CPA
    enabled bool CPA =true
    """,
    calls="list get create patch delete",
)
KINDS = (_ALARMS, _EVENTS, _EVENTDEFINITIONS, _MONITORS, _WEBHOOKS)
