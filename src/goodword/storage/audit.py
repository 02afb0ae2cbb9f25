"""Proving, over the whole database, what must always be true; a finding names the row that breaks it.

Each check is one query that returns what is wrong, or rows that are looked at one by one as they stream in,
so that the memory needed does not grow with the database. Run it inside `Database.read`, where everything
is seen at one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import DecodeError, Struct, ValidationError
from sqlalchemy import Connection, text

from goodword.engine.ids import Keyring
from goodword.engine.state import LIVE_REWARD, Referral, Reward
from goodword.storage import tables
from goodword.storage.dialect import Dialect, columns_of, dialect_of
from goodword.storage.rows import MAPPERS, Mapper

ROWS_AT_ONCE = 1000
_CHECKS_OF_ROWS = (
    "rows_can_be_read",
    "derived_columns_agree",
    "rows_agree_with_themselves",
    "rewards_agree_with_the_ledger",
)


class Finding(Struct, frozen=True):
    """A row that breaks an invariant."""

    check: str
    row: str
    """The table and the key."""
    message: str


def audit(connection: Connection, tenant: str) -> Iterator[Finding]:
    """Everything that is wrong with a tenant's data; nothing if all is well."""
    # Rows that cannot be read are named first: the queries below look into their documents and may stop at them.
    for mapper in MAPPERS.values():
        yield from _check_rows(connection, tenant, mapper)
    for name, message, statement in _queries(dialect_of(connection)):
        for row in _stream(connection, tenant, statement):
            yield Finding(name, row.row, message.format(**row._mapping))
    yield from _check_rewards(connection, tenant)


def checks(connection: Connection) -> list[str]:
    """The names of everything that is checked."""
    return [*_CHECKS_OF_ROWS, *(name for name, _, _ in _queries(dialect_of(connection)))]


def _stream(connection: Connection, tenant: str, statement: str) -> Iterator[Any]:
    options = {"yield_per": ROWS_AT_ONCE}
    yield from connection.execute(text(statement), {"tenant": tenant}, execution_options=options)


