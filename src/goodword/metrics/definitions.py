"""One list of what Goodword measures: each figure's question, its query, and how its estimate is made.

A query gives *subjects*: rows with the period they belong to and what the estimate needs of them, by the kind of the metric:

- ``count``: n (and, for money, currency).
- ``share``: n and y of what can happen to each; with cluster, those of one advocate belong together.
- ``ratio``: n and y of two things that are counted, in clusters.
- ``mean``: y of each, in clusters where there are some.
- ``survival``: age in hours, event (1 it happened, 0 he was watched so far), cluster.
- ``spread``: y of each, of whom how many have how much is told.
- ``growth``: i invitations and y won customers of each.
- ``score``: y from 0 to 10.
- ``curve``: y by the thirty days of age (month) in which it came, and how many of them each was watched whole (months).
- ``stock``: n by unit: what stands there at the end of the period.
- ``matched``: origin, stratum, y.
- ``derived``: no query; made of other figures (`derived.py`).

Beside these, subjects may say to whom or what they belong (person, channel, click and evidence, version, order_id), which are the dimensions a
figure can be broken down by, and since when they could happen (since_ms), by which maturity is told.
Formulas follow the standard of each; sources are given. Texts for people stand in the catalogues, under the metric's name.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from goodword.metrics.relations import CLICK_DAYS, SHARE_DAYS, VALUE_DAYS, WINDOW_DAYS

Kind = Literal[
    "count", "share", "ratio", "mean", "survival", "spread", "growth", "score", "curve", "stock", "matched", "derived"
]
Unit = Literal["share", "count", "money", "per", "days", "score", "unit"]
Topic = Literal["funnel", "conversion", "advocates", "costs", "value", "books", "opinions", "coverage"]
TOPICS: tuple[Topic, ...] = ("funnel", "conversion", "advocates", "costs", "value", "books", "opinions", "coverage")
Dimension = Literal["channel", "language", "country", "tier", "segment", "version", "outcome", "reason"]
PERSONAL: tuple[Dimension, ...] = ("language", "country", "tier", "segment")
"""Of the advocate, as he is now. The segment is a field that the shop tells of people; the question says which."""
BY_CHANNEL: tuple[Dimension, ...] = ("channel", *PERSONAL)
BY_ALL: tuple[Dimension, ...] = ("channel", *PERSONAL, "version")
BY_OUTCOME: tuple[Dimension, ...] = ("outcome", "reason", *PERSONAL)
HORIZONS = (7, 30, 90)
"""Days at which conversion is told."""


class Metric(Struct, frozen=True, kw_only=True):
    """What is measured, and how."""

    name: str
    topic: Topic
    kind: Kind
    unit: Unit
    sql: str = ""
    """The query of its subjects, in DuckDB's dialect."""
    dimensions: tuple[Dimension, ...] = ()
    horizon_days: int | None = None
    """So many days each subject has to answer; maturity is the share of those who had them."""
    compares: bool = False
    """Whether it compares people who chose their group."""
    needs: tuple[str, ...] = ()
    """Other metrics that it is made of, or settings of the program it needs: `margin`."""
    source: str = ""
    """Where the formula comes from."""
    version: int = 1
    """Raised when the definition changes: figures of different versions do not compare."""


