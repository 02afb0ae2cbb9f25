"""Every figure as a good analyst would ask for it by hand: one period, no dimension, in DuckDB's dialect over the same facts.

Each query was written from what its figure means (docs/reference/metrics.md) and the facts (docs/reference/facts.md), and is the shortest
and fastest that we found. It is right over any facts that a copy can hold, not only over those of a benchmark. What it may lean on is
what the database holds to: ids are unique; entries and payments name rewards that exist; whoever ordered is a participant; a reward is
used by the person whom it belongs to. A query gives the sums that the figure is estimated from, in the order of the product's rows.

``$program``, ``$start``, ``$end`` (exclusive), ``$as_of`` (milliseconds), ``$currency`` and ``$margin`` (millionths) are the question's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from string import Template
from typing import Any

from goodword.metrics.question import Question

Rows = Sequence[Mapping[str, Any]]
RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""So near are sums of floats that were added in another order."""
HOUR = 3_600_000
DAY = 24 * HOUR
MONTH = 30 * DAY
HORIZONS = (168, 720, 2160)
"""The hours at which a survival is told."""


def by_hand(name: str, question: Question) -> tuple[str, ...]:
    """The queries of a figure for the first period of a question, as many and in the order as the product has them."""
    (period, *_) = question.periods
    told = {
        "program": question.program,
        "start": period.start_ms,
        "end": period.end_ms,
        "as_of": question.as_of_ms,
        "currency": question.currency,
        "margin": question.margin_ppm,
    }
    texts = HAND[name]
    return tuple(Template(text).substitute(told) for text in ((texts,) if isinstance(texts, str) else texts))


def differences(ours: Rows, hand: Rows) -> Iterator[str]:
    """Where the rows of a query are not those by hand, in all columns that these have. A sum over nobody is no row, or one of nothing."""
    if not ours and len(hand) == 1 and not any(hand[0].values()):
        return
    if len(ours) != len(hand):
        yield f"{len(ours)} rows, by hand {len(hand)}"
    for one, other in zip(ours, hand, strict=False):
        for column, value in other.items():
            if not _same(one[column], value):
                yield f"{column} is {one[column]}, by hand {value}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(one == other)


def _in(moment: str) -> str:
    return f"{moment} >= $start AND {moment} < $end"


def _clustered(subjects: str, more: str = "") -> str:
    """Sums over clusters, of subjects who have the number n and y."""
    return f"""
        SELECT count(*) AS clusters, sum(n) AS n, sum(y) AS y, sum(n * n) AS nn, sum(y * y) AS yy, sum(n * y) AS ny{more}
        FROM ({subjects})
    """


BROUGHT = "program = '$program' AND status <> 'superseded' AND until_ms > claimed_ms"
"""Who came with valid evidence and stayed with his advocate."""
LEAD = f"{BROUGHT} AND moderation <> 'denied'"
# Nobody who had bought before he came, or before the order that brought him.
NEW = f"""
    {LEAD} AND converted_ms IS NOT NULL AND NOT EXISTS (FROM orders AS o WHERE counted AND o.participant = friend
        AND placed_ms < CASE WHEN r.order_id IS NULL THEN claimed_ms ELSE converted_ms END)
"""
WON = f"""
    won AS MATERIALIZED (SELECT friend, advocate, converted_ms, claimed_ms FROM referrals AS r WHERE {NEW}
        QUALIFY row_number() OVER (PARTITION BY friend ORDER BY converted_ms, claimed_ms, id) = 1)
"""
# Shares are told with a code of the program.
SHARED = "type = 'share' AND outcome = 'accepted' AND handles.program = '$program'"
ASKED = f"type = 'ask' AND outcome = 'accepted' AND program = '$program' AND {_in('at_ms')}"
ORDERED = "SELECT DISTINCT participant FROM orders WHERE counted AND placed_ms < $end"

ACTIVE = f"""
    counted AND placed_ms < $start AND placed_ms >= $start - {365 * DAY}
    AND participant NOT IN (SELECT id FROM participants WHERE erased_ms < $start)
"""


def _brought_by(moment: str) -> str:
    """Of all customers those who brought somebody."""
    return f"""
        SELECT count(*) AS n, count(advocate) AS y FROM ({ORDERED})
        LEFT JOIN (SELECT DISTINCT advocate FROM referrals WHERE {LEAD} AND {_in(moment)}) ON advocate = participant
    """


