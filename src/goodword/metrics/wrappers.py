"""The queries that estimates are made of, over the labelled subjects of a metric (`definitions.py`), each in DuckDB's dialect.

`labelled` has a row for each subject: its period, what the dimension says of it (value), whether it has had its time (mature), and what
the kind of the metric needs.
"""

from __future__ import annotations

_CLUSTERS = """
    SELECT period, value, count(*) AS clusters, sum(n) AS n, sum(y) AS y, sum(product(n, n)) AS nn, sum(product(y, y)) AS yy,
        sum(product(n, y)) AS ny, sum(mature) AS mature
    FROM (
        SELECT period, value, cluster, sum(n) AS n, sum(y) AS y, sum(mature) AS mature
        FROM labelled GROUP BY period, value, cluster
    ) AS clusters
    GROUP BY period, value ORDER BY period, value
"""

STEPS: dict[str, str] = {
    "ends": """
        SELECT period, value, age, sum(CASE WHEN event = 1 THEN 1 ELSE 0 END) AS events, count(*) AS people
        FROM labelled GROUP BY period, value, age
    """,
    "risks": """
        SELECT period, value, age, events, people,
            sum(people) OVER (PARTITION BY period, value ORDER BY age DESC ROWS UNBOUNDED PRECEDING) AS at_risk
        FROM ends
    """,
    "drifts": """
        SELECT period, value, age, events, people,
            CASE WHEN at_risk > events THEN CAST(1 AS DOUBLE) / (at_risk - events) ELSE 0 END AS hit,
            sum(CASE WHEN at_risk > events THEN CAST(events AS DOUBLE) / at_risk / (at_risk - events) ELSE 0 END)
                OVER (PARTITION BY period, value ORDER BY age ROWS UNBOUNDED PRECEDING) AS drift
        FROM risks
    """,
    "caps": """
        SELECT period, value, coalesce(max(CASE WHEN age <= 168 THEN drift END), 0) AS drift_168,
            coalesce(max(CASE WHEN age <= 720 THEN drift END), 0) AS drift_720,
            coalesce(max(CASE WHEN age <= 2160 THEN drift END), 0) AS drift_2160
        FROM drifts GROUP BY period, value
    """,
    # By how much those of an age move the estimate at each horizon, each of them: to whom it happened, and the others.
    "influences": """
        SELECT a.period, a.value, a.age, a.events, a.people,
            CASE WHEN a.age <= 168 THEN a.hit - a.drift ELSE -c.drift_168 END AS hit_168,
            CASE WHEN a.age <= 168 THEN -a.drift ELSE -c.drift_168 END AS miss_168,
            CASE WHEN a.age <= 720 THEN a.hit - a.drift ELSE -c.drift_720 END AS hit_720,
            CASE WHEN a.age <= 720 THEN -a.drift ELSE -c.drift_720 END AS miss_720,
            CASE WHEN a.age <= 2160 THEN a.hit - a.drift ELSE -c.drift_2160 END AS hit_2160,
            CASE WHEN a.age <= 2160 THEN -a.drift ELSE -c.drift_2160 END AS miss_2160
        FROM drifts AS a JOIN caps AS c ON c.period = a.period AND c.value = a.value
    """,
    "clusters": """
        SELECT l.period, l.value, l.cluster, count(*) AS people,
            sum(CASE WHEN l.event = 1 THEN i.hit_168 ELSE i.miss_168 END) AS u_168,
            sum(CASE WHEN l.event = 1 THEN i.hit_720 ELSE i.miss_720 END) AS u_720,
            sum(CASE WHEN l.event = 1 THEN i.hit_2160 ELSE i.miss_2160 END) AS u_2160
        FROM labelled AS l JOIN influences AS i ON i.period = l.period AND i.value = l.value AND i.age = l.age
        GROUP BY l.period, l.value, l.cluster
    """,
}
"""Relations that estimates of time stand on: the influence of each subject on the estimate at the horizons of 7, 30 and 90 days, and its
sums by cluster (`survival.clustered_survival` says of what)."""

