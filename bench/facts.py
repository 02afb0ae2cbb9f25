"""Made-up facts for benchmarks of figures: two years of a shop with a program, straight into the files of a warehouse.

They are made by the engine from numbers alone, so that the same size gives the same facts. For a hundred customers there are about
two hundred orders, twelve friends, twenty-five rewards, a hundred entries, seventy events and forty clicks.

So that every figure says something and leaves something out: a tenth of the advocates are of another program (``club``); friends are
denied, taken over, taken back, were customers before, come twice, or with the very order; orders are cancelled, sent back whole or in
part, late or early, or in another currency; rewards are held, denied, used in part, bought with points, a percentage, or of a cost
that nobody knows; shares and asks are refused; people are erased.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Folder, Manifest

START_MS = 1_704_067_200_000
"""1 January 2024."""
DAY_MS = 86_400_000
SPAN_MS = 730 * DAY_MS
AS_OF_MS = START_MS + SPAN_MS
PER_CUSTOMER = 6.4
"""About how many facts there are for each customer."""
_MOMENT = f"CAST({START_MS} + hash({{}}) % {SPAN_MS} AS BIGINT)"


def _moment(of: str) -> str:
    return _MOMENT.format(of)


def _after(moment: str, days: int, of: str) -> str:
    """A moment up to so many days after another one, and not in the future."""
    return f"least({moment} + CAST(hash({of}) % {days * DAY_MS} AS BIGINT), {AS_OF_MS - 1})"


def _id(prefix: str, number: str) -> str:
    return f"'{prefix}_' || lpad(CAST({number} AS VARCHAR), 20, '0')"


def _macros(customers: int) -> dict[str, str]:
    """What several facts say of the same thing. Friend number f is tied by referral number f; of some there is a second one."""
    referrals, advocates = customers * 12 // 100, customers * 5 // 100
    return {
        "person(n)": _id("pt", "n"),
        "code_of(a)": "'CODE' || lpad(CAST(a AS VARCHAR), 12, '0')",
        "order_id(n)": "'order-' || lpad(CAST(n AS VARCHAR), 16, '0')",
        # Advocates have very different numbers of friends, and of clicks.
        "somebody(what, n)": f"CAST(floor({advocates} * pow((hash(what, n) % 1000000) / 1000000.0, 3)) AS BIGINT)",
        "advocate_of(r)": "somebody('by', r)",
        "program_of(a)": "CASE WHEN a % 10 = 9 THEN 'club' ELSE 'shop' END",
        "first_ms(c)": _moment("'first', c"),
        # Most come just before their first order; some had bought before.
        "came_late(r)": f"r >= {referrals} OR r % 25 = 4",
        "claimed_ms(r)": f"""CASE WHEN came_late(r) THEN {_after(f"first_ms(r % {referrals})", 20, "'late', r")}
            ELSE first_ms(r) - CAST(hash('before', r) % {10 * DAY_MS} AS BIGINT) END""",
        "converted_ms(r)": f"""CASE WHEN r % 10 >= 3 THEN NULL WHEN came_late(r) THEN {_after("claimed_ms(r)", 20, "'later', r")}
            ELSE first_ms(r) END""",
        "placed_ms(n)": f"""CASE WHEN n < {customers} THEN first_ms(n)
            ELSE {_after(f"first_ms(n - {customers})", 365, "'again', n")} END""",
        "came_back(n)": "n % 20 = 7 OR n % 50 = 11",
        # Of each referral two rewards: an even one for the advocate, an odd one for the friend.
        "bought(w)": "w % 40 = 34",
        "points_of(w)": "w - 2",
        "earner_of(w)": f"""CASE WHEN w % 2 = 1 THEN (w // 2) % {referrals} WHEN bought(w) THEN advocate_of(points_of(w) // 2)
            ELSE advocate_of(w // 2) END""",
        "rule_of(w)": """CASE WHEN w % 2 = 1 THEN CASE WHEN w % 40 > 32 THEN 'percent' ELSE 'welcome' END
            WHEN bought(w) THEN 'treat' WHEN w % 40 > 28 AND w % 40 < 34 THEN 'stars' WHEN w % 40 = 36 THEN 'mug' ELSE 'thanks' END""",
        "status_of(w)": """CASE WHEN w % 50 = 48 THEN 'pending' WHEN w % 50 = 46 THEN 'denied' WHEN w % 50 = 45 THEN 'cancelled'
            ELSE ['issued', 'redeemed', 'expired'][1 + w % 3] END""",
        "program_of_reward(w)": "program_of(CASE WHEN bought(w) THEN advocate_of(points_of(w) // 2) ELSE advocate_of(w // 2) END)",
    }


def _made(customers: int) -> dict[str, str]:
    """For each fact the query that makes it."""
    referrals, advocates, ties = customers * 12 // 100, customers * 5 // 100, customers * 126 // 1000
    told = customers * 56 // 100
    return {
        "participants": f"""
            SELECT person(i) AS id, first_ms(i) AS created_ms, ['RO', 'SA', 'US', NULL][1 + i % 4] AS country,
                ['ro', 'ar', 'en'][1 + i % 3] AS language, i + 1 AS number, '{{}}' AS fields,
                CASE WHEN i % 97 = 5 THEN {_after("first_ms(i)", 365, "'erased', i")} END AS erased_ms
            FROM range({customers}) AS r(i)
        """,
        "handles": f"""
            SELECT code_of(i) AS code, program_of(i) AS program, person(i) AS participant,
                {_moment("'joined', i")} AS created_ms, CAST(NULL AS VARCHAR) AS group_id, CAST(NULL AS VARCHAR) AS name
            FROM range({advocates}) AS r(i)
        """,
        "claims": f"""
            SELECT 'token-' || CAST(i AS VARCHAR) AS token, code_of(somebody('claimed', i)) AS code, {_moment("'claim', i")} AS claimed_ms
            FROM range({customers // 50}) AS r(i)
        """,
        "orders": f"""
            SELECT order_id(i) AS id, person(i % {customers}) AS participant, placed_ms(i) AS placed_ms, t.total,
                CASE WHEN i % {customers} % 40 = 3 THEN 'EUR' ELSE 'USD' END AS currency, t.refunded, t.state,
                CASE WHEN i < {referrals} AND i % 10 < 3 AND NOT came_late(i) THEN {_id("rf", "i")} END AS referral,
                t.state = 'placed' AS counted, CASE WHEN t.state = 'placed' THEN t.total - t.refunded ELSE 0 END AS net,
                CASE WHEN i < {referrals} AND i % 3 = 1 THEN '|' || {_id("rw", "2 * i + 1")} || '=500|'
                    WHEN i < {ties - referrals} AND i % 50 = 3
                        THEN '|' || {_id("rw", "2 * i + 1")} || '=300|' || {_id("rw", f"2 * (i + {referrals}) + 1")} || '=200|'
                    ELSE '' END AS redemptions
            FROM range({2 * customers}) AS r(i), LATERAL (
                SELECT CASE WHEN i % 50 = 11 THEN 'cancelled' WHEN i % 40 = 7 THEN 'refunded' ELSE 'placed' END AS state,
                    CAST(1000 + hash('total', i) % 20000 AS BIGINT) AS total,
                    CASE WHEN i % 40 = 7 THEN CAST(1000 + hash('total', i) % 20000 AS BIGINT) WHEN i % 40 = 27 THEN 500 ELSE 0 END AS refunded
            ) AS t
        """,
        "referrals": f"""
            SELECT {_id("rf", "i")} AS id, program_of(advocate_of(i)) AS program, 1 + i % 2 AS version,
                person(advocate_of(i)) AS advocate, person(i % {referrals}) AS friend, code_of(advocate_of(i)) AS code,
                CASE WHEN i % 20 = 6 THEN 'staff' ELSE 'click' END AS evidence, claimed_ms(i) AS claimed_ms,
                CASE WHEN i % 50 = 8 THEN claimed_ms(i) ELSE claimed_ms(i) + {40 * DAY_MS} END AS until_ms,
                CASE WHEN i % 10 < 3 THEN 'converted' WHEN i % 40 = 39 THEN 'superseded' WHEN i % 10 < 6 THEN 'started'
                    ELSE 'expired' END AS status,
                coalesce(['denied', 'approved', 'pending_review', 'flagged'][1 + CAST(hash('looked', i) % 60 AS BIGINT)], 'clear') AS moderation,
                converted_ms(i) AS converted_ms, CASE WHEN i % 20 <> 6 THEN 'ck_' || lpad(CAST(i AS VARCHAR), 16, '0') END AS click,
                CAST(NULL AS VARCHAR) AS group_id, CASE WHEN i % 30 = 2 AND NOT came_late(i) THEN order_id(i) END AS order_id
            FROM range({ties}) AS r(i)
        """,
        "rewards": f"""
            SELECT {_id("rw", "i")} AS id, program_of_reward(i) AS program, 1 + (i // 2) % 2 AS version, t.rule,
                CASE WHEN i % 2 = 1 THEN 'friend' ELSE 'advocate' END AS side, person(earner_of(i)) AS participant,
                CASE WHEN NOT bought(i) THEN {_id("rf", "i // 2")} END AS referral,
                CASE t.rule WHEN 'percent' THEN 'coupon' WHEN 'stars' THEN 'points' WHEN 'mug' THEN 'mug' ELSE 'USD' END AS unit,
                t.amount, t.status, CAST(NULL AS VARCHAR) AS reason,
                CASE WHEN t.status = 'issued' THEN t.amount - CASE WHEN t.rule = 'stars' THEN 400 ELSE 0 END ELSE 0 END AS remaining,
                claimed_ms(i // 2) AS granted_ms, CAST(NULL AS BIGINT) AS expires_ms, CAST(NULL AS VARCHAR) AS order_id, '' AS option,
                CASE WHEN t.rule = 'stars' AND t.status = 'issued' THEN 400 WHEN t.status = 'redeemed' THEN t.amount ELSE 0 END AS used,
                CASE WHEN i % 100 = 60 AND t.status = 'redeemed' THEN 300 ELSE 0 END AS owed,
                CAST(CASE WHEN t.rule = 'percent' AND t.status = 'redeemed' THEN 700 + hash('off', i) % 500 ELSE 0 END AS BIGINT) AS discount,
                CAST(0 AS BIGINT) AS spent,
                CASE WHEN bought(i) THEN '|' || {_id("rw", "points_of(i)")} || '=400|' ELSE '' END AS paid
            FROM range({2 * ties}) AS r(i), LATERAL (
                SELECT rule_of(i) AS rule, status_of(i) AS status,
                    CAST(CASE WHEN rule_of(i) IN ('percent', 'mug') THEN 1 ELSE 1000 END AS BIGINT) AS amount
            ) AS t
        """,
        "entries": f"""
            SELECT i // 2 AS seq, i % 2 AS line, claimed_ms(i // 16) AS at_ms,
                CASE i % 8 WHEN 0 THEN 'cost:' WHEN 3 THEN 'approved:' WHEN 4 THEN 'approved:' WHEN 5 THEN 'balance:' WHEN 6 THEN 'balance:'
                    WHEN 7 THEN CASE WHEN (i // 8) % 3 = 1 THEN 'redeemed:' ELSE 'expired:' END ELSE 'pending:' END
                    || CASE WHEN i % 8 IN (5, 6) THEN person(earner_of(i // 8)) ELSE program_of_reward(i // 8) END AS account,
                CASE rule_of(i // 8) WHEN 'percent' THEN 'coupon' WHEN 'stars' THEN 'points' WHEN 'mug' THEN 'mug' ELSE 'USD' END AS unit,
                CASE WHEN i % 2 = 0 THEN -1 ELSE 1 END * CASE WHEN rule_of(i // 8) IN ('percent', 'mug') THEN 1 ELSE 1000 END AS amount,
                {_id("rw", "i // 8")} AS reward
            FROM range({8 * 2 * ties}) AS r(i) WHERE i % 8 < 6 OR (i // 8) % 3 > 0
            UNION ALL
            -- What partners have asked to be paid: an account of theirs in the program, without a reward.
            SELECT {8 * ties} + i // 2, i % 2, {_moment("'paid', i // 2")},
                CASE WHEN i % 2 = 0 THEN 'balance:' || person(i // 2) || ':' ELSE 'payout:' END || program_of(i // 2), 'USD',
                CASE WHEN i % 2 = 0 THEN -200 ELSE 200 END, NULL
            FROM range({2 * (advocates // 10)}) AS r(i)
        """,
        # A sixth of the orders that are told carry a code, a few of them a wrong one; what came back is told within months, or later.
        "events": f"""
            SELECT i + 1 AS seq, 'ev-' || CAST(i AS VARCHAR) AS id, t.type, t.at_ms, t.at_ms AS clock_ms,
                CASE WHEN t.type = 'ask' THEN program_of(i % {advocates}) END AS program,
                CASE WHEN t.type <> 'ask' OR i % 10 < 8 THEN person(i % {advocates}) END AS participant,
                CASE WHEN t.type = 'share' THEN code_of(somebody('shared', i)) WHEN t.type <> 'order' THEN NULL
                    WHEN i < {referrals} AND i % 10 < 3 THEN code_of(advocate_of(i)) WHEN i % 50 = 17 THEN 'NOBODYSCODE'
                    WHEN i % 10 = 5 THEN code_of(somebody('tried', i)) END AS code,
                CASE WHEN t.type = 'order' AND i % 50 = 44 THEN 'token-' || CAST(i // 50 AS VARCHAR) END AS claim,
                CASE WHEN t.type = 'order' AND i % 50 = 26 THEN lower(code_of(somebody('looked', i))) || '.abc' END AS click,
                ['whatsapp', 'email', 'order_done'][1 + i // 3 % 3] AS channel,
                CAST(CASE WHEN t.type = 'ask' AND i % 10 >= 8 THEN 20 ELSE 1 END AS BIGINT) AS count,
                CASE WHEN t.type = 'order' THEN order_id(i) END AS order_id,
                CASE WHEN i % 70 = 69 THEN 'refused' ELSE 'accepted' END AS outcome,
                CASE WHEN t.type <> 'order' THEN 'asked' WHEN i % 50 = 17 THEN 'unknown_code' WHEN i < {referrals} AND i % 10 < 3 THEN 'step_reached'
                    WHEN i % 10 = 5 THEN 'friend_not_in_audience' WHEN i < {referrals} AND i % 10 = 4 THEN 'step_condition_unmet'
                    WHEN i % 90 = 86 THEN 'order_known' ELSE 'order_recorded' END AS reason,
                CAST(NULL AS VARCHAR) AS referral
            FROM range({told}) AS r(i), LATERAL (
                SELECT ['ask', 'share', 'order'][1 + i % 3] AS type,
                    CASE WHEN i % 3 = 2 THEN placed_ms(i) ELSE {_moment("'event', i")} END AS at_ms
            ) AS t
            UNION ALL
            SELECT {told} + i + 1, 'back-' || CAST(i AS VARCHAR), CASE WHEN i % 50 = 11 THEN 'cancel' ELSE 'refund' END, t.at_ms, t.at_ms,
                NULL, NULL, NULL, NULL, NULL, NULL, 1, order_id(i), 'accepted', 'order_changed', NULL
            FROM range({2 * customers}) AS r(i), LATERAL (SELECT {_after("placed_ms(i)", 120, "'back', i")} AS at_ms) AS t WHERE came_back(i)
        """,
        # Friend number i clicked just before he came; the others only looked.
        "clicks": f"""
            SELECT 's1' AS spool, i AS place, code_of(t.advocate) AS code, program_of(t.advocate) AS program,
                CASE WHEN i < {ties} THEN claimed_ms(i) - CAST(hash('click', i) % {DAY_MS // 2} AS BIGINT)
                    ELSE {_moment("'click', i")} END AS at_ms,
                ['whatsapp', 'email', NULL][1 + i % 3] AS channel, 'ck_' || lpad(CAST(i AS VARCHAR), 16, '0') AS click
            FROM range({customers * 4 // 10}) AS r(i), LATERAL (
                SELECT CASE WHEN i < {ties} THEN advocate_of(i) ELSE somebody('looked', i) END AS advocate
            ) AS t
        """,
        "surveys": f"""
            SELECT 'sv_' || CAST(i AS VARCHAR) AS id, program_of(i) AS program, person(i) AS participant, 'advocate' AS side,
                {_moment("'survey', i")} AS at_ms, CASE WHEN i % 9 <> 1 THEN CAST(hash('score', i) % 11 AS BIGINT) END AS recommend,
                CAST(CASE WHEN i % 8 <> 1 THEN 1 + i % 5 END AS BIGINT) AS easy,
                CAST(CASE WHEN i % 7 <> 1 THEN 1 + i % 4 END AS BIGINT) AS attractive, 'sooner' AS motivates
            FROM range({customers // 100}) AS r(i)
        """,
        "rules": """
            SELECT p.program, CAST(v.version AS BIGINT) AS version, r.rule, '' AS option, r.kind, r.unit,
                CAST(r.unit_cost AS BIGINT) AS unit_cost, 'USD' AS currency
            FROM (VALUES ('shop'), ('club')) AS p(program), (VALUES (1), (2)) AS v(version), (VALUES ('thanks', 'cash', 'USD', 1),
                ('welcome', 'credit', 'USD', 1), ('percent', 'coupon', 'coupon', 1), ('stars', 'points', 'points', 2),
                ('treat', 'credit', 'USD', 1), ('mug', 'item', 'mug', NULL)) AS r(rule, kind, unit, unit_cost)
        """,
    }


def make_facts(root: Path, facts: int) -> Manifest:
    """About so many facts in a warehouse of the tenant ``bench``; the manifest that names their files."""
    customers = int(facts / PER_CUSTOMER)
    folder = Folder(root, "bench")
    folder.make()
    files: dict[str, dict[str, tuple[str, ...]]] = {}
    rows: dict[str, int] = {}
    with duckdb.connect() as engine:
        engine.execute(f"SET memory_limit = '{max(3, facts // 8_000_000)}GB'")
        engine.execute("SET preserve_insertion_order = false")
        engine.execute(f"SET temp_directory = '{folder.clear_staging()}'")
        for name, meaning in _macros(customers).items():
            engine.execute(f"CREATE MACRO {name} AS ({meaning})")
        for name, query in _made(customers).items():
            target = folder.path / name
            target.mkdir(exist_ok=True)
            count, paths = engine.execute(
                f"COPY (SELECT *, {FACTS[name].day} AS day FROM ({query}) ORDER BY day) TO '{target}' "
                "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), OVERWRITE_OR_IGNORE, RETURN_FILES)"
            ).fetchall()[0]
            rows[name] = count
            days: dict[str, tuple[str, ...]] = {}
            for path in sorted(paths):
                relative = Path(path).relative_to(folder.path)
                day = relative.parts[1].removeprefix("day=")
                days[day] = (*days.get(day, ()), str(relative))
            files[name] = days
    manifest = Manifest(generation=1, seq=1, clock_ms=AS_OF_MS, as_of_ms=AS_OF_MS, files=files, rows=rows)
    folder.write(manifest)
    return folder.publish(manifest)