WILSON = "Wilson (1927), JASA 22:209"
CLUSTERED = "Wilson with the effective sample of clusters: Korn and Graubard (1998), Survey Methodology 24:193"
KAPLAN_MEIER = (
    "Kaplan and Meier (1958), JASA 53:457; robust by clusters: Ying and Wei (1994), J. Multivariate Analysis 50:17"
)
RATIO = "Ratio of two sums over clusters: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # -- the funnel ------------------------------------------------------------------------------------------------
        Metric(
            name="customers",
            topic="funnel",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, c.participant AS person, 1 AS n
                FROM customers AS c JOIN periods AS p ON c.first_ms < p.end_ms
            """,
            dimensions=PERSONAL,
            source="customers with an order that counts, by the end of the period",
        ),
        Metric(
            name="advocates",
            topic="funnel",
            kind="count",
            unit="count",
            sql="SELECT p.period, a.participant AS person, 1 AS n FROM advocates AS a JOIN periods AS p ON within(a.joined_ms, p)",
            dimensions=PERSONAL,
        ),
        Metric(
            name="asks",
            topic="funnel",
            kind="count",
            unit="count",
            sql="SELECT p.period, a.person, a.channel, a.count AS n FROM asked AS a JOIN periods AS p ON within(a.at_ms, p)",
            dimensions=("channel",),
        ),
        Metric(
            name="shares",
            topic="funnel",
            kind="count",
            unit="count",
            sql="SELECT p.period, s.person, s.channel, 1 AS n FROM shared AS s JOIN periods AS p ON within(s.at_ms, p)",
            dimensions=BY_CHANNEL,
        ),
        Metric(
            name="clicks",
            topic="funnel",
            kind="count",
            unit="count",
            sql="SELECT p.period, c.person, c.channel, 1 AS n FROM clicked AS c JOIN periods AS p ON within(c.at_ms, p)",
            dimensions=BY_CHANNEL,
            source="clicks of people: previews, scanners and prefetches never count",
        ),
        Metric(
            name="leads",
            topic="funnel",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, l.advocate AS person, l.click, l.evidence, l.version, 1 AS n FROM leads AS l JOIN periods AS p ON within(l.at_ms, p)
            """,
            dimensions=BY_ALL,
        ),
        Metric(
            name="conversions",
            topic="funnel",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, l.advocate AS person, l.click, l.evidence, l.version, 1 AS n
                FROM leads AS l JOIN periods AS p ON within(l.converted_ms, p)
            """,
            dimensions=BY_ALL,
        ),
        Metric(
            name="new_customers",
            topic="funnel",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, w.advocate AS person, w.click, w.evidence, w.version, 1 AS n FROM won AS w JOIN periods AS p ON within(w.at_ms, p)
            """,
            dimensions=BY_ALL,
        ),
        Metric(
            name="share_rate",
            topic="funnel",
            kind="share",
            unit="share",
            sql="""
                SELECT a.period, a.person, a.at_ms AS since_ms, a.channel, 1 AS n, max(CASE WHEN s.at_ms IS NULL THEN 0 ELSE 1 END) AS y
                FROM (
                    SELECT p.period, q.person, q.at_ms, q.channel,
                        row_number() OVER (PARTITION BY p.period, q.person ORDER BY q.at_ms, q.channel) AS place
                    FROM asked AS q JOIN periods AS p ON within(q.at_ms, p) WHERE q.person IS NOT NULL
                ) AS a
                LEFT JOIN shared AS s ON s.person = a.person AND s.at_ms >= a.at_ms AND s.at_ms < a.at_ms + share_days * day_ms
                WHERE a.place = 1 GROUP BY a.period, a.person, a.at_ms, a.channel
            """,
            dimensions=BY_CHANNEL,
            horizon_days=SHARE_DAYS,
            source=WILSON,
            version=2,
        ),
        Metric(
            name="click_rate",
            topic="funnel",
            kind="ratio",
            unit="per",
            sql="""
                SELECT p.period, s.person, s.person AS cluster, s.channel, 1 AS n, 0 AS y FROM shared AS s JOIN periods AS p ON within(s.at_ms, p)
                UNION ALL
                SELECT p.period, c.person, c.person AS cluster, c.channel, 0 AS n, 1 AS y FROM clicked AS c JOIN periods AS p ON within(c.at_ms, p)
            """,
            dimensions=BY_CHANNEL,
            source=RATIO,
        ),
        Metric(
            name="claim_rate",
            topic="funnel",
            kind="ratio",
            unit="per",
            sql="""
                SELECT p.period, c.person, c.person AS cluster, c.channel, 1 AS n, 0 AS y FROM clicked AS c JOIN periods AS p ON within(c.at_ms, p)
                UNION ALL
                SELECT p.period, l.person, l.person AS cluster, l.channel, 0 AS n, 1 AS y FROM led AS l JOIN periods AS p ON within(l.at_ms, p)
            """,
            dimensions=BY_CHANNEL,
            source=f"leads within {CLICK_DAYS} days of a click of their code, by clicks; {RATIO}",
        ),
        # -- conversion ------------------------------------------------------------------------------------------------
        Metric(
            name="conversion_rate",
            topic="conversion",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, l.advocate AS person, l.advocate AS cluster, l.at_ms AS since_ms, l.click, l.evidence,
                    l.version, 1 AS n, CASE WHEN l.converted_ms IS NOT NULL THEN 1 ELSE 0 END AS y
                FROM invited AS l JOIN periods AS p ON within(l.at_ms, p)
            """,
            dimensions=BY_ALL,
            horizon_days=30,
            source=CLUSTERED,
            version=2,
        ),
        Metric(
            name="conversion_matured",
            topic="conversion",
            kind="survival",
            unit="share",
            sql="""
                SELECT p.period, l.advocate AS person, l.advocate AS cluster, l.at_ms AS since_ms, l.click, l.evidence,
                    l.version, l.age, l.event
                FROM lead_times AS l JOIN periods AS p ON within(l.at_ms, p)
            """,
            dimensions=BY_ALL,
            horizon_days=30,
            source=KAPLAN_MEIER,
            version=3,
        ),
        Metric(
            name="time_to_convert",
            topic="conversion",
            kind="spread",
            unit="days",
            sql="""
                SELECT p.period, l.advocate AS person, l.at_ms AS since_ms, l.click, l.evidence, l.version,
                    (greatest(l.converted_ms - l.at_ms, 0) + hour_ms - 1) // hour_ms AS y
                FROM invited AS l JOIN periods AS p ON within(l.at_ms, p) WHERE l.converted_ms IS NOT NULL
            """,
            dimensions=BY_ALL,
            horizon_days=30,
            source="the median of those who converted; young cohorts hold the quick ones",
            version=2,
        ),
        Metric(
            name="approval_rate",
            topic="conversion",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, b.advocate AS person, b.advocate AS cluster, b.click, b.evidence, b.version, 1 AS n,
                    CASE WHEN b.moderation = 'denied' THEN 0 ELSE 1 END AS y
                FROM brought AS b JOIN periods AS p ON within(b.at_ms, p)
                WHERE b.moderation IN ('denied', 'approved') OR b.moderation = 'clear' AND b.converted_ms IS NOT NULL
            """,
            dimensions=BY_ALL,
            source=CLUSTERED,
        ),
        Metric(
            name="refund_rate",
            topic="conversion",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, o.placed_ms AS since_ms, b.advocate AS person, b.advocate AS cluster, b.click, b.evidence,
                    b.version, 1 AS n, CASE WHEN (o.refunded > 0 OR o.state <> 'placed')
                        AND a.at_ms < o.placed_ms + window_days * day_ms THEN 1 ELSE 0 END AS y
                FROM orders AS o JOIN brought AS b ON b.id = o.referral JOIN periods AS p ON within(o.placed_ms, p)
                LEFT JOIN came_back AS a ON a.order_id = o.id
            """,
            dimensions=BY_ALL,
            horizon_days=WINDOW_DAYS,
            source=f"orders of which something came back within {WINDOW_DAYS} days; {CLUSTERED}",
            version=2,
        ),
        Metric(
            name="redemption_rate",
            topic="conversion",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, w.participant AS person, w.participant AS cluster, w.granted_ms AS since_ms, w.version,
                    1 AS n, CASE WHEN w.used > 0 OR w.status = 'redeemed' THEN 1 ELSE 0 END AS y
                FROM rewards AS w JOIN params ON w.program = params.program JOIN periods AS p ON within(w.granted_ms, p)
                JOIN rules AS u ON u.program = w.program AND u.version = w.version AND u.rule = w.rule AND u.option = w.option
                WHERE u.kind IN ('coupon', 'credit', 'points', 'product', 'service', 'event', 'experience')
                    AND w.status IN ('issued', 'redeemed', 'expired')
            """,
            dimensions=(*PERSONAL, "version"),
            horizon_days=90,
            source=f"of what was handed over to be used, and not taken back; {CLUSTERED}",
        ),
        # -- advocates -------------------------------------------------------------------------------------------------
        Metric(
            name="referral_rate",
            topic="advocates",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, c.participant AS person, 1 AS n, CASE WHEN l.advocate IS NULL THEN 0 ELSE 1 END AS y
                FROM customers AS c JOIN periods AS p ON c.first_ms < p.end_ms
                LEFT JOIN (SELECT DISTINCT p.period, l.advocate FROM leads AS l JOIN periods AS p ON within(l.at_ms, p)) AS l
                    ON l.period = p.period AND l.advocate = c.participant
            """,
            dimensions=PERSONAL,
            source=WILSON,
        ),
        Metric(
            name="referral_rate_eligible",
            topic="advocates",
            kind="share",
            unit="share",
            sql="""
                SELECT a.period, a.participant AS person, 1 AS n, CASE WHEN l.advocate IS NULL THEN 0 ELSE 1 END AS y
                FROM (SELECT DISTINCT p.period, p.start_ms, o.participant FROM orders AS o JOIN periods AS p
                        ON o.placed_ms < p.start_ms AND o.placed_ms >= p.start_ms - active_days * day_ms
                        WHERE o.counted) AS a
                LEFT JOIN erased AS x ON x.id = a.participant
                LEFT JOIN (SELECT DISTINCT p.period, l.advocate FROM leads AS l JOIN periods AS p ON within(l.at_ms, p)) AS l
                    ON l.period = a.period AND l.advocate = a.participant
                WHERE x.id IS NULL OR x.erased_ms >= a.start_ms
            """,
            dimensions=PERSONAL,
            source=WILSON,
        ),
        Metric(
            name="referral_rate_converted",
            topic="advocates",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, c.participant AS person, 1 AS n, CASE WHEN l.advocate IS NULL THEN 0 ELSE 1 END AS y
                FROM customers AS c JOIN periods AS p ON c.first_ms < p.end_ms
                LEFT JOIN (SELECT DISTINCT p.period, l.advocate FROM leads AS l JOIN periods AS p ON within(l.converted_ms, p)) AS l
                    ON l.period = p.period AND l.advocate = c.participant
            """,
            dimensions=PERSONAL,
            source=WILSON,
        ),
        Metric(
            name="repeat_referrers",
            topic="advocates",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, w.advocate AS person, 1 AS n, CASE WHEN count(*) > 1 THEN 1 ELSE 0 END AS y
                FROM won AS w JOIN periods AS p ON within(w.at_ms, p) GROUP BY p.period, w.advocate
            """,
            dimensions=PERSONAL,
            source=WILSON,
        ),
        Metric(
            name="second_referral",
            topic="advocates",
            kind="survival",
            unit="share",
            sql="""
                SELECT p.period, a.advocate AS person, a.at_ms AS since_ms, a.version,
                    CASE WHEN b.at_ms IS NULL THEN 0 ELSE 1 END AS event,
                    CASE WHEN b.at_ms IS NULL
                            THEN greatest(least(params.as_of_ms, coalesce(x.erased_ms, params.as_of_ms)) - a.at_ms, 0) // hour_ms
                        ELSE (b.at_ms - a.at_ms + hour_ms - 1) // hour_ms END AS age
                FROM conversion_order AS a JOIN periods AS p ON within(a.at_ms, p) CROSS JOIN params
                LEFT JOIN erased AS x ON x.id = a.advocate
                LEFT JOIN conversion_order AS b ON b.advocate = a.advocate AND b.number = 2
                WHERE a.number = 1
            """,
            dimensions=(*PERSONAL, "version"),
            horizon_days=90,
            source=KAPLAN_MEIER,
            version=2,
        ),
        Metric(
            name="referrals_per_advocate",
            topic="advocates",
            kind="spread",
            unit="count",
            sql="""
                SELECT p.period, l.advocate AS person, count(*) AS y
                FROM leads AS l JOIN periods AS p ON within(l.at_ms, p) GROUP BY p.period, l.advocate
            """,
            dimensions=PERSONAL,
            source="Gini (1912); the share of the one percent with most",
        ),
        Metric(
            name="shares_per_sharer",
            topic="advocates",
            kind="spread",
            unit="count",
            sql="""
                SELECT p.period, s.person, count(*) AS y FROM shared AS s JOIN periods AS p ON within(s.at_ms, p) GROUP BY p.period, s.person
            """,
            dimensions=PERSONAL,
        ),
        Metric(
            name="viral_coefficient",
            topic="advocates",
            kind="growth",
            unit="per",
            sql="""
                SELECT p.period, c.participant AS person, c.first_ms AS since_ms, coalesce(s.invitations, 0) AS i,
                    coalesce(w.won, 0) AS y
                FROM customers AS c JOIN periods AS p ON within(c.first_ms, p) CROSS JOIN params
                LEFT JOIN (
                    SELECT l.advocate, count(DISTINCT l.friend) AS invitations
                    FROM leads AS l JOIN customers AS a ON a.participant = l.advocate
                    WHERE l.at_ms >= a.first_ms AND l.at_ms < a.first_ms + window_days * day_ms GROUP BY l.advocate
                ) AS s ON s.advocate = c.participant
                LEFT JOIN (
                    SELECT w.advocate, count(*) AS won FROM won AS w JOIN customers AS a ON a.participant = w.advocate
                    WHERE w.came_ms >= a.first_ms AND w.at_ms < a.first_ms + window_days * day_ms GROUP BY w.advocate
                ) AS w ON w.advocate = c.participant
                WHERE c.first_ms + window_days * day_ms <= params.as_of_ms
            """,
            dimensions=PERSONAL,
            source=f"K = invitations per customer times conversion per invitation, both in the {WINDOW_DAYS} days after his first order, of "
            "customers watched that long; bootstrap over customers: Efron (1987), JASA 82:171",
        ),
        Metric(
            name="cycle_time",
            topic="advocates",
            kind="spread",
            unit="days",
            sql="""
                SELECT p.period, w.advocate AS person, w.click, w.evidence, w.version,
                    (w.at_ms - c.first_ms + hour_ms - 1) // hour_ms AS y
                FROM won AS w JOIN (
                    SELECT o.participant, min(o.placed_ms) AS first_ms FROM orders AS o
                    WHERE o.counted AND o.participant IN (SELECT a.advocate FROM won AS a) GROUP BY o.participant
                ) AS c ON c.participant = w.advocate AND c.first_ms <= w.at_ms
                JOIN periods AS p ON within(w.at_ms, p)
            """,
            dimensions=BY_ALL,
            source="from the advocate's first order to the friend's, of advocates who had bought by then",
        ),
        # -- costs -----------------------------------------------------------------------------------------------------
        Metric(
            name="reward_cost",
            topic="costs",
            kind="count",
            unit="money",
            sql="""
                SELECT p.period, r.person, r.click, r.evidence, r.version, r.currency, r.cost AS n
                FROM priced AS r JOIN periods AS p ON within(r.at_ms, p) WHERE r.cost IS NOT NULL
            """,
            dimensions=BY_ALL,
            source="advocates' rewards when earned, friends' when used, at cost; each once",
        ),
        Metric(
            name="unpriced_rewards",
            topic="costs",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, r.person, r.click, r.evidence, r.version, 1 AS n
                FROM priced AS r JOIN periods AS p ON within(r.at_ms, p) WHERE r.cost IS NULL AND r.unit_cost IS NULL
            """,
            dimensions=BY_ALL,
            source="rewards of rules that say no unit cost",
        ),
        Metric(name="other_cost", topic="costs", kind="derived", unit="money", needs=("costs",)),
        Metric(
            name="program_cost",
            topic="costs",
            kind="derived",
            unit="money",
            needs=("reward_cost", "other_cost", "unpriced_rewards"),
        ),
        Metric(
            name="acquisition_cost",
            topic="costs",
            kind="derived",
            unit="money",
            needs=("program_cost", "new_customers"),
            source="all cost of the program by the new customers it brought",
        ),
        Metric(
            name="acquisition_cost_rewards",
            topic="costs",
            kind="derived",
            unit="money",
            needs=("reward_cost", "unpriced_rewards", "new_customers"),
            source="rewards alone by the new customers they brought",
        ),
        # -- value -----------------------------------------------------------------------------------------------------
        Metric(
            name="revenue",
            topic="value",
            kind="count",
            unit="money",
            sql="""
                SELECT p.period, l.advocate AS person, l.click, l.evidence, l.version, o.currency, o.net AS n
                FROM orders AS o JOIN leads AS l ON l.id = o.referral JOIN periods AS p ON within(o.placed_ms, p)
            """,
            dimensions=BY_ALL,
            source="what is left of the orders that referrals brought",
        ),
        Metric(
            name="referred_margin",
            topic="value",
            kind="count",
            unit="money",
            sql="""
                SELECT p.period, w.advocate AS person, w.click, w.evidence, w.version, o.currency, o.margin AS n
                FROM left_over AS o JOIN won AS w ON w.friend = o.participant AND o.placed_ms >= w.came_ms JOIN periods AS p ON within(o.placed_ms, p)
            """,
            dimensions=BY_ALL,
            needs=("margin",),
            source="margin of all orders of customers whom the program brought, with what rewards paid of them",
        ),
        Metric(
            name="value_referred",
            topic="value",
            kind="mean",
            unit="money",
            sql="""
                SELECT p.period, v.participant AS person, v.advocate AS cluster, v.y
                FROM values_left AS v JOIN periods AS p ON within(v.first_ms, p) WHERE v.advocate IS NOT NULL
            """,
            dimensions=PERSONAL,
            needs=("margin",),
            source=f"margin over {VALUE_DAYS} days, discounted, of customers followed that long; clusters by advocate",
        ),
        Metric(
            name="value_others",
            topic="value",
            kind="mean",
            unit="money",
            sql="""
                SELECT p.period, v.participant AS person, v.y
                FROM values_left AS v JOIN periods AS p ON within(v.first_ms, p) WHERE v.origin = 'other'
            """,
            dimensions=PERSONAL,
            needs=("margin",),
            source=f"margin over {VALUE_DAYS} days, discounted, of customers followed that long",
            version=2,
        ),
        Metric(
            name="value_difference",
            topic="value",
            kind="matched",
            unit="money",
            sql="""
                SELECT p.period, v.origin, v.participant, v.y,
                    concat(CAST(v.first_ms // (30 * day_ms) AS VARCHAR), '|', coalesce(d.country, ''), '|', CAST(
                        CASE WHEN v.first_net <= 0 THEN -1 ELSE CAST(floor(log2(v.first_net)) AS BIGINT) END AS VARCHAR)) AS stratum
                FROM values_left AS v JOIN periods AS p ON within(v.first_ms, p) LEFT JOIN participants AS d ON d.id = v.participant
            """,
            needs=("margin",),
            compares=True,
            source="same month, country and size of the first order, standardised to the referred: Kitagawa (1955), JASA 50:1168",
            version=2,
        ),
        Metric(
            name="value_curve",
            topic="value",
            kind="curve",
            unit="money",
            sql="""
                SELECT p.period, g.participant AS person, greatest(params.as_of_ms - g.first_ms, 0) // (30 * day_ms) AS months,
                    CAST(NULL AS BIGINT) AS month, 0 AS y
                FROM valued AS g JOIN periods AS p ON within(g.first_ms, p) CROSS JOIN params WHERE g.advocate IS NOT NULL
                UNION ALL
                SELECT p.period, g.participant AS person, greatest(params.as_of_ms - g.first_ms, 0) // (30 * day_ms) AS months,
                    (o.placed_ms - g.first_ms) // (30 * day_ms) AS month, o.margin AS y
                FROM valued AS g JOIN periods AS p ON within(g.first_ms, p) CROSS JOIN params
                JOIN left_over AS o ON o.participant = g.participant AND o.placed_ms >= g.first_ms
                WHERE g.advocate IS NOT NULL
            """,
            dimensions=PERSONAL,
            needs=("margin",),
            source="margin per customer the program brought by the end of each thirty days of age, undiscounted",
            version=2,
        ),
        Metric(
            name="repeat_purchase_referred",
            topic="value",
            kind="survival",
            unit="share",
            sql="""
                SELECT p.period, s.participant AS person, s.advocate AS cluster, s.first_ms AS since_ms, s.event, s.age
                FROM second_orders AS s JOIN periods AS p ON within(s.first_ms, p) WHERE s.advocate IS NOT NULL
            """,
            dimensions=PERSONAL,
            horizon_days=90,
            source=KAPLAN_MEIER,
            version=2,
        ),
        Metric(
            name="repeat_purchase_others",
            topic="value",
            kind="survival",
            unit="share",
            sql="""
                SELECT p.period, s.participant AS person, s.first_ms AS since_ms, s.event, s.age
                FROM second_orders AS s JOIN periods AS p ON within(s.first_ms, p) WHERE s.origin = 'other'
            """,
            dimensions=PERSONAL,
            horizon_days=90,
            source=KAPLAN_MEIER,
            version=3,
        ),
        Metric(
            name="retention_referred",
            topic="value",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, s.participant AS person, s.advocate AS cluster, 1 AS n, s.y
                FROM stayed AS s JOIN periods AS p ON within(s.first_ms, p) WHERE s.advocate IS NOT NULL
            """,
            dimensions=PERSONAL,
            source=CLUSTERED,
        ),
        Metric(
            name="retention_others",
            topic="value",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, s.participant AS person, 1 AS n, s.y
                FROM stayed AS s JOIN periods AS p ON within(s.first_ms, p) WHERE s.origin = 'other'
            """,
            dimensions=PERSONAL,
            source=WILSON,
            version=2,
        ),
        Metric(
            name="return_on_investment",
            topic="value",
            kind="derived",
            unit="share",
            needs=("referred_margin", "program_cost"),
            source="(margin of the customers it brought - cost of the program) / cost of the program",
        ),
        Metric(
            name="payback_days",
            topic="value",
            kind="derived",
            unit="days",
            needs=("value_curve", "acquisition_cost"),
            source="the first thirty days of age by whose end the margin of a customer reaches what it cost to win him",
        ),
        Metric(
            name="target_customers",
            topic="value",
            kind="derived",
            unit="share",
            needs=("new_customers", "target"),
            source="new customers since the beginning, to the day of the target where it has one, by those the program aims at",
            version=2,
        ),
        # -- the books -------------------------------------------------------------------------------------------------
        Metric(
            name="open_liability",
            topic="books",
            kind="stock",
            unit="unit",
            sql="""
                SELECT p.period, e.unit, e.amount AS n FROM posted AS e JOIN periods AS p ON e.at_ms < p.end_ms
                WHERE e.account IN ('pending', 'approved', 'balance', 'payout')
            """,
            source="the ledger at the end of the period: what was granted and is neither used, expired, taken back nor paid out, less debts",
        ),
        Metric(
            name="breakage",
            topic="books",
            kind="stock",
            unit="unit",
            sql="""
                SELECT p.period, e.unit, e.amount AS n FROM entries AS e JOIN params ON e.account = concat('expired:', params.program)
                JOIN periods AS p ON within(e.at_ms, p)
            """,
            source="what expired unused in the period, by the ledger",
        ),
        # -- opinions --------------------------------------------------------------------------------------------------
        Metric(
            name="promoter_score",
            topic="opinions",
            kind="score",
            unit="score",
            sql="""
                SELECT p.period, s.participant AS person, s.side AS channel, s.recommend AS y
                FROM surveys AS s JOIN params ON s.program = params.program JOIN periods AS p ON within(s.at_ms, p) WHERE s.recommend IS NOT NULL
            """,
            dimensions=BY_CHANNEL,
            source="Reichheld (2003), Harvard Business Review 81:46; an intention, not what people did",
        ),
        Metric(
            name="easy",
            topic="opinions",
            kind="mean",
            unit="score",
            sql="""
                SELECT p.period, s.participant AS person, s.side AS channel, s.easy AS y
                FROM surveys AS s JOIN params ON s.program = params.program JOIN periods AS p ON within(s.at_ms, p) WHERE s.easy IS NOT NULL
            """,
            dimensions=BY_CHANNEL,
        ),
        Metric(
            name="attractive",
            topic="opinions",
            kind="mean",
            unit="score",
            sql="""
                SELECT p.period, s.participant AS person, s.side AS channel, s.attractive AS y
                FROM surveys AS s JOIN params ON s.program = params.program JOIN periods AS p ON within(s.at_ms, p) WHERE s.attractive IS NOT NULL
            """,
            dimensions=BY_CHANNEL,
        ),
        # -- coverage --------------------------------------------------------------------------------------------------
        Metric(
            name="orders",
            topic="coverage",
            kind="count",
            unit="count",
            sql="""
                SELECT p.period, o.participant AS person, o.id AS order_id, 1 AS n
                FROM orders AS o JOIN periods AS p ON within(o.placed_ms, p)
            """,
            dimensions=BY_OUTCOME,
            source="all orders, by what their evidence came to: attributed, refused, lost, of a friend who buys again, of another program, none",
        ),
        Metric(
            name="attribution_coverage",
            topic="coverage",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, o.participant AS person, 1 AS n, CASE WHEN o.outcome = 'attributed' THEN 1 ELSE 0 END AS y
                FROM order_outcomes AS o JOIN periods AS p ON within(o.placed_ms, p)
                WHERE o.outcome IN ('attributed', 'refused', 'lost')
            """,
            dimensions=PERSONAL,
            source=f"of orders with evidence, those that count; {WILSON}",
        ),
        Metric(
            name="orders_with_evidence",
            topic="coverage",
            kind="share",
            unit="share",
            sql="""
                SELECT p.period, f.participant AS person, 1 AS n,
                    CASE WHEN f.outcome IN ('attributed', 'refused', 'lost') THEN 1 ELSE 0 END AS y
                FROM (
                    SELECT o.participant, o.placed_ms, o.outcome,
                        row_number() OVER (PARTITION BY o.participant, o.placed_ms ORDER BY o.id) AS place
                    FROM order_outcomes AS o JOIN customers AS c ON c.participant = o.participant AND c.first_ms = o.placed_ms
                    WHERE o.counted
                ) AS f JOIN periods AS p ON within(f.placed_ms, p) WHERE f.place = 1
            """,
            dimensions=PERSONAL,
            source=f"of first orders, those that came with evidence; {WILSON}",
        ),
    )
}
"""All of them, by name, in the order in which they are shown."""
