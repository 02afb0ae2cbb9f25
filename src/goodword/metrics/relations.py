"""The relations that definitions of figures stand on: facts of one program as of one moment, each a query in DuckDB's dialect.

`params` (one row: the program, the moment, the margin) and `periods` (named stretches of time) are given with every question;
everything else is made of facts (`warehouse/facts.py`). Ages are whole hours: of what happened they are rounded up, of what was
only watched down, so that a day has 24 of them and nothing counts before it was over. Queries may use the names in `CONSTANTS`
and the functions in `MACROS`: they are replaced in the tree that a query is parsed into.
"""

from __future__ import annotations

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ACTIVE_DAYS = 365
"""Who bought within so many days is an active customer."""
SHARE_DAYS = 30
"""So long after he was asked a share counts as the answer."""

VALUE_DAYS = 180
"""Days over which customers are compared."""
DISCOUNT = 0.10
"""What a year takes off money that comes later."""
CONSTANTS = {
    "hour_ms": HOUR_MS,
    "day_ms": DAY_MS,
    "active_days": ACTIVE_DAYS,
    "share_days": SHARE_DAYS,
    "value_days": VALUE_DAYS,
}
"""Names that queries use for numbers."""
MACROS = {
    "within": ("moment", "p", "moment >= p.start_ms AND moment < p.end_ms"),
    # An exponent of decimals has six digits in some engines.
    "discounted": ("amount", "age_ms", f"round(amount * power({1 + DISCOUNT}, -(age_ms // (30 * day_ms)) / 12e0))"),
    # Squares of money go beyond 64 bits, and not every engine says so.
    "product": ("a", "b", "CAST(a AS DECIMAL(38, 0)) * CAST(b AS DECIMAL(38, 0))"),
}
"""Functions that queries use for what is written often: their two parameters, and what they stand for."""

GIVEN = ("params", "periods")
"""Relations that are given with every question."""