def _queries(dialect: Dialect) -> Iterator[tuple[str, str, str]]:
    """Name, message and query of each check that SQL can answer; the query gives the column ``row``."""
    yield from _EVENT_CHECKS
    yield (
        "every_event_has_its_answer",
        "the answer is missing or belongs to another event",
        "SELECT 'events ' || seq AS row FROM events WHERE tenant = :tenant "  # noqa: S608
        f"AND (answer = '' OR {dialect.member('answer', 'event')} <> id) ORDER BY seq",
    )
    yield from _LEDGER_CHECKS
    yield "caps_count_live_rewards", _COUNTER_MESSAGE, _counter_check("cap|", _cap_counts(dialect))
    yield "measures_count_what_they_count", _COUNTER_MESSAGE, _counter_check("measure|", _measure_counts(dialect))
    yield (
        "standings_are_what_is_counted",
        "the standing is {stored}, what is counted comes to {expected}",
        _standings(dialect),
    )
    yield "queues_count_what_waits", _COUNTER_MESSAGE, _counter_check("queue|", _QUEUE_COUNTS)
    waiting = f"COALESCE(CAST({dialect.member('p.doc', 'waiting')} AS bigint), 0)"
    yield (
        "participants_count_waiting_rewards",
        "{counted} rewards are said to wait for this participant's condition, {found} do",
        "SELECT 'participants ' || id AS row, counted, found FROM ("  # noqa: S608
        f"SELECT id, {waiting} AS counted, (SELECT COUNT(*) FROM rewards AS w "
        "WHERE w.tenant = :tenant AND w.participant = p.id AND w.waiting = 1) AS found "
        "FROM participants AS p WHERE p.tenant = :tenant) AS people WHERE counted <> found ORDER BY id",
    )
    keeping = f"COALESCE(CAST({dialect.member('p.doc', 'keeping')} AS bigint), 0)"
    yield (
        "participants_count_rewards_that_watch_them",
        "{counted} rewards are said to be kept by this participant's condition, {found} are",
        "SELECT 'participants ' || id AS row, counted, found FROM ("  # noqa: S608
        f"SELECT id, {keeping} AS counted, (SELECT COUNT(*) FROM watches AS w "
        "WHERE w.tenant = :tenant AND w.key > p.id || '>' AND w.key < p.id || '?') AS found "
        "FROM participants AS p WHERE p.tenant = :tenant) AS people WHERE counted <> found ORDER BY id",
    )
    yield (
        "watches_are_those_of_rewards",
        "watched by {stored} rewards, which say {expected}",
        "SELECT 'watches ' || name AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT w.key AS name, 1 AS stored, 0 AS expected FROM watches AS w WHERE w.tenant = :tenant "
        "UNION ALL SELECT item.value || '>' || t.id, 0, 1 FROM rewards AS t "
        f"CROSS JOIN {dialect.members('t.doc', 'watched')} WHERE t.tenant = :tenant "
        "AND t.doc LIKE '%\"watched\"%') AS both_sides GROUP BY name HAVING SUM(stored) <> SUM(expected) ORDER BY name",
    )
    used = f"COALESCE(CAST({dialect.member('w.doc', 'used')} AS bigint), 0)"
    yield (
        "points_are_spent_once",
        "{paid} of it paid for rewards, {used} of it was used",
        "SELECT 'rewards ' || source AS row, paid, used FROM ("  # noqa: S608
        f"SELECT p.source, p.paid, {used} AS used FROM ("
        "SELECT item.key AS source, CAST(SUM(CAST(item.value AS bigint)) AS bigint) AS paid FROM rewards AS t "
        f"CROSS JOIN {dialect.pairs('t.doc', 'paid')} WHERE t.tenant = :tenant AND t.doc LIKE '%\"paid\"%' "
        "GROUP BY item.key) AS p LEFT JOIN rewards AS w ON w.tenant = :tenant AND w.id = p.source"
        ") AS spent WHERE paid > used ORDER BY source",
    )
    yield (
        "what_comes_again_has_its_date",
        "{stored} dates are set, {expected} are needed",
        "SELECT 'dues ' || name AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT d.id AS name, 1 AS stored, 0 AS expected FROM dues AS d WHERE d.tenant = :tenant AND d.kind = 'again' "
        "UNION ALL SELECT 'again:' || t.id || '|' || item.key, 0, 1 FROM referrals AS t "
        f"CROSS JOIN {dialect.pairs('t.doc', 'again')} WHERE t.tenant = :tenant AND t.doc LIKE '%\"again\"%' "
        "AND CAST(item.value AS bigint) > 0"
        ") AS both_sides GROUP BY name HAVING SUM(stored) <> SUM(expected) ORDER BY name",
    )
    named = " OR ".join(
        f"p.doc LIKE '%\"{name}\"%'" for name in ("fields", "signals", "activities", "accepted", "consents")
    )
    yield (
        "nothing_is_known_of_the_erased",
        "the person was erased, and {what} is there still",
        "SELECT 'participants ' || id AS row, what FROM ("  # noqa: S608
        "SELECT p.id, 'what was told about him' AS what FROM participants AS p WHERE p.tenant = :tenant "
        "AND p.doc LIKE '%\"erased_ms\"%' "
        f"AND (p.country IS NOT NULL OR p.language IS NOT NULL OR p.signed_up_ms IS NOT NULL OR {named}) "
        "UNION ALL SELECT p.id, 'his personal data' FROM participants AS p "
        "JOIN people AS k ON k.tenant = p.tenant AND k.participant = p.id "
        "WHERE p.tenant = :tenant AND p.doc LIKE '%\"erased_ms\"%' "
        "UNION ALL SELECT p.id, 'what he said about a reward' FROM participants AS p WHERE p.tenant = :tenant "
        "AND p.doc LIKE '%\"erased_ms\"%' AND EXISTS (SELECT 1 FROM rewards AS w WHERE w.tenant = :tenant "
        "AND w.participant = p.id AND w.answered IS NOT NULL) AND NOT EXISTS "
        "(SELECT 1 FROM dues AS d WHERE d.tenant = :tenant AND d.id = 'erase\\:' || p.id)"
        ") AS found ORDER BY id, what",
    )
    yield (
        "the_erased_are_forgotten_in_time",
        "the person was erased, and no date is set for what he is recognised by",
        "SELECT DISTINCT 'participants ' || p.id AS row FROM participants AS p "
        "JOIN identities AS i ON i.tenant = p.tenant AND i.participant = p.id "
        "WHERE p.tenant = :tenant AND p.doc LIKE '%\"erased_ms\"%' AND NOT EXISTS "
        "(SELECT 1 FROM dues AS d WHERE d.tenant = :tenant AND d.id = 'forget\\:' || p.id) ORDER BY 1",
    )
    planned = f"COALESCE(CAST({dialect.member('p.doc', 'planned')} AS bigint), 0)"
    yield (
        "programs_name_stored_versions",
        "{program} has no version {version}",
        "SELECT 'programs ' || program AS row, program, version FROM ("  # noqa: S608
        "SELECT program, version FROM programs WHERE tenant = :tenant "
        f"UNION ALL SELECT program, {planned} FROM programs AS p WHERE tenant = :tenant"
        ") AS named WHERE version > 0 AND NOT EXISTS (SELECT 1 FROM program_versions AS v WHERE v.tenant = :tenant "
        "AND v.program = named.program AND v.version = named.version) ORDER BY program, version",
    )
    yield (
        "what_is_planned_has_its_date",
        "{stored} dates are set, {expected} are needed",
        "SELECT 'dues ' || name AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT id AS name, 1 AS stored, 0 AS expected FROM dues WHERE tenant = :tenant AND kind IN ('publish', 'end') "
        f"UNION ALL SELECT 'publish\\:' || program, 0, 1 FROM programs AS p WHERE tenant = :tenant AND {planned} > 0 "
        "UNION ALL SELECT 'end\\:' || program, 0, 1 FROM programs AS p WHERE tenant = :tenant "
        f"AND {dialect.member('p.doc', 'ends_ms')} IS NOT NULL"
        ") AS both_sides GROUP BY name HAVING SUM(stored) <> SUM(expected) ORDER BY name",
    )
    unit, amount = dialect.member("p.doc", "unit"), f"CAST({dialect.member('p.doc', 'amount')} AS bigint)"
    yield (
        "payouts_agree_with_the_ledger",
        "{stored} stands there, the payouts come to {expected}",
        "SELECT 'balances ' || account || '|' || unit AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT account, unit, amount AS stored, 0 AS expected FROM balances WHERE tenant = :tenant "
        "AND (account LIKE 'payout\\:%' OR account LIKE 'paid\\:%') "
        "UNION ALL SELECT CASE WHEN p.status = 'due' THEN 'payout:' ELSE 'paid:' END || p.program, "
        f"{unit}, 0, {amount} FROM payouts AS p WHERE p.tenant = :tenant AND p.status <> 'failed'"
        ") AS both_sides GROUP BY account, unit HAVING SUM(stored) <> SUM(expected) ORDER BY account, unit",
    )
    yield (
        "partners_are_paid_what_was_collected",
        "{stored} left the account, the payouts come to {expected}",
        "SELECT 'balances ' || account || '|' || unit AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT account, unit, -amount AS stored, 0 AS expected FROM entries WHERE tenant = :tenant "
        f"AND {tables.BALANCE_ACCOUNTS} AND reward IS NULL "
        "UNION ALL SELECT 'balance:' || p.participant || ':' || p.program, "
        f"{unit}, 0, {amount} FROM payouts AS p WHERE p.tenant = :tenant AND p.status <> 'failed'"
        ") AS both_sides GROUP BY account, unit HAVING SUM(stored) <> SUM(expected) ORDER BY account, unit",
    )
    yield "pools_count_their_codes", _COUNTER_MESSAGE, _counter_check("codes|", _POOLS)
    yield (
        "codes_belong_to_their_rewards",
        "{stored} rewards have it by its pool, {expected} by what they say",
        "SELECT 'pool_codes ' || name AS row, CAST(SUM(stored) AS bigint) AS stored, "
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT p.hash || ' of ' || p.reward AS name, 1 AS stored, 0 AS expected FROM pool_codes AS p "
        "WHERE p.tenant = :tenant AND p.reward IS NOT NULL "
        "UNION ALL SELECT t.code_hash || ' of ' || t.id, 0, 1 FROM rewards AS t "
        "WHERE t.tenant = :tenant AND t.doc LIKE '%\"own_code\"%'"
        ") AS both_sides GROUP BY name HAVING SUM(stored) <> SUM(expected) ORDER BY name",
    )
    yield (
        "visits_are_paid_once",
        "{paid} visits were paid for, {counted} were counted",
        _VISITS.format(key=f"CAST({dialect.member('w.doc', 'key')} AS bigint)"),
    )
    yield "people_count_their_groups", _COUNTER_MESSAGE, _counter_check("member|", _MEMBERSHIPS)
    yield "households_count_who_is_there", _COUNTER_MESSAGE, _counter_check("home|", _HOUSEHOLDS)
    yield "people_are_counted", _COUNTER_MESSAGE, _counter_check("people", _PEOPLE)
    yield from _GROUP_CHECKS
    yield from _REFERENCE_CHECKS
    yield from _CLICK_CHECKS
    yield from _COST_CHECKS


