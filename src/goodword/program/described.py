"""What keys of the program language mean, where the model does not say it beside them: for editors and the reference.

By part and key, as in ``Cap.per``. A test asks for every key that has no meaning yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from goodword.program.duration import DAY_MS

HELP: Final[Mapping[str, str]] = {
    "Ask.type": "a text, a postal address, or one of some options",
    "Audience.advocate": "conditions on `advocate.…`: who may invite; anybody who joins if not given",
    "Audience.friend": "conditions on `friend.…`: who counts as a friend; anybody else if not given",
    "Benefit.kind": "what it is; the kinds stand below",
    "Benefit.amount": "how much: fixed, a share of the order, so much for each dollar of it, by date, or by segment",
    "Budget.amount": "how much there is: money, or pieces of a stock",
    "Cap.per": "whether each recipient is counted, or all together",
    "Cap.period": "the calendar period after which counting begins anew",
    "Cap.count": "at most so many rewards",
    "Cap.amount": "at most so much, in the unit of the reward",
    "Contest.measure": "what is compared, or counted as tickets",
    "FieldDeclaration.of": "what the value belongs to",
    "FieldDeclaration.type": "what kind of value it is",
    "Limit.signal": "what the referrals have in common",
    "Limit.count": "so many may start",
    "Limit.period": "in such a calendar period",
    "Limit.action": "what happens to the further ones",
    "Measure.of": "whether each advocate is counted for, or each group",
    "Measure.where": "conditions on the orders or activities that count",
    "Options.kind": "whether the recipient chooses or a draw does",
    "Options.options": "the benefits by name",
    "PercentOf.percent_of": "what it is a share of: the order, after discounts and refunds",
    "PercentOf.percent": "how large a share",
    "PercentOf.floor": "the least that is given",
    "PercentOf.ceiling": "the most that is given; a budget needs one",
    "PerSpent.ceiling": "the most that is given; a budget needs one",
    "Gains.by": "what tells the items of an order apart",
    "Gains.rows": "an amount for each category",
    "PercentOf.round": "how parts of the smallest coin are rounded",
    "ProgramFile.target": "what success is; it decides nothing, figures are measured against it",
    "ProgramFile.economics": "margin, smallest order and time for returns; the linter warns by them",
    "ProgramFile.fields": "values of its own that the shop sends; conditions may look at them",
    "ProgramFile.activities": "names of what the shop tells beside orders and sign-ups",
    "ProgramFile.audience": "who may invite, and who counts as a friend",
    "ProgramFile.attribution": "how a friend is tied to an advocate, and for how long",
    "ProgramFile.steps": "what a referral goes through, by name, in order",
    "ProgramFile.measures": "what is counted or summed, by name; milestones, tiers and contests look at it",
    "ProgramFile.tiers": "a ladder over a measure",
    "ProgramFile.contests": "contests over a measure, by name",
    "ProgramFile.budgets": "amounts that can never be exceeded, by name",
    "ProgramFile.rewards": "the rules by name: who gets what, when, and under which guards",
    "ProgramFile.protection": "what happens when advocate and friend look like one person",
    "Protection.payment": "for the same means of payment",
    "Protection.device": "for the same device",
    "Protection.address": "for the same postal address",
    "Protection.network": "for the same network address",
    "Protection.limits": "how many referrals may come from one device, network and so on",
    "Reward.when": "what grants it",
    "Reward.to": "who gets it",
    "Reward.benefit": "what it consists of: one benefit, a choice, or a mystery",
    "Reward.caps": "limits on how much of it is granted",
    "Reward.budget": "the budget it is paid out of",
    "Rates.by": "what tells the items of an order apart",
    "Rates.rows": "a share for each category",
    "Rows.rows": "an amount for each value",
    "Schedule.schedule": "the amounts with the day from which each holds",
    "Stage.since": "from the beginning of this day, in the program's time zone",
    "Stage.amount": "how much from then on",
    "Step.event": "what the friend does",
    "Step.where": "conditions on that event and on both people",
    "Table.table": "the segments and their amounts",
    "Tiers.measure": "what has to be reached",
    "When.at": "once the measure reaches this number; money in the smallest coin",
    "When.every": "each time the measure reaches a further multiple of this number",
    "When.places": "a place, or the first and the last one: `2-5`",
}


def with_help(schema: dict[str, Any], root: str) -> dict[str, Any]:
    """A JSON Schema in which every key has its meaning, and durations are written as in a file; the model's words come first."""
    parts = {root: schema, **schema.get("$defs", {})}
    for name, part in parts.items():
        for key, value in part.get("properties", {}).items():
            meaning = HELP.get(f"{name}.{key}")
            if meaning and "description" not in value:
                value["description"] = meaning
            if "30 days" in value.get("examples", ()) and isinstance(value.get("default"), int):
                value["default"] = f"{value['default'] // DAY_MS} days"
    return schema
