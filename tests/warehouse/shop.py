"""A shop over fourteen months, of which figures can be asked: everything that happens to people and orders happens in it.

Two programs in two currencies, one of them in two versions; friends who come by a code, a link and an invitation, who buy, buy again, send
back, cancel; rewards that are used, expire and are taken back; denials, surveys, people who are erased. The same every time.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from msgspec.structs import replace

from goodword.engine.clicks import click_token
from goodword.engine.ids import normalise_code
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import iso
from goodword.program.loader import Program
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.hits import CountKey, lock_spool, move_spool, store_hits
from goodword.warehouse.asked import find_program
from goodword.warehouse.copying import Copier
from goodword.warehouse.facts import WHOLE
from goodword.warehouse.folder import Folder, Manifest
from tests.properties.worlds import KEYRING

TENANT = "shop"
DAY_MS = 86_400_000
START_MS = 1_767_571_200_000  # 2026-01-05
DAYS = 420
STEP_DAYS = 14
"""Everything happens on every fourteenth day, so that the files of the warehouse are few."""
PARTS = 6
"""So often the staff decides what waits for it."""
ADVOCATES = 36

Body = dict[str, Any]


class Copied(NamedTuple):
    """What was copied: a tenant's folder, the manifest that holds, a program."""

    folder: Path
    manifest: Manifest
    program: Program


def credit(amount: str, **more: Any) -> Body:
    return {"benefit": {"kind": "credit", "amount": amount}} | more


def program_file(thanks: str, options: Body) -> str:
    """The program for socks, with what advocates get for a friend."""
    first_order = {"when": {"step": "purchase"}}
    file = {
        "goodword": 1,
        "program": "socks",
        "currency": "USD",
        "time_zone": "Europe/Bucharest",
        "target": {"customers": 60, "cost": "20 USD"},
        "economics": {"margin": "37.5%", "smallest_order": "20 USD", "return_window": "14 days"},
        "attribution": {"evidence": ["code", "claim", "click"], "window": "60 days", "replace": "stronger"},
        "steps": {
            "purchase": {
                "event": "order",
                "where": {"order.total": {"at_least": "20 USD"}},
                "undone_by": ["cancel", "chargeback"],
            }
        },
        "measures": {"friends": {"count": "referrals", "step": "purchase"}},
        "tiers": {"measure": "friends", "levels": {"bronze": 1, "silver": 3}},
        "rewards": {
            "welcome": {
                "when": {"step": "claimed"},
                "to": "friend",
                "benefit": {"kind": "coupon", "amount": "10 USD"},
                "expires": "40 days",
            },
            "thanks": first_order | credit(thanks, to="advocate", hold="3 days", expires="80 days"),
            "mug": first_order
            | {"to": "advocate", "benefit": {"kind": "item", "amount": "1 mug", "unit_cost": "3 USD"}},
            "stars": first_order | {"to": "friend", "benefit": {"kind": "points", "amount": "50 points"}},
            "treat": {"when": {"exchange": "30 points"}} | credit("2 USD", to="advocate"),
        }
        | options,
    }
    return json.dumps(file)  # JSON is YAML


def tea_file() -> str:
    """Another program of the shop, in another currency: whom it brought is nobody whom socks brought."""
    file = {
        "goodword": 1,
        "program": "tea",
        "currency": "EUR",
        "time_zone": "Europe/Bucharest",
        "attribution": {"evidence": ["code"], "window": "60 days"},
        "steps": {"purchase": {"event": "order"}},
        "rewards": {"thanks": {"when": {"step": "purchase"}} | credit("4 EUR", to="advocate")},
    }
    return json.dumps(file)