_EVENT_CHECKS = (
    (
        "seqs_have_no_gap",
        "the event before has seq {before}",
        "SELECT 'events ' || seq AS row, before FROM (SELECT seq, LAG(seq, 1, 0) "
        "OVER (ORDER BY seq) AS before FROM events WHERE tenant = :tenant) AS pairs "
        "WHERE seq <> before + 1 ORDER BY seq",
    ),
    (
        "the_tenant_stands_at_its_last_event",
        "the tenant is at seq {seq}, its last event is {last}",
        "SELECT 'tenants ' || tenant AS row, seq, last FROM (SELECT tenant, seq, COALESCE("
        "(SELECT MAX(e.seq) FROM events AS e WHERE e.tenant = t.tenant), 0) AS last "
        "FROM tenants AS t WHERE tenant = :tenant) AS stands WHERE seq <> last",
    ),
)

_LEDGER_CHECKS = (
    (
        "postings_sum_to_zero",
        "the entries in {unit} sum to {amount}",
        "SELECT 'entries ' || seq AS row, unit, CAST(SUM(amount) AS bigint) AS amount FROM entries "
        "WHERE tenant = :tenant GROUP BY seq, unit HAVING SUM(amount) <> 0 ORDER BY seq, unit",
    ),
    (
        "entries_belong_to_an_event",
        "no event has this seq",
        "SELECT DISTINCT 'entries ' || seq AS row FROM entries AS e WHERE tenant = :tenant AND NOT EXISTS "
        "(SELECT 1 FROM events AS v WHERE v.tenant = :tenant AND v.seq = e.seq)",
    ),
    (
        "balances_are_the_sum_of_entries",
        "the balance is {stored}, the entries sum to {expected}",
        "SELECT 'balances ' || account || '|' || unit AS row, CAST(SUM(stored) AS bigint) AS stored, "
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT account, unit, amount AS stored, 0 AS expected FROM balances WHERE tenant = :tenant "
        "UNION ALL SELECT account, unit, 0, SUM(amount) FROM entries "
        "WHERE tenant = :tenant GROUP BY account, unit"
        ") AS both_sides GROUP BY account, unit HAVING SUM(stored) <> SUM(expected) ORDER BY account, unit",
    ),
    (
        "budgets_stay_above_zero",
        "the balance is {amount}",
        "SELECT 'balances ' || account || '|' || unit AS row, amount FROM balances "
        "WHERE tenant = :tenant AND amount < 0 "
        "AND (account LIKE 'budget:%\\:free' OR account LIKE 'budget:%\\:reserved' OR account LIKE 'budget:%\\:spent') ORDER BY account, unit",
    ),
)

