"""Which keys of the program language the terms say, and which say nothing to an advocate or a friend, and why.

A test compares both tables with the model: a key that is in neither has no words yet, and fails it. Another test changes
every key in ``SAID`` and sees the terms change in each language, so that a row here cannot be a mere claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SAID: Final[Mapping[str, frozenset[str]]] = {
    "ProgramFile": frozenset(
        [
            "time_zone",
            "moderated",
            "notice",
            "audience",
            "attribution",
            "steps",
            "measures",
            "budgets",
            "rewards",
            "protection",
            "groups",
            "tiers",
            "contests",
            "payouts",
        ]
    ),
    "Audience": frozenset(["advocate", "friend"]),
    "Attribution": frozenset(["evidence", "window", "until", "replace", "one_per"]),
    "Step": frozenset(["event", "activity", "where", "after", "within", "nth", "converts", "undone_by"]),
    "Measure": frozenset(["of", "count", "sum", "step", "activity", "unit", "where", "period", "within"]),
    "When": frozenset(
        [
            "step",
            "reaches",
            "at",
            "every",
            "up_to",
            "each",
            "contest",
            "places",
            "tier",
            "exchange",
            "visits",
            "while",
            "date",
        ]
    ),
    "Reward": frozenset(
        [
            "when",
            "to",
            "where",
            "later",
            "benefit",
            "hold",
            "caps",
            "budget",
            "when_spent",
            "pay_when",
            "kept",
            "answer_within",
            "expires",
            "taken_back",
        ]
    ),
    "Expiry": frozenset(["after", "notice"]),
    "Groups": frozenset(["members_max", "joined_by", "one_per_person"]),
    "Kept": frozenset(["while", "until"]),
    "Benefit": frozenset(["kind", "amount", "percent_off", "ceiling", "minimum_order", "first_order", "asks", "code"]),
    "Options": frozenset(["kind", "options", "weights", "otherwise"]),
    "Ask": frozenset(["type", "options", "longest", "moderated", "otherwise"]),
    "PercentOf": frozenset(["percent", "table", "floor", "ceiling", "round"]),
    "PerSpent": frozenset(["each", "gives", "table", "ceiling", "round"]),
    "Gains": frozenset(["rows", "otherwise"]),
    "Rates": frozenset(["rows", "otherwise"]),
    "Schedule": frozenset(["schedule", "read_at"]),
    "Stage": frozenset(["since", "amount"]),
    "Table": frozenset(["table", "read_at"]),
    "Rows": frozenset(["by", "rows", "otherwise"]),
    "Cap": frozenset(["per", "period", "count", "amount", "partial"]),
    "Tiers": frozenset(["measure", "levels"]),
    "Contest": frozenset(
        [
            "measure",
            "first_day",
            "last_day",
            "settles_after",
            "by",
            "ties",
            "reviewed",
            "entrant",
            "free_entry",
            "at_least",
            "eligible",
        ]
    ),
    "Budget": frozenset(["amount"]),
    "Payouts": frozenset(["every", "minimum"]),
    "Protection": frozenset(["payment", "device", "address", "network", "household", "limits"]),
    "Limit": frozenset(["signal", "count", "period", "action"]),
}
"""By part of the language, the keys that the terms say."""

UNSAID: Final[Mapping[str, str]] = {
    "ProgramFile.goodword": "the version of the language",
    "ProgramFile.program": "the name under which the business keeps it",
    "ProgramFile.currency": "every amount of money is shown with its currency",
    "ProgramFile.priority": "which program an order counts in is a choice of the business; that it is only one is said",
    "ProgramFile.landing": "where a link leads is seen by following it",
    "ProgramFile.target": "what the business hopes for",
    "ProgramFile.economics": "what the business earns",
    "ProgramFile.fields": "declared here, said where a condition reads them",
    "ProgramFile.activities": "declared here, said where something happens with them",
    "ProgramFile.ask": "when the shop asks for invitations: nobody is paid more or less by it, and anybody may invite at any time",
    "Asking.moments": "when the shop asks for invitations",
    "Asking.every": "when the shop asks for invitations",
    "Asking.without_share": "when the shop asks for invitations",
    "Moment.event": "when the shop asks for invitations",
    "Moment.activity": "when the shop asks for invitations",
    "Moment.nth": "when the shop asks for invitations",
    "Moment.recommend": "when the shop asks for invitations",
    "Moment.invited": "when the shop asks for invitations",
    "Moment.after": "when the shop asks for invitations",
    "Moment.within": "when the shop asks for invitations",
    "Target.customers": "what the business hopes for",
    "Target.cost": "what the business is ready to spend",
    "Target.by": "what the business hopes for; until when something is promised is said by the promise",
    "Economics.margin": "what the business earns",
    "Economics.smallest_order": "what the business earns",
    "Economics.return_window": "what the linter compares with `hold`, which is said",
    "FieldDeclaration.of": "declared here, said where a condition reads it",
    "FieldDeclaration.type": "declared here, said where a condition reads it",
    "OwnCode.pool": "from which list of the shop a code comes is seen by nobody",
    "Benefit.unit_cost": "what it costs the business",
    "PercentOf.percent_of": "the order, or its items where rates are said",
    "PerSpent.per": "the order, or its items where they are said by category",
    "Gains.by": "there is one thing that items are told apart by, their category",
    "Rates.by": "there is one thing that items are told apart by, their category",
}
"""Keys that no advocate or friend has to read, each with its reason."""
