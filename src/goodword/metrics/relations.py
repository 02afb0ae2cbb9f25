"""The relations that definitions of figures stand on: facts of one program as of one moment, each a query in DuckDB's dialect.

`params` (the program, the moment, the margin) and `periods` (named stretches of time) are given with every question (`given.py`);
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

CLICK_DAYS = 30
"""So long after a click of its code a lead counts as what the click brought."""
WINDOW_DAYS = 90
"""So long customers are watched for whom they invite, and orders for whether they come back."""
VALUE_DAYS = 180
"""Days over which customers are compared."""
DISCOUNT = 0.10
"""What a year takes off money that comes later."""
CONSTANTS = {
    "hour_ms": HOUR_MS,
    "day_ms": DAY_MS,
    "active_days": ACTIVE_DAYS,
    "share_days": SHARE_DAYS,
    "click_days": CLICK_DAYS,
    "window_days": WINDOW_DAYS,
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
        SELECT participant, min(placed_ms) AS first_ms FROM orders WHERE counted GROUP BY participant
    """,
    # Every friend who came with valid evidence and was not taken over, withdrawn, or refused.
    "brought": """
        SELECT r.id, r.advocate, r.friend, r.code, r.claimed_ms AS at_ms, r.converted_ms, r.version, r.evidence, r.click,
            r.moderation, r.order_id
        FROM referrals AS r JOIN params ON r.program = params.program
        WHERE r.status <> 'superseded' AND r.until_ms > r.claimed_ms
    """,
    "leads": """
        SELECT b.* FROM brought AS b WHERE b.moderation <> 'denied'
    """,
    # Friends who were invited before they did anything. Where a program ties orders, a referral begins with its order: that all
    # of those converted says nothing.
    "invited": "SELECT l.* FROM leads AS l WHERE l.order_id IS NULL",
    # Of an erased friend nothing is known after his erasure: his time ends there.
    "lead_times": """
        SELECT l.id, l.advocate, l.friend, l.at_ms, l.evidence, l.click, l.version, l.order_id,
            CASE WHEN l.converted_ms IS NOT NULL THEN 1 ELSE 0 END AS event,
            CASE WHEN l.converted_ms IS NOT NULL THEN (greatest(l.converted_ms - l.at_ms, 0) + hour_ms - 1) // hour_ms
                ELSE greatest(least(params.as_of_ms, coalesce(p.erased_ms, params.as_of_ms)) - l.at_ms, 0) // hour_ms
            END AS age
        FROM leads AS l CROSS JOIN params LEFT JOIN participants AS p ON p.id = l.friend
    """,
    # Who was no customer before he came, each once: with the referral that made him one. A click may bring several orders: there the
    # order has to be the first.
    "won": """
        SELECT f.friend, f.advocate, f.converted_ms AS at_ms, f.at_ms AS came_ms, f.click, f.evidence, f.version
        FROM (
            SELECT l.*, row_number() OVER (PARTITION BY l.friend ORDER BY l.converted_ms, l.at_ms, l.id) AS place
            FROM leads AS l LEFT JOIN customers AS c ON c.participant = l.friend
            WHERE l.converted_ms IS NOT NULL AND (c.first_ms IS NULL
                OR c.first_ms >= CASE WHEN l.order_id IS NULL THEN l.at_ms ELSE l.converted_ms END)
        ) AS f WHERE f.place = 1
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
        SELECT h.participant AS person, c.channel, c.at_ms, c.click, c.code, c.spool, c.place
        FROM clicks AS c JOIN handles AS h ON h.code = c.code JOIN params ON c.program = params.program
    """,
    # The how-manieth click of its code each is.
    "clicked_in_order": """
        SELECT c.code, c.channel, c.at_ms, row_number() OVER (PARTITION BY c.code ORDER BY c.at_ms, c.spool, c.place) AS number
        FROM clicked AS c
    """,
    # Leads that a click can have brought, with the last one of their code that came before them. What the counter heard is none.
    "led": """
        SELECT m.advocate AS person, m.at_ms, k.channel
        FROM (
            SELECT t.*, sum(t.clicks) OVER (
                PARTITION BY t.code ORDER BY t.at_ms, t.clicks DESC, t.id ROWS UNBOUNDED PRECEDING
            ) AS number
            FROM (
                SELECT c.code, c.at_ms, c.person AS advocate, CAST(NULL AS VARCHAR) AS id, 1 AS clicks FROM clicked AS c
                UNION ALL
                SELECT l.code, l.at_ms, l.advocate, l.id, 0 AS clicks FROM leads AS l WHERE l.evidence <> 'staff'
            ) AS t
        ) AS m
        JOIN clicked_in_order AS k ON k.code = m.code AND k.number = m.number
        WHERE m.clicks = 0 AND m.at_ms < k.at_ms + click_days * day_ms
    """,
    "click_channels": """
        SELECT click, min(channel) AS channel FROM clicks WHERE click IS NOT NULL AND channel IS NOT NULL GROUP BY click
    """,
    "advocates": """
        SELECT h.participant, min(h.created_ms) AS joined_ms
        FROM handles AS h JOIN params ON h.program = params.program GROUP BY h.participant
    """,
    # What each reward gave, in its unit. Of advocates what they earned: while it is held all of it, then what was used and what is left,
    # less what is owed of it. Of friends' discounts what was used. A percentage has its worth once it is used. Points that bought
    # something are given in what they bought.
    "given": """
        SELECT w.id, w.side, w.participant, w.referral, w.granted_ms, w.unit, w.program, w.version, u.currency, u.unit_cost,
            w.discount, CASE WHEN u.kind = 'coupon' AND w.unit = 'coupon' THEN 1 ELSE 0 END AS of_order,
            CASE
                WHEN u.kind = 'coupon' AND w.unit = 'coupon' THEN 0
                WHEN w.side = 'friend' AND u.kind IN ('coupon', 'credit') THEN w.used
                WHEN w.status IN ('cancelled', 'denied') THEN 0
                WHEN w.status IN ('pending', 'approved', 'failed') THEN w.amount
                ELSE w.used + w.remaining - w.owed - coalesce(x.amount, 0)
            END AS quantity
        FROM rewards AS w JOIN params ON w.program = params.program
        JOIN rules AS u ON u.program = w.program AND u.version = w.version AND u.rule = w.rule AND u.option = w.option
        LEFT JOIN (SELECT s.points, sum(s.amount) AS amount FROM spent_points AS s GROUP BY s.points) AS x ON x.points = w.id
    """,
    # Which rewards bought others, and how much of each. A list says ``|ID=AMOUNT|ID=AMOUNT|``.
    "spent_points": """
        SELECT w.id AS points, CAST(split_part(split_part(b.paid, concat('|', w.id, '='), 2), '|', 1) AS BIGINT) AS amount
        FROM rewards AS b JOIN params ON b.program = params.program
        JOIN rewards AS w ON w.participant = b.participant AND strpos(b.paid, concat('|', w.id, '=')) > 0
        WHERE b.paid <> ''
    """,
    # What rewards cost, each once, where its friend bought; None where the program does not say what one of it costs.
    "priced": """
        SELECT g.id, g.side, g.participant AS person, coalesce(r.converted_ms, g.granted_ms) AS at_ms,
            g.unit, g.currency, g.version, r.click, r.evidence,
            CASE WHEN g.of_order = 1 THEN g.discount WHEN g.quantity = 0 THEN 0 ELSE g.unit_cost * g.quantity END AS cost
        FROM given AS g LEFT JOIN referrals AS r ON r.id = g.referral
    """,
    # What rewards paid of orders, whose totals are told without it, in the currency of the order. What is no money lowered no price.
    "paid_by_rewards": """
        SELECT o.id, sum(CASE WHEN u.kind = 'coupon' AND w.unit = 'coupon' THEN w.discount
            WHEN w.unit = o.currency THEN CAST(split_part(split_part(o.redemptions, concat('|', w.id, '='), 2), '|', 1) AS BIGINT)
            ELSE 0 END) AS amount
        FROM orders AS o
        JOIN rewards AS w ON w.participant = o.participant AND strpos(o.redemptions, concat('|', w.id, '=')) > 0
        JOIN rules AS u ON u.program = w.program AND u.version = w.version AND u.rule = w.rule AND u.option = w.option
        WHERE o.redemptions <> '' GROUP BY o.id
    """,
    # What an order leaves: the margin of what it came to with what rewards paid of it. That they did is a cost of the program.
    "left_over": """
        SELECT o.id, o.participant, o.placed_ms, o.counted, o.currency, o.referral,
            ((o.net + CASE WHEN o.net > 0 THEN coalesce(x.amount, 0) ELSE 0 END) * params.margin_ppm) // 1000000 AS margin
        FROM orders AS o CROSS JOIN params LEFT JOIN paid_by_rewards AS x ON x.id = o.id
        WHERE o.currency = params.currency
    """,
    # Every customer with where he came from: through this program, through another way, or through another program (left out).
    "origins": """
        SELECT f.participant, f.placed_ms AS first_ms, w.advocate, f.net AS first_net,
            CASE WHEN f.currency = params.currency THEN 1 ELSE 0 END AS in_currency,
            CASE WHEN w.friend IS NOT NULL THEN 'referred' WHEN x.friend IS NULL THEN 'other' END AS origin
        FROM first_orders AS f CROSS JOIN params LEFT JOIN won AS w ON w.friend = f.participant
        LEFT JOIN (SELECT DISTINCT r.friend FROM referrals AS r WHERE r.converted_ms IS NOT NULL) AS x ON x.friend = f.participant
    """,
    # Those whose value is told: who began in another currency is in no mean of this one.
    "valued": "SELECT g.* FROM origins AS g WHERE g.in_currency = 1",
    # Each customer's first order that counts, and his second.
    "early_orders": """
        SELECT f.participant, f.id, f.placed_ms, f.net, f.currency, f.place
        FROM (
            SELECT o.participant, o.id, o.placed_ms, o.net, o.currency,
                row_number() OVER (PARTITION BY o.participant ORDER BY o.placed_ms, o.id) AS place
            FROM orders AS o WHERE o.counted
        ) AS f WHERE f.place <= 2
    """,
    "first_orders": "SELECT f.participant, f.id, f.placed_ms, f.net, f.currency FROM early_orders AS f WHERE f.place = 1",
    # When each of these bought again, or how long he was watched without: of who was erased, until then.
    "second_orders": """
        SELECT g.participant, g.origin, g.first_ms, g.advocate,
            CASE WHEN s.placed_ms IS NULL THEN 0 ELSE 1 END AS event,
            CASE WHEN s.placed_ms IS NULL
                    THEN greatest(least(params.as_of_ms, coalesce(p.erased_ms, params.as_of_ms)) - g.first_ms, 0) // hour_ms
                ELSE (s.placed_ms - g.first_ms + hour_ms - 1) // hour_ms END AS age
        FROM origins AS g CROSS JOIN params LEFT JOIN participants AS p ON p.id = g.participant
        LEFT JOIN early_orders AS s ON s.participant = g.participant AND s.place = 2
        WHERE g.origin IS NOT NULL
    """,
    # What customers who were followed that long left over their first days, discounted.
    "values_left": """
        SELECT g.participant, g.origin, g.advocate, g.first_ms, g.first_net,
            CAST(coalesce(sum(discounted(o.margin, o.placed_ms - g.first_ms)), 0) AS BIGINT) AS y
        FROM valued AS g CROSS JOIN params
        LEFT JOIN left_over AS o ON o.participant = g.participant AND o.placed_ms >= g.first_ms
            AND o.placed_ms < g.first_ms + value_days * day_ms
        WHERE g.origin IS NOT NULL AND g.first_ms + value_days * day_ms <= params.as_of_ms
        GROUP BY g.participant, g.origin, g.advocate, g.first_ms, g.first_net
    """,
    # Whether those who were customers for long enough bought in their second 90 days.
    "stayed": """
        SELECT g.participant, g.origin, g.advocate, g.first_ms, max(CASE WHEN o.id IS NULL THEN 0 ELSE 1 END) AS y
        FROM origins AS g CROSS JOIN params
        LEFT JOIN orders AS o ON o.participant = g.participant AND o.counted
            AND o.placed_ms >= g.first_ms + 90 * day_ms AND o.placed_ms < g.first_ms + 180 * day_ms
        WHERE g.origin IS NOT NULL AND g.first_ms + 180 * day_ms <= params.as_of_ms
        GROUP BY g.participant, g.origin, g.advocate, g.first_ms
    """,
    # Orders with the event that told each first, and the program that its evidence is of: a click id begins with its code.
    "told_orders": """
        SELECT t.order_id, t.reason, t.carried, coalesce(h.program, k.program, c.program) AS of_program
        FROM (
            SELECT e.order_id, e.reason, e.code, e.claim, upper(split_part(e.click, '.', 1)) AS clicked_code,
                CASE WHEN e.code IS NOT NULL OR e.claim IS NOT NULL OR e.click IS NOT NULL THEN 1 ELSE 0 END AS carried,
                row_number() OVER (PARTITION BY e.order_id ORDER BY e.seq) AS place
            FROM events AS e WHERE e.type = 'order' AND e.outcome = 'accepted' AND coalesce(e.reason, '') <> 'order_known'
        ) AS t
        LEFT JOIN handles AS h ON h.code = t.code
        LEFT JOIN claims AS m ON m.token = t.claim
        LEFT JOIN handles AS k ON k.code = m.code
        LEFT JOIN handles AS c ON c.code = t.clicked_code
        WHERE t.place = 1
    """,
    # Every order with what its evidence came to in this program. `attributed`: it counts. `lost`: its evidence leads nowhere, or does no
    # more. `refused`: a rule says no to its evidence, or to the order of a friend. `again`: a friend who counted before buys again.
    "order_outcomes": """
        SELECT o.id, o.participant, o.placed_ms, t.reason, CASE
            WHEN r.program = params.program AND (r.moderation = 'denied' OR r.status = 'superseded'
                OR r.until_ms <= r.claimed_ms) THEN 'refused'
            WHEN r.program = params.program AND r.order_id IS NULL AND r.converted_ms < o.placed_ms THEN 'again'
            WHEN r.program = params.program THEN 'attributed'
            WHEN r.id IS NOT NULL OR t.of_program <> params.program THEN 'other_program'
            WHEN t.carried = 1 AND (t.of_program IS NULL OR t.reason IN ('unknown_code', 'unknown_claim', 'unknown_click',
                'code_disabled', 'code_expired', 'evidence_too_old')) THEN 'lost'
            WHEN f.converted_ms <= o.placed_ms THEN 'again'
            WHEN t.carried = 1 OR f.at_ms <= o.placed_ms AND t.reason IN ('step_condition_unmet', 'window_passed',
                'step_too_late', 'step_too_early', 'step_waits_for_step', 'step_counted', 'currency_differs',
                'sent_to_review', 'shared_signal', 'household_has_one', 'program_is_paused', 'program_has_ended') THEN 'refused'
            ELSE 'no_evidence' END AS outcome
        FROM orders AS o CROSS JOIN params
        LEFT JOIN referrals AS r ON r.id = o.referral
        LEFT JOIN told_orders AS t ON t.order_id = o.id
        LEFT JOIN (SELECT l.friend, min(l.at_ms) AS at_ms, min(l.converted_ms) AS converted_ms FROM leads AS l GROUP BY l.friend) AS f
            ON f.friend = o.participant
    """,
    # When an order came back, all or a part, told at any time.
    "came_back": """
        SELECT e.order_id, min(e.at_ms) AS at_ms FROM events AS e
        WHERE e.type IN ('refund', 'cancel', 'chargeback') GROUP BY e.order_id
    """,
    # The ledger of a program: whose account it is says the account, of a balance that several programs fill the reward.
    "posted": """
        SELECT e.at_ms, e.unit, e.amount, CASE
            WHEN e.account = concat('pending:', params.program) THEN 'pending'
            WHEN e.account = concat('approved:', params.program) THEN 'approved'
            WHEN e.account = concat('payout:', params.program) THEN 'payout'
            WHEN e.account = concat('expired:', params.program) THEN 'expired'
            WHEN e.account LIKE 'balance:%' THEN 'balance' END AS account
        FROM entries AS e CROSS JOIN params LEFT JOIN rewards AS w ON w.id = e.reward
        WHERE CASE WHEN e.account LIKE 'balance:%' AND w.id IS NOT NULL THEN w.program = params.program
            ELSE right(e.account, length(params.program) + 1) = concat(':', params.program) END
    """,
    "conversion_order": """
        SELECT advocate, at_ms, version, row_number() OVER (PARTITION BY advocate ORDER BY at_ms, friend) AS number
        FROM won
    """,
}
"""All of them, by name."""