_VISITS = (
    # A reward for visits names by its key up to which visit of its day it pays. Its subject is the counter.
    "SELECT 'rewards ' || id AS row, paid, counted FROM ("
    "SELECT w.id, {key} AS paid, COALESCE(c.value, 0) AS counted FROM rewards AS w "
    "LEFT JOIN counters AS c ON c.tenant = w.tenant AND c.key = w.subject "
    "WHERE w.tenant = :tenant AND w.subject LIKE 'visits|%') AS visits WHERE paid > counted ORDER BY id"
)

_MEMBERSHIPS = (
    "SELECT 'member|' || g.program || '|' || m.participant, 0, COUNT(*) FROM members AS m "
    "JOIN groups AS g ON g.tenant = m.tenant AND g.id = m.group_id "
    "WHERE m.tenant = :tenant AND m.left_ms IS NULL GROUP BY g.program, m.participant"
)

_POOLS = "SELECT 'codes|' || pool, 0, COUNT(*) FROM pool_codes WHERE tenant = :tenant GROUP BY pool"

_PEOPLE = "SELECT 'people', 0, COUNT(*) FROM participants WHERE tenant = :tenant HAVING COUNT(*) > 0"

_GROUP_CHECKS = (
    (
        "participants_are_numbered",
        "{people} participants have {numbers} numbers up to {last}",
        "SELECT 'participants ' || MIN(id) AS row, COUNT(*) AS people, COUNT(DISTINCT number) AS numbers, "
        "MAX(number) AS last FROM participants WHERE tenant = :tenant "
        "HAVING COUNT(*) <> COUNT(DISTINCT number) OR COUNT(*) <> MAX(number)",
    ),
    (
        "groups_count_their_members",
        "{counted} members are counted, {found} are there",
        "SELECT 'groups ' || id AS row, counted, found FROM (SELECT id, members AS counted, (SELECT COUNT(*) "
        "FROM members AS m WHERE m.tenant = :tenant AND m.group_id = g.id AND m.left_ms IS NULL) AS found "
        "FROM groups AS g WHERE tenant = :tenant) AS counts WHERE counted <> found ORDER BY id",
    ),
    (
        "members_belong_to_a_group",
        "{group_id} is no group, or {participant} is its owner or nobody",
        "SELECT 'members ' || id AS row, group_id, participant FROM members AS m WHERE tenant = :tenant "
        "AND NOT EXISTS (SELECT 1 FROM groups AS g JOIN participants AS p ON p.tenant = g.tenant "
        "AND p.id = m.participant WHERE g.tenant = :tenant AND g.id = m.group_id AND g.owner <> m.participant) "
        "ORDER BY id",
    ),
    (
        "members_are_numbered",
        "{members} members have {numbers} numbers up to {last}",
        "SELECT 'groups ' || group_id AS row, COUNT(*) AS members, COUNT(DISTINCT number) AS numbers, "
        "MAX(number) AS last FROM members WHERE tenant = :tenant GROUP BY group_id "
        "HAVING COUNT(*) <> COUNT(DISTINCT number) OR COUNT(*) <> MAX(number) ORDER BY group_id",
    ),
)