def _life_table(ended: str) -> str:
    """Of people with age (hours), event and mature: how it ended for them, by age."""
    return f"""
        SELECT age, sum(event) AS events, sum(1 - event) AS censored, sum(mature) AS mature FROM ({ended}) GROUP BY age ORDER BY age
    """


def _risks(ended: str) -> str:
    """By age the hazard over those at risk, and what had come together of it by then and by each horizon."""
    drifts = ", ".join(
        f"sum(CASE WHEN age <= {hours} AND left_over > 0 THEN events / at_risk / left_over ELSE 0 END) OVER (ORDER BY age) AS drift_{hours}, "
        f"CASE WHEN age <= {hours} AND left_over > 0 THEN 1 / left_over ELSE 0 END AS hit_{hours}"
        for hours in HORIZONS
    )
    return f"""
        risk AS (SELECT age, people, events, CAST(sum(people) OVER (ORDER BY age DESC) AS DOUBLE) AS at_risk, at_risk - events AS left_over
            FROM (SELECT age, count(*) AS people, sum(event) AS events FROM ({ended}) GROUP BY age)),
        drifts AS MATERIALIZED (SELECT age, people, events, {drifts} FROM risk)
    """


def _alone(ended: str) -> tuple[str, str]:
    """A survival of people of whom each stands alone: who ended at one age has one influence."""
    squares = ", ".join(
        f"sum(events * (hit_{h} - drift_{h}) ** 2 + (people - events) * drift_{h} ** 2) AS squares_{h}"
        for h in HORIZONS
    )
    return (
        _life_table(ended),
        f"""
        WITH {_risks(ended)} SELECT sum(people) AS clusters, sum(people) AS n, sum(people) AS nn, {squares} FROM drifts
    """,
    )


def _together(ended: str) -> tuple[str, str]:
    """A survival of people in clusters."""
    sums = ", ".join(f"sum(event * hit_{h} - drift_{h}) AS u_{h}" for h in HORIZONS)
    squares = ", ".join(f"sum(u_{h} * u_{h}) AS squares_{h}" for h in HORIZONS)
    return (
        _life_table(ended),
        f"""
        WITH ended AS MATERIALIZED ({ended}), {_risks("FROM ended")}
        SELECT count(*) AS clusters, sum(n) AS n, sum(n * n) AS nn, {squares}
        FROM (SELECT count(*) AS n, {sums} FROM ended JOIN drifts USING (age) GROUP BY cluster)
    """,
    )


def _watched(since: str) -> str:
    """Whole hours until now, or until the person was erased."""
    return f"greatest(least($as_of, coalesce(erased_ms, $as_of)) - {since}, 0) // {HOUR}"


def _hours(since: str, until: str) -> str:
    """Begun hours until it happened."""
    return f"({until} - {since} + {HOUR - 1}) // {HOUR}"


def _mature(since: str, days: int) -> str:
    """Whether there were so many days to answer."""
    return f"CASE WHEN $as_of - {since} >= {days * DAY} THEN 1 ELSE 0 END"


ERASED = "(SELECT id AS who, erased_ms FROM participants WHERE erased_ms IS NOT NULL)"
# Who came with his very order was not invited before it.
FIRST_ASKED = (
    "order_id IS NULL AND NOT EXISTS (FROM orders AS o WHERE o.participant = friend AND placed_ms = claimed_ms)"
)
INVITED = f"""
    SELECT advocate AS cluster, CASE WHEN converted_ms IS NULL THEN 0 ELSE 1 END AS event, {_mature("claimed_ms", 30)} AS mature,
        CASE WHEN converted_ms IS NULL THEN {_watched("claimed_ms")} ELSE {_hours("claimed_ms", "greatest(converted_ms, claimed_ms)")} END AS age
    FROM referrals LEFT JOIN {ERASED} ON who = friend
    WHERE {LEAD} AND {FIRST_ASKED} AND {_in("claimed_ms")}
"""
SECOND_SUCCESS = f"""
    SELECT CASE WHEN len(times) > 1 THEN 1 ELSE 0 END AS event, {_mature("times[1]", 90)} AS mature,
        CASE WHEN len(times) > 1 THEN {_hours("times[1]", "times[2]")} ELSE {_watched("times[1]")} END AS age
    FROM (SELECT advocate, min(converted_ms, 2) AS times FROM won GROUP BY advocate)
    LEFT JOIN {ERASED} ON who = advocate
    WHERE {_in("times[1]")}
"""

