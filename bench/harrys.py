"""The week of Harry's prelaunch, played into a real server, and what it decided against the truth.

`HARRYS_SIZE` sets how many addresses there are, `HARRYS_SEED` which week it is, `HARRYS_ON` the databases (`sqlite postgresql`).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from bench.machine import MEGABYTE, Base, Site, bases, cpu_seconds, fresh, peak_bytes, serving
from bench.prelaunch import DAY_MS, FIRST_MS, PATTERNS, SIZE, WEEK_MS, Address, week
from bench.recount import MILESTONES, Prizes, Recount, genuine_friends, reached, recount
from bench.report import Figure
from bench.shop import PROGRAM, Shop, happenings
from demo.client import HttpServer, Json

OPENS_MS = FIRST_MS + WEEK_MS + 14 * DAY_MS
"""When the shop opens: everything held has matured."""
COMMAND_SECONDS = 600.0
PARTS = 5
"""The week is measured in so many parts of as many events."""
AIM = 4 / 3
"""How much more an event may cost at the end than at the beginning."""
TAKEN_BACK = ("cancelled", "denied", "reversed")
STARTED, REFUSED, REVIEWED = "referral_started", "limit_reached", "sent_to_review"


@dataclass(slots=True)
class Played:
    """A week that was played: the truth of it, what the server decided, and what that took."""

    addresses: list[Address]
    truth: Recount
    shop: Shop
    rewards: list[Json]
    seconds: float
    costs: list[float]
    """CPU milliseconds of an event, for each part of the week."""
    peak: int
    """The most memory that the server held."""
    stored: int
    """The size of the database."""
    audit: subprocess.CompletedProcess[str]
    audit_seconds: float

    @property
    def prizes(self) -> Prizes:
        """What the server granted and did not take back, by person."""
        found: Prizes = {}
        for reward in self._kept():
            found.setdefault(self.shop.names[reward["participant"]], set()).add(reward["rule"])
        return found

    @property
    def paid_twice(self) -> int:
        """Prizes that somebody has more than once."""
        return len(self._kept()) - sum(map(len, self.prizes.values()))

    @property
    def not_handed_over(self) -> int:
        """Prizes that were not handed over when the shop opened."""
        return sum(reward["status"] != "issued" for reward in self._kept())

    @property
    def refused(self) -> set[str]:
        """Addresses whose referral was refused."""
        return self._told(REFUSED)

    @property
    def reviewed(self) -> set[str]:
        """Addresses whose referral staff should look at."""
        return self._told(REVIEWED)

    @property
    def counted(self) -> set[str]:
        """Addresses that count for somebody at the end."""
        return self._told("referral_converted") - self._told("referral_returned")

    def wrong_prizes(self) -> list[str]:
        """People whose prizes are not those of the truth."""
        return _differences(self.prizes, self.truth.prizes)

    def wrong_addresses(self) -> list[str]:
        """Addresses that were refused, or that count, against the truth."""
        wrong = (self.refused ^ self.truth.refused) | (self.counted ^ self.truth.counted)
        unstarted = {one.name for one in self.addresses if one.advocate} - self.refused - self._told(STARTED)
        return sorted(wrong | unstarted)

    def _kept(self) -> list[Json]:
        return [reward for reward in self.rewards if reward["status"] not in TAKEN_BACK]

    def _told(self, reason: str) -> set[str]:
        return {name for name, reasons in self.shop.said.items() if reason in reasons}


def run() -> list[Figure]:
    """Play the week on each database that is asked for."""
    size, seed = int(os.environ.get("HARRYS_SIZE", SIZE)), int(os.environ.get("HARRYS_SEED", "1"))
    wanted = os.environ.get("HARRYS_ON", "sqlite").split()
    with bases() as both:
        return [figure for base in both if base.kind in wanted for figure in _figures(base, play(base, size, seed))]


def play(base: Base, size: int, seed: int = 1) -> Played:
    """Play a week into a server of its own."""
    addresses = week(size, seed)
    truth = recount(addresses)
    told = happenings(addresses)
    with fresh(base, PROGRAM) as site, serving(site) as server:
        shop = Shop(server.url, site.secret)
        started, costs = time.perf_counter(), []
        for part in range(PARTS):
            before = cpu_seconds(server.pid)
            portion = told[part * len(told) // PARTS : (part + 1) * len(told) // PARTS]
            asyncio.run(shop.play(portion))
            costs.append((cpu_seconds(server.pid) - before) * 1000 / len(portion))
        seconds = time.perf_counter() - started
        rewards = asyncio.run(_open(shop))
        peak = peak_bytes(server.pid)
        started = time.perf_counter()
        audit = _audit(site)
        audited = time.perf_counter() - started
        return Played(addresses, truth, shop, rewards, seconds, costs, peak, _stored(site), audit, audited)


async def _open(shop: Shop) -> list[Json]:
    """The shop opens: what was held is due, and everything approved is handed over. All rewards, as they are then."""
    await shop.wait_until(OPENS_MS)
    await shop.open_doors(OPENS_MS, [reward["id"] for reward in _rewards(shop) if reward["status"] == "approved"])
    return _rewards(shop)


def _rewards(shop: Shop) -> list[Json]:
    server = HttpServer(shop.url, shop.secret)
    found = list(server.list("/v1/rewards", program=PROGRAM))
    server.close()
    return found


def _audit(site: Site) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("goodword")), "audit"]
    return subprocess.run(
        command, env=site.environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )


def _stored(site: Site) -> int:
    """How many bytes the database has on the disk."""
    if site.base.kind == "sqlite":
        return sum(file.stat().st_size for file in site.folder.glob("goodword.db*"))
    engine = sa.create_engine(site.base.url)
    with engine.connect() as connection:
        size: int = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return size


# what it comes to -----------------------------------------------------------------------------------------------------


def _figures(base: Base, played: Played) -> list[Figure]:
    found = [*_of_the_week(played), *_of_the_machine(played), *_of_the_prizes(played), *_of_the_fakes(played)]
    return [replace(one, name=f"{base.kind}: {one.name}") for one in found]


def _of_the_week(played: Played) -> Iterator[Figure]:
    genuine = [one for one in played.addresses if one.genuine]
    invited = sum(one.advocate is not None for one in genuine)
    friends = genuine_friends(played.addresses, set())
    yield Figure("addresses", len(played.addresses), "", more=f"{len(genuine):,} of them genuine")
    yield Figure("genuine ones by referral", 100 * invited / len(genuine), "%")
    for number in MILESTONES.values():
        yield Figure(f"people with {number} genuine friends or more", reached(friends, number), "people")


def _of_the_machine(played: Played) -> Iterator[Figure]:
    shop = played.shop
    sent = f"{shop.requests['arrays']:,} arrays, {shop.requests['singles']:,} singles"
    yield Figure("the week was played in", played.seconds, "s", more=sent)
    yield Figure("events", shop.events / played.seconds, "events/s", more=f"{shop.events:,} events")
    first, *_, last = played.costs
    ratio, told = last / first, " ".join(f"{cost:.3f}" for cost in played.costs)
    name = "the last part of the week"
    yield Figure(name, last, "CPU ms/event", ratio, "the first", AIM, at_most=True, more=f"by part: {told}")
    yield Figure("the most memory the server held", played.peak / MEGABYTE, "MB")
    each = f"{played.stored / shop.events:,.0f} bytes an event"
    yield Figure("the database", played.stored / MEGABYTE, "MB", more=each)
    yield _must_be_0("told again, answered otherwise", shop.otherwise, "events")
    said = (played.audit.stdout or played.audit.stderr).strip()
    yield _must_be_0("goodword audit", played.audit.returncode, "exit code", f"{said}; {played.audit_seconds:.0f} s")


def _of_the_prizes(played: Played) -> Iterator[Figure]:
    decided, owners = played.prizes, [one.name for one in played.addresses if one.genuine]
    wrong = played.wrong_prizes()
    yield _must_be_0("people with other prizes than the truth", len(wrong), "people", f"of {len(owners):,}")
    yield _must_be_0("addresses decided otherwise than the truth", len(played.wrong_addresses()), "addresses")
    yield _must_be_0("prizes given twice, or not handed over", played.paid_twice + played.not_handed_over, "prizes")
    honest = genuine_friends(played.addresses, set())
    after_rules = genuine_friends(played.addresses, played.refused)
    for prize, number in MILESTONES.items():
        have = {person for person, prizes in decided.items() if prize in prizes}
        by_fakes = sum(after_rules[person] < number for person in have)
        missed = sum(count >= number and person not in have for person, count in honest.items())
        more = f"{by_fakes:,} thanks to fake addresses; {missed:,} miss it whose genuine friends share networks"
        yield Figure(f"{number} friends: {prize}", len(have), "people", more=more)


def _of_the_fakes(played: Played) -> Iterator[Figure]:
    for pattern in ("", *(pattern.name for pattern in PATTERNS)):
        names = {one.name for one in played.addresses if one.pattern == pattern and one.advocate is not None}
        refused, reviewed, counted = (len(names & of) for of in (played.refused, played.reviewed, played.counted))
        rest = len(names) - refused - counted
        more = f"of {len(names):,}: {refused:,} refused, {reviewed:,} to review, {rest:,} never confirmed or bounced"
        yield Figure(f"count: {pattern or 'genuine friends'}", counted, "addresses", more=more)


def _must_be_0(name: str, number: int, unit: str, more: str = "") -> Figure:
    return Figure(name, number, unit, aim=0, at_most=True, more=more)


def _differences(one: Prizes, other: Prizes) -> list[str]:
    return sorted(person for person in one.keys() | other.keys() if one.get(person) != other.get(person))
