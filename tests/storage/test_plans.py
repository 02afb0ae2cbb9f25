"""Every load finds its rows by index, before the database has any statistics: it stays flat as a tenant grows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import COLLECTIONS, State
from goodword.metrics.costs import Cost
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.rehearsal.history import StoredHistory
from goodword.storage import (
    boards,
    costs,
    counter_log,
    deliveries,
    endpoints,
    facts,
    hits,
    imports,
    letters,
    payouts,
    pools,
    reads,
    sales,
    sessions,
    sign_ins,
    staff,
    surveys,
    tables,
    token_keys,
)
from goodword.storage.database import Database
from goodword.storage.deliveries import Attempt, Delivery
from goodword.storage.endpoints import Endpoint
from goodword.storage.flows import flows, nets
from goodword.storage.keys import find_key
from goodword.storage.load import load, tenants_due
from goodword.storage.programs import stored_terms
from goodword.storage.store import park
from tests.storage.making import REFERRAL, REWARD, STANDING, TENANT, keep


def many_rows() -> dict[str, dict[str, Any]]:
    """Enough rows for an index to be worth while; each is its own, apart from the tenant."""
    many: dict[str, dict[str, Any]] = {}
    for number in range(2000):
        own = {"id": f"k{number}", "friend": f"k{number}", "subject": f"k{number}", "code_hash": f"k{number}"}
        for collection, row in (("referrals", REFERRAL), ("rewards", REWARD)):
            changes = {name: value for name, value in own.items() if hasattr(row, name)}
            many.setdefault(collection, {})[own["id"]] = replace(row, **changes)
    return many


@pytest.mark.parametrize("collection", COLLECTIONS, ids=repr)
def test_a_load_looks_each_key_up_in_an_index(database: Database, collection: Any) -> None:
    plans: list[str] = []

    def explain(connection: sa.Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if "tenant = " in statement and not statement.startswith("EXPLAIN"):
            words = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
            rows: Sequence[Any] = connection.exec_driver_sql(f"{words} {statement}", parameters).all()
            plans.extend(row[-1].strip() for row in rows)

    keep(database, many_rows())
    with database.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", explain)
        load(connection, TENANT, State(), {collection.name: {f"k{number}|x" for number in range(256)}})
    lookups = [line for line in plans if line.startswith(("SEARCH", "Index Cond")) and "rowid" not in line]
    assert lookups
    assert [line for line in lookups if " AND " not in line] == [], "an index is used for more than the tenant"
    assert [line for line in plans if line.startswith("SCAN ") and line.split()[1] not in ("k", "chain")] == []
    assert [line for line in plans if "Seq Scan" in line] == []


RECIPE = Path(__file__).resolve().parents[2] / "programs" / "bombas" / "program.yaml"
GAMES = """
measures: {friends: {count: referrals, step: first_order, period: month}}
tiers: {measure: friends, levels: {regular: 1}}
contests:
  lottery: {measure: friends, first_day: 2026-03-01, last_day: 2026-03-20, by: draw, free_entry: true}
  race: {measure: friends, first_day: 2026-03-01, last_day: 2026-03-20, ties: all}