# What each reward gave is told in its unit: while it is held all of it, then what was used and is left, less what is owed and what points
# bought; of a friend's coupon or credit what was used; of a percentage nothing, it has its own discount.
GIVEN = f"""
    given AS (
        SELECT u.currency, unit_cost, discount, kind = 'coupon' AND w.unit = 'coupon' AS percentage, CASE
            WHEN side = 'friend' AND kind IN ('coupon', 'credit') THEN used
            WHEN w.status IN ('cancelled', 'denied') THEN 0
            WHEN w.status IN ('pending', 'approved', 'failed') THEN amount
            ELSE used + remaining - owed - coalesce(points, 0) END AS quantity
        FROM rewards AS w JOIN rules AS u USING (program, version, rule, option)
        LEFT JOIN referrals AS r ON r.id = w.referral
        LEFT JOIN (
            SELECT split_part(piece, '=', 1) AS source, sum(CAST(split_part(piece, '=', 2) AS BIGINT)) AS points
            FROM (SELECT unnest(string_split(trim(paid, '|'), '|')) AS piece FROM rewards WHERE program = '$program' AND paid <> '')
            GROUP BY source) ON source = w.id
        WHERE w.program = '$program' AND {_in("coalesce(converted_ms, granted_ms)")})
"""
# What rewards paid of an order lowered no total: it is told without.
PAID = """
    paid AS (
        SELECT p.id, sum(CASE WHEN kind = 'coupon' AND w.unit = 'coupon' THEN discount
            WHEN w.unit = p.currency THEN CAST(split_part(piece, '=', 2) AS BIGINT) ELSE 0 END) AS paid
        FROM (SELECT id, currency, unnest(string_split(trim(redemptions, '|'), '|')) AS piece FROM orders WHERE redemptions <> '') AS p
        JOIN rewards AS w ON w.id = split_part(piece, '=', 1) JOIN rules USING (program, version, rule, option)
        GROUP BY p.id)
"""
MARGIN = "((net + CASE WHEN net > 0 THEN coalesce(paid, 0) ELSE 0 END) * $margin // 1000000)"
# All orders of customers whom the program won.
THEIRS = f"""
    {WON}, {PAID}, theirs AS MATERIALIZED (SELECT o.id, participant, advocate, placed_ms, currency, net, counted, {MARGIN} AS margin
        FROM orders AS o JOIN won ON friend = participant LEFT JOIN paid ON paid.id = o.id)
"""
THEIR_FIRST = f"""
    {THEIRS}, firsts AS (SELECT participant, advocate, placed_ms AS first, currency FROM theirs WHERE counted
        QUALIFY row_number() OVER (PARTITION BY participant ORDER BY placed_ms, id) = 1)
"""
FIRSTS = """
    firsts AS (SELECT participant, min(placed_ms) AS first FROM orders
        WHERE counted AND placed_ms < $end GROUP BY participant HAVING min(placed_ms) >= $start)
"""
# Who came another way, and not before: no program brought him.
NEW_OTHERS = """
    counted AND placed_ms >= $start AND participant NOT IN (SELECT participant FROM orders WHERE counted AND placed_ms < $start
        UNION ALL SELECT friend FROM referrals WHERE converted_ms IS NOT NULL)
"""
# Nor did he come on an invitation that ended in nothing.
INVITATIONS = "(SELECT friend AS who, min(claimed_ms) AS came FROM referrals GROUP BY friend) ON who = participant"
OTHERS = f"""
    others AS MATERIALIZED (SELECT participant, min(placed_ms) AS first FROM orders LEFT JOIN {INVITATIONS}
        WHERE {NEW_OTHERS} AND placed_ms < $end GROUP BY participant, came HAVING coalesce(came > min(placed_ms), TRUE))
"""


