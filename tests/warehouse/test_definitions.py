"""Every definition, on small facts whose answer was worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from goodword.metrics.compose import VALUES_MAX
from goodword.metrics.definitions import METRICS
from goodword.metrics.figure import OTHERS as ALL_OTHERS
from goodword.metrics.figure import Figure
from goodword.metrics.question import Period
from tests.warehouse.by_hand import DAY, EVER, HOUR, MONTH, START, Facts, Hand, day, question, told

LAST_MS = MONTH.end_ms - 1
BEFORE_MS = MONTH.start_ms - 1


def order(participant: str, at: float | None = 1, **more: Any) -> dict[str, Any]:
    return {"participant": participant} | ({} if at is None else {"placed_ms": day(at)}) | more


def referral(advocate: str, friend: str, at: float = 1, converted: float | None = None, **more: Any) -> dict[str, Any]:
    status = {"status": "started" if converted is None else "converted"}
    times = {"claimed_ms": day(at), "converted_ms": None if converted is None else day(converted)}
    return {"advocate": advocate, "friend": friend} | status | times | more


def reward(**more: Any) -> dict[str, Any]:
    return {"granted_ms": day(1)} | more


def rule(kind: str = "credit", **more: Any) -> dict[str, Any]:
    return {"kind": kind} | more


def click(at: float, code: str = "CODE", **more: Any) -> dict[str, Any]:
    return {"at_ms": day(at), "code": code} | more


def event(type: str, at: float = 1, **more: Any) -> dict[str, Any]:
    return {"type": type, "at_ms": day(at)} | more


def entry(account: str, amount: int, at: float = 1, **more: Any) -> dict[str, Any]:
    return {"account": account, "amount": amount, "at_ms": day(at)} | more


HANDLE = {"code": "CODE", "participant": "ann"}
BOBS = {"code": "BOBS", "participant": "bob"}
OTHERS = {"code": "OTHER", "participant": "ann", "program": "q"}


def said(figures: list[Figure]) -> Any:
    """What figures say: of counts the value, of shares and ratios both numbers, of money by currency; by what they are of."""
    kind = METRICS[figures[0].metric].kind
    if kind in ("share", "ratio", "mean", "score", "matched"):
        found: dict[Any, Any] = {
            (one.period, one.of): (one.value, one.denominator)
            if kind in ("mean", "score", "matched")
            else (one.numerator, one.denominator)
            for one in figures
        }
    elif kind == "stock" or (METRICS[figures[0].metric].unit == "money" and kind == "count"):
        found = {}
        for one in figures:
            found.setdefault((one.period, one.of), {})[one.unit] = one.value
    else:
        found = {(one.period, one.of): one.value for one in figures}
    periods, values = {period for period, _ in found}, {of for _, of in found}
    if figures[0].dimension is None and len(periods) == 1:
        return found[next(iter(periods)), ""]
    if figures[0].dimension is None:
        return {period: value for (period, _), value in found.items()}
    assert len(periods) == 1, values
    return {of: value for (_, of), value in found.items()}


Case = tuple[str, str, Facts, Any, dict[str, Any]]


def case(metric: str, words: str, facts: Facts, expected: Any, **asked: Any) -> Any:
    return pytest.param(metric, facts, expected, asked, id=f"{metric}: {words}")


TWO = Period("first", day(0), day(10)), Period("second", day(10), day(20))

PEOPLE = [
    {"id": "ann", "country": "RO", "language": "ro"},
    {"id": "bob", "country": "SA", "language": "ar"},
    {"id": "eve", "erased_ms": day(5)},
]

# -- the funnel ------------------------------------------------------------------------------------------------------------

FUNNEL = [
    case("customers", "nobody", {}, 0),
    case("customers", "one", {"orders": [order("ann")]}, 1),
    case("customers", "of two orders one", {"orders": [order("ann", id="1"), order("ann", 2, id="2")]}, 1),
    case("customers", "all came back", {"orders": [order("ann", state="refunded", refunded=100_00)]}, 0),
    case("customers", "a part came back", {"orders": [order("ann", refunded=1)]}, 1),
    case("customers", "charged back", {"orders": [order("ann", state="charged_back", refunded=100_00)]}, 0),
    case("customers", "at the last moment", {"orders": [order("ann", None, placed_ms=LAST_MS)]}, 1),
    case("customers", "a millisecond late", {"orders": [order("ann", None, placed_ms=LAST_MS + 1)]}, 0),
    case("customers", "from before", {"orders": [order("ann", -300)]}, 1),
    case(
        "customers",
        "by country; of the erased nothing is known",
        {"orders": [order("ann"), order("bob", id="2"), order("eve", id="3")], "participants": PEOPLE},
        {"RO": 1, "SA": 1, "": 1},
        dimension="country",
    ),
    case(
        "customers",
        "by tier, with one who has none",
        {
            "orders": [order("ann"), order("bob", id="2")],
            "tiers": [{"participant": "ann", "tier": "gold"}, {"participant": "bob", "tier": "no", "program": "q"}],
        },
        {"gold": 1, "": 1},
        dimension="tier",
    ),
    case("advocates", "nobody", {}, 0),
    case("advocates", "with two codes once", {"handles": [HANDLE, HANDLE | {"code": "MORE"}]}, 1),
    case("advocates", "of another program", {"handles": [OTHERS]}, 0),
    case("advocates", "joined before", {"handles": [HANDLE | {"created_ms": BEFORE_MS}]}, 0),
    case(
        "advocates",
        "whose first code is older joined before",
        {"handles": [HANDLE | {"created_ms": BEFORE_MS}, HANDLE | {"code": "MORE", "created_ms": day(3)}]},
        0,
    ),
    case(
        "asks",
        "each as often as told; refused ones and those of others not",
        {
            "events": [
                event("ask", count=9),
                event("ask", participant="ann"),
                event("ask", outcome="refused"),
                event("ask", program="q"),
                event("share"),
            ]
        },
        10,
    ),
    case(
        "asks",
        "by place",
        {"events": [event("ask", channel="order_done", count=3), event("ask")]},
        {"order_done": 3, "": 1},
        dimension="channel",
    ),
    case(
        "shares",
        "by the code's program",
        {"handles": [HANDLE, OTHERS], "events": [event("share", code="CODE"), event("share", code="OTHER")]},
        1,
    ),
    case(
        "shares",
        "by channel, an unknown one among them",
        {"handles": [HANDLE], "events": [event("share", code="CODE", channel="sms"), event("share", code="CODE")]},
        {"sms": 1, "": 1},
        dimension="channel",
    ),
    case("clicks", "of codes of the program", {"handles": [HANDLE], "clicks": [click(1), click(2, "NOBODYS")]}, 1),
    case("leads", "nobody", {}, 0),
    case("leads", "one", {"referrals": [referral("ann", "bob")]}, 1),
    case(
        "leads",
        "neither taken over, withdrawn nor denied",
        {
            "referrals": [
                referral("ann", "bob", status="superseded"),
                referral("ann", "bob", status="expired", until_ms=day(1)),
                referral("ann", "bob", moderation="denied"),
                referral("ann", "bob", program="q"),
                referral("ann", "bob", moderation="pending_review"),
            ]
        },
        1,
    ),
    case(
        "leads",
        "on the borders",
        {
            "referrals": [
                referral("ann", "1", claimed_ms=BEFORE_MS),
                referral("ann", "2", claimed_ms=MONTH.start_ms),
                referral("ann", "3", claimed_ms=LAST_MS),
                referral("ann", "4", claimed_ms=MONTH.end_ms),
            ]
        },
        2,
    ),
    case(
        "leads",
        "in two periods, one of them empty of some",
        {"referrals": [referral("ann", "1", 9), referral("ann", "2", 10), referral("ann", "3", 11)]},
        {"first": 1, "second": 2},
        periods=TWO,
    ),
    case(
        "leads",
        "by channel: of the click, else the evidence",
        {
            "referrals": [
                referral("ann", "1", click="c1"),
                referral("ann", "2", click="c2", evidence="claim"),
                referral("ann", "3", evidence="staff"),
            ],
            "clicks": [click(0, click="c1", channel="whatsapp"), click(0, click="c2")],
        },
        {"whatsapp": 1, "claim": 1, "staff": 1},
        dimension="channel",
    ),
    case(
        "leads",
        "by version",
        {"referrals": [referral("ann", "1"), referral("ann", "2", version=2)]},
        {"1": 1, "2": 1},
        dimension="version",
    ),
    case(
        "leads",
        "by the advocate's language",
        {"referrals": [referral("ann", "x"), referral("bob", "y")], "participants": PEOPLE},
        {"ro": 1, "ar": 1},
        dimension="language",
    ),
    case(
        "conversions",
        "by when they converted",
        {"referrals": [referral("ann", "1", -3, 2), referral("ann", "2", 2, 40), referral("ann", "3", 2)]},
        1,
    ),
    case("new_customers", "nobody", {}, 0),
    case(
        "new_customers",
        "without an order, as their program counts something else",
        {"referrals": [referral("ann", "bob", 1, 2)]},
        1,
    ),
    case(
        "new_customers",
        "not who bought before the claim",
        {"referrals": [referral("ann", "bob", 1, 2)], "orders": [order("bob", 0.5)]},
        0,
    ),
    case(
        "new_customers",
        "who had sent all of it back before is new",
        {
            "referrals": [referral("ann", "bob", 1, 2)],
            "orders": [order("bob", 0.5, state="refunded", refunded=100_00), order("bob", 2, id="2")],
        },
        1,
    ),
    case(
        "new_customers",
        "who came with two groups is one, of the first",
        {
            "referrals": [referral("ann", "eve", 1, 3), referral("bob", "eve", 1, 2)],
            "participants": PEOPLE,
        },
        {"SA": 1},
        dimension="country",
    ),
    case(
        "new_customers",
        "per order: only the first order makes one",
        {
            "referrals": [
                referral("ann", "eve", 1, 2, order_id="o1"),
                referral("bob", "eve", 1, 3, order_id="o2"),
            ],
            "orders": [order("eve", 2, id="o1"), order("eve", 3, id="o2")],
        },
        1,
    ),
    case(
        "new_customers",
        "per order: whose first order came by itself is none, though he had clicked",
        {
            "referrals": [referral("ann", "eve", 1, 3, order_id="o2")],
            "orders": [order("eve", 2, id="o1"), order("eve", 3, id="o2")],
        },
        0,
    ),
    case("share_rate", "nobody was asked", {"handles": [HANDLE], "events": [event("share", code="CODE")]}, (None, 0)),
    case(
        "share_rate",
        "one of two, each person once, not who shared before",
        {
            "handles": [HANDLE, BOBS],
            "events": [
                event("ask", 1, participant="ann"),
                event("ask", 3, participant="ann"),
                event("ask", 1, participant="bob"),
                event("ask", 1, count=50),
                event("share", 0.5, code="BOBS"),
                event("share", 2, code="CODE"),
                event("share", 4, code="CODE"),
            ],
        },
        (1, 2),
    ),
    case(
        "share_rate",
        "the thirtieth day is too late",
        {
            "handles": [HANDLE],
            "events": [event("ask", 1, participant="ann"), event("share", 31, code="CODE")],
        },
        (0, 1),
    ),
    case(
        "share_rate",
        "a moment before it is not",
        {
            "handles": [HANDLE],
            "events": [event("ask", 1, participant="ann"), event("share", code="CODE", at_ms=day(31) - 1)],
        },
        (1, 1),
    ),
    case(
        "share_rate",
        "asked again later, the time since the first ask counts",
        {
            "handles": [HANDLE],
            "events": [
                event("ask", 1, participant="ann"),
                event("ask", 28, participant="ann"),
                event("share", 40, code="CODE"),
            ],
        },
        (0, 1),
    ),
    case(
        "share_rate",
        "by where they were asked first",
        {
            "handles": [HANDLE],
            "events": [
                event("ask", 2, participant="ann", channel="account"),
                event("ask", 1, participant="ann", channel="order_done"),
                event("share", 3, code="CODE", channel="sms"),
            ],
        },
        {"order_done": (1, 1)},
        dimension="channel",
    ),
    case("click_rate", "nobody shared", {"handles": [HANDLE], "clicks": [click(1)]}, (1, 0)),
    case(
        "click_rate",
        "three for two",
        {
            "handles": [HANDLE],
            "events": [event("share", code="CODE"), event("share", code="CODE")],
            "clicks": [click(1), click(2), click(3), click(31)],
        },
        (3, 2),
    ),
    case(
        "click_rate",
        "by channel, one without a share",
        {
            "handles": [HANDLE],
            "events": [event("share", code="CODE", channel="sms")],
            "clicks": [click(1, channel="sms"), click(2, channel="qr")],
        },
        {"sms": (1, 1), "qr": (1, 0)},
        dimension="channel",
    ),
    case("claim_rate", "nobody clicked", {"handles": [HANDLE], "referrals": [referral("ann", "bob")]}, (0, 0)),
    case(
        "claim_rate",
        "only leads that a click came before: not a word at the counter, not an older click, not another's",
        {
            "handles": [HANDLE, BOBS],
            "clicks": [click(1), click(2), click(5, "BOBS"), click(-40, "BOBS")],
            "referrals": [
                referral("ann", "1", 1.5),
                referral("ann", "2", 3, evidence="staff"),
                referral("ann", "3", 0.5),
                referral("bob", "4", 4, code="BOBS"),
            ],
        },
        (1, 3),
    ),
    case(
        "claim_rate",
        "in the moment of the click",
        {
            "handles": [HANDLE],
            "clicks": [click(1, click="c")],
            "referrals": [referral("ann", "1", 1, click="c", evidence="click")],
        },
        (1, 1),
    ),
    case(
        "claim_rate",
        "by the channel of the last click before",
        {
            "handles": [HANDLE],
            "clicks": [click(1, channel="sms"), click(2, channel="mail"), click(3, channel="sms")],
            "referrals": [referral("ann", "1", 2.5), referral("ann", "2", 2.6)],
        },
        {"sms": (0, 2), "mail": (2, 1)},
        dimension="channel",
    ),
]

# -- conversion -------------------------------------------------------------------------------------------------------------

BROUGHT = [referral("ann", "bob", 1, 2, id="f")]
CAME_BACK = {"order_id": "o", "outcome": "accepted"}

# Two by the code at the checkout, another one whose order came back, a fourth who was invited and bought, and one who did not.
AT_THE_CHECKOUT: Facts = {
    "referrals": [
        *(referral("ann", friend, 1, 1) for friend in ("1", "5")),
        referral("ann", "2"),
        referral("ann", "3", 1, 3),
        referral("ann", "4"),
    ],
    "orders": [
        *(order(friend, id=f"o{friend}") for friend in ("1", "5")),
        order("2", id="o2", state="refunded"),
        order("3", 3, id="o3"),
        order("4", 0, id="o4"),
    ],
}

CONVERSION = [
    case("conversion_rate", "nobody", {}, (None, 0)),
    case("conversion_rate", "says nothing of who came with his very order", AT_THE_CHECKOUT, (1, 2)),
    case("conversion_matured", "says nothing of who came with his very order", AT_THE_CHECKOUT, 0.5),
    case("time_to_convert", "says nothing of who came with his very order", AT_THE_CHECKOUT, 2),
    case(
        "conversion_rate",
        "one of three",
        {"referrals": [referral("ann", "1", 1, 9), *(referral("ann", str(n)) for n in (2, 3))]},
        (1, 3),
    ),
    case(
        "conversion_rate",
        "by the day of the claim, whenever he bought",
        {"referrals": [referral("ann", "1", 1, 200), referral("ann", "2", 40, 41)]},
        (1, 1),
    ),
    case(
        "conversion_rate",
        "says nothing of orders that are their own referral",
        {"referrals": [referral("ann", "1", 1, 1, order_id="o")]},
        (None, 0),
    ),
    case(
        "conversion_rate",
        "a denied friend counts neither as bought nor as come",
        {"referrals": [referral("ann", "1", 1, 2, moderation="denied"), referral("ann", "2", 1, 2)]},
        (1, 1),
    ),
    case("conversion_matured", "nobody", {}, None),
    case(
        "conversion_matured",
        "half of those at risk after one was gone: 1 - 3/4 * 2/3",
        {
            "referrals": [
                referral("ann", "1", 1, 3),
                referral("bob", "eve", 1),
                referral("eve", "3", 1, 11),
                referral("joe", "4", 1),
            ],
            "participants": [{"id": "eve", "erased_ms": day(2)}],
        },
        pytest.approx(1 - 1 / 3),
    ),
    case(
        "conversion_matured",
        "an erasure takes nobody who had bought",
        {
            "referrals": [referral("ann", "eve", 1, 3), referral("bob", "joe", 1)],
            "participants": [{"id": "eve", "erased_ms": day(2)}],
        },
        0.5,
    ),
    case(
        "conversion_matured",
        "after exactly thirty days counts, an hour later not",
        {"referrals": [referral("ann", "1", 1, 31), referral("bob", "2", 1, 31 + 1 / 24)]},
        0.5,
    ),
    case(
        "conversion_matured",
        "nobody was followed that long",
        {"referrals": [referral("ann", "1", 1, 3), referral("bob", "2", 1)]},
        None,
        as_of_ms=day(20),
    ),
    case("time_to_convert", "nobody", {"referrals": [referral("ann", "1")]}, None),
    case(
        "time_to_convert",
        "the middle of three, in days",
        {"referrals": [referral("ann", str(n), 1, 1 + n) for n in (2, 3, 9)]},
        3,
    ),
    case(
        "time_to_convert",
        "begun hours are whole",
        {"referrals": [referral("ann", "1", 1, converted_ms=day(1) + 1)]},
        1 / 24,
    ),
    case("time_to_convert", "bought before the claim was told", {"referrals": [referral("ann", "1", 2, 1)]}, 0),
    case("approval_rate", "nobody was decided", {"referrals": [referral("ann", "1")]}, (None, 0)),
    case(
        "approval_rate",
        "pending ones wait; who converted unseen was approved",
        {
            "referrals": [
                referral("ann", "1", moderation="approved"),
                referral("ann", "2", 1, 2),
                referral("ann", "3", moderation="denied"),
                referral("ann", "4", moderation="pending_review"),
                referral("ann", "5", moderation="denied", status="superseded"),
            ]
        },
        (2, 3),
    ),
    case("refund_rate", "no orders", {"referrals": BROUGHT}, (None, 0)),
    case(
        "refund_rate",
        "all of it, within ninety days",
        {
            "referrals": BROUGHT,
            "orders": [order("bob", 1, id="o", referral="f", state="refunded", refunded=100_00)],
            "events": [event("refund", 90, **CAME_BACK)],
        },
        (1, 1),
    ),
    case(
        "refund_rate",
        "the ninetieth day is too late",
        {
            "referrals": BROUGHT,
            "orders": [order("bob", 1, id="o", referral="f", refunded=1)],
            "events": [event("refund", 91, **CAME_BACK)],
        },
        (0, 1),
    ),
    case(
        "refund_rate",
        "told before its order, and once more later",
        {
            "referrals": BROUGHT,
            "orders": [order("bob", 1, id="o", referral="f", state="charged_back", refunded=100_00)],
            "events": [
                event("chargeback", 1, order_id="o", outcome="waiting"),
                event("refund", 200, **CAME_BACK),
            ],
        },
        (1, 1),
    ),
    case(
        "refund_rate",
        "what was refused brought nothing back",
        {
            "referrals": BROUGHT,
            "orders": [order("bob", 1, id="o", referral="f", refunded=1)],
            "events": [event("refund", 10, order_id="o", outcome="refused"), event("refund", 120, **CAME_BACK)],
        },
        (0, 1),
    ),
    case(
        "refund_rate",
        "of strangers' orders nothing",
        {
            "referrals": BROUGHT,
            "orders": [order("eve", 1, id="o", refunded=1)],
            "events": [event("refund", 2, **CAME_BACK)],
        },
        (None, 0),
    ),
    case("redemption_rate", "nothing was given", {"rules": [rule()]}, (None, 0)),
    case(
        "redemption_rate",
        "what is used, expired and open; not what is held, taken back, or paid by the shop",
        {
            "rules": [rule(), rule("cash", rule="paid"), rule("badge", rule="worn"), rule("service", rule="class")],
            "rewards": [
                reward(status="redeemed", used=10_00),
                reward(used=1),
                reward(status="expired"),
                reward(),
                reward(status="pending"),
                reward(status="reversed", used=5_00),
                reward(status="cancelled"),
                reward(rule="paid"),
                reward(rule="worn"),
                reward(rule="class", unit="class", amount=1, status="redeemed", used=1),
            ],
        },
        (3, 5),
    ),
]

# -- advocates --------------------------------------------------------------------------------------------------------------

ADVOCATES = [
    case("referral_rate", "no customers", {"referrals": [referral("ann", "bob")]}, (None, 0)),
    case(
        "referral_rate",
        "one of three; who is no customer counts on neither side",
        {
            "orders": [order("ann"), order("bob", id="2"), order("eve", id="3", placed_ms=BEFORE_MS)],
            "referrals": [referral("ann", "1"), referral("ann", "2"), referral("joe", "3"), referral("bob", "4", 40)],
        },
        (1, 3),
    ),
    case(
        "referral_rate_converted",
        "by the conversion",
        {
            "orders": [order("ann"), order("bob", id="2")],
            "referrals": [referral("ann", "1", -9, 2), referral("bob", "2", 2)],
        },
        (1, 2),
    ),
    case(
        "referral_rate_eligible",
        "customers from before, of the last year, known when it began",
        {
            "orders": [
                order("ann", None, placed_ms=BEFORE_MS),
                order("new", None, placed_ms=MONTH.start_ms, id="2"),
                order("old", None, placed_ms=MONTH.start_ms - 365 * DAY - 1, id="3"),
                order("bob", None, placed_ms=MONTH.start_ms - 365 * DAY, id="4"),
                order("gone", -3, id="5"),
                order("eve", -3, id="6"),
            ],
            "participants": [
                *({"id": name} for name in ("ann", "bob", "new", "old")),
                {"id": "gone", "erased_ms": BEFORE_MS},
                {"id": "eve", "erased_ms": day(5)},
            ],
            "referrals": [referral("ann", "1"), referral("new", "2"), referral("eve", "3")],
        },
        (2, 3),
    ),
    case("repeat_referrers", "nobody", {}, (None, 0)),
    case(
        "repeat_referrers",
        "one of two: the same friend for two groups is one",
        {
            "referrals": [
                referral("ann", "1", 1, 2),
                referral("ann", "2", 1, 3),
                referral("bob", "3", 1, 2),
                referral("bob", "3", 1, 4),
            ]
        },
        (1, 2),
    ),
    case("second_referral", "nobody", {}, None),
    case(
        "second_referral",
        "one of two within ninety days",
        {
            "referrals": [
                referral("ann", "1", 1, 2),
                referral("ann", "2", 1, 50),
                referral("bob", "3", 1, 2),
                referral("bob", "4", 1, 200),
            ]
        },
        0.5,
    ),
    case(
        "second_referral",
        "who is erased is watched no longer",
        {
            "referrals": [referral("ann", "1", 1, 2), referral("ann", "2", 1, 50), referral("eve", "3", 1, 2)],
            "participants": [{"id": "eve", "erased_ms": day(3)}],
        },
        1.0,
    ),
    case("referrals_per_advocate", "nobody", {}, None),
    case(
        "referrals_per_advocate",
        "the middle of 1, 2 and 5",
        {
            "referrals": [
                referral(who, f"{who}{n}") for who, count in (("a", 1), ("b", 2), ("c", 5)) for n in range(count)
            ]
        },
        2,
    ),
    case(
        "shares_per_sharer",
        "the middle of 1 and 3",
        {"handles": [HANDLE, BOBS], "events": [event("share", code=code) for code in ("CODE", "BOBS", "BOBS", "BOBS")]},
        2,
    ),
    case("viral_coefficient", "nobody", {}, None),
    case(
        "viral_coefficient",
        "one friend who bought of two customers, with what came in their ninety days",
        {
            "orders": [
                order("ann", 0),
                order("bob", 0, id="2"),
                order("f1", 5, id="3"),
                order("f2", 91, id="4"),
                order("new", 25, id="5"),
            ],
            "referrals": [
                referral("ann", "f1", 2, 5),
                referral("ann", "f2", 89, 91),
                referral("ann", "f3", -1, 5),
                referral("bob", "f4", 3),
            ],
        },
        1 / 3,
        as_of_ms=day(100),
    ),
    case(
        "viral_coefficient",
        "nobody was watched for ninety days",
        {"orders": [order("ann", 0)], "referrals": [referral("ann", "f1", 2, 5)]},
        None,
        as_of_ms=day(90) - 1,
    ),
    case("cycle_time", "nobody", {}, None),
    case(
        "cycle_time",
        "from order to order; who bought only afterwards began no cycle",
        {
            "orders": [order("ann", 1), order("bob", 9, id="2")],
            "referrals": [referral("ann", "1", 2, 8), referral("bob", "2", 2, 8)],
        },
        7,
    ),
]

# -- costs ------------------------------------------------------------------------------------------------------------------

POINTS = rule("points", rule="points", unit="points", unit_cost=2)
DRINK = rule("product", rule="drink", unit="drink", unit_cost=120)
PERCENT = rule("coupon", rule="off", unit="coupon", unit_cost=None)


def points(**more: Any) -> dict[str, Any]:
    return reward(rule="points", unit="points", id="w") | more


def percent(**more: Any) -> dict[str, Any]:
    return reward(rule="off", unit="coupon", amount=1) | more


def costs(
    words: str, rules: list[dict[str, Any]], rewards: list[dict[str, Any]], cost: int, unpriced: int = 0
) -> list[Any]:
    facts = {"rules": rules, "rewards": rewards}
    return [case("reward_cost", words, facts, {"USD": cost}), case("unpriced_rewards", words, facts, unpriced)]


COSTS = [
    *costs("nothing", [], [], 0),
    *costs("an advocate's when earned", [rule()], [reward(status="pending", amount=7)], 7),
    *costs("a friend's credit when used", [rule()], [reward(side="friend"), reward(side="friend", used=3_00)], 3_00),
    *costs("a friend's cash when earned", [rule("cash")], [reward(side="friend", status="pending")], 10_00),
    *costs("not what was cancelled or denied", [rule()], [reward(status="cancelled"), reward(status="denied")], 0),
    *costs("failed is still owed", [rule("cash")], [reward(status="failed")], 10_00),
    *costs("what expired, but for what was used", [rule()], [reward(status="expired", used=4_00)], 4_00),
    *costs(
        "a coupon of ten used on four, the rest burnt",
        [rule("coupon")],
        [reward(status="redeemed", used=4_00)],
        4_00,
    ),
    *costs("taken back unused", [rule()], [reward(status="reversed")], 0),
    *costs(
        "taken back with a debt, that the next one pays",
        [rule()],
        [reward(status="reversed", used=10_00, owed=10_00), reward(amount=10_00)],
        10_00,
    ),
    *costs("taken back and forgiven", [rule()], [reward(status="reversed", used=10_00)], 10_00),
    *costs("made smaller with a debt", [rule()], [reward(status="redeemed", amount=6_00, used=10_00, owed=4_00)], 6_00),
    *costs("a debt that expiry pays", [rule()], [reward(status="expired", remaining=6_00)], 6_00),
    *costs(
        "a percentage costs what it came to, once used, and is never unpriced",
        [PERCENT],
        [percent(side="friend"), percent(side="friend", status="redeemed", used=1, discount=25_00), percent()],
        25_00,
    ),
    *costs("points at what one costs", [POINTS], [points(amount=100)], 2_00),
    *costs(
        "points that bought something cost what they bought",
        [POINTS, DRINK],
        [
            points(amount=150, used=100),
            reward(rule="drink", unit="drink", amount=1, id="d", paid="|w=100|"),
        ],
        1_20 + 50 * 2,
    ),
    *costs(
        "points of two grants that bought two things",
        [POINTS, DRINK],
        [
            points(amount=30, used=30, status="redeemed", id="w1"),
            points(amount=150, used=120, id="w2"),
            reward(rule="drink", unit="drink", amount=1, id="d1", paid="|w1=30|w2=70|"),
            reward(rule="drink", unit="drink", amount=1, id="d2", paid="|w2=50|", status="pending"),
        ],
        2 * 1_20 + 30 * 2,
    ),
    *costs(
        "points that the counter took cost what they cost",
        [POINTS],
        [points(amount=150, used=100)],
        150 * 2,
    ),
    *costs(
        "a unit without a cost, unless nothing of it was given",
        [rule("item", unit="mug", unit_cost=None)],
        [
            reward(unit="mug", amount=1),
            reward(unit="mug", amount=1, status="cancelled"),
            reward(unit="mug", amount=1, status="reversed"),
        ],
        0,
        unpriced=1,
    ),
    *costs(
        "by the option that was chosen, and by its version",
        [
            rule("item", unit="mug", unit_cost=3_00, option="mug"),
            rule("item", unit="bag", unit_cost=5_00, option="bag"),
            rule("item", unit="bag", unit_cost=7_00, option="bag", version=2),
        ],
        [reward(unit="bag", amount=1, option="bag", version=2), reward(unit="mug", amount=2, option="mug")],
        7_00 + 6_00,
    ),
    *costs("not those of another program", [rule(program="q")], [reward(program="q")], 0),
    case(
        "reward_cost",
        "where the friend bought, and without a friend where it was granted",
        {
            "rules": [rule()],
            "referrals": [referral("ann", "bob", 1, 15, id="f"), referral("ann", "eve", 1, id="g")],
            "rewards": [
                reward(amount=1, referral="f"),
                reward(amount=2, referral="g"),
                reward(amount=4, granted_ms=day(12)),
            ],
        },
        {"first": {"USD": 2}, "second": {"USD": 5}},
        periods=TWO,
    ),
    case(
        "reward_cost",
        "in two currencies, never added",
        {
            "rules": [rule(), rule(version=2, currency="EUR", unit="EUR")],
            "rewards": [reward(amount=1), reward(amount=2, version=2, unit="EUR")],
        },
        {"USD": 1, "EUR": 2},
    ),
]

# -- value ------------------------------------------------------------------------------------------------------------------

WON = [referral("ann", "bob", 1, 2, id="f")]
OLD = {"as_of_ms": day(300)}

VALUE = [
    case("revenue", "nothing", {}, {"USD": 0}),
    case(
        "revenue",
        "what is left, in each currency for itself, not of the denied",
        {
            "referrals": [*WON, referral("ann", "x", 1, 2, id="d", moderation="denied")],
            "orders": [
                order("bob", 2, referral="f", refunded=30_00),
                order("bob", 3, referral="f", id="2", currency="EUR"),
                order("bob", 4, referral="f", id="3", state="cancelled", refunded=100_00),
                order("x", 2, referral="d", id="4"),
                order("eve", 2, id="5"),
            ],
        },
        {"USD": 70_00, "EUR": 100_00},
    ),
    case(
        "referred_margin",
        "of all orders of whom it brought, each once",
        {
            "referrals": [*WON, referral("joe", "bob", 1, 9)],
            "orders": [order("bob", 2, referral="f"), order("bob", 20, id="2"), order("eve", 2, id="3")],
        },
        {"USD": 100_00},
    ),
    case(
        "referred_margin",
        "with what rewards paid: it is a cost already; a free product lowered no price",
        {
            "referrals": WON,
            "rules": [PERCENT, rule(rule="credit"), DRINK],
            "rewards": [
                percent(id="w1", participant="bob", side="friend", status="redeemed", used=1, discount=25_00),
                reward(id="w2", participant="bob", rule="credit", used=5_00),
                reward(id="w3", participant="bob", rule="drink", unit="drink", amount=1, used=1, status="redeemed"),
            ],
            "orders": [order("bob", 2, total=75_00, redemptions="|w1=1|w2=500|w3=1|")],
        },
        {"USD": 52_50},
    ),
    case(
        "referred_margin",
        "of an order that is no more nothing is left",
        {
            "referrals": WON,
            "rules": [rule()],
            "rewards": [reward(id="w", participant="bob")],
            "orders": [
                order("bob", 2, state="charged_back", refunded=100_00, redemptions="|w=500|"),
                order("bob", 3, id="2", total=3),
            ],
        },
        {"USD": 1},
    ),
    case("value_referred", "nobody", {}, (None, 0)),
    case(
        "value_referred",
        "by customer: 50.00 and 50.00 + 50.00 less a month at ten percent",
        {
            "referrals": [*WON, referral("ann", "eve", 1, 2)],
            "orders": [order("bob", 2), order("eve", 2, id="2"), order("eve", 33, id="3"), order("eve", 182, id="4")],
        },
        (round((50_00 + 50_00 + 49_60) / 2), 2),
        **OLD,
    ),
    case(
        "value_referred",
        "not of whom nobody has followed for so long",
        {"referrals": WON, "orders": [order("bob", 2)]},
        (None, 0),
        as_of_ms=day(182) - 1,
    ),
    case(
        "value_referred",
        "who began in another currency is in no mean of this one",
        {
            "referrals": [*WON, referral("ann", "eve", 1, 2)],
            "orders": [order("bob", 2), order("eve", 2, id="2", currency="EUR")],
        },
        (50_00, 1),
        **OLD,
    ),
    case(
        "value_others",
        "who came by themselves; not who came by another program, was denied, or came on an invitation that ended in nothing",
        {
            "referrals": [
                referral("ann", "bob", 1, 2),
                referral("ann", "joe", 1, 2, program="q"),
                referral("ann", "eve", 1, 2, moderation="denied"),
                referral("ann", "sam", 1),
            ],
            "orders": [order(who, 2, id=who) for who in ("ann", "bob", "joe", "eve", "sam")],
        },
        (50_00, 1),
        **OLD,
    ),
    case("value_difference", "nobody", {}, (None, 0)),
    case(
        "value_difference",
        "like with like: the one from elsewhere has nobody to be compared with",
        {
            "referrals": [referral("ann", who, 0.5, 2) for who in ("b1", "b2")],
            "participants": [
                {"id": "b1", "country": "RO"},
                {"id": "b2", "country": "SA"},
                *({"id": who, "country": "RO"} for who in ("o1", "o2")),
            ],
            "orders": [
                order("b1", 2, id="1"),
                order("b1", 3, id="2"),
                order("b2", 2, id="3", total=900_00),
                order("o1", 2, id="4"),
                order("o2", 2, id="5", total=90_00),
            ],
        },
        (100_00 - 47_50, 1),
        **OLD,
    ),
    case(
        "value_curve",
        "by the last thirty days of age that everybody was watched through",
        {
            "referrals": [*WON, referral("ann", "eve", 1, 29)],
            "orders": [order("bob", 2), order("eve", 29, id="2"), order("bob", 40, id="3"), order("eve", 60, id="4")],
        },
        50_00,
        as_of_ms=day(62),
    ),
    case(
        "repeat_purchase_referred",
        "one of two",
        {
            "referrals": [*WON, referral("ann", "eve", 1, 2)],
            "orders": [order("bob", 2), order("bob", 2, id="2"), order("eve", 2, id="3")],
        },
        0.5,
    ),
    case(
        "repeat_purchase_others",
        "nobody again",
        {"orders": [order("bob", 2), order("bob", 5, id="2", state="cancelled", refunded=100_00)]},
        0.0,
    ),
    case(
        "retention_referred",
        "bought from day 90 on and before day 180",
        {
            "referrals": [referral("ann", who, 1, 2) for who in ("a", "b", "c", "d")],
            "orders": [
                *(order(who, 2, id=who) for who in "abcd"),
                order("a", None, id="5", placed_ms=day(92) - 1),
                order("b", 92, id="6"),
                order("c", None, id="7", placed_ms=day(182) - 1),
                order("d", 182, id="8"),
            ],
        },
        (2, 4),
    ),
    case("retention_others", "not yet", {"orders": [order("bob", 2)]}, (None, 0), as_of_ms=day(182) - 1),
]

# -- the books, opinions, coverage ---------------------------------------------------------------------------------------------

BOOKS = [
    case("open_liability", "nothing", {}, {"USD": 0}),
    case(
        "open_liability",
        "held, approved, on balances, and on its way to partners; by unit, at the end",
        {
            "rewards": [reward(id="w"), reward(id="x", program="q")],
            "entries": [
                entry("cost:p", -100, reward="w"),
                entry("pending:p", 10, reward="w", at=-400),
                entry("approved:p", 20, reward="w"),
                entry("balance:ann", 30, reward="w"),
                entry("balance:ann", 1000, reward="x"),
                entry("balance:ann:p", 5, reward="w"),
                entry("balance:ann:p", -3),
                entry("payout:p", 3),
                entry("paid:p", 7),
                entry("redeemed:p", 9, reward="w"),
                entry("budget:p:all:free", 50),
                entry("balance:ann:q", 70),
                entry("payout:q", 70),
                entry("pending:q", 70, reward="x"),
                entry("balance:ann", 4, reward="w", unit="points"),
                entry("balance:ann", 100, reward="w", at=30),
            ],
        },
        {"USD": 65, "points": 4},
    ),
    case(
        "open_liability",
        "a program whose name ends as another's",
        {
            "entries": [
                entry("pending:pp", 9),
                entry("balance:ann:pp", 9),
                entry("payout:x-p", 9),
                entry("pending:p", 1),
            ]
        },
        {"USD": 1},
    ),
    case(
        "open_liability",
        "a debt stands against it",
        {
            "rewards": [reward(id="w")],
            "entries": [entry("balance:ann", 5, reward="w"), entry("balance:bob", -8, reward="w")],
        },
        {"USD": -3},
    ),
    case(
        "breakage",
        "within the period",
        {"entries": [entry("expired:p", 5), entry("expired:p", 7, -1), entry("expired:p", -2), entry("expired:q", 9)]},
        {"USD": 3},
    ),
    case("promoter_score", "nobody", {"surveys": [{"easy": 3}]}, (None, 0)),
    case(
        "promoter_score",
        "two for, one against of four",
        {"surveys": [{"recommend": n} for n in (10, 9, 8, 6)] + [{"recommend": 0, "program": "q"}]},
        (25.0, 4),
    ),
    case(
        "promoter_score",
        "by side",
        {"surveys": [{"recommend": 10}, {"recommend": 6, "side": "friend"}]},
        {"advocate": (100.0, 1), "friend": (-100.0, 1)},
        dimension="channel",
    ),
    case("easy", "the mean", {"surveys": [{"easy": n} for n in (2, 5)]}, (3.5, 2)),
    case("attractive", "nobody", {"surveys": [{"easy": 2}]}, (None, 0)),
]


def bought(n: int, **more: Any) -> dict[str, Any]:
    return event("order", 5, order_id=f"o{n}", seq=n, **more)


COVERED: dict[str, Any] = {
    "handles": [HANDLE, OTHERS],
    "claims": [{"token": "t", "code": "CODE"}],
    "referrals": [
        referral("ann", "won", 1, 5, id="f"),
        referral("ann", "bad", 1, 5, id="d", moderation="denied"),
        referral("ann", "else", 1, 5, id="q", program="q"),
        referral("ann", "open", 1, id="g"),
    ],
    "orders": [
        order("won", 5, id="o1", referral="f"),
        order("won", 9, id="o2"),
        order("bad", 5, id="o3", referral="d"),
        order("else", 5, id="o4", referral="q"),
        order("open", 5, id="o5"),
        *(order(f"s{n}", 5, id=f"o{n}") for n in range(6, 16)),
    ],
    "events": [
        bought(1, code="CODE", reason="step_reached"),
        bought(2, reason="order_recorded"),
        bought(3, code="CODE", reason="shared_signal"),
        bought(4, code="OTHER", reason="step_reached"),
        bought(5, reason="step_condition_unmet"),
        bought(6, reason="no_referral"),
        bought(7, reason="unknown_code", code="WRONG"),
        bought(8, reason="code_disabled", code="CODE"),
        bought(9, reason="friend_not_in_audience", claim="t"),
        bought(10, reason="unknown_claim", claim="x"),
        bought(11, reason="evidence_too_old", click="code.abc"),
        bought(12, reason="friend_not_in_audience", code="OTHER"),
        bought(13, reason="unknown_click", click="WRONG.abc"),
        bought(14, reason="self_referral", click="CODE.abc"),
        # 15 came by an import, of which no event tells.
        event("order", 6, order_id="o6", seq=99, code="CODE", reason="order_known"),
    ],
}  # fmt: skip

FIRST_MS = MONTH.start_ms
HALF = 180 * DAY
BORDERS = [
    case(
        "shares",
        "a refused one is none",
        {"handles": [HANDLE], "events": [event("share", code="CODE", outcome="refused")]},
        0,
    ),
    case(
        "claim_rate",
        "thirty days after its click is too late",
        {"handles": [HANDLE], "clicks": [click(0)], "referrals": [referral("ann", "1", claimed_ms=day(30))]},
        (0, 1),
        periods=(EVER,),
    ),
    case(
        "share_rate",
        "in the moment he was asked",
        {"handles": [HANDLE], "events": [event("ask", 1, participant="ann"), event("share", 1, code="CODE")]},
        (1, 1),
    ),
    case(
        "referred_margin",
        "another reward of his that he did not use, and an order in another currency",
        {
            "referrals": WON,
            "rules": [rule()],
            "rewards": [reward(id="w1", participant="bob"), reward(id="w2", participant="bob")],
            "orders": [order("bob", 2, redemptions="|w1=1000|"), order("bob", 3, id="2", currency="EUR")],
        },
        {"USD": 55_00},
    ),
    case(
        "referred_margin",
        "of what he bought in the moment he came, not before",
        {
            "referrals": [referral("ann", "bob", 1, 2)],
            "orders": [
                order("bob", 1, id="1"),
                order("bob", 0.5, id="2", state="cancelled", refunded=100_00),
                order("bob", 3, id="3"),
            ],
        },
        {"USD": 100_00},
    ),
    case(
        "value_referred",
        "once, whoever else brought him too",
        {
            "referrals": [referral("ann", "bob", 1, 2), referral("joe", "bob", 1, 3), referral("ann", "eve", 1, 2)],
            "orders": [order("bob", 2), order("eve", 2, id="2", total=20_00)],
        },
        (30_00, 2),
        **OLD,
    ),
    case(
        "value_referred",
        "to the moment: followed for 180 days, with what he bought before their end",
        {
            "referrals": [referral("ann", "bob", 1, 2)],
            "orders": [order("bob", 2), order("bob", None, id="2", placed_ms=day(2) + HALF)],
        },
        (50_00, 1),
        as_of_ms=day(2) + HALF,
    ),
    case(
        "value_others",
        "to the moment, and whose only order is of another currency is left out",
        {
            "orders": [
                order("bob", 2),
                order("bob", None, id="2", placed_ms=day(2) + HALF),
                order("eve", 1, id="3", currency="EUR", state="refunded", refunded=100_00),
                order("eve", 2, id="4"),
                order("joe", 2, id="5", currency="EUR"),
            ]
        },
        (50_00, 2),
        as_of_ms=day(2) + HALF,
    ),
    case(
        "value_difference",
        "to the moment; of whom no country is known among their like",
        {
            "referrals": [referral("ann", "bob", 1, 2)],
            "orders": [
                order("bob", 2),
                order("bob", None, id="2", placed_ms=day(2) + HALF),
                order("joe", 2, id="3", total=90_00),
            ],
        },
        (5_00, 1),
        as_of_ms=day(2) + HALF,
    ),
    case(
        "refund_rate",
        "what never came back did not",
        {"referrals": BROUGHT, "orders": [order("bob", 1, id="o", referral="f")]},
        (0, 1),
    ),
    case(
        "conversion_matured",
        "says nothing of orders that are their own referral",
        {"referrals": [referral("ann", "1", 1, 1, order_id="o")]},
        None,
    ),
    case(
        "referral_rate",
        "who bought first when the period was over is not in it",
        {"orders": [order("ann"), order("bob", None, id="2", placed_ms=MONTH.end_ms)]},
        (0, 1),
    ),
    case(
        "referral_rate_converted",
        "each advocate once, customers of the period's end",
        {
            "orders": [order("ann"), order("bob", None, id="2", placed_ms=MONTH.end_ms)],
            "referrals": [referral("ann", "1", 1, 2), referral("ann", "2", 1, 2)],
        },
        (1, 1),
    ),
    case(
        "referral_rate_eligible",
        "each once, with two orders and two friends; erased in the first moment he still counted",
        {
            "orders": [order("ann", -1), order("ann", -2, id="2"), order("eve", -1, id="3")],
            "participants": [{"id": "ann"}, {"id": "eve", "erased_ms": FIRST_MS}],
            "referrals": [referral("ann", "1"), referral("ann", "2")],
        },
        (1, 2),
    ),
    case(
        "second_referral",
        "a second in the same period is no first; ninety days and a moment are too late",
        {
            "referrals": [
                referral("ann", "1", 1, 2),
                referral("ann", "2", 1, 9),
                referral("bob", "3", 1, 2),
                referral("bob", "4", 1, converted_ms=day(92) + 1),
            ]
        },
        0.5,
    ),
    case(
        "viral_coefficient",
        "on the borders of ninety days: the first moment counts, the last does not",
        {
            "orders": [order("ann", 0), order("f1", 1, id="2"), order("f2", 90, id="3")],
            "referrals": [referral("ann", "f1", 0, 1), referral("ann", "f2", 1, 90), referral("ann", "f3", 90)],
        },
        1.0,
        as_of_ms=day(90),
    ),
    case(
        "cycle_time",
        "in the same moment, and begun hours are whole",
        {
            "orders": [order("ann", 2), order("bob", 2, id="2")],
            "referrals": [referral("ann", "1", 1, 2), referral("bob", "2", 1, converted_ms=day(2) + 1)],
        },
        0.5 / 24,
    ),
    case(
        "value_curve",
        "not of who came by himself",
        {"referrals": WON, "orders": [order("bob", 2), order("joe", 2, id="2", total=1_00), order("joe", 3, id="3")]},
        50_00,
        as_of_ms=day(40),
    ),
    case(
        "value_difference",
        "of whom another program brought nothing, of whom nobody follows long enough neither",
        {
            "referrals": [referral("ann", "bob", 1, 2), referral("ann", "sam", 1, 2, program="q")],
            "orders": [
                order("bob", 2),
                order("joe", 2, id="2", total=90_00),
                order("sam", 2, id="3", total=70_00),
                order("new", None, id="4", total=95_00, placed_ms=day(2) + 1),
            ],
        },
        (5_00, 1),
        as_of_ms=day(2) + HALF,
    ),
    *(
        case(
            f"repeat_purchase_{who}",
            "of its own alone, after ninety days and a moment no more; of the erased to their end",
            {
                "referrals": [referral("ann", "bob", 1, 2), referral("ann", "eve", 1, 2), referral("ann", "joe", 1, 2)]
                if who == "referred"
                else [referral("ann", "x", 1, 2), referral("ann", "y", 1, 2)],
                "participants": [{"id": "eve", "erased_ms": day(3)}, {"id": "bob"}],
                "orders": [
                    *(order(name, 2, id=name) for name in ("bob", "eve", "joe", "x", "y")),
                    order("joe", 92, id="6"),
                    order("bob", None, id="7", placed_ms=day(92) + 1),
                    *([order("x", 5, id="8")] if who == "others" else []),
                ],
            },
            0.5,
        )
        for who in ("referred", "others")
    ),
    *(
        case(
            f"retention_{who}",
            "of its own alone, to the moment",
            {
                "referrals": [
                    referral("ann", friend, 1, 2) for friend in (("bob", "eve", "joe") if who == "referred" else ("x",))
                ],
                "orders": [
                    *(order(name, 2, id=name) for name in ("bob", "eve", "joe", "x")),
                    order("bob", 92, id="5"),
                    order("eve", None, id="6", placed_ms=day(92) - 1),
                    order("joe", 182, id="7"),
                ],
            },
            (1, 3),
            as_of_ms=day(182),
        )
        for who in ("referred", "others")
    ),
    case("breakage", "not what was used", {"entries": [entry("redeemed:p", 5), entry("expired:p", 1)]}, {"USD": 1}),
    case("easy", "of who said so", {"surveys": [{"easy": 5}, {"recommend": 3}]}, (5.0, 1)),
    case("attractive", "of who said so", {"surveys": [{"attractive": 4}, {"easy": 3}]}, (4.0, 1)),
    case(
        "orders",
        "refused where the referral was taken back; again in the moment of the conversion; a friend since this moment",
        {
            "referrals": [
                referral("ann", "mad", 1, until_ms=day(1), status="expired", id="x"),
                referral("ann", "won", 1, 5, id="f"),
                referral("bob", "won", 1, 9),
                referral("ann", "new", 5),
                referral("bob", "new", 9),
            ],
            "orders": [order("mad", 5, id="o1", referral="x"), order("won", 5, id="o2"), order("new", 5, id="o3")],
            "events": [bought(1), bought(2), bought(3, reason="step_condition_unmet")],
        },
        {"refused": 2, "again": 1},
        dimension="outcome",
    ),
    case(
        "orders",
        "by the event that was taken, not by one that was refused before",
        {
            "handles": [HANDLE],
            "orders": [order("s1", 5, id="o1")],
            "events": [
                bought(1, code="CODE", outcome="refused", reason="identity_conflict"),
                event("order", 6, order_id="o1", seq=2, reason=None),
            ],
        },
        {"no_evidence": 1},
        dimension="outcome",
    ),
]

COVERAGE = [
    case("orders", "none", {}, 0),
    case("orders", "all of them, each once", COVERED, 15),
    case(
        "orders",
        "by what their evidence came to",
        COVERED,
        {"attributed": 1, "again": 1, "refused": 4, "other_program": 2, "no_evidence": 2, "lost": 5},
        dimension="outcome",
    ),
    case("attribution_coverage", "nobody had evidence", {"orders": [order("ann")]}, (None, 0)),
    case("attribution_coverage", "of those with evidence", COVERED, (1, 10)),
    case("orders_with_evidence", "of first orders", COVERED, (10, 14)),
]


CASES = [*FUNNEL, *CONVERSION, *ADVOCATES, *COSTS, *VALUE, *BOOKS, *COVERAGE, *BORDERS]


@pytest.mark.parametrize(
    ("metric", "facts", "expected", "asked"),
    CASES,
)
def test_worked_out_by_hand(metric: str, facts: Facts, expected: Any, asked: Mapping[str, Any]) -> None:
    asked = dict(asked)
    periods, dimension = asked.pop("periods", (MONTH,)), asked.pop("dimension", None)
    assert said(told(metric, facts, *periods, dimension=dimension, **asked)) == expected


def test_every_definition_has_cases() -> None:
    told_of = {case.values[0] for case in CASES}
    assert told_of == {metric.name for metric in METRICS.values() if metric.kind != "derived"}


SUMS = [metric for metric in METRICS.values() if metric.kind in ("count", "share", "ratio", "stock")]


@pytest.mark.parametrize("metric", SUMS, ids=lambda one: one.name)
def test_a_breakdown_adds_up(metric: Any) -> None:
    """What is counted by a dimension comes to what is counted without it."""
    facts = COVERED | {
        "participants": PEOPLE,
        "rules": [rule()],
        "rewards": [reward(), reward(participant="bob", used=5_00)],
        "clicks": [click(1, channel="sms"), click(1)],
    }
    events = [
        *COVERED["events"],
        event("ask", participant="ann", channel="here", seq=200),
        event("share", code="CODE", seq=201),
    ]
    whole = told(metric.name, facts | {"events": events}, EVER)
    for dimension in metric.dimensions:
        parts = told(metric.name, facts | {"events": events}, EVER, dimension=dimension)
        for name in ("numerator", "denominator") if metric.kind in ("share", "ratio") else ("value",):
            sums = [sum(getattr(one, name) or 0 for one in figures) for figures in (whole, parts)]
            assert sums[0] == sums[1], (dimension, name)


def test_hours_are_rounded_so_that_nothing_counts_before_it_was_over() -> None:
    facts = {
        "referrals": [
            referral("ann", "1", 1, converted_ms=day(1) + 7 * DAY),
            referral("bob", "2", 1, converted_ms=day(8) + HOUR),
        ]
    }
    (figure,) = told("conversion_matured", facts)
    assert figure.more["days_7"] == 0.5


def test_the_same_friend_is_one_invitation() -> None:
    facts = {
        "orders": [order("ann", 0)],
        "referrals": [referral("ann", "f", 1, status="expired"), referral("ann", "f", 50)],
    }
    (figure,) = told("viral_coefficient", facts)
    assert figure.more["invitations"] == 1


def test_customers_who_were_watched_long_enough_are_no_young_cohort() -> None:
    people = [f"c{n}" for n in range(40)]
    facts = {
        "orders": [order(one, 0) for one in people],
        "referrals": [referral(one, f"f-{one}", 1, converted_ms=day(2)) for one in people],
    }
    (figure,) = told("viral_coefficient", facts)
    assert figure.maturity is None
    assert "young_cohort" not in figure.warnings


@pytest.mark.parametrize("segment", ["plan", "nothing"])
def test_a_segment_is_a_field_of_people(segment: str) -> None:
    people = [
        {"id": "ann", "fields": '{"plan":"gold","newsletter":true}'},
        {"id": "bob", "fields": '{"plan":"free"}'},
        {"id": "eve", "fields": "{}"},
    ]
    handles = [
        {"code": f"C{n}", "participant": who, "created_ms": START} for n, who in enumerate(("ann", "bob", "eve"))
    ]
    hand = Hand({"participants": people, "handles": handles})
    found = hand.ask("advocates", replace(question(), segment=segment), "segment")
    expected = {"gold": 1, "free": 1, "": 1} if segment == "plan" else {"": 3}
    assert {one.of: one.value for one in found} == expected
    hand.close()


@pytest.mark.parametrize("segment", ["Plan", "a.b", "x'", "$", "a" * 41])
def test_what_is_no_field_is_no_segment(segment: str) -> None:
    with pytest.raises(ValueError, match="no field"):
        Hand().ask("advocates", replace(question(), segment=segment), "segment")


def test_of_very_many_values_the_largest_are_told_apart() -> None:
    shares = [
        {"type": "share", "participant": "ann", "code": "C", "channel": f"c{n}", "at_ms": START + n} for n in range(300)
    ]
    shares += [{"type": "share", "participant": "ann", "code": "C", "channel": "z", "at_ms": START} for _ in range(5)]
    hand = Hand({"events": shares, "handles": [{"code": "C", "participant": "ann"}]})
    found = {one.of: one.value for one in hand.ask("shares", question(), "channel")}
    assert len(found) == VALUES_MAX + 1
    assert (found["z"], found[ALL_OTHERS]) == (5, 300 - (VALUES_MAX - 1))
    assert sum(int(value or 0) for value in found.values()) == 305
    hand.close()


def test_a_range_of_opinions_stays_on_the_scale_and_is_none_where_all_say_the_same() -> None:
    answers = [{"easy": 5, "attractive": 5, "participant": str(n)} for n in range(7)]
    facts = {"surveys": [*answers, {"easy": 3, "attractive": 5, "participant": "8"}]}
    (easy,) = told("easy", facts)
    assert easy.low is not None
    assert 4 < easy.low < 4.75
    assert easy.high == 5
    (attractive,) = told("attractive", facts)
    assert (attractive.value, attractive.low, attractive.high) == (5, None, None)


@pytest.mark.parametrize("metric", ["value_others", "retention_others", "repeat_purchase_others"])
def test_who_came_on_an_invitation_came_no_other_way(metric: str) -> None:
    """One bought too little to count for his advocate, one was invited long after he had bought, one nobody invited."""
    facts = {
        "referrals": [referral("ann", "small", 1), referral("ann", "late", 40)],
        "orders": [order(who, 2, id=who) for who in ("small", "late", "alone")],
    }
    (figure,) = told(metric, facts)
    assert figure.denominator == 2


def test_nobody_who_came_on_an_invitation_is_compared_with_the_referred() -> None:
    facts = {
        "referrals": [referral("ann", "won", 1, 2), referral("ann", "small", 1)],
        "orders": [order(who, 2, id=who) for who in ("won", "small", "alone")],
    }
    (figure,) = told("value_difference", facts)
    assert figure.more["matched_others"] == 1


def test_what_all_have_left_is_not_what_the_oldest_of_them_has() -> None:
    """Of thirty-one who are two months old, and one of ten who bought again and again, each left fifty by sixty days."""
    facts = {
        "referrals": [referral("ann", f"f{n}", 300, 301) for n in range(31)] + [referral("ann", "old", 1, 2)],
        "orders": [order(f"f{n}", 301, id=f"o{n}") for n in range(31)]
        + [order("old", 2, id="first"), *(order("old", 100 + n, id=f"r{n}", total=9000_00) for n in range(9))],
    }
    (figure,) = told("value_curve", facts, EVER, as_of_ms=day(365))
    assert (figure.value, figure.denominator, figure.warnings) == (50_00, 32, ())
    assert (figure.more["customers_2"], figure.more["customers_3"]) == (32, 1)
    assert (figure.more["month_12"] or 0) > 9000_00
