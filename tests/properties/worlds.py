"""Worlds to try guarantees on: random program files and random months of events in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from goodword.engine.clicks import click_token
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring, normalise_code
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import visits_so_far
from goodword.pipeline.vault import open_code
from goodword.program.duration import iso
from goodword.program.loader import Program, program_of

KEYRING = Keyring(b"a key for tests of 32 bytes long")
DAY_MS = 86_400_000
START_MS = 1_767_571_200_000  # 2026-01-05
LATER_MS = 4_000_000_000_000
PEOPLE = tuple(f"p{number}" for number in range(7))
PER_SPENT = (
    {"per": "order.total", "each": "1 USD", "gives": "1 points"},
    {"per": "order.total", "each": "9 USD", "gives": "5 points", "round": "up", "ceiling": "32 points"},
    {
        "per": "order.items",
        "each": "2 USD",
        "table": {"by": "item.category", "rows": {"books": "3 points", "shoes": "1 points"}, "otherwise": "nothing"},
    },
)
POOLS = ("shop", "film")
HOLDS = ("0 days", "3 days", "14 days")


@st.composite
def rules(draw: st.DrawFn, steps: Sequence[str]) -> dict[str, Any]:
    """A reward rule that grants on a step or the claim."""
    step = draw(st.sampled_from([*steps, "claimed"]))
    kind = draw(
        st.sampled_from(["credit", "cash", "coupon", "quantity", "item", "percent_of", "per_spent", "percent_off"])
    )
    rule: dict[str, Any] = {"when": {"step": step}, "to": draw(st.sampled_from(["advocate", "friend", "both"]))}
    money = f"{draw(st.integers(1, 30))} USD"
    match kind:
        case "percent_of" if step == "purchase":
            rule["benefit"] = {
                "kind": "credit",
                "amount": {"percent_of": "order.total", "percent": "10%", "ceiling": "9 USD"},
            }
        case "per_spent" if step == "purchase":
            gives = draw(st.sampled_from([{"gives": "3 MB"}, {"gives": "3 MB", "round": "up"}]))
            amount = {"per": "order.total", "each": "7 USD", "ceiling": "20 MB"} | gives
            rule["benefit"] = {"kind": "quantity", "amount": amount, "unit_cost": "0.02 USD"}
        case "percent_off":
            rule["benefit"] = {"kind": "coupon", "percent_off": "25%", "ceiling": "15 USD"}
            if draw(st.booleans()):
                rule["benefit"]["code"] = {"pool": draw(st.sampled_from(POOLS))}
        case "quantity":
            rule["benefit"] = {"kind": "quantity", "amount": f"{draw(st.integers(1, 600))} MB", "unit_cost": "0.02 USD"}
        case "item":
            rule["benefit"] = {"kind": "item", "amount": "1 coffee", "unit_cost": "2 USD"}
        case "cash" | "coupon":
            rule["benefit"] = {"kind": kind, "amount": money}
            if kind == "coupon" and draw(st.booleans()):
                rule["benefit"]["code"] = {"pool": draw(st.sampled_from(POOLS))}
        case _:
            rule["benefit"] = {"kind": "credit", "amount": money}
    guards(draw, rule)
    return rule


def guards(draw: st.DrawFn, rule: dict[str, Any]) -> None:
    """Random guards for a rule."""
    rule["hold"] = draw(st.sampled_from(HOLDS))
    unit = "USD" if rule["benefit"]["kind"] in ("credit", "cash", "coupon") else None
    if draw(st.booleans()):
        per = draw(st.sampled_from(["participant", "program"]))
        period = draw(st.sampled_from(["ever", "week", "month"]))
        rule["caps"] = [{"per": per, "period": period, "count": draw(st.integers(1, 3))}]
        if unit and "amount" in rule["benefit"] and draw(st.booleans()):
            rule["caps"].append({"per": "participant", "amount": "25 USD", "partial": draw(st.booleans())})
    if draw(st.booleans()):
        rule["budget"] = "all"
    if draw(st.booleans()):
        rule["expires"] = draw(st.sampled_from(["20 days", {"after": "20 days", "notice": "6 days"}]))
    if draw(st.booleans()):
        rule["taken_back"] = "forgive"
    if draw(st.integers(0, 3)) == 0:
        rule["pay_when"] = {"recipient.verified": True}


@st.composite
def program_files(draw: st.DrawFn, name: str = "world") -> str:
    """A valid program file that combines what the language accepts."""
    steps: dict[str, Any] = {}
    if draw(st.booleans()):
        steps["signed"] = {"event": "sign_up"}
    if draw(st.booleans()):
        steps["installed"] = {"event": "activity", "activity": "install", "undone_by": ["remove"]}
        if "signed" in steps and draw(st.booleans()):
            steps["installed"]["after"] = "signed"
    steps["purchase"] = {"event": "order", "where": {"order.total": {"at_least": "10 USD"}}}
    measured = draw(st.sampled_from(list(steps)))
    file: dict[str, Any] = {
        "goodword": 1,
        "program": name,
        "currency": "USD",
        "time_zone": "Europe/Bucharest",
        "fields": {"verified": {"of": "person", "type": "boolean"}},
        "activities": ["install", "remove"],
        "attribution": {
            "evidence": draw(st.sampled_from([["code", "claim", "staff"], ["code", "claim", "click"]])),
            "window": "20 days",
            "replace": draw(st.sampled_from(["stronger", "never"])),
        },
        "steps": steps,
        "measures": {"friends": {"count": "referrals", "step": measured}},
        "budgets": {"all": {"amount": f"{draw(st.integers(10, 120))} USD"}},
        "rewards": {f"r{number}": draw(rules(list(steps))) for number in range(draw(st.integers(1, 3)))},
        "protection": {"device": "review", "limits": [{"signal": "network", "count": 3, "period": "week"}]},
    }
    file["protection"]["household"] = draw(st.sampled_from(["allow", "review", "refuse"]))
    if draw(st.booleans()):
        file["audience"] = {"friend": {"friend.new_customer": True}}
    if draw(st.integers(0, 5)) == 0:
        known = draw(st.sampled_from([{"less_than": "9 days"}, {"at_least": "1 day"}]))
        file["audience"] = {"friend": {"friend.tenure": known}}
    if draw(st.integers(0, 3)) == 0:
        single_orders(draw, file)
    file["rewards"]["milestone"] = {
        "when": {"reaches": "friends", "at": draw(st.integers(1, 3))},
        "to": "advocate",
        "benefit": {"kind": "item", "amount": "1 razor", "unit_cost": "5 USD"},
        "hold": draw(st.sampled_from(HOLDS)),
    }
    if draw(st.booleans()):
        visited(draw, file)
    if draw(st.booleans()):
        grown(draw, file)
    if draw(st.booleans()):
        collected(draw, file)
    if file["attribution"].get("one_per") == "order":  # such a referral begins with its order
        for rule in file["rewards"].values():
            if rule["when"].get("step") == "claimed":
                rule["when"]["step"] = "purchase"
    # JSON is YAML: no writer is needed.
    return json.dumps(file, indent=1)


def visited(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Pay for visits."""
    kind = draw(st.sampled_from(["commission", "credit", "cash", "points"]))
    unit = "points" if kind == "points" else "USD"
    period, limit = draw(st.sampled_from(["day", "week", "month"])), draw(st.integers(3, 30))
    caps = [{"per": "participant", "period": period, "amount": f"{limit} {unit}", "partial": draw(st.booleans())}]
    rule: dict[str, Any] = {
        "when": {"visits": "day"},
        "to": "advocate",
        "benefit": {"kind": kind, "amount": f"{draw(st.integers(1, 3))} {unit}"},
        "hold": draw(st.sampled_from(HOLDS)),
        "caps": caps + draw(st.sampled_from([[], [{"per": "program", "period": "week", "count": 2}]])),
    }
    if unit == "USD" and draw(st.booleans()):
        rule["budget"] = "all"
    if draw(st.integers(0, 3)) == 0:
        rule["pay_when"] = {"recipient.verified": True}
    file["rewards"]["visit"] = rule


