"""The audit is silent about sound data, and names the row that was tampered with."""

from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from goodword.engine.state import (
    ContestRow,
    DueRow,
    Entry,
    GroupRow,
    MemberRow,
    OrderRow,
    Participant,
    PayoutRow,
    PoolCode,
    ProgramRow,
    Standing,
)
from goodword.program.duration import DAY_MS
from goodword.storage import tables
from goodword.storage.audit import Finding, audit, checks
from goodword.storage.database import Database
from goodword.storage.hits import CountKey, forget_hits, store_hits
from goodword.storage.store import store_program
from tests.storage.making import REFERRAL, REWARD, TENANT, keep, outbox

HELD = replace(
    REWARD, status="approved", reason="waiting_for_condition", cap_keys=("cap|x|n", "cap|x|a"),
    budget="budget:dropbox:main", budget_unit="USD", reserved=70, watched=("ann",), used=20, paid={"w1": 20},
    pool="films", own_code="sealed:1", code_hash="hash1",
)  # fmt: skip
FUNDING = "budget:dropbox:main"
ENTRIES = [
    Entry(f"{FUNDING}:funding", "USD", -100),
    Entry(f"{FUNDING}:free", "USD", 100),
    Entry("cost:dropbox", "MB", -500, "w1"),
    Entry("pending:dropbox", "MB", 500, "w1"),
    Entry("pending:dropbox", "MB", -500, "w1"),
    Entry("approved:dropbox", "MB", 500, "w1"),
    Entry(f"{FUNDING}:free", "USD", -70, "w1"),
    Entry(f"{FUNDING}:reserved", "USD", 70, "w1"),
    Entry("balance:ann:dropbox", "USD", -40, None),
    Entry("payout:dropbox", "USD", 40, None),
    Entry("payout:dropbox", "USD", -25, None),
    Entry("paid:dropbox", "USD", 25, None),
]
BALANCES = {
    f"{FUNDING}:funding|USD": -100,
    f"{FUNDING}:free|USD": 30,
    f"{FUNDING}:reserved|USD": 70,
    "cost:dropbox|MB": -500,
    "pending:dropbox|MB": 0,
    "approved:dropbox|MB": 500,
    "balance:ann:dropbox|USD": -40,
    "payout:dropbox|USD": 15,
    "paid:dropbox|USD": 25,
}


@pytest.fixture
def sound(database: Database) -> Database:
    """A tenant with one referral and one reward, held in the budget."""
    with database.write(TENANT) as connection:
        words = {"digest": "d", "program_text": "goodword: 1"}
        for version in (2, 3):
            store_program(connection, TENANT, "dropbox", version, published_ms=1, **words)
    dirty: dict[str, dict[str, Any]] = {
        "participants": {
            "ann": Participant("ann", 1, waiting=1, keeping=1, number=1),
            "bob": Participant("bob", 2, number=2),
            "carl": Participant("carl", 3, number=3, erased_ms=9),
        },
        "referrals": {"r1": replace(REFERRAL, measured=("friends", "friends@race"), again={"space": 2, "over": 0})},
        "programs": {"dropbox": ProgramRow("dropbox", 2, latest=3, planned=3, planned_ms=70, ends_ms=80)},
        "dues": {
            "again:r1|space": DueRow("again:r1|space", 99, "again", "r1|space"),
            "publish:dropbox": DueRow("publish:dropbox", 70, "publish", "dropbox"),
            "end:dropbox": DueRow("end:dropbox", 80, "end", "dropbox"),
            "forget:carl": DueRow("forget:carl", 99, "forget", "carl"),
        },
        "identities": {"id:h": "carl"},
        "rewards": {"w1": HELD},
        "watches": {"ann>w1": "w1"},
        "orders": {"o1": OrderRow("o1", "bob", 5, state="placed")},
        "contests": {"dropbox|race": ContestRow("dropbox|race", "dropbox", "race", 2, "friends", 1, None)},
        "standings": {"dropbox|race|ann": Standing("dropbox|race|ann", "dropbox|race", "ann", 2, 5, 1)},
        "payouts": {
            "p1": PayoutRow("p1", "dropbox", "ann", "USD", 25, "2026-01", 1, "e1", "paid", 2),
            "p2": PayoutRow("p2", "dropbox", "ann", "USD", 15, "2026-02", 3, "e2"),
            "p3": PayoutRow("p3", "dropbox", "ann", "USD", 99, "2026-03", 4, "e3", "failed"),
        },
        "groups": {"g1": GroupRow("g1", "dropbox", "plan", "ann", 1, members=1, numbers=1)},
        "members": {"g1|bob": MemberRow("g1|bob", "g1", "bob", 1, 2, measured={"measure|dropbox|size|g1": 1})},
        "counters": {
            "cap|x|n": 1,
            "cap|x|a": 500,
            "cap|old|n": 0,
            "measure|dropbox|friends|ann": 1,
            "measure|dropbox|friends@race|ann": 1,
            "measure|dropbox|size|g1": 1,
            "member|dropbox|bob": 1,
            "home|dropbox|flat": 1,
            "lives|dropbox|flat|pt_0123456789abcdef": 1,
            "lives|dropbox|old flat|pt_0123456789abcdef": 0,
            "people": 3,
            "visits|ANN|4": 2,
            "codes|films": 2,
        },
        "pool_codes": {
            "hash1": PoolCode("hash1", "films", 1, "sealed:1", "w1"),
            "hash2": PoolCode("hash2", "films", 2, "sealed:2"),
        },
        "balances": BALANCES,
    }
    keep(database, dirty, records=2, entries=ENTRIES, outbox=outbox("reward.granted"), references=("r1", "w1"))
    with database.write_aside() as connection:
        cost = {"tenant": TENANT, "id": "co_1", "program": "dropbox", "kind": "software", "note": "", "created_ms": 1}
        days = {"first_day": "2026-01-01", "last_day": "2026-01-31"}
        connection.execute(sa.insert(tables.costs), cost | days | {"amount": 100, "currency": "USD"})
        counts = {CountKey("dropbox", code, 0, "person"): 2 for code in ("ANN", "")}
        counts |= {CountKey("dropbox", code, 0, "bot"): 1 for code in ("ANN", "")} | {CountKey("", "", 0, "unknown"): 9}
        hits = [("s", place, "ANN", "dropbox", place, None, None, None) for place in (1, 2)]
        store_hits(connection, TENANT, hits, counts)
        old = {CountKey("dropbox", code, 9, "person"): 3 for code in ("ANN", "")}
        hits = [("t", place, "ANN", "dropbox", 9 * DAY_MS, None, None, None) for place in (1, 2, 3)]
        store_hits(connection, TENANT, hits, old)
        forget_hits(connection, TENANT, "t", 10 * DAY_MS, 2)
    return database