_COST_CHECKS = (
    (
        "costs_can_be_shared",
        "{amount} for {first_day} to {last_day} cannot be shared over days",
        "SELECT 'costs ' || id AS row, amount, first_day, last_day FROM costs WHERE tenant = :tenant "
        "AND (amount < 1 OR last_day < first_day OR length(first_day) <> 10 OR length(last_day) <> 10) ORDER BY id",
    ),
    (
        "costs_name_a_program",
        "there is no program {program}",
        "SELECT 'costs ' || id AS row, program FROM costs AS c WHERE tenant = :tenant AND program IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM programs AS p WHERE p.tenant = :tenant AND p.program = c.program) ORDER BY id",
    ),
)

_REFERENCE_CHECKS = (
    (
        "entries_name_rewards_that_exist",
        "reward {reward} does not exist",
        "SELECT 'entries ' || seq || ' line ' || line AS row, reward FROM entries AS e "
        "WHERE tenant = :tenant AND reward IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM rewards AS w WHERE w.tenant = :tenant AND w.id = e.reward) ORDER BY seq, line",
    ),
    (
        "referrals_join_two_people",
        "{advocate} and {friend} are not two participants",
        "SELECT 'referrals ' || id AS row, advocate, friend FROM referrals AS r WHERE tenant = :tenant "
        "AND 2 <> (SELECT COUNT(*) FROM participants AS p WHERE p.tenant = :tenant "
        "AND (p.id = r.advocate OR p.id = r.friend)) ORDER BY id",
    ),
    (
        "referrals_name_a_published_version",
        "{program} has no version {version}",
        "SELECT 'referrals ' || id AS row, program, version FROM referrals AS r WHERE tenant = :tenant "
        "AND NOT EXISTS (SELECT 1 FROM program_versions AS v WHERE v.tenant = :tenant "
        "AND v.program = r.program AND v.version = r.version) ORDER BY id",
    ),
    (
        "rewards_come_from_a_referral",
        "referral {referral} of {program} does not exist",
        "SELECT 'rewards ' || id AS row, program, referral FROM rewards AS w WHERE tenant = :tenant "
        "AND referral IS NOT NULL AND NOT EXISTS (SELECT 1 FROM referrals AS r WHERE r.tenant = :tenant "
        "AND r.id = w.referral AND r.program = w.program) ORDER BY id",
    ),
)

