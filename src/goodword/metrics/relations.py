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
    # Those of whom nothing more is known after a moment: few, beside all.
    "erased": "SELECT p.id, p.erased_ms FROM participants AS p WHERE p.erased_ms IS NOT NULL",
    "leads": """
        SELECT b.* FROM brought AS b WHERE b.moderation <> 'denied'
    """,
    # Friends who were invited before they did anything. Where a program ties orders, a referral begins with its order, and so does one by
    # a code at the checkout: that all of those bought says nothing, whatever came of the order since.
    "invited": """
        SELECT l.* FROM leads AS l LEFT JOIN orders AS o ON o.participant = l.friend AND o.placed_ms = l.at_ms
        WHERE l.order_id IS NULL AND o.id IS NULL
    """,
    # Of an erased friend nothing is known after his erasure: his time ends there.
    "lead_times": """
        SELECT l.id, l.advocate, l.friend, l.at_ms, l.evidence, l.click, l.version,
            CASE WHEN l.converted_ms IS NOT NULL THEN 1 ELSE 0 END AS event,
            CASE WHEN l.converted_ms IS NOT NULL THEN (greatest(l.converted_ms - l.at_ms, 0) + hour_ms - 1) // hour_ms
                ELSE greatest(least(params.as_of_ms, coalesce(x.erased_ms, params.as_of_ms)) - l.at_ms, 0) // hour_ms
            END AS age
        FROM invited AS l CROSS JOIN params LEFT JOIN erased AS x ON x.id = l.friend
    """,
    # Who was no customer before he came, each once: with the referral that made him one. A click may bring several orders: there the
    # order has to be the first.
    "won": """
        SELECT f.friend, f.advocate, f.converted_ms AS at_ms, f.at_ms AS came_ms, f.click, f.evidence, f.version
        FROM (
            SELECT l.*, row_number() OVER (PARTITION BY l.friend ORDER BY l.converted_ms, l.at_ms, l.id) AS place
            FROM leads AS l
            WHERE l.converted_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.counted AND o.participant = l.friend
                AND o.placed_ms < CASE WHEN l.order_id IS NULL THEN l.at_ms ELSE l.converted_ms END)
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
    # Leads with the last click of their code that came before them; what the counter heard of came from none. Where the channel is not
    # asked for, an engine can leave the second window out.
    "led": """
        SELECT m.person, m.at_ms, m.channel
        FROM (
            SELECT t.person, t.at_ms, t.clicks,
                max(CASE WHEN t.clicks = 1 THEN t.at_ms END) OVER (
                    PARTITION BY t.code ORDER BY t.at_ms RANGE UNBOUNDED PRECEDING
                ) AS clicked_ms,
                last_value(CASE WHEN t.clicks = 1 THEN coalesce(t.channel, '') END IGNORE NULLS) OVER (
                    PARTITION BY t.code ORDER BY t.at_ms, t.clicks DESC, t.spool, t.place ROWS UNBOUNDED PRECEDING
                ) AS channel
            FROM (
                SELECT c.code, c.at_ms, c.person, c.channel, c.spool, c.place, 1 AS clicks FROM clicked AS c
                UNION ALL
                SELECT l.code, l.at_ms, l.advocate AS person, CAST(NULL AS VARCHAR) AS channel, CAST(NULL AS VARCHAR) AS spool,
                    CAST(NULL AS BIGINT) AS place, 0 AS clicks
                FROM leads AS l WHERE l.evidence <> 'staff'
            ) AS t
        ) AS m
        WHERE m.clicks = 0 AND m.at_ms < m.clicked_ms + click_days * day_ms
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
        SELECT split_part(p.piece, '=', 1) AS points, CAST(split_part(p.piece, '=', 2) AS BIGINT) AS amount
        FROM (
            SELECT unnest(str_split_regex(b.paid, '[|]')) AS piece
            FROM rewards AS b JOIN params ON b.program = params.program WHERE b.paid <> ''
        ) AS p WHERE p.piece <> ''
    """,
    # What rewards cost, each once, where its friend bought; None where the program does not say what one of it costs.
    "priced": """
        SELECT g.id, g.side, g.participant AS person, coalesce(r.converted_ms, g.granted_ms) AS at_ms,
            g.unit, g.unit_cost, g.currency, g.version, r.click, r.evidence,
            CASE WHEN g.of_order = 1 THEN g.discount WHEN g.quantity = 0 THEN 0 ELSE g.unit_cost * g.quantity END AS cost
        FROM given AS g LEFT JOIN referrals AS r ON r.id = g.referral
    """,
    # What rewards paid of orders, whose totals are told without it, in the currency of the order. What is no money lowered no price.
    "paid_by_rewards": """
        SELECT p.id, sum(CASE WHEN u.kind = 'coupon' AND w.unit = 'coupon' THEN w.discount
            WHEN w.unit = p.currency THEN CAST(split_part(p.piece, '=', 2) AS BIGINT) ELSE 0 END) AS amount
        FROM (
            SELECT o.id, o.currency, unnest(str_split_regex(o.redemptions, '[|]')) AS piece FROM orders AS o WHERE o.redemptions <> ''
        ) AS p
        JOIN rewards AS w ON w.id = split_part(p.piece, '=', 1)
        JOIN rules AS u ON u.program = w.program AND u.version = w.version AND u.rule = w.rule AND u.option = w.option
        GROUP BY p.id
    """,
    # What an order leaves: the margin of what it came to with what rewards paid of it. That they did is a cost of the program.
    "left_over": """
        SELECT o.id, o.participant, o.placed_ms, o.counted, o.currency, o.referral,
            ((o.net + CASE WHEN o.net > 0 THEN coalesce(x.amount, 0) ELSE 0 END) * params.margin_ppm) // 1000000 AS margin
        FROM orders AS o CROSS JOIN params LEFT JOIN paid_by_rewards AS x ON x.id = o.id
        WHERE o.currency = params.currency
    """,
    # Every customer with where he came from: through this program, or another way. Left out are whom another program brought, and who
    # came on an invitation before he bought but took no step that a program pays for: neither was he won, nor did he come another way.
    "origins": """
        SELECT w.friend AS participant, 'referred' AS origin, w.advocate, min(o.placed_ms) AS first_ms
        FROM won AS w JOIN orders AS o ON o.participant = w.friend WHERE o.counted GROUP BY w.friend, w.advocate
        UNION ALL
        SELECT c.participant, 'other' AS origin, CAST(NULL AS VARCHAR) AS advocate, c.first_ms
        FROM customers AS c LEFT JOIN (
            SELECT r.friend, min(CASE WHEN r.converted_ms IS NULL THEN r.claimed_ms ELSE 0 END) AS since_ms
            FROM referrals AS r GROUP BY r.friend
        ) AS i ON i.friend = c.participant
        WHERE i.friend IS NULL OR i.since_ms > c.first_ms
    """,
    # Those whose value is told: who began in another currency is in no mean of this one. What depends on the participant alone stands
    # among what is parted by, so that who asks for some of them looks at no others.
    "valued": """
        SELECT f.participant, f.origin, f.advocate, f.first_ms, f.net AS first_net
        FROM (
            SELECT g.participant, g.origin, g.advocate, g.first_ms, o.net, o.currency,
                row_number() OVER (PARTITION BY g.participant, g.origin, g.advocate, g.first_ms ORDER BY o.id) AS place
            FROM origins AS g JOIN orders AS o ON o.participant = g.participant AND o.placed_ms = g.first_ms WHERE o.counted
        ) AS f JOIN params ON f.currency = params.currency WHERE f.place = 1
    """,
    # When each of these bought again, or how long he was watched without: of who was erased, until then.
    "second_orders": """
        SELECT s.participant, s.origin, s.advocate, s.first_ms, CASE WHEN s.second_ms IS NULL THEN 0 ELSE 1 END AS event,
            CASE WHEN s.second_ms IS NULL
                    THEN greatest(least(params.as_of_ms, coalesce(x.erased_ms, params.as_of_ms)) - s.first_ms, 0) // hour_ms
                ELSE (s.second_ms - s.first_ms + hour_ms - 1) // hour_ms END AS age
        FROM (
            SELECT g.participant, g.origin, g.advocate, g.first_ms,
                CASE WHEN sum(CASE WHEN o.placed_ms = g.first_ms THEN 1 ELSE 0 END) > 1 THEN g.first_ms
                    ELSE min(CASE WHEN o.placed_ms > g.first_ms THEN o.placed_ms END) END AS second_ms
            FROM origins AS g JOIN orders AS o ON o.participant = g.participant WHERE o.counted
            GROUP BY g.participant, g.origin, g.advocate, g.first_ms
        ) AS s CROSS JOIN params LEFT JOIN erased AS x ON x.id = s.participant
    """,
    # What customers who were followed that long left over their first days, discounted.
    "values_left": """
        SELECT g.participant, g.origin, g.advocate, g.first_ms, g.first_net,
            CAST(sum(discounted(o.margin, o.placed_ms - g.first_ms)) AS BIGINT) AS y
        FROM valued AS g CROSS JOIN params
        JOIN left_over AS o ON o.participant = g.participant AND o.placed_ms >= g.first_ms
            AND o.placed_ms < g.first_ms + value_days * day_ms
        WHERE g.first_ms + value_days * day_ms <= params.as_of_ms
        GROUP BY g.participant, g.origin, g.advocate, g.first_ms, g.first_net
    """,
    # Whether those who were customers for long enough bought in their second 90 days.
    "stayed": """
        SELECT g.participant, g.origin, g.advocate, g.first_ms, max(CASE WHEN o.placed_ms >= g.first_ms + 90 * day_ms
            AND o.placed_ms < g.first_ms + 180 * day_ms THEN 1 ELSE 0 END) AS y
        FROM origins AS g CROSS JOIN params JOIN orders AS o ON o.participant = g.participant
        WHERE o.counted AND g.first_ms + 180 * day_ms <= params.as_of_ms
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
        SELECT o.id, o.participant, o.placed_ms, o.counted, t.reason, CASE
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
        WHERE e.type IN ('refund', 'cancel', 'chargeback') AND coalesce(e.outcome, '') <> 'refused' GROUP BY e.order_id
    """,
    # The ledger of a program: whose account it is says the account, of a balance that several programs fill the reward.
    "posted": """
        SELECT e.at_ms, e.unit, e.amount, CASE
            WHEN e.account = concat('pending:', params.program) THEN 'pending'
            WHEN e.account = concat('approved:', params.program) THEN 'approved'
            WHEN e.account = concat('payout:', params.program) THEN 'payout'
            WHEN e.account = concat('expired:', params.program) THEN 'expired'
            WHEN e.account LIKE 'balance:%' THEN 'balance' END AS account
        FROM entries AS e CROSS JOIN params
        LEFT JOIN (SELECT w.id FROM rewards AS w JOIN params ON w.program <> params.program) AS x ON x.id = e.reward
        WHERE e.account IN (concat('pending:', params.program), concat('approved:', params.program),
                concat('payout:', params.program), concat('expired:', params.program))
            OR e.account LIKE 'balance:%' AND CASE WHEN e.reward IS NOT NULL THEN x.id IS NULL
                ELSE right(e.account, length(params.program) + 1) = concat(':', params.program) END
    """,
    "conversion_order": """
        SELECT advocate, at_ms, version, row_number() OVER (PARTITION BY advocate ORDER BY at_ms, friend) AS number
        FROM won
    """,
}
"""All of them, by name."""