WRAPPERS: dict[str, str] = {
    "count": "SELECT period, value, sum(n) AS n FROM labelled GROUP BY period, value ORDER BY period, value",
    "money": """
        SELECT period, value, currency, sum(n) AS n FROM labelled
        GROUP BY period, value, currency ORDER BY period, value, currency
    """,
    "share": """
        SELECT period, value, sum(n) AS n, sum(y) AS y, sum(mature) AS mature FROM labelled
        GROUP BY period, value ORDER BY period, value
    """,
    "share clustered": _CLUSTERS,
    "ratio": _CLUSTERS,
    "mean": """
        SELECT period, value, count(*) AS clusters, sum(n) AS n, sum(y) AS y, sum(product(n, n)) AS nn, sum(product(y, y)) AS yy,
            sum(product(n, y)) AS ny, 0 AS mature
        FROM (SELECT period, value, cluster, count(*) AS n, sum(y) AS y FROM labelled GROUP BY period, value, cluster) AS clusters
        GROUP BY period, value ORDER BY period, value
    """,
    "mean alone": """
        SELECT period, value, count(*) AS clusters, count(*) AS n, sum(y) AS y, count(*) AS nn, sum(product(y, y)) AS yy,
            sum(y) AS ny, 0 AS mature
        FROM labelled GROUP BY period, value ORDER BY period, value
    """,
    "survival": """
        SELECT period, value, age, sum(CASE WHEN event = 1 THEN 1 ELSE 0 END) AS events,
            sum(CASE WHEN event = 1 THEN 0 ELSE 1 END) AS censored, sum(mature) AS mature
        FROM labelled GROUP BY period, value, age ORDER BY period, value, age
    """,
    "survival clusters": """
        SELECT period, value, count(*) AS clusters, sum(people) AS n, sum(people * people) AS nn,
            sum(u_168 * u_168) AS squares_168, sum(u_720 * u_720) AS squares_720, sum(u_2160 * u_2160) AS squares_2160
        FROM clusters GROUP BY period, value ORDER BY period, value
    """,
    "survival alone": """
        SELECT period, value, sum(people) AS clusters, sum(people) AS n, sum(people) AS nn,
            sum(events * hit_168 * hit_168 + (people - events) * miss_168 * miss_168) AS squares_168,
            sum(events * hit_720 * hit_720 + (people - events) * miss_720 * miss_720) AS squares_720,
            sum(events * hit_2160 * hit_2160 + (people - events) * miss_2160 * miss_2160) AS squares_2160
        FROM influences GROUP BY period, value ORDER BY period, value
    """,
    "spread": """
        SELECT period, value, y, count(*) AS people, sum(mature) AS mature FROM labelled
        GROUP BY period, value, y ORDER BY period, value, y
    """,
    "growth": """
        SELECT period, value, i, y, count(*) AS people, sum(mature) AS mature FROM labelled
        GROUP BY period, value, i, y ORDER BY period, value, i, y
    """,
    "score": "SELECT period, value, y, count(*) AS people FROM labelled GROUP BY period, value, y ORDER BY period, value, y",
    "curve": """
        SELECT period, value, months, month, count(*) AS people, sum(y) AS y FROM labelled
        GROUP BY period, value, months, month ORDER BY period, value, months, month
    """,
    "stock": "SELECT period, value, unit, sum(n) AS n FROM labelled GROUP BY period, value, unit ORDER BY period, value, unit",
    "matched": """
        SELECT period, value, stratum, origin, count(*) AS people, sum(y) AS y, sum(product(y, y)) AS yy FROM labelled
        GROUP BY period, value, stratum, origin ORDER BY period, value, stratum, origin
    """,
}
"""By kind, what is asked of the labelled subjects; `money` is a count in several currencies."""