_CLICK_CHECKS = (
    (
        "hits_are_counted",
        "{stored} persons are counted, {expected} hits are kept",
        "SELECT 'hit_counts ' || program || ' ' || code || ' day ' || day AS row, CAST(SUM(stored) AS bigint) AS stored, "
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT program, code, day, count AS stored, 0 AS expected FROM hit_counts "
        "WHERE tenant = :tenant AND kind = 'person' AND code <> '' "
        "UNION ALL SELECT program, code, at_ms / 86400000, 0, 1 FROM hits WHERE tenant = :tenant"
        # Of a day of which hits were forgotten, fewer are left than were counted; how many is the next check's.
        ") AS both_sides GROUP BY program, code, day HAVING SUM(stored) < SUM(expected) OR (SUM(stored) > SUM(expected) "
        "AND day NOT IN (SELECT day FROM hit_counts WHERE tenant = :tenant AND program = '' AND kind = 'forgotten')) "
        "ORDER BY program, code, day",
    ),
    (
        "forgotten_hits_are_counted",
        "{stored} hits are counted as forgotten, {expected} are not kept any more",
        "SELECT 'hit_counts day ' || day AS row, CAST(SUM(stored) AS bigint) AS stored, "
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT day, count AS stored, 0 AS expected FROM hit_counts "
        "WHERE tenant = :tenant AND program = '' AND kind = 'forgotten' "
        "UNION ALL SELECT day, 0, count FROM hit_counts WHERE tenant = :tenant AND kind = 'person' AND code <> '' "
        "UNION ALL SELECT at_ms / 86400000, 0, -1 FROM hits WHERE tenant = :tenant"
        ") AS both_sides GROUP BY day HAVING SUM(stored) > 0 AND SUM(stored) <> SUM(expected) ORDER BY day",
    ),
    (
        "programs_count_what_their_codes_count",
        "the program counts {stored}, its codes {expected}",
        "SELECT 'hit_counts ' || program || ' day ' || day || ' ' || kind AS row, CAST(SUM(stored) AS bigint) AS stored, "
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT program, day, kind, CASE WHEN code = '' THEN count ELSE 0 END AS stored, "
        "CASE WHEN code = '' THEN 0 ELSE count END AS expected FROM hit_counts WHERE tenant = :tenant AND program <> ''"
        ") AS both_sides GROUP BY program, day, kind HAVING SUM(stored) <> SUM(expected) ORDER BY program, day, kind",
    ),
)

_COUNTER_MESSAGE = "the counter is {stored}, what it counts is {expected}"


def _counter_check(prefix: str, counted: str) -> str:
    """Compare the counters that begin with `prefix` to what they count, whichever side lacks a row."""
    return (
        "SELECT 'counters ' || name AS row, CAST(SUM(stored) AS bigint) AS stored, "  # noqa: S608
        "CAST(SUM(expected) AS bigint) AS expected FROM ("
        "SELECT counters.key AS name, counters.value AS stored, 0 AS expected FROM counters "
        f"WHERE tenant = :tenant AND counters.key LIKE '{prefix}%' "
        f"UNION ALL {counted}) AS both_sides GROUP BY name HAVING SUM(stored) <> SUM(expected) ORDER BY name"
    )