RELATIONS: dict[str, str] = {
    "customers": """
        SELECT participant, min(placed_ms) AS first_ms, max(placed_ms) AS last_ms
        FROM orders WHERE counted GROUP BY participant
    """,
    # Every friend who came with valid evidence and was not taken over, withdrawn, or refused.
    "brought": """
        SELECT r.id, r.advocate, r.friend, r.claimed_ms AS at_ms, r.converted_ms, r.version, r.evidence, r.click,
            r.moderation, r.order_id
        FROM referrals AS r JOIN params ON r.program = params.program
        WHERE r.status <> 'superseded' AND r.until_ms > r.claimed_ms
    """,
    "leads": """
        SELECT b.*, p.erased_ms FROM brought AS b LEFT JOIN participants AS p ON p.id = b.friend
        WHERE b.moderation <> 'denied'
    """,
    # Of an erased friend nothing is known after his erasure: his time ends there.
    "lead_times": """
        SELECT l.id, l.advocate, l.friend, l.at_ms, l.evidence, l.click, l.version,
            CASE WHEN l.converted_ms IS NOT NULL THEN 1 ELSE 0 END AS event,
            CASE WHEN l.converted_ms IS NOT NULL THEN (greatest(l.converted_ms - l.at_ms, 0) + hour_ms - 1) // hour_ms
                ELSE greatest(least(params.as_of_ms, coalesce(l.erased_ms, params.as_of_ms)) - l.at_ms, 0) // hour_ms
            END AS age
        FROM leads AS l CROSS JOIN params
    """,
    # Who was no customer before he came.
    "won": """
        SELECT l.friend, l.advocate, min(l.converted_ms) AS at_ms, min(l.at_ms) AS came_ms, min(l.click) AS click,
            min(l.evidence) AS evidence, min(l.version) AS version
        FROM leads AS l LEFT JOIN customers AS c ON c.participant = l.friend
        WHERE l.converted_ms IS NOT NULL AND (c.first_ms IS NULL OR c.first_ms >= l.at_ms)
        GROUP BY l.friend, l.advocate
    """,
    "asked": """
        SELECT e.participant AS person, e.channel, e.at_ms, e.count
        FROM events AS e JOIN params ON e.program = params.program
        WHERE e.type = 'ask' AND e.outcome = 'accepted'
    """,
    "shared": """
        SELECT h.participant AS person, e.channel, e.at_ms
        FROM events AS e JOIN handles AS h ON h.code = e.code JOIN params ON h.program = params.program
        WHERE e.type = 'share' AND e.outcome = 'accepted'
    """,
    "clicked": """
        SELECT h.participant AS person, c.channel, c.at_ms, c.click
        FROM clicks AS c JOIN handles AS h ON h.code = c.code JOIN params ON c.program = params.program
    """,
    "click_channels": """
        SELECT click, min(channel) AS channel FROM clicks WHERE click IS NOT NULL AND channel IS NOT NULL GROUP BY click
    """,
    "advocates": """
        SELECT h.participant, min(h.created_ms) AS joined_ms
        FROM handles AS h JOIN params ON h.program = params.program GROUP BY h.participant
    """,
    # What rewards cost: those of advocates once they are earned, those of friends once they are used. What was cancelled or denied
    # costs nothing, what expired or was taken back costs what was used of it. A reward counts where its friend bought.
    "priced": """
        SELECT w.id, w.side, w.participant AS person, coalesce(r.converted_ms, w.granted_ms) AS at_ms,
            w.unit, u.currency, w.version, r.click, r.evidence,
            CASE WHEN w.discount > 0 THEN w.discount ELSE u.unit_cost * CASE
                WHEN w.status IN ('cancelled', 'denied') THEN 0
                WHEN w.status IN ('expired', 'reversed') OR w.side = 'friend' AND u.kind IN ('coupon', 'credit') THEN w.used
                ELSE w.amount END
            END AS cost
        FROM rewards AS w JOIN params ON w.program = params.program
        JOIN rules AS u ON u.program = w.program AND u.version = w.version AND u.rule = w.rule AND u.option = w.option
        LEFT JOIN referrals AS r ON r.id = w.referral
    """,
    # What an order leaves: the margin of what it came to with what rewards paid of it. That they did is a cost of the program.
    "left_over": """
        SELECT o.id, o.participant, o.placed_ms, o.counted, o.currency, o.referral,
            ((o.net + CASE WHEN o.net > 0 THEN o.redeemed ELSE 0 END) * params.margin_ppm) // 1000000 AS margin
        FROM orders AS o CROSS JOIN params WHERE o.currency = params.currency
    """,
    # Every customer with where he came from: through this program, through another way, or through another program (left out).
    "origins": """
        SELECT c.participant, c.first_ms, w.advocate,
            CASE WHEN w.friend IS NOT NULL THEN 'referred' WHEN x.friend IS NULL THEN 'other' END AS origin
        FROM customers AS c
        LEFT JOIN (SELECT friend, min(advocate) AS advocate FROM won GROUP BY friend) AS w ON w.friend = c.participant
        LEFT JOIN (SELECT DISTINCT friend FROM referrals WHERE converted_ms IS NOT NULL) AS x ON x.friend = c.participant
    """,
    # Of orders of one moment the first by its id: whoever asks again has the same.
    "first_orders": """
        SELECT o.participant, o.id, o.placed_ms, o.net
        FROM (
            SELECT participant, id, placed_ms, net, row_number() OVER (PARTITION BY participant ORDER BY placed_ms, id) AS number
            FROM orders WHERE counted
        ) AS o WHERE o.number = 1
    """,
    "conversion_order": """
        SELECT advocate, at_ms, version, row_number() OVER (PARTITION BY advocate ORDER BY at_ms, friend) AS number
        FROM won
    """,
}
"""All of them, by name."""