"""
"""What boards and ladders are kept for."""
PROGRAMS = Path(__file__).resolve().parents[2] / "programs"
RECIPES = [PROGRAMS / name / "program.yaml" for name in ("spotify", "anniversary", "kickstarter")]
KEYRING = Keyring(b"a key for tests of 32 bytes long")
START = datetime(2026, 3, 1, tzinfo=UTC)
LATER_MS = 2_000_000_000_000


def story() -> list[Sealed]:
    """What makes a batch look at everything, and write every table: a friend comes, buys, uses his coupon, gives back."""
    ann, bob = {"id": "ann"}, {"id": "bob", "network": "n", "device": "d"}
    code, coupon = KEYRING.handle("e1", 0), KEYRING.reward_code("nothing")
    bodies: list[dict[str, Any]] = [
        {"type": "order", "order": "o1", "person": ann, "total": 9000, "currency": "USD"},
        {"type": "join", "person": ann, "program": "bombas"},
        {"type": "claim", "code": code},
        {"type": "claim", "code": code, "person": bob},
        {
            "type": "order",
            "order": "o2",
            "person": bob,
            "total": 9000,
            "currency": "USD",
            "redeems": [{"code": coupon}],
        },
        {"type": "refund", "order": "o2", "amount": 500},
        {"type": "activity", "name": "review", "person": bob},
        {"type": "moderation", "submission": "e6", "verdict": "approve"},
        {"type": "enter", "program": "bombas", "contest": "lottery", "person": bob},
        {"type": "group", "program": "spotify", "group": "plan", "action": "create", "person": ann},
        {"type": "group", "program": "spotify", "group": "plan", "action": "join", "person": bob},
        {"type": "payout", "payout": "nothing", "action": "pay"},
        {"type": "objection", "program": "bombas", "person": bob, "why": "why?"},
        {"type": "ask", "program": "bombas", "place": "order_done", "person": bob},
        {"type": "survey", "program": "bombas", "side": "friend", "recommend": 9, "person": bob},
        {"type": "erase", "person": bob},
        {"type": "codes", "pool": "making-of", "codes": ["FILM-1", "FILM-2"]},
        {"type": "time_passed"},
    ]
    days = [0, 0, 1, 1, 2, 3, 4, 5, 6, 6, 7, 8, 8, 8, 8, 8, 8, 500]
    for number, (body, day) in enumerate(zip(bodies, days, strict=True)):
        body |= {"id": f"e{number}", "occurred_at": (START + timedelta(days=day)).isoformat()}
    return [seal(decode_event(msgspec.json.encode(body)), KEYRING, LATER_MS, history=True) for body in bodies]


def test_no_statement_on_the_way_of_an_event_reads_a_whole_table(database: Database) -> None:
    """Every statement of a batch, of the scheduler, of the outbox and of looking up a key."""
    plans: dict[str, list[str]] = {}

    def explain(connection: sa.Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")) and statement not in plans:
            plans[statement] = []
            words = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
            one = parameters[0] if isinstance(parameters, list) else parameters
            rows = connection.exec_driver_sql(f"{words} {statement}", one).all()
            plans[statement] = [row[-1].strip() for row in rows]

    keep(database, many_rows())
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, RECIPE.read_text() + GAMES, 0)
    for recipe in RECIPES:
        tenants.publish(TENANT, recipe.read_text(), 0)
    sa.event.listen(database.engine, "before_cursor_execute", explain)
    for one in story():
        assert not tenants.decide_all(TENANT, [one]).parked
    tenants = Tenants(database, KEYRING)  # one that has to read the programs anew
    tenants.decide(TENANT, story()[:1])
    with database.write(TENANT) as connection:
        tenants_due(connection, LATER_MS)
        find_key(connection, "gw_unknown")
        park(connection, TENANT, story()[0], "ValueError")
        deliver(connection)
        store_clicks(connection)
        load(connection, TENANT, State(), {"kept_of": {"ann>w1"}})
        reads.statement(connection, TENANT, "ann", "USD", cursor="9-9-9")
        imports.unfinished_imports(connection, TENANT)
        copy_facts(connection)
        read_payouts(connection)
        surveys.surveys(connection, TENANT, program="bombas", cursor="9-s")
        surveys.surveys(connection, TENANT, participant="ann")
        surveys.surveys(connection, TENANT, program="bombas", participant="ann")
        for shared in (False, True):
            boards.ahead_of(connection, TENANT, STANDING, shared=shared)
        list(surveys.tally(connection, TENANT, "bombas", 0, 9))
        reads.asks(connection, TENANT, "bombas", date(2026, 1, 1), date(2026, 2, 1))
        for filters in ({}, {"status": "open"}, {"participant": "ann"}, {"program": "bombas"}):
            reads.objections(connection, TENANT, **filters)
        sign_people_in(connection)
        sign_customers_in(connection)
        pools.pool_counts(connection, TENANT, "making-of")
        stored_terms(connection, TENANT, "bombas", 1, "ar")
        flows(connection, TENANT, "bombas", 1, 9)
        list(nets(connection, TENANT, "bombas", 1, 9))
        work_at_the_counter(connection)
        enter_costs(connection)
    list(StoredHistory(database, TENANT, LATER_MS))
    told = " ".join(plans)
    assert [name for name in tables.metadata.tables if name not in told] == []
    # There are few endpoints: a limit says so.
    assert {
        line for lines in plans.values() for line in lines if "Seq Scan" in line and "endpoints" not in line
    } == set()
    scans = {line for lines in plans.values() for line in lines if line.startswith("SCAN ")}
    assert {
        line for line in scans if line.split()[1] not in ("k", "chain", "counted", "json_each", "latest", "tenants")
    } == set()


def copy_facts(connection: sa.Connection) -> None:
    """A copy into a warehouse: the first, and what came since."""
    state = facts.CopyState(1, "m1", 1, 1)
    assert facts.move_copy(connection, TENANT, "w", None, state)
    assert facts.move_copy(connection, TENANT, "w", state, facts.CopyState(2, "m2", 2, 2))
    assert facts.copy_state(connection, TENANT, "w") == facts.CopyState(2, "m2", 2, 2)
    for name, keys in facts.touched_between(connection, TENANT, 1, 9).items():
        facts.rows_of(connection, TENANT, name, keys)
    for name in facts.COPIED:
        facts.rows_after(connection, TENANT, name, "a", 10)
    facts.events_between(connection, TENANT, 1, 9)
    facts.entries_between(connection, TENANT, 1, 9)
    list(facts.clicks_between(connection, TENANT, {}, {"s": 9}, 10))
    facts.all_clicks(connection, TENANT, ("", 0), 10)
    facts.spool_places(connection, TENANT)
    facts.click_counts(connection, TENANT)
    facts.program_texts(connection, TENANT)


def enter_costs(connection: sa.Connection) -> None:
    """Costs that are entered, listed, read for figures and removed, and the days on which programs were in force."""
    january = (date(2026, 1, 1), date(2026, 1, 31))
    many = [
        Cost(f"c{number}", "bombas" if number % 2 else None, "other", *january, number + 1, "USD", "", number)
        for number in range(2000)
    ]
    costs.add_costs(connection, TENANT, many)
    for program in (None, "bombas"):
        costs.costs(connection, TENANT, program=program, cursor="9-c")
        costs.costs(connection, TENANT, program=program)
        costs.costs_between(connection, TENANT, *january, program)
    costs.in_force(connection, TENANT)
    assert costs.remove_cost(connection, TENANT, "c9")


def work_at_the_counter(connection: sa.Connection) -> None:
    """Somebody of the staff signs in and confirms something, after many others did."""
    rows: list[dict[str, Any]] = [
        {"tenant": TENANT, "id": f"c{n}", "staff": f"st_{n}", "kind": "new", "at_ms": n, "received_ms": n, "offline": 0}
        | {"outcome": "accepted", "reason": "", "doc": "{}"}
        for n in range(2000)
    ]
    connection.execute(sa.insert(tables.counter_log), rows)
    tries = [{"tenant": TENANT, "under": f"u{n}", "tries": 1, "since_ms": LATER_MS} for n in range(2000)]
    connection.execute(sa.insert(tables.staff_tries), tries)
    member, _ = staff.add_member(connection, TENANT, "Maria", 1)
    staff.take_try(connection, TENANT, "maria", LATER_MS)
    staff.take_try(connection, TENANT, "maria", LATER_MS)
    staff.forget_tries(connection, TENANT, member)
    staff.list_members(connection, TENANT)
    entry = counter_log.Entry("new", member.id, "new", 9, 9, False)
    counter_log.begin_entry(connection, TENANT, entry, member.limits)
    counter_log.finish_entry(connection, TENANT, entry)
    counter_log.entries_of(connection, TENANT, member.id, 0)
    counter_log.all_entries(connection, TENANT)
    staff.renew_pin(connection, TENANT, member.id)
    staff.disable_member(connection, TENANT, member.id, 9)


def read_payouts(connection: sa.Connection) -> None:
    """What the accountant and the partner ask for."""
    payouts.payouts(connection, TENANT, "bombas", cursor="9-p")
    payouts.payouts(connection, TENANT, "bombas", status="due")
    statement = payouts.partner_statement(connection, TENANT, load_program(RECIPE.read_text()), "ann", "2026-03")
    list(payouts.statement_lines(connection, TENANT, statement, 10))
    sales.sales_by_code(connection, TENANT, "bombas", "ann", "USD", 9)
    hits.persons(connection, TENANT, "bombas", ["ANN", "BOB"], since_day=1, until_day=2)


def sign_people_in(connection: sa.Connection) -> None:
    """Links that are asked for, mailed and used, sessions that are looked up, listed, ended and forgotten."""
    made = sign_ins.ask(connection, TENANT, "hash", "ann", "en", 1)
    assert made is not None
    letter, *_ = letters.take_letters(connection, TENANT, 9, 99, 10)
    assert not letters.letters_due(connection, TENANT, 9)
    letters.put_off(connection, TENANT, letter.id, 9)
    letters.letter_done(connection, TENANT, letter.id)
    assert sign_ins.find_sign_in(connection, TENANT, made.id)
    assert sign_ins.count_try(connection, TENANT, made.id, 9)
    for _ in range(5):
        assert sign_ins.ask(connection, TENANT, "hash", "ann", "en", 1)
    used = sign_ins.use(connection, TENANT, made.id, 9)
    assert used is not None
    assert used.participant == "ann"
    reads.friends_brought(connection, TENANT, "ann", "bombas")
    sign_ins.forget_sign_ins(connection, TENANT, 9)
    secret = sessions.open_session(connection, TENANT, "participant", "ann", 1, confirmed=True, agent="x")
    session = sessions.find_session(connection, TENANT, secret, 9)
    assert session is not None
    sessions.keep_session(connection, TENANT, session, 9)
    sessions.forget_sessions(connection, TENANT, 9)
    assert sessions.end_sessions(connection, TENANT, "participant", "ann") == 1


def sign_customers_in(connection: sa.Connection) -> None:
    """Keys of the shop that are made, asked for, listed and revoked."""
    key = token_keys.create_token_key(connection, TENANT, 1)
    assert token_keys.is_live(connection, TENANT, key.kid)
    assert token_keys.revoke_token_key(connection, TENANT, key.kid, 2)
    assert token_keys.list_token_keys(connection, TENANT)


def deliver(connection: sa.Connection) -> None:
    """Everything on the way from the outbox to an endpoint."""
    endpoint = Endpoint("ep_1", "webhook", "https://x.example/", ("*",), False, "active", None, "en", 1, None, 0, 1)
    endpoints.create_endpoint(connection, TENANT, endpoint)
    page = reads.undelivered(connection, TENANT, limit=10)
    made = [
        Delivery(f"dl_{number}", endpoint.id, number, 1, "referral.started", "r1", 5, "waiting", 0, 0, 5, 5, 5)
        for number in range(2000)
    ]
    deliveries.hand_out(connection, TENANT, page[-1].id, made)
    assert reads.newest_undelivered(connection, TENANT) != page[-1].id
    assert deliveries.something_due(connection, TENANT, 9)
    (taken,) = deliveries.lease(connection, TENANT, "worker", 9, 99, 10, 5)
    for one in (taken, replace(taken, ordered=True)):
        assert deliveries.due(connection, TENANT, one, 9, 10)
    deliveries.record(connection, TENANT, made[:1], [Attempt("dl_0", 1, 9, 200, None, 3)])
    deliveries.release(connection, TENANT, endpoint.id, "worker", 9)
    for filters in ({"endpoint": endpoint.id}, {"status": "failed"}, {"endpoint": endpoint.id, "status": "failed"}, {}):
        deliveries.log_page(connection, TENANT, **filters)
    deliveries.forget_deliveries(connection, TENANT, 1, 10)
    deliveries.attempts_of(connection, TENANT, "dl_0")


def store_clicks(connection: sa.Connection) -> None:
    """Everything on the way from a spool to the hits, and back out."""
    hits.lock_spool(connection, TENANT, "spool", 5)
    hits.programs_of(connection, TENANT, {"ANN"})
    rows = [["spool", place, "ANN", "bombas", place, None, "n", None] for place in range(2000)]
    hits.store_hits(connection, TENANT, rows, {("bombas", f"CODE{n}", 5, "person"): 1 for n in range(2000)})
    hits.move_spool(connection, TENANT, "spool", 9, 5, done=True)
    hits.hits_of(connection, TENANT, "ANN")
    hits.hits_before(connection, TENANT, "ANN", 9)
    hits.counts(connection, TENANT, "bombas", "ANN", since_day=0, until_day=9)
    hits.visited(connection, TENANT, "bombas", 5, limit=10)
    hits.visited(connection, TENANT, "bombas", 5, after="CODE5", limit=10)
    hits.forget_networks(connection, TENANT, 1, 10)
    hits.spool_places(connection, TENANT, {"spool"})
    hits.old_spools(connection, TENANT, 9)
    hits.last_hit(connection, TENANT, "spool", 9)
    hits.hits_from(connection, TENANT, "spool", 9, 10)
    hits.forget_hits(connection, TENANT, "spool", 9, 10)