def _value(margin: str) -> str:
    """What somebody's orders left, discounted by a tenth a year for each whole month of age."""
    discounted = f"round({margin} * power(1.1, -((placed_ms - first) // {MONTH}) / 12e0))"
    return f"CAST(coalesce(sum({discounted}) FILTER (o.currency = '$currency'), 0) AS BIGINT) AS y"


FOLLOWED = f"first + {180 * DAY} <= $as_of"
FIRST_180 = f"placed_ms >= first AND placed_ms < first + {180 * DAY}"
SECOND = f"""
    SELECT cluster, CASE WHEN len(times) > 1 THEN 1 ELSE 0 END AS event, {_mature("times[1]", 90)} AS mature,
        CASE WHEN len(times) > 1 THEN {_hours("times[1]", "times[2]")} ELSE {_watched("times[1]")} END AS age
    FROM bought LEFT JOIN {ERASED} ON who = participant
    WHERE {_in("times[1]")}
"""
THEIR_ORDERS = f"""
    {WON}, bought AS MATERIALIZED (SELECT participant, advocate AS cluster, min(placed_ms, 2) AS times
        FROM orders JOIN won ON friend = participant WHERE counted GROUP BY participant, advocate)
"""
OTHERS_ORDERS = f"""
    bought AS (SELECT participant, participant AS cluster, min(placed_ms, 2) AS times FROM orders LEFT JOIN {INVITATIONS}
        WHERE {NEW_OTHERS} GROUP BY participant, came HAVING coalesce(came > min(placed_ms), TRUE))
"""


def _after(relations: str, queries: tuple[str, ...]) -> tuple[str, ...]:
    """Queries that stand on further relations."""
    return tuple(
        text.replace("WITH ", f"WITH {relations}, ", 1) if "WITH " in text else f"WITH {relations} {text}"
        for text in queries
    )


# Orders of the period that came with evidence, and whether it counts: by their referral, else by what was told first of them.
LOST = "'unknown_code', 'unknown_claim', 'unknown_click', 'code_disabled', 'code_expired', 'evidence_too_old'"
REFUSED = """'step_condition_unmet', 'window_passed', 'step_too_late', 'step_too_early', 'step_waits_for_step', 'step_counted', 'currency_differs',
    'sent_to_review', 'shared_signal', 'household_has_one', 'program_is_paused', 'program_has_ended'"""
EVIDENT = f"""
    told AS (
        SELECT order_id, reason, code, claim, click, code IS NOT NULL OR claim IS NOT NULL OR click IS NOT NULL AS carried FROM events
        WHERE type = 'order' AND outcome = 'accepted' AND reason IS DISTINCT FROM 'order_known'
        QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY seq) = 1),
    tied AS (SELECT friend, min(claimed_ms) AS claimed_ms, min(converted_ms) AS converted_ms FROM referrals WHERE {LEAD} GROUP BY friend),
    evident AS MATERIALIZED (
        SELECT o.id, participant, placed_ms, counted, {LEAD} AS counts FROM orders AS o JOIN referrals AS r ON r.id = referral
        WHERE program = '$program' AND {_in("placed_ms")} AND NOT ({LEAD} AND r.order_id IS NULL AND coalesce(converted_ms < placed_ms, FALSE))
        UNION ALL
        SELECT o.id, o.participant, placed_ms, counted, FALSE
        FROM (SELECT * FROM told WHERE carried OR reason IN ({REFUSED})) AS t JOIN orders AS o ON o.id = t.order_id
        LEFT JOIN handles AS h ON h.code = t.code
        LEFT JOIN claims AS m ON m.token = t.claim LEFT JOIN handles AS k ON k.code = m.code
        LEFT JOIN handles AS c ON c.code = upper(split_part(t.click, '.', 1))
        LEFT JOIN tied AS f ON f.friend = o.participant
        WHERE referral IS NULL AND {_in("placed_ms")} AND coalesce(h.program, k.program, c.program, '$program') = '$program' AND (
            carried AND (coalesce(h.program, k.program, c.program) IS NULL OR reason IN ({LOST}))
            OR coalesce(f.converted_ms > placed_ms, TRUE) AND (carried OR f.claimed_ms <= placed_ms)))
"""