def single_orders(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Let each order be a referral of its own, and pay some of it by category."""
    file["steps"] = {"purchase": file["steps"]["purchase"]}
    file["attribution"] |= {
        "one_per": "order",
        "evidence": draw(st.permutations(["code", "claim", "click"])),
        "window": draw(st.sampled_from(["24 hours", "20 days"])),
    }
    file["measures"]["friends"]["step"] = "purchase"
    rates = {
        "by": "item.category",
        "rows": {"books": "4%", "shoes": "8.5%"},
        "otherwise": draw(st.sampled_from(["1%", "nothing"])),
    }
    share = {"percent_of": "order.items", "table": rates} | draw(
        st.sampled_from([{}, {"floor": "1 USD"}, {"ceiling": "2 USD"}])
    )
    for rule in file["rewards"].values():
        rule["when"] = {"step": "purchase"}
    file["rewards"]["commission"] = {
        "when": {"step": "purchase"},
        "to": "advocate",
        "benefit": {"kind": "commission", "amount": share},
        "hold": draw(st.sampled_from(HOLDS)),
    }


def collected(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Let commissions come together for payouts."""
    share = {"percent_of": "order.total", "percent": "10%", "ceiling": "6 USD"}
    rule: dict[str, Any] = {
        "when": {"step": "purchase"},
        "to": draw(st.sampled_from(["advocate", "both"])),
        "benefit": {"kind": "commission", "amount": draw(st.sampled_from([share, "4 USD"]))},
        "hold": draw(st.sampled_from(HOLDS)),
    }
    if draw(st.booleans()):
        rule["budget"] = "all"
    if draw(st.booleans()):
        rule["kept"] = {"while": {"advocate.verified": {"is_not": False}}}
    file["rewards"]["share"] = rule
    file["payouts"] = {"every": draw(st.sampled_from(["week", "month"]))}
    if draw(st.booleans()):
        file["payouts"]["minimum"] = draw(st.sampled_from(["3 USD", "8 USD"]))


def grown(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Add what advocates do themselves, tables, choices and what staff look at."""
    file["activities"] += ["review", "photo"]
    file["moderated"] = ["photo"]
    period = st.sampled_from(["ever", "week", "month"])
    file["measures"] |= {
        "spent": {"sum": "orders", "period": draw(period)},
        "visits": {"count": "orders", "where": {"order.total": {"at_least": "20 USD"}}, "period": draw(period)},
        "reviews": {"count": "activities", "activity": draw(st.sampled_from(["review", "photo"]))},
        "stars": {"sum": "rewards", "unit": "points", "period": draw(period)},
    }
    table = {"by": "advocate.plan", "rows": {"gold": "9 USD", "green": "4 USD"}, "otherwise": "1 USD"}
    read_at = draw(st.sampled_from(["claim", "step"]))
    options = {
        "credit": {"kind": "credit", "amount": "3 USD"},
        "mug": {
            "kind": "item",
            "amount": "1 mug",
            "unit_cost": "2 USD",
            "asks": {"name": {"type": "text", "longest": 9}},
        },
    }
    chosen = {"kind": "choice", "options": options, "otherwise": draw(st.sampled_from(list(options)))}
    mystery = {"kind": "mystery", "options": options, "weights": {"credit": 1, "mug": 1}}
    share = {"percent_of": "order.total", "percent": "10%"}
    rules: dict[str, dict[str, Any]] = {
        "back": {"when": {"each": "spent"}, "benefit": {"kind": "credit", "amount": share}},
        "points": {"when": {"each": "reviews"}, "benefit": {"kind": "points", "amount": "30 points"}},
        "collects": {
            "when": {"each": "visits"},
            "benefit": {"kind": "points", "amount": draw(st.sampled_from(PER_SPENT))},
        },
        "regular": {"when": {"reaches": "visits", "every": draw(st.integers(1, 2))}, "benefit": chosen},
        "level": {"when": {"reaches": "stars", "at": 60}, "benefit": {"kind": "status", "amount": "1 status:gold"}},
        "segment": {
            "when": {"step": "purchase"},
            "benefit": {"kind": "credit", "amount": {"table": table, "read_at": read_at}},
        },
        "surprise": {"when": {"reaches": "friends", "every": 1}, "benefit": mystery},
    }
    rules["hello"] = {"when": {"step": "claimed"}, "benefit": {"kind": "points", "amount": "20 points"}}
    rules["treat"] = {"when": {"exchange": "30 points"}, "benefit": {"kind": "credit", "amount": "2 USD"}}
    rules["gift"] = {"when": {"exchange": "15 points"}, "benefit": chosen}
    if draw(st.booleans()):
        rules["hello"]["expires"] = draw(st.sampled_from(["15 days", {"after": "15 days", "notice": "14 days"}]))
    if draw(st.booleans()):
        rules["treat"] |= {"caps": [{"per": "participant", "count": 1}], "budget": "all"}
    file["fields"]["plan"] = {"of": "person", "type": "text"}
    games(draw, file, rules)
    for name, rule in rules.items():
        by_referral = file["contests"]["lottery"].get("entrant") == "referral"
        rule["to"] = "both" if name == "hello" or (name == "drawn" and by_referral) else "advocate"
        if draw(st.booleans()):
            rule["hold"] = draw(st.sampled_from(HOLDS))
        if rule["benefit"]["kind"] == "choice":
            rule["answer_within"] = "6 days"
            rule["budget"] = "all"
        file["rewards"][name] = rule
    first = {"kind": draw(st.sampled_from(["coupon", "credit"])), "amount": "6 USD", "first_order": True}
    file["rewards"]["first"] = {"when": {"step": "claimed"}, "to": "friend", "benefit": first}
    if file["attribution"].get("one_per") != "order" and draw(st.booleans()):
        file["steps"]["purchase"]["nth"] = 2
    keep(draw, file)


def keep(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Let some rewards be kept only while conditions on people hold, and some come again."""
    conditions: list[dict[str, Any]] = [
        {"recipient.plan": "gold"},
        {"advocate.verified": {"is_not": False}},
        {"recipient.customer": True},
        {"advocate.plan": "gold", "recipient.verified": True},
    ]
    of_friends: list[dict[str, Any]] = [
        {"friend.customer": True},
        {"friend.new_customer": True, "recipient.plan": {"in": ["gold", "green"]}},
        {"friend.plan": "green"},
    ]
    for rule in file["rewards"].values():
        if draw(st.integers(0, 3)) == 0:
            known = conditions + of_friends if "step" in rule["when"] else conditions
            rule["kept"] = {"while": draw(st.sampled_from(known))}
            if draw(st.booleans()):
                rule["kept"]["until"] = draw(st.sampled_from(["2 days", "15 days"]))
        if rule.get("budget") and rule["benefit"]["kind"] != "choice" and draw(st.booleans()):
            rule["when_spent"] = "wait"
        if draw(st.integers(0, 3)) == 0:
            window = {"per": draw(st.sampled_from(["participant", "program"])), "period": "5 days"}
            rule.setdefault("caps", []).append(window | {"count": draw(st.integers(1, 2))})
        if "step" in rule["when"] and draw(st.integers(0, 2)) == 0:
            rule["when"]["every"] = draw(st.sampled_from(["month", "year"]))
            if draw(st.booleans()):
                rule["when"]["while"] = draw(st.sampled_from(conditions + of_friends))
            if draw(st.booleans()):
                rule["when"]["up_to"] = draw(st.integers(1, 3))


def games(draw: st.DrawFn, file: dict[str, Any], rules: dict[str, dict[str, Any]]) -> None:
    """Add a ladder, contests by rank and a draw."""
    measure = st.sampled_from(["friends", "spent", "reviews", "stars"])
    file["tiers"] = {"measure": draw(measure), "levels": {"low": 1, "high": draw(st.integers(2, 60))}}
    dates = {"first_day": "2026-01-06", "last_day": draw(st.sampled_from(["2026-01-09", "2026-01-25"]))}
    after = draw(st.sampled_from(["0 days", "6 days"]))
    race = {"measure": draw(measure), "ties": draw(st.sampled_from(["first", "all"])), "settles_after": after}
    club = {"measure": draw(measure), "first_day": "2026-01-05", "reviewed": "week", "ties": "first"}
    lottery: dict[str, Any] = {"measure": "friends", "by": "draw"}
    lottery |= draw(st.sampled_from([{"free_entry": True}, {"entrant": "referral"}]))
    file["contests"] = {"race": race | dates, "club": club, "lottery": lottery | dates}
    badge = {"kind": "badge", "amount": "1 badge:winner"}
    rules["perk"] = {"when": {"tier": "high"}, "benefit": {"kind": "access", "amount": "1 lounge"}}
    rules["welcome"] = {"when": {"tier": "low"}, "benefit": {"kind": "credit", "amount": "2 USD"}}
    rules["winner"] = {"when": {"contest": "race", "places": 1}, "benefit": {"kind": "credit", "amount": "9 USD"}}
    rules["others"] = {"when": {"contest": "race", "places": "2-3"}, "benefit": badge}
    rules["member"] = {"when": {"contest": "club", "places": "1-2"}, "benefit": badge}
    rules["drawn"] = {"when": {"contest": "lottery", "places": "1-2"}, "benefit": badge}
    if draw(st.booleans()):
        grouped(draw, file)


GROUPS = ("plan", "project")


def grouped(draw: st.DrawFn, file: dict[str, Any]) -> None:
    """Add groups: what their owners get for members and for referrals."""
    step = draw(st.sampled_from(list(file["steps"])))
    file["groups"] = {"members_max": draw(st.integers(1, 4)), "one_per_person": draw(st.booleans())}
    if draw(st.booleans()):
        file["groups"]["joined_by"] = step
    if "one_per" not in file["attribution"] and draw(st.booleans()):
        file["attribution"]["one_per"] = "friend and group"
    file["measures"] |= {
        "members": {"of": "group", "count": "members"},
        "brought": {"of": "group", "count": "referrals", "step": step},
    }
    credit = {"kind": "credit", "amount": "2 USD"}
    file["rewards"] |= {
        "each_member": {"when": {"each": "members"}, "to": "owner", "benefit": credit, "budget": "all"},
        "size": {
            "when": {"reaches": "members", "at": draw(st.integers(1, 2))},
            "to": "owner",
            "benefit": {"kind": "points", "amount": "40 points"},
        },
        "goal": {
            "when": {"reaches": "brought", "at": draw(st.integers(1, 2))},
            "to": "owner",
            "benefit": {"kind": "item", "amount": "1 print", "unit_cost": "1 USD"},
            "hold": draw(st.sampled_from(HOLDS)),
        },
        "film": {
            "when": {"reaches": draw(st.sampled_from(["brought", "members"])), "at": draw(st.integers(1, 2))},
            "to": "group",
            "later": draw(st.booleans()),
            "benefit": draw(
                st.sampled_from([credit, {"kind": "points", "amount": "25 points", "unit_cost": "0.02 USD"}])
            ),
            "hold": draw(st.sampled_from(HOLDS)),
        },
        "day": {
            "when": {"date": draw(st.sampled_from(["2026-01-04", "2026-01-12"]))},
            "to": "everyone",
            "later": draw(st.booleans()),
            "benefit": {"kind": "coupon", "percent_off": "50%", "ceiling": "9 USD"},
            "expires": "1 day",
        },
    }
    if draw(st.booleans()):
        file["rewards"]["day"]["where"] = {"recipient.referred": draw(st.booleans())}
    if draw(st.booleans()):
        file["rewards"]["film"]["budget"] = file["rewards"]["day"]["budget"] = "all"


@dataclass(frozen=True)
class Wish:
    """An event as the world wishes it; codes and reward codes are put in when it is played."""

    at_ms: int
    body: dict[str, Any]
    code_of: str | None = None
    redeem_of: str | None = None
    use: int | None = None
    """How much of the reward; all of it if not said."""
    clicked_ms: int | None = None
    """When the link was followed; its click id is sent in the place of the code."""
    with_code: bool = False
    """Or beside it."""


people = st.sampled_from(PEOPLE)


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    """A month of wishes in the order in which they are told; some are told late."""
    out = []
    for number in range(draw(st.integers(3, 24))):
        at_ms = START_MS + draw(st.integers(0, 40)) * DAY_MS // 2 + number
        out.append(draw(_wish(at_ms)))
    if draw(st.booleans()):
        out.sort(key=lambda wish: wish.at_ms)
    return out


@st.composite
def _wish(draw: st.DrawFn, at_ms: int) -> Wish:
    who = draw(people)
    person: dict[str, Any] = {"id": who, "network": f"net-{draw(st.integers(0, 1))}", "device": f"device-{who}"}
    if draw(st.integers(0, 9)) == 0:
        person["device"] = "shared"
    if draw(st.integers(0, 3)) == 0:
        person["address"] = f"flat-{draw(st.integers(0, 1))}"
    if draw(st.integers(0, 5)) == 0:
        person["fields"] = {"verified": True}
    order = f"o{draw(st.integers(0, 8))}"
    code_of = draw(st.one_of(st.none(), people))
    kind = draw(
        st.sampled_from(
            [
                "claim",
                "claim",
                "sign_up",
                "order",
                "order",
                "order",
                "refund",
                "cancel",
                "chargeback",
                "activity",
                "profile",
                "staff",
                "review",
                "share",
                "link",
                "handle",
                "choice",
                "moderation",
                "enter",
                "exchange",
                "exchange",
                "group",
                "group",
                "invite",
                "codes",
                "payout",
                "payout",
                "pay_out",
                "visits",
                "visits",
                "program",
                "consent",
                "objection",
                "objection",
                "objection_answer",
                "erase",
                "ask",
                "survey",
            ]
        )
    )
    match kind:
        case "claim":
            return Wish(at_ms, {"type": "claim", "person": person}, code_of or draw(people))
        case "share" | "handle":
            more = {"channel": "chat"} if kind == "share" else {"action": draw(st.sampled_from(["disable", "enable"]))}
            return Wish(at_ms, {"type": kind, **more}, draw(people))
        case "link":
            body = {"type": "link", "person": person, "program": "world"}
            return Wish(at_ms, body | draw(st.sampled_from([{}, {"code": "Own-Code"}, {"target": "/socks"}])))
        case "sign_up":
            click = draw(st.sampled_from([None, None, START_MS, at_ms]))
            return Wish(
                at_ms, {"type": "sign_up", "person": person}, code_of, clicked_ms=click, with_code=draw(st.booleans())
            )
        case "order":
            body = {
                "type": "order",
                "order": order,
                "person": person,
                "total": draw(st.integers(500, 9000)),
                "currency": "USD",
            }
            used = draw(st.sampled_from([None, 100, 300, 1000]))
            click = draw(st.sampled_from([None, None, START_MS, at_ms]))
            both = draw(st.booleans())
            if draw(st.booleans()):
                body["items"] = [
                    {"category": "books", "total": 333},
                    {"category": "shoes", "total": 167, "quantity": 2},
                ]
            return Wish(at_ms, body, code_of, draw(st.sampled_from([None, who, who])), used, click, both)
        case "refund":
            body = {"type": "refund", "order": order}
            named = {"items": [{"category": draw(st.sampled_from(["books", "other"])), "total": 350}]}
            return Wish(at_ms, body | draw(st.sampled_from([{}, {"amount": 700}, {"amount": 3000}, named])))
        case "staff":
            action = draw(st.sampled_from(["approve", "deny", "issue", "redeem", "fail", "reverse"]))
            return Wish(at_ms, {"type": "reward", "reward": draw(st.integers(0, 5)), "action": action})
        case "group":
            action = draw(st.sampled_from(["create", "join", "join", "join", "leave", "close"]))
            body = {"type": "group", "program": "world", "group": draw(st.sampled_from(GROUPS)), "action": action}
            return Wish(at_ms, body | ({} if action == "close" else {"person": person}))
        case "invite":
            body = {"type": "join", "person": person, "program": "world"}
            return Wish(at_ms, body | {"group": draw(st.sampled_from(GROUPS))})
        case "payout":
            action = draw(st.sampled_from(["pay", "pay", "fail"]))
            return Wish(at_ms, {"type": "payout", "payout": draw(st.integers(0, 4)), "action": action})
        case "pay_out":
            return Wish(at_ms, {"type": "pay_out", "program": "world", "participant": draw(st.integers(0, 6))})
        case "program":
            body = {"type": "program", "program": "world"}
            ends = {"action": "end", "at": iso(at_ms + draw(st.integers(1, 20)) * DAY_MS)}
            return Wish(
                at_ms,
                body
                | draw(
                    st.sampled_from([ends, *({"action": word} for word in ("pause", "resume", "resume", "withdraw"))])
                ),
            )
        case "review":
            verdict = draw(st.sampled_from(["approve", "deny"]))
            return Wish(at_ms, {"type": "review", "referral": draw(st.integers(0, 3)), "verdict": verdict})
        case "activity":
            name = draw(st.sampled_from(["install", "install", "remove", "unheard", "review", "photo"]))
            return Wish(at_ms, {"type": "activity", "name": name, "person": person}, code_of)
        case "choice":
            told = st.sampled_from([{}, {"option": "credit"}, {"option": "mug"}, {"answers": {"name": "Ana"}}])
            return Wish(at_ms, {"type": "choice", "reward": draw(st.integers(0, 9))} | draw(told))
        case "visits":
            body = {
                "type": "visits",
                "day": START_MS // DAY_MS + draw(st.integers(0, 2)),
                "count": draw(st.integers(1, 9)),
            }
            return Wish(at_ms, body, code_of or draw(people))
        case "enter":
            return Wish(at_ms, {"type": "enter", "program": "world", "contest": "lottery", "person": person})
        case "moderation":
            verdict = draw(st.sampled_from(["approve", "deny"]))
            return Wish(at_ms, {"type": "moderation", "submission": draw(st.integers(0, 2)), "verdict": verdict})
        case "exchange":
            wanted = draw(st.sampled_from(["treat", "gift"]))
            return Wish(at_ms, {"type": "exchange", "person": person, "program": "world", "reward": wanted})
        case "codes":
            told = draw(st.lists(st.sampled_from([f"Own-{n}" for n in range(9)]), min_size=1, max_size=4))
            return Wish(at_ms, {"type": "codes", "pool": draw(st.sampled_from(POOLS)), "codes": told})
        case "consent":
            whom = draw(st.sampled_from([{"person": person}, {"participant": draw(st.integers(0, 6))}]))
            return Wish(at_ms, {"type": kind, "purpose": "name", "given": draw(st.booleans()), "language": "ar"} | whom)
        case "objection":
            whom = draw(st.sampled_from([{"person": person}, {"participant": draw(st.integers(0, 6))}]))
            number = draw(st.integers(0, 5))
            about = draw(st.sampled_from([{}, {"about": f"rewards {number}"}, {"about": f"referrals {number}"}]))
            return Wish(at_ms, {"type": kind, "program": "world", "why": "my friend bought"} | whom | about)
        case "survey":
            whom = draw(st.sampled_from([{"person": person}, {"participant": draw(st.integers(0, 6))}]))
            said = draw(st.sampled_from([{"recommend": 9}, {"easy": 2, "text": "too long"}, {"motivates": "easier"}]))
            return Wish(at_ms, {"type": kind, "program": "world", "side": "friend"} | whom | said)
        case "ask":
            whom = draw(st.sampled_from([{"person": person}, {"participant": draw(st.integers(0, 6))}, {"count": 9}]))
            return Wish(at_ms, {"type": kind, "program": "world", "place": "order_done"} | whom)
        case "erase":
            whom = draw(st.sampled_from([{"person": person}, {"participant": draw(st.integers(0, 6))}]))
            return Wish(at_ms, {"type": kind} | whom)
        case "objection_answer":
            verdict = draw(st.sampled_from(["upheld", "rejected"]))
            return Wish(at_ms, {"type": kind, "objection": draw(st.integers(0, 3)), "verdict": verdict})
        case "profile":
            plan = draw(st.sampled_from(["gold", "green"]))
            fields = {"verified": draw(st.booleans()), "plan": plan}
            paid = {"payout": "an account"} if draw(st.booleans()) else {}
            return Wish(at_ms, {"type": "profile", "person": person | {"fields": fields} | paid})
        case _:
            return Wish(at_ms, {"type": kind, "order": order})


def sealed(body: dict[str, Any]) -> Sealed:
    """A body as a sealed event of history."""
    return seal(decode_event(json.dumps(body).encode()), KEYRING, LATER_MS, history=True)


NAMED = (
    ("reward", "rewards"),
    ("referral", "referrals"),
    ("submission", "activities"),
    ("payout", "payouts"),
    ("participant", "participants"),
    ("objection", "objections"),
)
"""What a wish names by its number among those that are there."""


def play(program: Program, wished: list[Wish]) -> list[Sealed]:
    """The events of a world, with the codes that joining gave and the reward codes that were issued on the way."""
    tenant = MemoryTenant(KEYRING)
    tenant.publish(program)
    events: list[Sealed] = []
    codes: dict[str, str] = {}
    grouped = program.model.groups is not None

    def tell(body: dict[str, Any]) -> dict[str, Any]:
        event = _visits(program, body) if body["type"] == "visits" else sealed(body)
        events.append(event)
        answer = tenant.decide([event])[event.event.id]
        out: dict[str, Any] = json.loads(answer)
        return out

    for number, who in enumerate(PEOPLE[:4]):
        body = {
            "type": "join",
            "id": f"join-{who}",
            "occurred_at": iso(START_MS - DAY_MS + number),
            "person": {"id": who},
        }
        codes[who] = tell(body | {"program": program.name})["advocate_code"]
    for number, who in enumerate(PEOPLE[:2] if grouped else ()):
        body = {"program": program.name, "group": GROUPS[number], "occurred_at": iso(START_MS - DAY_MS + 10 + number)}
        tell({"type": "group", "id": f"create-{who}", "action": "create", "person": {"id": who}} | body)
        codes[who] = tell({"type": "join", "id": f"invite-{who}", "person": {"id": PEOPLE[number + 1]}} | body)[
            "advocate_code"
        ]
    issued: dict[str, str] = {}
    for number, wish in enumerate(wished):
        body = {"id": f"e{number}", "occurred_at": iso(wish.at_ms), **wish.body}
        if wish.code_of in codes:
            body["code"] = codes[wish.code_of].lower()
            if wish.clicked_ms is not None:
                code = normalise_code(body["code"] if wish.with_code else body.pop("code"))
                body["click"] = click_token(KEYRING, code, wish.clicked_ms, bytes(8))
        elif body["type"] in ("claim", "share", "handle", "visits"):
            continue
        if wish.redeem_of in issued:
            amount = {} if wish.use is None else {"amount": wish.use}
            body["redeems"] = [{"code": issued[wish.redeem_of]} | amount]
        for kind, collection in NAMED:
            if isinstance(body.get(kind), int):
                rows = list(tenant.rows.rows[collection])
                body[kind] = rows[body[kind] % len(rows)] if rows else "nothing"
        if "about" in body:
            collection, _, place = body["about"].partition(" ")
            rows = list(tenant.rows.rows[collection])
            body["about"] = rows[int(place) % len(rows)] if rows else "nothing"
        answer = tell(body)
        if body["type"] in ("link", "join") and "advocate_code" in answer:
            codes[body["person"]["id"]] = answer["advocate_code"]
        for reward in answer.get("rewards", []):
            if reward["status"] == "issued":
                owner = next((who for who in PEOPLE if _is(tenant, who, reward["participant"])), None)
                if owner:
                    row = tenant.rows.rows["rewards"][reward["id"]]
                    made = open_code(KEYRING, row.own_code) if row.own_code else KEYRING.reward_code(row.id)
                    issued[owner] = normalise_code(made)
    # Who was erased is forgotten after more than a year.
    days = 520 if any(wish.body["type"] == "erase" for wish in wished) else 120
    events.append(sealed({"type": "time_passed", "id": "end", "occurred_at": iso(START_MS + days * DAY_MS)}))
    return events


def _visits(program: Program, body: dict[str, Any]) -> Sealed:
    """Visits, as Goodword tells itself of them."""
    now_ms = int(datetime.fromisoformat(body["occurred_at"]).timestamp() * 1000)
    return visits_so_far(program.name, normalise_code(body["code"]), body["day"], body["count"], now_ms)


def _is(tenant: MemoryTenant, who: str, participant: str) -> bool:
    identities = tenant.rows.rows["identities"]
    return bool(identities.get(f"id:{KEYRING.secret_hash('id', who)}") == participant)


def load_world(text: str) -> Program:
    """A generated file as its first version, by its data: no text is read, and answers name no place in it."""
    return program_of(json.loads(text), 1)
