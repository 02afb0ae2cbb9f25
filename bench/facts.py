"""Made-up facts for benchmarks of figures: two years of a shop with a program, straight into the files of a warehouse.

They are made by the engine from numbers alone, so that the same size gives the same facts. For a hundred customers there are about
two hundred orders, twelve friends, twenty-five rewards, a hundred entries, seventy events and forty clicks.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Folder, Manifest

START_MS = 1_704_067_200_000
"""1 January 2024."""
SPAN_MS = 730 * 86_400_000
AS_OF_MS = START_MS + SPAN_MS
PER_CUSTOMER = 6.1
"""About how many facts there are for each customer."""
_MOMENT = f"CAST({START_MS} + hash({{}}) % {SPAN_MS} AS BIGINT)"


def _moment(of: str) -> str:
    return _MOMENT.format(of)


def _made(customers: int) -> dict[str, str]:
    """For each fact the query that makes it."""
    referrals, advocates = customers * 12 // 100, customers * 5 // 100
    person = "'pt_' || lpad(CAST({} AS VARCHAR), 20, '0')".format
    first = _moment("'first', i % " + str(customers))
    return {
        "participants": f"""
            SELECT {person("i")} AS id, {first} AS created_ms, ['RO', 'SA', 'US', NULL][1 + i % 4] AS country,
                ['ro', 'ar', 'en'][1 + i % 3] AS language, i + 1 AS number, '{{}}' AS fields, CAST(NULL AS BIGINT) AS erased_ms
            FROM range({customers}) AS r(i)
        """,
        "handles": f"""
            SELECT 'CODE' || lpad(CAST(i AS VARCHAR), 12, '0') AS code, 'shop' AS program, {person("i")} AS participant,
                {_moment("'joined', i")} AS created_ms, CAST(NULL AS VARCHAR) AS group_id, CAST(NULL AS VARCHAR) AS name
            FROM range({advocates}) AS r(i)
        """,
        "orders": f"""
            SELECT 'order-' || lpad(CAST(i AS VARCHAR), 16, '0') AS id, {person(f"i % {customers}")} AS participant,
                CASE WHEN i < {customers} THEN {first}
                    ELSE {first} + CAST(hash('again', i) % {SPAN_MS // 2} AS BIGINT) END AS placed_ms,
                CAST(1000 + hash('total', i) % 20000 AS BIGINT) AS total, 'USD' AS currency,
                CASE WHEN i % 20 = 7 THEN 500 ELSE 0 END AS refunded,
                CASE WHEN i % 20 = 7 THEN 'refunded' ELSE 'placed' END AS state,
                CASE WHEN i < {referrals} AND i % 10 < 3 THEN 'rf_' || lpad(CAST(i AS VARCHAR), 20, '0') END AS referral,
                i % 20 <> 7 AS counted,
                CAST(1000 + hash('total', i) % 20000 AS BIGINT) - CASE WHEN i % 20 = 7 THEN 500 ELSE 0 END AS net,
                CASE WHEN i < {referrals} AND i % 3 = 1
                    THEN '|rw_' || lpad(CAST(2 * i + 1 AS VARCHAR), 20, '0') || '=500|' ELSE '' END AS redemptions
            FROM range({2 * customers}) AS r(i)
        """,
        # Friend number i comes just before his own first order; advocates have very different numbers of friends.
        "referrals": f"""
            SELECT 'rf_' || lpad(CAST(i AS VARCHAR), 20, '0') AS id, 'shop' AS program, 1 + i % 2 AS version,
                {person(f"({advocates} * pow((hash('by', i) % 1000000) / 1000000.0, 3))::BIGINT")} AS advocate,
                {person("i")} AS friend,
                'CODE' || lpad(CAST(i % {advocates} AS VARCHAR), 12, '0') AS code, 'click' AS evidence,
                {first} - CAST(hash('before', i) % 864000000 AS BIGINT) AS claimed_ms,
                {first} + 2592000000 AS until_ms,
                CASE WHEN i % 10 < 3 THEN 'converted' WHEN i % 10 < 6 THEN 'started' ELSE 'expired' END AS status,
                CASE WHEN i % 100 = 9 THEN 'denied' ELSE 'clear' END AS moderation,
                CASE WHEN i % 10 < 3 THEN {first} END AS converted_ms,
                'ck_' || lpad(CAST(i AS VARCHAR), 16, '0') AS click, CAST(NULL AS VARCHAR) AS group_id, CAST(NULL AS VARCHAR) AS order_id
            FROM range({referrals}) AS r(i)
        """,
        "rewards": f"""
            SELECT 'rw_' || lpad(CAST(i AS VARCHAR), 20, '0') AS id, 'shop' AS program, 1 + (i // 2) % 2 AS version,
                ['thanks', 'welcome'][1 + i % 2] AS rule, ['advocate', 'friend'][1 + i % 2] AS side,
                {person("i // 2")} AS participant, 'rf_' || lpad(CAST(i // 2 AS VARCHAR), 20, '0') AS referral, 'USD' AS unit,
                CAST(1000 AS BIGINT) AS amount, ['issued', 'redeemed', 'expired'][1 + i % 3] AS status,
                CAST(NULL AS VARCHAR) AS reason, CAST(CASE WHEN i % 3 = 0 THEN 1000 ELSE 0 END AS BIGINT) AS remaining,
                {_moment("'first', i // 2")} AS granted_ms, CAST(NULL AS BIGINT) AS expires_ms, CAST(NULL AS VARCHAR) AS order_id,
                '' AS option, CAST(CASE WHEN i % 3 = 1 THEN 1000 ELSE 0 END AS BIGINT) AS used, CAST(0 AS BIGINT) AS owed,
                CAST(0 AS BIGINT) AS discount, CAST(0 AS BIGINT) AS spent, '' AS paid
            FROM range({2 * referrals}) AS r(i)
        """,
        "entries": f"""
            SELECT i // 2 AS seq, i % 2 AS line, {_moment("'first', i // 8")} AS at_ms,
                ['cost:shop', 'pending:shop', 'pending:shop', 'approved:shop', 'approved:shop',
                    'balance:' || {person("i // 8 // 2")}, 'balance:' || {person("i // 8 // 2")}, 'redeemed:shop'][1 + i % 8] AS account,
                'USD' AS unit, CASE WHEN i % 2 = 0 THEN -1000 ELSE 1000 END AS amount,
                'rw_' || lpad(CAST(i // 8 AS VARCHAR), 20, '0') AS reward
            FROM range({8 * 2 * referrals}) AS r(i) WHERE i % 8 < 6 OR (i // 8) % 3 = 1
        """,
        "events": f"""
            SELECT i + 1 AS seq, 'ev-' || CAST(i AS VARCHAR) AS id, t.type, {_moment("'event', i")} AS at_ms,
                {_moment("'event', i")} AS clock_ms, CASE WHEN t.type = 'ask' THEN 'shop' END AS program,
                {person(f"i % {advocates}")} AS participant,
                CASE WHEN t.type <> 'ask' THEN 'CODE' || lpad(CAST(i % {advocates} AS VARCHAR), 12, '0') END AS code,
                CAST(NULL AS VARCHAR) AS claim, CAST(NULL AS VARCHAR) AS click,
                ['whatsapp', 'email', 'order_done'][1 + i % 3] AS channel, CAST(1 AS BIGINT) AS count,
                CASE WHEN t.type = 'order' THEN 'order-' || lpad(CAST(i AS VARCHAR), 16, '0') END AS order_id,
                'accepted' AS outcome, CASE WHEN t.type = 'order' AND i % 5 = 0 THEN 'unknown_code' ELSE 'asked' END AS reason,
                CAST(NULL AS VARCHAR) AS referral
            FROM range({customers * 7 // 10}) AS r(i), LATERAL (SELECT ['ask', 'share', 'order'][1 + i % 3] AS type) AS t
        """,
        "clicks": f"""
            SELECT 's1' AS spool, i AS place, 'CODE' || lpad(CAST(i % {advocates} AS VARCHAR), 12, '0') AS code, 'shop' AS program,
                {_moment("'click', i")} AS at_ms, ['whatsapp', 'email', NULL][1 + i % 3] AS channel,
                'ck_' || lpad(CAST(i AS VARCHAR), 16, '0') AS click
            FROM range({customers * 4 // 10}) AS r(i)
        """,
        "surveys": f"""
            SELECT 'sv_' || CAST(i AS VARCHAR) AS id, 'shop' AS program, {person("i")} AS participant, 'advocate' AS side,
                {_moment("'survey', i")} AS at_ms, CAST(hash('score', i) % 11 AS BIGINT) AS recommend,
                CAST(1 + i % 5 AS BIGINT) AS easy, CAST(1 + i % 4 AS BIGINT) AS attractive, 'sooner' AS motivates
            FROM range({customers // 100}) AS r(i)
        """,
        "rules": """
            SELECT 'shop' AS program, CAST(v.version AS BIGINT) AS version, r.rule, '' AS option, r.kind, 'USD' AS unit,
                CAST(1 AS BIGINT) AS unit_cost, 'USD' AS currency
            FROM (VALUES (1), (2)) AS v(version), (VALUES ('thanks', 'cash'), ('welcome', 'credit')) AS r(rule, kind)
        """,
    }


def make_facts(root: Path, facts: int) -> Manifest:
    """About so many facts in a warehouse of the tenant ``bench``; the manifest that names their files."""
    folder = Folder(root, "bench")
    folder.make()
    files: dict[str, dict[str, tuple[str, ...]]] = {}
    rows: dict[str, int] = {}
    with duckdb.connect() as engine:
        engine.execute("SET memory_limit = '3GB'")
        engine.execute(f"SET temp_directory = '{folder.clear_staging()}'")
        for name, query in _made(int(facts / PER_CUSTOMER)).items():
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