_ID_LENGTH = len(Keyring(b"any key").id("pt"))
_HOUSEHOLDS = (
    # ``lives|program|address|participant`` stands for one of ``home|program|address``.
    f"SELECT 'home|' || SUBSTR(c.key, 7, LENGTH(c.key) - {7 + _ID_LENGTH}) AS home, 0, COUNT(*) FROM counters AS c "  # noqa: S608
    "WHERE c.tenant = :tenant AND c.key LIKE 'lives|%' AND c.value > 0 GROUP BY home"
)
_QUEUE_COUNTS = (
    "SELECT 'queue|' || t.queue, 0, COUNT(*) FROM rewards AS t "
    "WHERE t.tenant = :tenant AND (t.queue LIKE 'budget:%' OR t.queue LIKE 'codes:%') GROUP BY t.queue"
)


def _cap_counts(dialect: Dialect) -> str:
    """A cap's key ends in ``|n`` where it counts rewards, in ``|a`` where it sums their amounts."""
    live = ", ".join(f"'{status}'" for status in sorted(LIVE_REWARD))
    return (
        "SELECT item.value, 0, SUM(CASE WHEN item.value LIKE '%|n' THEN 1 ELSE t.amount END) "  # noqa: S608
        f"FROM rewards AS t CROSS JOIN {dialect.members('t.doc', 'cap_keys')} "
        f"WHERE t.tenant = :tenant AND t.status IN ({live}) AND item.value LIKE 'cap|%' GROUP BY item.value"
    )


def _measure_counts(dialect: Dialect) -> str:
    """Referrals name their measures, or the counters of their group; all else names the counters."""
    live = ", ".join(f"'{status}'" for status in sorted(LIVE_REWARD))
    return (
        "SELECT CASE WHEN item.value LIKE 'measure|%' THEN item.value "  # noqa: S608
        "ELSE 'measure|' || t.program || '|' || item.value || '|' || t.advocate END, 0, COUNT(*) "
        f"FROM referrals AS t CROSS JOIN {dialect.members('t.doc', 'measured')} "
        "WHERE t.tenant = :tenant GROUP BY t.program, item.value, t.advocate "
        "UNION ALL SELECT item.value, 0, SUM(t.amount) "
        f"FROM rewards AS t CROSS JOIN {dialect.members('t.doc', 'cap_keys')} "
        f"WHERE t.tenant = :tenant AND t.status IN ({live}) AND item.value LIKE 'measure|%' GROUP BY item.value "
        + " ".join(
            f"UNION ALL SELECT item.key, 0, SUM(CAST(item.value AS bigint)) FROM {table} AS t "  # noqa: S608
            f"CROSS JOIN {dialect.pairs('t.doc', 'measured')} WHERE t.tenant = :tenant AND t.doc LIKE '%\"measured\"%' GROUP BY item.key"
            for table in ("orders", "activities", "members")
        )
    )


def _standings(dialect: Dialect) -> str:
    """As long as a contest is open, an advocate's standing is his counter, and what he entered for nothing."""
    free = f"COALESCE(CAST({dialect.member('s.doc', 'free')} AS bigint), 0)"
    label = f"{dialect.member('t.doc', 'measure')} || '@' || t.contest"
    return (
        "SELECT 'standings ' || id AS row, stored, expected FROM ("  # noqa: S608
        f"SELECT s.id, s.score AS stored, COALESCE(c.value, 0) + {free} AS expected FROM standings AS s "
        "JOIN contests AS t ON t.tenant = s.tenant AND t.id = s.board AND t.status = 'open' "
        f"JOIN counters AS c ON c.tenant = s.tenant AND c.key = 'measure|' || t.program || '|' || {label} || '|' || s.entrant "
        "WHERE s.tenant = :tenant) AS boards WHERE stored <> expected ORDER BY id"
    )


def _check_rows(connection: Connection, tenant: str, mapper: Mapper) -> Iterator[Finding]:
    """Every row can be read, and its derived columns say what the row says."""
    columns = [column.name for column in columns_of(mapper.table)]
    derived = [place for place, column in enumerate(columns_of(mapper.table)) if column.info.get("derived")]
    read = [columns.index(name) for name in mapper.columns]
    listed = ", ".join(f"t.{name}" for name in columns)
    statement = f"SELECT {listed} FROM {mapper.table.name} AS t WHERE t.tenant = :tenant"  # noqa: S608
    for values in _stream(connection, tenant, statement):
        where = f"{mapper.table.name} {values[columns.index(mapper.key)]}"
        try:
            key, row = mapper.unpack([values[place] for place in read])
        except (DecodeError, ValidationError) as error:
            yield Finding("rows_can_be_read", where, str(error))
            continue
        packed = mapper.pack(key, row)
        for place in derived:
            if packed[place] != values[place]:
                message = f"{columns[place]} is {values[place]!r} and should be {packed[place]!r}"
                yield Finding("derived_columns_agree", where, message)
        for problem in _ROW_CHECKS.get(mapper.table.name, _no_problems)(row):
            yield Finding("rows_agree_with_themselves", where, problem)


