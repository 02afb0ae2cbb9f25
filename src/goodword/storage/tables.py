"""The tables, the same on SQLite and PostgreSQL.

Every primary key and every index starts with the tenant (one exception, explained at its place). A column
exists for what is searched, ordered or shown in lists; the rest of a row is JSON in its one ``doc``. Times
are whole milliseconds since 1970, yes and no are 1 and 0. Every index names the query that needs it: one
that no query needs is a cost, not a help. On SQLite narrow tables have no row ids: their rows stand in the index of the
key, which would hold all of each of them a second time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, text

metadata = MetaData()

# Text is ordered by code point, as in Python and SQLite, whatever language PostgreSQL was set up for:
# decisions are taken in the order of ids, which must not depend on the machine.
WORD = Text().with_variant(Text(collation="C"), "postgresql")


def _word(name: str, **options: Any) -> Column[str]:
    """A text that is compared or ordered."""
    return Column(name, WORD, **{"nullable": False, **options})


def _long(name: str) -> Column[str]:
    """A text that is only ever read back."""
    return Column(name, Text, nullable=False)


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, BigInteger, **{"nullable": False, "autoincrement": False, **options})


def _flag(name: str, **options: Any) -> Column[int]:
    return Column(name, Integer, **{"nullable": False, **options})


DERIVED = {"derived": True}
"""Marks a column that is computed from a row and never read back into it."""


def _index(name: str, *columns: str, query: str, unique: bool = False, where: str | None = None) -> Index:
    condition = None if where is None else text(where)
    return Index(
        name,
        *columns,
        unique=unique,
        info={"query": query},
        sqlite_where=condition,
        postgresql_where=condition,
    )


tenants = Table(
    "tenants",
    metadata,
    _word("tenant"),
    _number("seq"),
    _number("clock_ms"),
    _flag("live"),
    _number("created_ms"),
    _word("fingerprint", nullable=True),
    PrimaryKeyConstraint("tenant"),
)

programs = Table(
    "programs",
    metadata,
    _word("tenant"),
    _word("program"),
    _number("version"),
    _number("priority"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "program"),
)

program_versions = Table(
    "program_versions",
    metadata,
    _word("tenant"),
    _word("program"),
    _number("version"),
    _word("digest"),
    _long("text"),
    _number("published_ms"),
    PrimaryKeyConstraint("tenant", "program", "version"),
)

terms = Table(
    "terms",
    metadata,
    _word("tenant"),
    _word("program"),
    _number("version"),
    _word("language"),
    _long("text"),
    PrimaryKeyConstraint("tenant", "program", "version", "language"),
)

identities = Table(
    "identities",
    metadata,
    _word("tenant"),
    _word("key"),
    _word("participant"),
    PrimaryKeyConstraint("tenant", "key"),
    _index("identities_by_participant", "tenant", "participant", "key", query="load: identities_of"),
    sqlite_with_rowid=False,
)

participants = Table(
    "participants",
    metadata,
    _word("tenant"),
    _word("id"),
    _number("created_ms"),
    _word("country", nullable=True),
    _word("language", nullable=True),
    _number("signed_up_ms", nullable=True),
    _number("number"),
    _word("page", info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("participants_by_time", "tenant", "created_ms", "id", query="reads.participants"),
    _index("participants_by_page", "tenant", "page", query="load: people_in"),
)

# The one table that may hold personal data: erasing a person empties his row here.
people = Table(
    "people",
    metadata,
    _word("tenant"),
    _word("participant"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "participant"),
)

handles = Table(
    "handles",
    metadata,
    _word("tenant"),
    _word("code"),
    _word("program"),
    _word("participant"),
    _number("created_ms"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "code"),
    _index("handles_by_participant", "tenant", "participant", "created_ms", "code", query="load: handles_of"),
)

# What people did that is measured, or that staff look at first; under the id of its event.
activities = Table(
    "activities",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("participant"),
    _word("name"),
    _number("at_ms"),
    _word("status"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("activities_pending", "tenant", "at_ms", "id", where="status = 'pending'", query="reads.submissions"),
)

contests = Table(
    "contests",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("contest"),
    _number("version"),
    _number("opens_ms"),
    _number("closes_ms", nullable=True),
    _word("status"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("contests_running", "tenant", "program", "id", where="status <> 'settled'", query="load: contests_of"),
)

# How far everybody has come in a contest. The key begins with the board: a draw goes through it in that order.
standings = Table(
    "standings",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("board"),
    _word("entrant"),
    _number("score"),
    _number("reached_ms"),
    _number("behind", info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "standings_by_rank",
        "tenant",
        "board",
        "behind",
        "reached_ms",
        "entrant",
        where="behind < -1",
        query="load: leaders; reads.leaderboard",
    ),
)

tiers = Table(
    "tiers",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("participant"),
    _word("tier"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
)

# What partners are paid of what came together on their accounts.
payouts = Table(
    "payouts",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("participant"),
    _word("status"),
    _number("created_ms"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("payouts_by_program", "tenant", "program", "created_ms", "id", query="payouts.payouts"),
    _index("payouts_by_status", "tenant", "program", "status", "created_ms", "id", query="payouts.payouts"),
    _index(
        "payouts_by_participant",
        "tenant",
        "participant",
        "program",
        "created_ms",
        "id",
        query="payouts.partner_statement; payouts.payouts",
    ),
)

# Who objected to which decision; what he wrote stands in `people`.
objections = Table(
    "objections",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("participant"),
    _number("at_ms"),
    _word("status"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("objections_open", "tenant", "participant", "id", where="status = 'open'", query="load: open_objections"),
    _index("objections_by_time", "tenant", "at_ms", "id", query="reads.objections"),
    _index("objections_by_status", "tenant", "status", "at_ms", "id", query="reads.objections"),
    _index("objections_by_participant", "tenant", "participant", "at_ms", "id", query="reads.objections"),
)

# What people think of a program; what they wrote stands in `people`.
surveys = Table(
    "surveys",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("participant"),
    _word("side"),
    _number("at_ms"),
    _number("recommend", nullable=True),
    _number("easy", nullable=True),
    _number("attractive", nullable=True),
    _word("motivates", nullable=True),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("surveys_by_program", "tenant", "program", "at_ms", "id", query="surveys.surveys; surveys.tally"),
    _index("surveys_by_participant", "tenant", "participant", "at_ms", "id", query="surveys.surveys"),
)

# A family plan, a project, a team.
groups = Table(
    "groups",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _word("shop_id"),
    _word("owner"),
    _number("created_ms"),
    _number("members"),
    _number("closed_ms", nullable=True),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
)

members = Table(
    "members",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("group_id", info={"field": "group"}),  # a reserved word of SQL
    _word("participant"),
    _number("number"),
    _number("joined_ms"),
    _number("left_ms", nullable=True),
    _word("page", info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("members_by_page", "tenant", "page", query="load: members_in"),
    _index("members_in_groups", "tenant", "participant", "id", where="left_ms IS NULL", query="load: memberships"),
)

# What is given to many, page by page.
sweeps = Table(
    "sweeps",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _number("version"),
    _word("rule"),
    _word("of"),
    _word("key"),
    _number("opened_ms", nullable=True),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
)

claims = Table(
    "claims",
    metadata,
    _word("tenant"),
    _word("token"),
    _word("code"),
    _number("claimed_ms"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "token"),
)

orders = Table(
    "orders",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("participant", nullable=True),
    _number("placed_ms", nullable=True),
    _number("total"),
    _word("currency"),
    _number("refunded"),
    _word("state"),
    _word("referral", nullable=True),
    _flag("counted", info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "orders_by_participant",
        "tenant",
        "participant",
        "counted",
        "placed_ms",
        "id",
        query="load: first_orders; reads.orders",
    ),
)

referrals = Table(
    "referrals",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _number("version"),
    _word("advocate"),
    _word("friend"),
    _word("code"),
    _word("evidence"),
    _number("claimed_ms"),
    _number("until_ms"),
    _word("status"),
    _word("moderation"),
    _number("converted_ms", nullable=True),
    _word("live_key", nullable=True, info=DERIVED),
    _flag("per_order", info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "referrals_live",
        "tenant",
        "live_key",
        unique=True,
        query="load: parents; one live referral per friend, or order",
    ),
    _index("referrals_by_friend", "tenant", "friend", "per_order", "claimed_ms", "id", query="load: referrals_of"),
    _index("referrals_by_advocate", "tenant", "advocate", "claimed_ms", "id", query="reads.referrals"),
    _index("referrals_by_program", "tenant", "program", "status", query="reads.referral_counts"),
    _index("referrals_by_time", "tenant", "claimed_ms", "id", query="reads.referrals"),
)

HELD_REWARDS = "(status IN ('pending', 'approved', 'failed') OR answered IS NOT NULL)"
"""Granted and not handed over yet, or with what its recipient said, as both databases recognise them for a partial index."""

rewards = Table(
    "rewards",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program"),
    _number("version"),
    _word("rule"),
    _word("side"),
    _word("participant"),
    _word("referral", nullable=True),
    _word("subject"),
    _number("occurrence"),
    _word("unit"),
    _number("amount"),
    _word("status"),
    _word("reason", nullable=True),
    _number("remaining"),
    _number("granted_ms"),
    _number("mature_ms", nullable=True),
    _number("expires_ms", nullable=True),
    _word("order_id", nullable=True, info={"field": "order"}),  # a reserved word of SQL
    _word("code_hash", nullable=True),
    _flag("waiting", info=DERIVED),
    _word("queue", nullable=True, info=DERIVED),
    _word("live_key", nullable=True, info=DERIVED),
    _number("answered", nullable=True, info=DERIVED),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "rewards_live",
        "tenant",
        "live_key",
        unique=True,
        query="one live reward per rule, subject, side, occurrence",
    ),
    _index("rewards_by_code", "tenant", "code_hash", unique=True, query="load: reward_codes"),
    _index("rewards_by_subject", "tenant", "subject", "granted_ms", "id", query="load: rewards_of"),
    _index("rewards_waiting", "tenant", "participant", "id", where="waiting = 1", query="load: waiting_of"),
    _index("rewards_held", "tenant", "participant", "id", where=HELD_REWARDS, query="load: held_of"),
    _index("rewards_in_queue", "tenant", "queue", "granted_ms", "id", where="queue IS NOT NULL", query="load: queues"),
    _index("rewards_by_participant", "tenant", "participant", "granted_ms", "id", query="reads.rewards"),
    _index("rewards_by_referral", "tenant", "referral", "granted_ms", "id", query="reads.rewards"),
    _index("rewards_by_program", "tenant", "program", "status", query="reads.reward_counts"),
    _index("rewards_by_time", "tenant", "granted_ms", "id", query="reads.rewards"),
)

# Which rewards depend on a condition on whom: `key` is PARTICIPANT>REWARD, so that those of one stand together.
watches = Table(
    "watches",
    metadata,
    _word("tenant"),
    _word("key"),
    _word("reward"),
    PrimaryKeyConstraint("tenant", "key"),
    sqlite_with_rowid=False,
)

# Codes of the shop's own system: `sealed` is readable with the tenant's key alone, `hash` is what a code is compared by.
pool_codes = Table(
    "pool_codes",
    metadata,
    _word("tenant"),
    _word("hash"),
    _word("pool"),
    _number("number"),
    _word("reward", nullable=True),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "hash"),
    _index("pool_codes_free", "tenant", "pool", "number", where="reward IS NULL", query="load: free_codes; reads.pool"),
    _index("pool_codes_by_pool", "tenant", "pool", "number", unique=True, query="reads.pool"),
    _index(
        "pool_codes_given", "tenant", "reward", unique=True, where="reward IS NOT NULL", query="one code per reward"
    ),
)

counters = Table(
    "counters",
    metadata,
    _word("tenant"),
    _word("key"),
    _number("value"),
    PrimaryKeyConstraint("tenant", "key"),
    sqlite_with_rowid=False,
)

balances = Table(
    "balances",
    metadata,
    _word("tenant"),
    _word("account"),
    _word("unit"),
    _number("amount"),
    PrimaryKeyConstraint("tenant", "account", "unit"),
    sqlite_with_rowid=False,
)

BALANCE_ACCOUNTS = "account >= 'balance:' AND account < 'balance;'"
"""The accounts of people, as both databases recognise them for a partial index."""

entries = Table(
    "entries",
    metadata,
    _word("tenant"),
    _number("seq"),
    _number("line"),
    _word("account"),
    _word("unit"),
    _number("amount"),
    _word("reward", nullable=True),
    PrimaryKeyConstraint("tenant", "seq", "line"),
    _index(
        "entries_by_balance",
        "tenant",
        "account",
        "unit",
        "seq",
        "line",
        where=BALANCE_ACCOUNTS,
        query="reads.statement",
    ),
    _index("entries_by_reward", "tenant", "reward", "seq", "line", query="reads.entries; audit: rewards"),
    sqlite_with_rowid=False,
)

dues = Table(
    "dues",
    metadata,
    _word("tenant"),
    _word("id"),
    _number("due_ms"),
    _word("kind"),
    _word("reference"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("dues_by_time", "tenant", "due_ms", "id", query="load_dues; tenants_due; reads.backlog"),
)

events = Table(
    "events",
    metadata,
    _word("tenant"),
    _number("seq"),
    _word("id"),
    _word("type"),
    _number("occurred_ms"),
    _number("clock_ms"),
    _flag("history"),
    _word("content"),
    _long("body"),
    _long("answer"),
    _long("touched"),
    PrimaryKeyConstraint("tenant", "seq"),
    _index("events_by_id", "tenant", "id", unique=True, query="load_known; load_told_since; reads.event"),
)

traces = Table(
    "traces",
    metadata,
    _word("tenant"),
    _word("reference"),
    _number("seq"),
    PrimaryKeyConstraint("tenant", "reference", "seq"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    _word("tenant"),
    _number("id"),
    _number("seq"),
    _word("topic"),
    _long("doc"),
    _number("created_ms"),
    PrimaryKeyConstraint("tenant", "id"),
)

# How far the outbox was handed out to the endpoints: its ids grow in the order of commits, so one number says it for all rows.
handed_out = Table(
    "handed_out",
    metadata,
    _word("tenant"),
    _number("outbox_id"),
    PrimaryKeyConstraint("tenant"),
)

endpoints = Table(
    "endpoints",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("kind"),
    _long("target"),
    _long("topics"),
    _flag("ordered"),
    _word("state"),
    _word("why", nullable=True),
    _word("language"),
    _number("generation"),
    _number("previous_until_ms", nullable=True),
    _number("after_outbox"),
    _number("created_ms"),
    _number("delivered_ms", nullable=True),
    _number("failures"),
    _word("lease_owner", nullable=True),
    _number("lease_until_ms"),
    PrimaryKeyConstraint("tenant", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("endpoint"),
    _number("outbox_id"),
    _number("seq"),
    _word("topic"),
    _word("reference"),
    _number("happened_ms"),
    _word("status"),
    _number("attempts"),
    _number("tried"),
    _number("next_ms"),
    _number("queued_ms"),
    _number("created_ms"),
    _number("done_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "deliveries_due",
        "tenant",
        "endpoint",
        "next_ms",
        "outbox_id",
        where="status = 'waiting'",
        query="deliveries.lease; deliveries.due",
    ),
    _index(
        "deliveries_in_order",
        "tenant",
        "endpoint",
        "outbox_id",
        "id",
        where="status = 'waiting'",
        query="deliveries.lease; deliveries.due, of ordered endpoints; deliveries.waiting_for",
    ),
    _index("deliveries_by_time", "tenant", "created_ms", "id", query="deliveries.log_page; forget_deliveries"),
    _index(
        "deliveries_that_failed",
        "tenant",
        "created_ms",
        "id",
        where="status = 'failed'",
        query="deliveries.log_page, of those that failed",
    ),
    _index(
        "deliveries_that_wait",
        "tenant",
        "created_ms",
        "id",
        where="status = 'waiting'",
        query="deliveries.log_page, of those that wait",
    ),
    _index("deliveries_by_endpoint", "tenant", "endpoint", "created_ms", "id", query="deliveries.log_page"),
    _index(
        "deliveries_failed",
        "tenant",
        "endpoint",
        "created_ms",
        where="status = 'failed'",
        query="deliveries.replay_failed",
    ),
)

attempts = Table(
    "attempts",
    metadata,
    _word("tenant"),
    _word("delivery"),
    _number("number"),
    _number("at_ms"),
    _number("code", nullable=True),
    _word("error", nullable=True),
    _number("took_ms"),
    PrimaryKeyConstraint("tenant", "delivery", "number"),
)

parked = Table(
    "parked",
    metadata,
    _word("tenant"),
    _word("id"),
    _long("body"),
    _long("error"),
    _number("clock_ms"),
    PrimaryKeyConstraint("tenant", "id"),
)

# Imports that were interrupted: where they stopped. A finished one leaves no row.
imports = Table(
    "imports",
    metadata,
    _word("tenant"),
    _word("id"),
    _number("position"),
    _number("lines"),
    _word("mark"),
    _flag("history"),
    _number("saved_ms"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
)

# How far the facts of a tenant were copied into its warehouse, and which of its generations holds them.
copies = Table(
    "copies",
    metadata,
    _word("tenant"),
    _word("warehouse"),
    _number("generation"),
    _long("manifest"),
    _number("seq"),
    _number("copied_ms"),
    PrimaryKeyConstraint("tenant", "warehouse"),
)

hits = Table(
    "hits",
    metadata,
    _word("tenant"),
    _word("spool"),
    _number("place"),
    _word("code"),
    _word("program"),
    _number("at_ms"),
    _word("channel", nullable=True),
    _word("network", nullable=True),
    _word("click", nullable=True),
    PrimaryKeyConstraint("tenant", "spool", "place"),
    _index("hits_by_code", "tenant", "code", "at_ms", "spool", "place", query="hits.hits_of; hits.hits_before"),
    _index("hits_with_network", "tenant", "at_ms", where="network IS NOT NULL", query="hits.forget_networks"),
)

# Counts by day. The code '' stands for the whole program, the program '' for codes that nobody has.
hit_counts = Table(
    "hit_counts",
    metadata,
    _word("tenant"),
    _word("program"),
    _word("code"),
    _number("day"),
    _word("kind"),
    _number("count"),
    PrimaryKeyConstraint("tenant", "program", "code", "day", "kind"),
    sqlite_with_rowid=False,
)

spools = Table(
    "spools",
    metadata,
    _word("tenant"),
    _word("spool"),
    _number("place"),
    _number("changed_ms"),
    _number("done_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "spool"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("name"),
    _word("hash"),
    _word("scopes"),
    _number("created_ms"),
    _number("revoked_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    # The one index without a tenant: a request's tenant is found by its key.
    _index("api_keys_by_hash", "hash", unique=True, query="keys.find_key"),
)

# Browsers in which somebody is signed in: `subject` is a participant, or somebody who works for the shop.
sessions = Table(
    "sessions",
    metadata,
    _word("tenant"),
    _word("hash"),
    _word("id"),
    _word("role"),
    _word("subject"),
    _flag("confirmed"),
    _word("program", nullable=True),
    _number("created_ms"),
    _number("seen_ms"),
    _number("expires_ms"),
    _long("agent"),
    PrimaryKeyConstraint("tenant", "hash"),
    _index("sessions_by_subject", "tenant", "subject", "created_ms", "id", query="sessions.list_sessions"),
    _index("sessions_by_end", "tenant", "expires_ms", query="sessions.forget_sessions"),
)

# One-time links and codes that were asked for. `address` is a keyed hash; without a participant nobody has it.
sign_ins = Table(
    "sign_ins",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("kind"),
    _word("address"),
    _word("participant", nullable=True),
    _flag("shows_name"),
    _number("created_ms"),
    _number("expires_ms"),
    _number("tries"),
    _number("used_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    _index("sign_ins_by_address", "tenant", "address", "kind", "created_ms", query="sign_ins.asked_since"),
    _index("sign_ins_by_end", "tenant", "expires_ms", query="sign_ins.forget_sign_ins"),
)

# What is to be mailed to people: rendered when it is sent, so that no row holds an address or a secret.
letters = Table(
    "letters",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("participant", nullable=True),
    _word("kind"),
    _word("reference"),
    _word("language"),
    _number("created_ms"),
    _number("next_ms"),
    _number("tries"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("letters_due", "tenant", "next_ms", "id", query="letters.take_letters"),
)

# Keys with which the shop signs tokens for its customers. The secret of each derives from its id.
token_keys = Table(
    "token_keys",
    metadata,
    _word("tenant"),
    _word("kid"),
    _number("created_ms"),
    _number("revoked_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "kid"),
)

# Who works at the counter. `key` is the name as it is compared; `hash` the salted scrypt hash of the PIN.
staff = Table(
    "staff",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("name"),
    _word("key"),
    _word("hash"),
    _long("doc"),
    _number("created_ms"),
    _number("disabled_ms", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    _index("staff_by_key", "tenant", "key", unique=True, query="staff.find_member"),
)

# Tries to sign in of late, by the hash of the name that was typed, whether somebody has it or not.
staff_tries = Table(
    "staff_tries",
    metadata,
    _word("tenant"),
    _word("under"),
    _number("tries"),
    _number("since_ms"),
    PrimaryKeyConstraint("tenant", "under"),
    _index("staff_tries_by_time", "tenant", "since_ms", query="staff.take_try"),
)

# What was confirmed at the counter, and by whom.
counter_log = Table(
    "counter_log",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("staff"),
    _word("kind"),
    _number("at_ms"),
    _number("received_ms"),
    _flag("offline"),
    _word("outcome"),
    _word("reason"),
    _long("doc"),
    PrimaryKeyConstraint("tenant", "id"),
    _index(
        "counter_log_by_staff", "tenant", "staff", "at_ms", "id", query="counter_log.entries_of; counter_log.counted"
    ),
    _index("counter_log_by_time", "tenant", "received_ms", "id", query="counter_log.all_entries"),
)

# What a program costs beside its rewards, for a time; without a program it is a cost of the business as a whole. The days are
# texts such as 2026-10-31, which stand in the order of the calendar.
costs = Table(
    "costs",
    metadata,
    _word("tenant"),
    _word("id"),
    _word("program", nullable=True),
    _word("kind"),
    _word("first_day"),
    _word("last_day"),
    _number("amount"),
    _word("currency"),
    _long("note"),
    _number("created_ms"),
    PrimaryKeyConstraint("tenant", "id"),
    _index("costs_by_time", "tenant", "created_ms", "id", query="costs.costs"),
    _index("costs_by_program", "tenant", "program", "created_ms", "id", query="costs.costs"),
)