def findings(database: Database) -> list[Finding]:
    with database.read() as connection:
        return list(audit(connection, TENANT))


def test_sound_data_has_no_findings(sound: Database) -> None:
    assert findings(sound) == []


def test_an_empty_tenant_has_no_findings(database: Database) -> None:
    assert findings(database) == []


TAMPERED = {
    "nothing_is_known_of_the_erased": [
        ("""UPDATE participants SET doc = '{"fields":{"a":1},"erased_ms":9}' WHERE id = 'carl'""", "participants carl"),
        (
            """UPDATE participants SET doc = '{"signals":{"device":["h"]},"erased_ms":9}' WHERE id = 'carl'""",
            "participants carl",
        ),
        ("UPDATE participants SET country = 'RO' WHERE id = 'carl'", "participants carl"),
        ("INSERT INTO people (tenant, participant, doc) VALUES ('acme', 'carl', '{}')", "participants carl"),
        (
            "UPDATE rewards SET participant = 'carl', answered = 1 "
            "WHERE id = (SELECT min(id) FROM rewards WHERE tenant = 'acme')",
            "participants carl",
        ),
    ],
    "the_erased_are_forgotten_in_time": [
        ("DELETE FROM dues WHERE kind = 'forget'", "participants carl"),
    ],
    "visits_are_paid_once": [
        ("""UPDATE rewards SET subject = 'visits|ANN|5', doc = '{"key":"3"}' """, "rewards w1"),
        ("""UPDATE rewards SET subject = 'visits|ANN|4', doc = '{"key":"3"}' """, "rewards w1"),
    ],
    "seqs_have_no_gap": [
        ("UPDATE events SET seq = 9 WHERE seq = 1", "events 2"),
    ],
    "the_tenant_stands_at_its_last_event": [
        ("UPDATE tenants SET seq = 5", "tenants acme"),
    ],
    "every_event_has_its_answer": [
        ("UPDATE events SET answer = '' WHERE seq = 1", "events 1"),
        ("UPDATE events SET id = 'x' WHERE seq = 2", "events 2"),
    ],
    "postings_sum_to_zero": [
        ("UPDATE entries SET amount = 501 WHERE line = 3", "entries 2"),
    ],
    "entries_belong_to_an_event": [
        ("UPDATE entries SET seq = 7 WHERE line < 2", "entries 7"),
    ],
    "balances_are_the_sum_of_entries": [
        ("UPDATE balances SET amount = 1 WHERE account = 'pending:dropbox'", "balances pending:dropbox|MB"),
        ("DELETE FROM balances WHERE account LIKE 'cost%'", "balances cost:dropbox|MB"),
    ],
    "budgets_stay_above_zero": [
        ("UPDATE balances SET amount = -1 WHERE amount = 30", "balances budget:dropbox:main:free|USD"),
        ("UPDATE balances SET amount = -1 WHERE amount = 70", "balances budget:dropbox:main:reserved|USD"),
    ],
    "payouts_agree_with_the_ledger": [
        ("UPDATE payouts SET status = 'paid' WHERE id = 'p2'", "balances paid:dropbox|USD"),
        ("DELETE FROM payouts WHERE id = 'p2'", "balances payout:dropbox|USD"),
    ],
    "partners_are_paid_what_was_collected": [
        ("UPDATE payouts SET participant = 'bob' WHERE id = 'p1'", "balances balance:bob:dropbox|USD"),
        ("UPDATE payouts SET status = 'due' WHERE id = 'p3'", "balances balance:ann:dropbox|USD"),
    ],
    "caps_count_live_rewards": [
        ("UPDATE counters SET value = 2 WHERE key = 'cap|x|n'", "counters cap|x|n"),
        ("DELETE FROM counters WHERE key = 'cap|x|a'", "counters cap|x|a"),
        ("UPDATE counters SET value = 1 WHERE key = 'cap|old|n'", "counters cap|old|n"),
    ],
    "measures_count_what_they_count": [
        ("UPDATE counters SET value = 0 WHERE key LIKE 'measure%'", "counters measure|dropbox|friends|ann"),
        ("UPDATE counters SET value = 2 WHERE key LIKE 'measure%g1'", "counters measure|dropbox|size|g1"),
    ],
    "standings_are_what_is_counted": [
        ("UPDATE standings SET score = 1", "standings dropbox|race|ann"),
        ("UPDATE standings SET doc = '{}'", "standings dropbox|race|ann"),
    ],
    "participants_count_waiting_rewards": [
        ("""UPDATE participants SET doc = '{"waiting":3}' WHERE id = 'bob'""", "participants bob"),
    ],
    "queues_count_what_waits": [
        ("UPDATE rewards SET queue = 'budget:dropbox:main'", "counters queue|budget:dropbox:main"),
        ("UPDATE rewards SET queue = 'codes:films'", "counters queue|codes:films"),
    ],
    "participants_count_rewards_that_watch_them": [
        ("""UPDATE participants SET doc = '{"waiting":1,"keeping":2}' WHERE id = 'ann'""", "participants ann"),
        ("DELETE FROM watches", "participants ann"),
    ],
    "watches_are_those_of_rewards": [
        ("UPDATE watches SET key = 'bob>w1'", "watches bob>w1"),
        ("DELETE FROM watches", "watches ann>w1"),
    ],
    "what_comes_again_has_its_date": [
        ("DELETE FROM dues", "dues again:r1|space"),
        ("UPDATE dues SET id = 'again:r1|over' WHERE kind = 'again'", "dues again:r1|over"),
    ],
    "programs_name_stored_versions": [
        ("UPDATE programs SET version = 9", "programs dropbox"),
        ("DELETE FROM program_versions WHERE version = 3", "programs dropbox"),
    ],
    "what_is_planned_has_its_date": [
        ("DELETE FROM dues WHERE kind = 'publish'", "dues publish:dropbox"),
        ("UPDATE programs SET doc = '{}'", "dues end:dropbox"),
    ],
    "points_are_spent_once": [
        ("""UPDATE rewards SET doc = '{"paid":{"w1":21}}' """, "rewards w1"),
    ],
    "pools_count_their_codes": [
        ("UPDATE counters SET value = 3 WHERE key = 'codes|films'", "counters codes|films"),
        ("DELETE FROM pool_codes WHERE hash = 'hash2'", "counters codes|films"),
    ],
    "codes_belong_to_their_rewards": [
        ("UPDATE pool_codes SET reward = NULL", "pool_codes hash1 of w1"),
        ("UPDATE pool_codes SET reward = 'w9' WHERE hash = 'hash2'", "pool_codes hash2 of w9"),
        ("UPDATE rewards SET code_hash = 'hash2'", "pool_codes hash2 of w1"),
    ],
    "people_are_counted": [
        ("UPDATE counters SET value = 4 WHERE key = 'people'", "counters people"),
    ],
    "households_count_who_is_there": [
        ("UPDATE counters SET value = 2 WHERE key LIKE 'home%'", "counters home|dropbox|flat"),
        ("UPDATE counters SET value = 2 WHERE key LIKE 'lives|dropbox|old%'", "counters home|dropbox|old flat"),
    ],
    "participants_are_numbered": [
        ("UPDATE participants SET number = 1, page = 'everyone|0'", "participants ann"),
    ],
    "people_count_their_groups": [
        ("DELETE FROM counters WHERE key LIKE 'member%'", "counters member|dropbox|bob"),
    ],
    "groups_count_their_members": [
        ("UPDATE groups SET members = 2", "groups g1"),
        ("UPDATE members SET left_ms = 9", "groups g1"),
    ],
    "members_belong_to_a_group": [
        ("DELETE FROM groups", "members g1|bob"),
        ("UPDATE groups SET owner = 'bob'", "members g1|bob"),
    ],
    "members_are_numbered": [
        ("UPDATE members SET number = 2", "groups g1"),
    ],
    "entries_name_rewards_that_exist": [
        ("UPDATE entries SET reward = 'gone' WHERE line = 2", "entries 2 line 2"),
    ],
    "referrals_join_two_people": [
        ("DELETE FROM participants WHERE id = 'bob'", "referrals r1"),
    ],
    "referrals_name_a_published_version": [
        ("DELETE FROM program_versions", "referrals r1"),
    ],
    "rewards_come_from_a_referral": [
        ("DELETE FROM referrals", "rewards w1"),
    ],
    "hits_are_counted": [
        ("DELETE FROM hits WHERE place = 1", "hit_counts dropbox ANN day 0"),
        ("UPDATE hit_counts SET count = 0 WHERE code = 'ANN' AND day = 9", "hit_counts dropbox ANN day 9"),
        ("UPDATE hits SET code = 'BOB' WHERE place = 1", "hit_counts dropbox BOB day 0"),
    ],
    "forgotten_hits_are_counted": [
        ("DELETE FROM hits WHERE place = 3", "hit_counts day 9"),
        ("UPDATE hit_counts SET count = 1 WHERE kind = 'forgotten'", "hit_counts day 9"),
    ],
    "programs_count_what_their_codes_count": [
        ("UPDATE hit_counts SET count = 3 WHERE code = '' AND kind = 'person'", "hit_counts dropbox day 0 person"),
        ("DELETE FROM hit_counts WHERE code = 'ANN' AND kind = 'bot'", "hit_counts dropbox day 0 bot"),
    ],
    "costs_can_be_shared": [
        ("UPDATE costs SET amount = 0", "costs co_1"),
        ("UPDATE costs SET last_day = '2025-12-31'", "costs co_1"),
        ("UPDATE costs SET first_day = '2026'", "costs co_1"),
    ],
    "costs_name_a_program": [
        ("UPDATE costs SET program = 'gone'", "costs co_1"),
    ],
    "rows_can_be_read": [
        ("UPDATE referrals SET status = 'lost'", "referrals r1"),
        ("UPDATE orders SET doc = '{'", "orders o1"),
    ],
    "derived_columns_agree": [
        ("UPDATE orders SET counted = 0", "orders o1"),
        ("UPDATE referrals SET live_key = NULL", "referrals r1"),
        ("UPDATE rewards SET live_key = 'x'", "rewards w1"),
        ("UPDATE rewards SET waiting = 0", "rewards w1"),
        ("UPDATE members SET page = 'g1|1'", "members g1|bob"),
        ("UPDATE participants SET page = 'x'", "participants bob"),
    ],
    "rows_agree_with_themselves": [
        ("UPDATE referrals SET status = 'converted'", "referrals r1"),
        ("UPDATE rewards SET remaining = 5", "rewards w1"),
        ("UPDATE rewards SET status = 'issued', code_hash = NULL", "rewards w1"),
    ],
    "rewards_agree_with_the_ledger": [
        ("UPDATE rewards SET amount = 499", "rewards w1"),
        ("UPDATE rewards SET status = 'cancelled'", "rewards w1"),
        ("UPDATE entries SET account = 'budget:dropbox:main:spent' WHERE line = 7", "rewards w1"),
    ],
}
"""By check: what somebody does to the database behind our back, and the row that is named."""
CASES = [(statement, check, row) for check, cases in TAMPERED.items() for statement, row in cases]


@pytest.mark.parametrize(("statement", "check", "row"), CASES, ids=[case[0][:50] for case in CASES])
def test_the_row_that_breaks_an_invariant_is_named(sound: Database, statement: str, check: str, row: str) -> None:
    with sound.write(TENANT) as connection:
        connection.execute(sa.text(statement.replace(":", "\\:")))
    assert (check, row) in {(finding.check, finding.row) for finding in findings(sound)}


def test_every_check_has_a_case(database: Database) -> None:
    """A check that nothing can trip proves nothing."""
    with database.read() as connection:
        assert sorted(checks(connection)) == sorted(TAMPERED)