def _no_problems(_: Any) -> Iterator[str]:
    yield from ()


def _referral_problems(row: Referral) -> Iterator[str]:
    if row.advocate == row.friend:
        yield "advocate and friend are the same participant"
    if row.status in ("converted", "ended") and row.converted_ms is None:
        yield f"it is {row.status} and has no time of conversion"
    if row.until_ms < row.claimed_ms:
        yield "its window ends before it begins"


def _reward_problems(row: Reward) -> Iterator[str]:
    # What an expired reward still holds has paid a debt of its owner.
    if row.remaining and row.status not in ("issued", "expired"):
        yield f"it is {row.status} and {row.remaining} remains to be used"
    if row.unfunded and (row.status != "pending" or row.reserved or not row.budget):
        yield f"it is {row.status} and said to wait for a budget"
    if row.status in ("issued", "redeemed", "expired") and row.code_hash is None:
        yield f"it is {row.status} and has no code"
    if row.watched and not row.live:
        yield f"it is {row.status} and said to be kept"
    for name in ("amount", "remaining", "used", "owed", "discount", "reserved", "spent", "unfunded"):
        if getattr(row, name) < 0:
            yield f"{name} is below zero"


_ROW_CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    "referrals": _referral_problems,
    "rewards": _reward_problems,
}


def _check_rewards(connection: Connection, tenant: str) -> Iterator[Finding]:
    """What the ledger holds for each reward is what the reward says."""
    mapper = MAPPERS["rewards"]
    for *values, pending, approved, balance, reserved in _stream(connection, tenant, _REWARD_POSTINGS):
        try:
            _, row = mapper.unpack(values)
        except (DecodeError, ValidationError):
            continue  # reported by `_check_rows`
        ledger = {"pending": pending, "approved": approved, "balance": balance, "reserved": reserved}
        for name, expected in _expected(row).items():
            if ledger[name] != expected:
                message = f"{name} holds {ledger[name]} for it and should hold {expected}"
                yield Finding("rewards_agree_with_the_ledger", f"rewards {row.id}", message)


def _expected(row: Reward) -> dict[str, int]:
    """What stands in the accounts for a reward. A failed one stays approved: it can be tried again."""
    return {
        "pending": row.amount if row.status == "pending" else 0,
        "approved": row.amount if row.status in ("approved", "failed") else 0,
        "balance": row.remaining - row.owed,
        "reserved": row.reserved,
    }


def _sum_of(pattern: str) -> str:
    return f"COALESCE(CAST(SUM(CASE WHEN e.account LIKE '{pattern}' THEN e.amount END) AS bigint), 0)"


_RESERVED = r"budget:%\:reserved"  # escaped: it is not the name of a parameter
_LISTED = ", ".join(f"w.{name}" for name in MAPPERS["rewards"].columns)
_REWARD_POSTINGS = (
    f"SELECT {_LISTED}, COALESCE(s.pending, 0), COALESCE(s.approved, 0), COALESCE(s.balance, 0), "  # noqa: S608
    "COALESCE(s.reserved, 0) FROM rewards AS w LEFT JOIN ("
    f"SELECT e.reward, {_sum_of('pending:%')} AS pending, {_sum_of('approved:%')} AS approved, "
    f"{_sum_of('balance:%')} AS balance, {_sum_of(_RESERVED)} AS reserved "
    "FROM entries AS e WHERE e.tenant = :tenant AND e.reward IS NOT NULL GROUP BY e.reward"
    ") AS s ON s.reward = w.id WHERE w.tenant = :tenant ORDER BY w.id"
)