def _opinion(said: str) -> str:
    """Of answers of whom each stands alone."""
    return f"""
        SELECT count(*) AS clusters, count(*) AS n, sum({said}) AS y, count(*) AS nn, sum({said} * {said}) AS yy, sum({said}) AS ny
        FROM surveys WHERE program = '$program' AND {said} IS NOT NULL AND {_in("at_ms")}
    """


HAND: dict[str, str | tuple[str, ...]] = {
    # -- the funnel ----------------------------------------------------------------------------------------------------
    "customers": "SELECT count(DISTINCT participant) AS n FROM orders WHERE counted AND placed_ms < $end",
    "advocates": f"""
        SELECT count(*) AS n FROM (SELECT participant FROM handles WHERE program = '$program' GROUP BY participant HAVING {_in("min(created_ms)")})
    """,
    "asks": f"SELECT sum(count) AS n FROM events WHERE {ASKED}",
    "shares": f"SELECT count(*) AS n FROM events JOIN handles USING (code) WHERE {SHARED} AND {_in('at_ms')}",
    "clicks": f"SELECT count(*) AS n FROM clicks WHERE program = '$program' AND {_in('at_ms')} AND code IN (SELECT code FROM handles)",
    "leads": f"SELECT count(*) AS n FROM referrals WHERE {LEAD} AND {_in('claimed_ms')}",
    "conversions": f"SELECT count(*) AS n FROM referrals WHERE {LEAD} AND {_in('converted_ms')}",
    "new_customers": f"""
        SELECT count(*) AS n FROM (SELECT friend FROM referrals AS r WHERE {NEW} GROUP BY friend HAVING {_in("min(converted_ms)")})
    """,
    "share_rate": f"""
        WITH asked AS (SELECT participant, min(at_ms) AS first FROM events WHERE {ASKED} AND participant IS NOT NULL GROUP BY participant),
            shared AS (SELECT handles.participant, at_ms FROM events JOIN handles USING (code) WHERE {SHARED})
        SELECT count(*) AS n, count(y.participant) AS y, sum({_mature("first", 30)}) AS mature FROM asked
        LEFT JOIN (SELECT DISTINCT participant FROM asked JOIN shared AS s USING (participant)
            WHERE s.at_ms >= first AND s.at_ms < first + {30 * DAY}) AS y USING (participant)
    """,
    "click_rate": _clustered(f"""
        SELECT sum(n) AS n, sum(y) AS y FROM (
            SELECT code, count(*) AS n, 0 AS y FROM events JOIN handles USING (code) WHERE {SHARED} AND {_in("at_ms")} GROUP BY code
            UNION ALL
            SELECT code, 0, count(*) FROM clicks WHERE program = '$program' AND {_in("at_ms")} GROUP BY code)
        JOIN handles USING (code) GROUP BY participant
    """),
    "claim_rate": _clustered(f"""
        WITH clicked AS (SELECT code, at_ms FROM clicks WHERE program = '$program' AND at_ms >= $start - {30 * DAY} AND at_ms < $end)
        SELECT sum(n) AS n, sum(y) AS y FROM (
            SELECT participant, n, 0 AS y
            FROM (SELECT code, count(*) AS n FROM clicked WHERE at_ms >= $start GROUP BY code) JOIN handles USING (code)
            UNION ALL
            SELECT advocate, 0, 1
            FROM (SELECT * FROM referrals WHERE {LEAD} AND evidence <> 'staff' AND {_in("claimed_ms")} AND code IN (SELECT code FROM handles)) AS r
            ASOF JOIN clicked AS c ON c.code = r.code AND c.at_ms <= claimed_ms
            WHERE claimed_ms < c.at_ms + {30 * DAY})
        GROUP BY participant
    """),
    # -- conversion ----------------------------------------------------------------------------------------------------
    "conversion_rate": _clustered(
        f"""
        SELECT count(*) AS n, count(converted_ms) AS y, sum({_mature("claimed_ms", 30)}) AS mature
        FROM referrals WHERE {LEAD} AND {FIRST_ASKED} AND {_in("claimed_ms")} GROUP BY advocate
        """,
        ", sum(mature) AS mature",
    ),
    "conversion_matured": _together(INVITED),
    "time_to_convert": f"""
        SELECT {_hours("claimed_ms", "greatest(converted_ms, claimed_ms)")} AS y, count(*) AS people, sum({_mature("claimed_ms", 30)}) AS mature
        FROM referrals WHERE {LEAD} AND {FIRST_ASKED} AND converted_ms IS NOT NULL AND {_in("claimed_ms")} GROUP BY y ORDER BY y
    """,
    "approval_rate": _clustered(f"""
        SELECT count(*) AS n, count(*) FILTER (moderation <> 'denied') AS y FROM referrals
        WHERE {BROUGHT} AND {_in("claimed_ms")} AND (moderation IN ('denied', 'approved') OR moderation = 'clear' AND converted_ms IS NOT NULL)
        GROUP BY advocate
    """),
    "refund_rate": _clustered(
        f"""
        SELECT count(*) AS n, sum(CASE WHEN (refunded > 0 OR state <> 'placed') AND EXISTS (FROM events AS e
                WHERE e.order_id = o.id AND type IN ('refund', 'cancel', 'chargeback') AND outcome <> 'refused' AND at_ms < placed_ms + {90 * DAY}) THEN 1 ELSE 0 END) AS y,
            sum({_mature("placed_ms", 90)}) AS mature
        FROM orders AS o JOIN referrals AS r ON r.id = o.referral WHERE {BROUGHT} AND {_in("placed_ms")} GROUP BY advocate
        """,
        ", sum(mature) AS mature",
    ),
    "redemption_rate": _clustered(
        f"""
        SELECT count(*) AS n, count(*) FILTER (used > 0 OR status = 'redeemed') AS y, sum({_mature("granted_ms", 90)}) AS mature
        FROM rewards JOIN rules USING (program, version, rule, option)
        WHERE program = '$program' AND status IN ('issued', 'redeemed', 'expired') AND {_in("granted_ms")}
            AND kind IN ('coupon', 'credit', 'points', 'product', 'service', 'event', 'experience')
        GROUP BY participant
        """,
        ", sum(mature) AS mature",
    ),
    # -- advocates -----------------------------------------------------------------------------------------------------
    "referral_rate": _brought_by("claimed_ms"),
    "referral_rate_eligible": f"""
        SELECT (SELECT count(DISTINCT participant) FROM orders WHERE {ACTIVE}) AS n, count(DISTINCT advocate) AS y
        FROM referrals WHERE {LEAD} AND {_in("claimed_ms")} AND advocate IN (SELECT participant FROM orders WHERE {ACTIVE})
    """,
    "referral_rate_converted": _brought_by("converted_ms"),
    "repeat_referrers": f"""
        WITH {WON} SELECT count(*) AS n, count(*) FILTER (won > 1) AS y
        FROM (SELECT count(*) AS won FROM won WHERE {_in("converted_ms")} GROUP BY advocate)
    """,
    "second_referral": _after(WON, _alone(SECOND_SUCCESS)),
    "referrals_per_advocate": f"""
        SELECT y, count(*) AS people FROM (SELECT count(*) AS y FROM referrals WHERE {LEAD} AND {_in("claimed_ms")} GROUP BY advocate)
        GROUP BY y ORDER BY y
    """,
    "shares_per_sharer": f"""
        SELECT y, count(*) AS people FROM (
            SELECT sum(n) AS y FROM (SELECT code, count(*) AS n FROM events WHERE type = 'share' AND outcome = 'accepted' AND {_in("at_ms")} GROUP BY code)
            JOIN handles USING (code) WHERE program = '$program' GROUP BY participant)
        GROUP BY y ORDER BY y
    """,
    "viral_coefficient": f"""
        WITH {WON}, {FIRSTS}, watched AS MATERIALIZED (SELECT * FROM firsts WHERE first + {90 * DAY} <= $as_of),
            active AS MATERIALIZED (SELECT sum(i) AS i, sum(y) AS y FROM (
                SELECT advocate, count(DISTINCT friend) AS i, 0 AS y FROM watched JOIN referrals ON advocate = participant
                WHERE {LEAD} AND claimed_ms >= first AND claimed_ms < first + {90 * DAY} GROUP BY advocate
                UNION ALL
                SELECT advocate, 0, count(*) FROM watched JOIN won ON advocate = participant
                WHERE claimed_ms >= first AND converted_ms < first + {90 * DAY} GROUP BY advocate)
            GROUP BY advocate)
        SELECT i, y, count(*) AS people FROM active GROUP BY i, y
        UNION ALL
        SELECT 0, 0, idle FROM (SELECT (SELECT count(*) FROM watched) - (SELECT count(*) FROM active) AS idle) WHERE idle > 0
        ORDER BY i, y
    """,
    "cycle_time": f"""
        WITH {WON} SELECT {_hours("first", "converted_ms")} AS y, count(*) AS people
        FROM (SELECT advocate, converted_ms FROM won WHERE {_in("converted_ms")})
        JOIN (SELECT participant, min(placed_ms) AS first FROM orders WHERE counted AND participant IN (SELECT advocate FROM won)
            GROUP BY participant) ON participant = advocate
        WHERE first <= converted_ms GROUP BY y ORDER BY y
    """,
    # -- costs ---------------------------------------------------------------------------------------------------------
    "reward_cost": f"""
        WITH {GIVEN} SELECT currency, sum(CASE WHEN percentage THEN discount WHEN quantity = 0 THEN 0 ELSE quantity * unit_cost END) AS n
        FROM given WHERE percentage OR quantity = 0 OR unit_cost IS NOT NULL GROUP BY currency ORDER BY currency
    """,
    "unpriced_rewards": f"WITH {GIVEN} SELECT count(*) AS n FROM given WHERE unit_cost IS NULL AND NOT percentage AND quantity <> 0",
    # -- value ---------------------------------------------------------------------------------------------------------
    "revenue": f"""
        SELECT currency, sum(net) AS n FROM orders AS o JOIN referrals AS r ON r.id = referral
        WHERE {LEAD} AND {_in("placed_ms")} GROUP BY currency ORDER BY currency
    """,
    "referred_margin": f"""
        WITH {WON}, {PAID} SELECT currency, sum({MARGIN}) AS n
        FROM orders AS o JOIN won ON friend = participant LEFT JOIN paid ON paid.id = o.id
        WHERE {_in("placed_ms")} AND placed_ms >= claimed_ms AND currency = '$currency' GROUP BY currency
    """,
    "value_referred": f"WITH {THEIR_FIRST}"
    + _clustered(f"""
        SELECT count(*) AS n, sum(y) AS y FROM (
            SELECT f.advocate, {_value("margin")} FROM firsts AS f JOIN theirs AS o USING (participant)
            WHERE f.currency = '$currency' AND {_in("first")} AND {FOLLOWED} AND {FIRST_180} GROUP BY participant, f.advocate)
        GROUP BY advocate
    """),
    "value_others": f"""
        WITH {OTHERS}, {PAID}
        SELECT count(*) AS clusters, count(*) AS n, sum(y) AS y, count(*) AS nn, sum(CAST(y AS HUGEINT) * y) AS yy, sum(y) AS ny
        FROM (SELECT {_value(MARGIN)}
            FROM others JOIN orders AS o USING (participant) LEFT JOIN paid ON paid.id = o.id
            WHERE {FOLLOWED} AND {FIRST_180} GROUP BY participant
            HAVING arg_min(currency, o.id) FILTER (counted AND placed_ms = first) = '$currency')
    """,
    "value_difference": f"""
        WITH {WON}, {FIRSTS}, {PAID}, compared AS (
            SELECT participant, first, CASE WHEN friend IS NULL THEN 'other' ELSE 'referred' END AS origin
            FROM firsts LEFT JOIN won ON friend = participant LEFT JOIN {INVITATIONS}
            WHERE {FOLLOWED} AND (friend IS NOT NULL OR coalesce(came > first, TRUE)
                AND participant NOT IN (SELECT friend FROM referrals WHERE converted_ms IS NOT NULL)))
        SELECT concat(first // {MONTH}, '|', country, '|', CASE WHEN first_net <= 0 THEN -1 ELSE CAST(floor(log2(first_net)) AS BIGINT) END) AS stratum,
            origin, count(*) AS people, sum(y) AS y, sum(CAST(y AS HUGEINT) * y) AS yy
        FROM (SELECT participant, first, origin, arg_min(net, o.id) FILTER (counted AND placed_ms = first) AS first_net, {_value(MARGIN)}
            FROM compared JOIN orders AS o USING (participant) LEFT JOIN paid ON paid.id = o.id
            WHERE {FIRST_180} GROUP BY participant, first, origin
            HAVING arg_min(currency, o.id) FILTER (counted AND placed_ms = first) = '$currency')
        LEFT JOIN participants ON participants.id = participant GROUP BY stratum, origin ORDER BY stratum, origin
    """,
    "value_curve": f"""
        WITH {THEIR_FIRST}, valued AS MATERIALIZED (SELECT participant, first, greatest($as_of - first, 0) // {MONTH} AS months
            FROM firsts WHERE currency = '$currency' AND {_in("first")})
        SELECT months, NULL AS month, count(*) AS people, 0 AS y FROM valued GROUP BY months
        UNION ALL
        SELECT months, (placed_ms - first) // {MONTH} AS month, count(*), sum(margin) FROM valued JOIN theirs USING (participant)
        WHERE placed_ms >= first AND currency = '$currency' GROUP BY ALL
        ORDER BY months, month
    """,
    "repeat_purchase_referred": _after(THEIR_ORDERS, _together(SECOND)),
    "repeat_purchase_others": _after(OTHERS_ORDERS, _alone(SECOND)),
    "retention_referred": f"""
        WITH {WON}, theirs AS MATERIALIZED (SELECT participant, advocate, placed_ms FROM orders JOIN won ON friend = participant WHERE counted),
            firsts AS (SELECT participant, advocate, min(placed_ms) AS first FROM theirs GROUP BY ALL)
    """
    + _clustered(f"""
        SELECT count(*) AS n, sum(y) AS y FROM (
            SELECT f.advocate, max(CASE WHEN placed_ms >= first + {90 * DAY} AND placed_ms < first + {180 * DAY} THEN 1 ELSE 0 END) AS y
            FROM firsts AS f JOIN theirs USING (participant) WHERE {_in("first")} AND {FOLLOWED} GROUP BY participant, f.advocate)
        GROUP BY advocate
    """),
    "retention_others": f"""
        WITH {OTHERS}, followed AS MATERIALIZED (SELECT * FROM others WHERE {FOLLOWED})
        SELECT (SELECT count(*) FROM followed) AS n, count(DISTINCT participant) AS y
        FROM followed JOIN orders USING (participant)
        WHERE counted AND placed_ms >= first + {90 * DAY} AND placed_ms < first + {180 * DAY}
    """,
    # -- the books -----------------------------------------------------------------------------------------------------
    "open_liability": """
        SELECT unit, sum(amount) AS n FROM entries
        WHERE at_ms < $end AND (account IN ('pending:$program', 'approved:$program', 'payout:$program')
            OR account LIKE 'balance:%' AND CASE WHEN reward IS NULL THEN ends_with(account, ':$program')
                ELSE reward NOT IN (SELECT id FROM rewards WHERE program <> '$program') END)
        GROUP BY unit ORDER BY unit
    """,
    "breakage": f"SELECT unit, sum(amount) AS n FROM entries WHERE account = 'expired:$program' AND {_in('at_ms')} GROUP BY unit ORDER BY unit",
    # -- opinions ------------------------------------------------------------------------------------------------------
    "promoter_score": f"""
        SELECT recommend AS y, count(*) AS people FROM surveys
        WHERE program = '$program' AND recommend IS NOT NULL AND {_in("at_ms")} GROUP BY y ORDER BY y
    """,
    "easy": _opinion("easy"),
    "attractive": _opinion("attractive"),
    # -- coverage ------------------------------------------------------------------------------------------------------
    "orders": f"SELECT count(*) AS n FROM orders WHERE {_in('placed_ms')}",
    "attribution_coverage": f"WITH {EVIDENT} SELECT count(*) AS n, count(*) FILTER (counts) AS y FROM evident",
    "orders_with_evidence": f"""
        WITH {EVIDENT}, {FIRSTS}
        SELECT (SELECT count(*) FROM firsts) AS n, count(*) AS y FROM evident AS e WHERE counted AND NOT EXISTS (FROM orders AS o
            WHERE counted AND o.participant = e.participant AND (o.placed_ms < e.placed_ms OR o.placed_ms = e.placed_ms AND o.id < e.id))
    """,
}
"""By metric its query, or its queries."""