class Shop:
    """What happens in the shop, told to a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants = Tenants(database, KEYRING)
        self._random = random.Random(11)
        self._numbers = iter(range(10**6))
        self._told: list[tuple[int, Body]] = []
        self._people: dict[str, Body] = {}
        """By the hash of their id."""

    def happen(self) -> None:
        """All of it."""
        with self._database.write(TENANT) as connection:
            create_tenant(connection, TENANT, 1)
        self._publish(program_file("15 USD", {}))
        self._publish(tea_file())
        for number in range(ADVOCATES):
            self._advocate(number, "tea" if number % 6 == 5 else "socks")
        self._strangers()
        extra = {"cash": {"when": {"step": "purchase"}, "to": "friend", "benefit": {"kind": "cash", "amount": "2 USD"}}}
        for part in range(1, PARTS + 1):
            end = START_MS + part * DAYS // PARTS * DAY_MS
            self._tell(until=end - 120_000)
            self._staff(end - 100_000)
            if part == PARTS // 2:
                self._erase(end - 60_000)
                self._publish(program_file("18 USD", extra))
            self._tell(until=end)

    def _publish(self, text: str) -> None:
        self._tenants.publish(TENANT, text, 0)

    def _day(self, first: int, last: int = DAYS) -> int:
        """A moment on one of the days on which something happens, from a day on."""
        place = self._random.randrange(first, last) // STEP_DAYS * STEP_DAYS
        return START_MS + max(place, 0) * DAY_MS + self._random.randrange(8 * 3_600_000, 20 * 3_600_000)

    def _add(self, at_ms: int, body: Body) -> None:
        self._told.append((at_ms, {"id": f"e{next(self._numbers)}", "occurred_at": iso(at_ms)} | body))

    def _tell(self, until: int) -> None:
        """What happened before a moment, in its order."""
        now = sorted((one for one in self._told if one[0] < until), key=lambda one: one[0])
        self._told = [one for one in self._told if one[0] >= until]
        for begin in range(0, len(now), 200):
            bodies = [json.dumps(body).encode() for _, body in now[begin : begin + 200]]
            events = [seal(decode_event(body), KEYRING, START_MS * 2, history=True) for body in bodies]
            assert self._tenants.decide_all(TENANT, events) is not None

    def _person(self, name: str) -> Body:
        person = {"id": name, "email": f"{name}@shop.example", "device": f"device-{name}"}
        country, language = self._random.choice(["RO", "SA", "US", None]), self._random.choice(["ro", "ar", "en", None])
        person |= ({"country": country} if country else {}) | ({"language": language} if language else {})
        self._people[f"id:{KEYRING.secret_hash('id', name)}"] = person
        return person

    def _order(self, at_ms: int, name: str, person: Body, **more: Any) -> None:
        total, currency = self._random.randrange(800, 16_000), self._random.choice(["USD", "USD", "USD", "EUR"])
        self._add(
            at_ms, {"type": "order", "order": name, "person": person, "total": total, "currency": currency} | more
        )
        fate = self._random.randrange(12)
        if fate == 0:
            self._add(at_ms + 3_600_000, {"type": "cancel", "order": name})
        elif fate == 1:
            self._add(at_ms + 2 * STEP_DAYS * DAY_MS, {"type": "refund", "order": name, "amount": total // 3})
        elif fate == 2:
            self._add(at_ms + STEP_DAYS * DAY_MS, {"type": "refund", "order": name})

    def _advocate(self, number: int, program: str) -> None:
        name = f"a{number}"
        person, came = self._person(name), self._random.randrange(0, DAYS // 2)
        joined, join = self._day(came, came + 20), f"join-{name}"
        if number % 4:
            self._order(joined - 3_600_000, f"o-{name}", person)
        self._add(joined, {"type": "join", "id": join, "person": person, "program": program})
        code, later = KEYRING.handle(join, 0), (joined - START_MS) // DAY_MS + 1
        asked = {"type": "ask", "program": program, "person": person}
        self._add(joined + 60_000, asked | {"place": self._random.choice(["order_done", "newsletter"])})
        self._add(joined + 70_000, {"type": "ask", "program": program, "place": "newsletter", "count": 40})
        for _ in range(self._random.randrange(4)):
            channel = self._random.choice(["whatsapp", "email", "copy"])
            self._add(self._day(later), {"type": "share", "code": code, "channel": channel})
        self._answers(number, program, person, self._day(later))
        for place in range(self._random.choice([0, 0, 1, 1, 2, 3, 4, 9])):
            self._friend(f"{name}-{place}", code, program, later)

    def _answers(self, number: int, program: str, person: Body, at_ms: int) -> None:
        """What every other advocate thinks; one does not say everything."""
        if number % 2:
            said = {"recommend": self._random.randrange(11), "easy": self._random.randrange(1, 6)}
            said |= {"attractive": self._random.randrange(1, 6)} if number % 3 else {}
            side = "friend" if number % 5 == 0 else "advocate"
            self._add(at_ms, {"type": "survey", "program": program, "side": side, "person": person} | said)

    def _friend(self, name: str, code: str, program: str, later: int) -> None:
        person, at_ms = self._person(f"f{name}"), self._day(later, min(later + 150, DAYS))
        way = self._random.choice(["code", "claim", "click", "click"])
        if self._random.randrange(8) == 0:  # he was a customer before
            self._order(at_ms - 30 * DAY_MS, f"before-{name}", person)
        evidence: Body = {"code": code}
        if way == "click":
            nonce = len(self._told).to_bytes(8, "big")
            evidence = {"click": click_token(KEYRING, normalise_code(code), at_ms, nonce)}
            channel = self._random.choice(["whatsapp", "email", None])
            self._click(code, program, at_ms, channel, nonce.hex())
        if way == "claim":
            self._add(at_ms, {"type": "claim", "code": code, "person": person})
            evidence = {}
        else:
            self._add(at_ms + 60_000, {"type": "sign_up", "person": person} | evidence)
        orders = self._random.choice([0, 1, 1, 2, 3])
        first = at_ms + self._random.choice([1, 5, 30, 200, 900]) * 3_600_000
        for number in range(orders):
            gap = number * self._random.choice([2, 8, 12]) * STEP_DAYS * DAY_MS
            self._order(first + gap, f"o{number}-{name}", person, **(evidence if number == 0 else {}))

    def _click(self, code: str, program: str, at_ms: int, channel: str | None, click: str) -> None:
        with self._database.write_aside() as connection:
            place = next(self._numbers)
            lock_spool(connection, TENANT, "s1", START_MS)
            hit = ("s1", place, normalise_code(code), program, at_ms, channel, None, click)
            store_hits(connection, TENANT, [hit], {CountKey(program, "", at_ms // DAY_MS, "person"): 1})
            move_spool(connection, TENANT, "s1", place + 1, START_MS, done=False)

    def _strangers(self) -> None:
        for number in range(2 * ADVOCATES):
            person, at_ms = self._person(f"s{number}"), self._day(0)
            for again in range(self._random.choice([1, 1, 2, 3])):
                self._order(at_ms + again * 10 * STEP_DAYS * DAY_MS, f"s{number}-{again}", person)
        # Two orders of one moment, and one with a code that nobody has.
        twin, at_ms = self._person("twin"), self._day(0, 20)
        for name, total in (("twin-b", 2500), ("twin-a", 9900)):
            body = {"type": "order", "order": name, "person": twin, "total": total, "currency": "USD"}
            self._add(at_ms, body | {"code": "NOBODYSCODE1"})

    def _staff(self, at_ms: int) -> None:
        """Friends are denied and approved, rewards used, as the shop says."""
        for place, (referral,) in enumerate(self._rows("referrals", "id")):
            if place % 9 in (2, 5):
                verdict = "deny" if place % 9 == 2 else "approve"
                self._add(at_ms, {"type": "review", "referral": referral, "verdict": verdict})
        known = {participant: self._people[key] for key, participant in self._keys() if key in self._people}
        for place, (reward, status, participant, rule) in enumerate(
            self._rows("rewards", "id", "status", "participant", "rule")
        ):
            if status != "issued" or participant not in known:
                continue
            if rule == "stars":
                self._add(
                    at_ms + 1000,
                    {"type": "exchange", "program": "socks", "reward": "treat", "person": known[participant]},
                )
            elif place % 3 == 0:
                self._add(at_ms + 1000, {"type": "reward", "reward": reward, "action": "redeem"})
            elif place % 3 == 1:
                used = [{"code": KEYRING.reward_code(reward), "amount": 700}]
                self._order(at_ms + 1000, f"uses-{reward}", known[participant], redeems=used)
        self._tell(until=at_ms + 2000)

    def _erase(self, at_ms: int) -> None:
        """Some who came as friends want to be forgotten."""
        friends = [friend for friend, status in self._rows("referrals", "friend", "status") if status != "ended"]
        for friend in friends[::7]:
            self._add(at_ms, {"type": "erase", "participant": friend})
        self._tell(until=at_ms + 1000)

    def _keys(self) -> list[Any]:
        """By which hash who is known."""
        table = tables.identities
        with self._database.read() as connection:
            return list(connection.execute(sa.select(table.c.key, table.c.participant).where(table.c.tenant == TENANT)))

    def _rows(self, name: str, *columns: str) -> list[Any]:
        table = tables.metadata.tables[name]
        query = sa.select(*(table.c[column] for column in columns)).where(table.c.tenant == TENANT).order_by(table.c.id)
        with self._database.read() as connection:
            return list(connection.execute(query))


def copy_of(database: Database, tenant: str, root: Path, program: str, as_of_ms: int) -> Copied:
    """A tenant copied into a warehouse."""
    folder = Folder(root, tenant)
    manifest = Copier(database, tenant, folder, lambda: as_of_ms).copy()
    with database.read() as connection:
        return Copied(folder.path, manifest, find_program(connection, tenant, program))


def in_one_piece(copied: Copied, folder: Path) -> Copied:
    """The same facts with one file for each: what is quick to ask hundreds of questions."""
    files = {}
    folder.mkdir(exist_ok=True)
    for name in (name for name in copied.manifest.files if copied.manifest.paths(name)):
        tables = [pq.read_table(copied.folder / path, partitioning=None) for path in copied.manifest.paths(name)]
        pq.write_table(pa.concat_tables(tables), folder / f"{name}.parquet")
        files[name] = {WHOLE: (f"{name}.parquet",)}
    return copied._replace(folder=folder, manifest=replace(copied.manifest, files=files))


def shop(database: Database, root: Path) -> Copied:
    """The shop after its fourteen months, copied."""
    Shop(database).happen()
    return copy_of(database, TENANT, root, "socks", START_MS + DAYS * DAY_MS)
