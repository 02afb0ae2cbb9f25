"""The week of Harry's prelaunch, made up from its public record: who signs up, through whom, and which addresses are fake.

The record says: 100,000 addresses in a week, 85,000 of them genuine, 77% of these by referral; over 1,300 people with five friends
or more, some 200 with fifty or more. How many friends one person brings is drawn from one heavy-tailed law with those two figures
as its marks. What the record does not say (how many share a network, how people cheat) is assumed, and stands here as constants.
The same seed gives the same week. Nothing of Goodword is imported: this is what it is measured by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

SIZE = 100_000
GENUINE = 0.85
REFERRED = 0.77
"""Of the genuine addresses."""
SHARE_TOLERANCE = 0.005
"""How far a drawn week may be from that share."""

# How many friends sign up through one person.
BRINGS_SOMEBODY = 0.2385
FEW = (1, 2, 3, 4)
FEW_WEIGHTS = (0.82, 0.12, 0.045, 0.015)
MANY = 5
BRINGS_MANY = 0.0695
"""Of those who bring somebody."""
TAIL = 0.72
"""The exponent of the law from five friends on: half of them bring twelve or more."""
MOST = 340
MOST_OF_ALL = 8
"""In a small week nobody brings more than one in so many."""

# When, and from where.
ZONE = ZoneInfo("America/New_York")
FIRST_MS = int(datetime(2026, 3, 2, 7, tzinfo=ZONE).timestamp() * 1000)
SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
DAYS = (9, 14, 16, 17, 15, 13, 16)
"""How much of the week comes on each of its days."""
HOURS = (5, 3, 2, 1, 1, 2, 4, 8, 13, 17, 18, 18, 19, 18, 17, 16, 16, 17, 18, 20, 21, 19, 14, 9)
"""How much of a day comes in each of its hours, midnight first."""
AT_HOME_OF_ADVOCATE = 0.03
AT_WORK = 0.01
PEOPLE_AT_WORK = 4
ON_MOBILE = 0.005
PEOPLE_ON_MOBILE = 15

# What becomes of a genuine address.
NEVER_CONFIRMS = 0.02
CONFIRMS_LATE = 0.004
BOUNCES = 0.003
CONFIRMS_TWICE = 0.02


class Pattern(NamedTuple):
    """How somebody makes addresses."""

    name: str
    share: float
    """Of all fake addresses."""
    gap_ms: tuple[int, int]
    """How long he waits from one to the next."""
    per_network: int
    """How many come from one network; 0 for all of them."""
    one_device: bool
    confirms: bool
    bounces: bool


PATTERNS = (
    Pattern("one network, one device", 0.45, (15 * SECOND_MS, 2 * MINUTE_MS), 0, True, True, False),
    Pattern("one device, a network for each", 0.10, (MINUTE_MS, 5 * MINUTE_MS), 1, True, True, False),
    Pattern("a device and a network for each", 0.08, (5 * MINUTE_MS, 40 * MINUTE_MS), 1, False, True, False),
    Pattern("slow trickle, two for each network", 0.12, (HOUR_MS // 2, 3 * HOUR_MS), 2, True, True, False),
    Pattern("made up, never confirmed", 0.20, (SECOND_MS, 20 * SECOND_MS), 1, False, False, False),
    Pattern("thrown away, bounces later", 0.05, (MINUTE_MS, 10 * MINUTE_MS), 1, True, True, True),
)
CLUSTER = (3, 60)
"""How many addresses one cheat makes: from, to."""
CLUSTER_TAIL = 1.1
CHEATS_COME_EARLY = 0.8
"""Cheats are among the first so many of the genuine people."""


@dataclass(slots=True, eq=False)
class Address:
    """An address on the list, with the truth about it."""

    name: str
    at_ms: int
    advocate: Address | None
    network: str
    device: str
    pattern: str = ""
    """How it was made by somebody else; empty for a genuine one."""
    confirmed_ms: int | None = None
    confirmed_again_ms: int | None = None
    bounced_ms: int | None = None

    @property
    def genuine(self) -> bool:
        """Whether a person of his own stands behind it."""
        return not self.pattern


def week(size: int = SIZE, seed: int = 1) -> list[Address]:
    """All addresses of a week, in the order in which they sign up."""
    random = Random(seed)
    genuine = _genuine(random, round(size * GENUINE))
    found = genuine + _fakes(random, genuine, size - len(genuine))
    return sorted(found, key=lambda address: address.at_ms)


# genuine people -------------------------------------------------------------------------------------------------------


def _genuine(random: Random, count: int) -> list[Address]:
    times = _times(random, count)
    places = _advocates(random, count)
    people: list[Address] = []
    for number, (at_ms, place) in enumerate(zip(times, places, strict=True)):
        advocate = None if place is None else people[place]
        network = _network(random, number, count, advocate)
        person = Address(f"p{number}", at_ms, advocate, network, f"device-p{number}")
        _confirm(random, person)
        people.append(person)
    return people


def _advocates(random: Random, count: int) -> list[int | None]:
    """For each in the order of arrival, who brought him: the place of somebody before him."""
    while True:
        friends = _in_order_of_arrival(random, _friends(random, count))
        places = _matched(random, friends)
        if places is not None:
            return places


def _friends(random: Random, count: int) -> list[int]:
    """How many friends each brings: a draw whose share of referrals is that of the record."""
    most = min(MOST, max(MANY, count // MOST_OF_ALL))
    while True:
        drawn = [_brings(random, most) for _ in range(count)]
        if abs(sum(drawn) / count - REFERRED) <= SHARE_TOLERANCE:
            return drawn


def _brings(random: Random, most: int) -> int:
    if random.random() >= BRINGS_SOMEBODY:
        return 0
    if random.random() >= BRINGS_MANY:
        return random.choices(FEW, FEW_WEIGHTS)[0]
    return _heavy_tailed(random, MANY, most, TAIL)


def _heavy_tailed(random: Random, least: int, most: int, tail: float) -> int:
    """A whole number from `least` to `most`, whose chance to be passed falls with this power."""
    low, high = least**-tail, (most + 1) ** -tail
    return int((low - random.random() * (low - high)) ** (-1 / tail))


def _in_order_of_arrival(random: Random, friends: list[int]) -> list[int]:
    """Who brings many was there early, and the last bring nobody: nobody would have had the time."""

    def when(number: int) -> float:
        chance = random.random()
        return chance if number == 0 else 0.92 * chance if number < MANY else 0.7 * chance**2

    return [number for _, number in sorted((when(number), number) for number in friends)]


def _matched(random: Random, friends: list[int]) -> list[int | None] | None:
    """An open invitation for each who was invited; None where somebody would have to be there before his advocate."""
    strangers = len(friends) - sum(friends)
    open_invitations: list[int] = []
    places: list[int | None] = []
    for number, brings in enumerate(friends):
        if open_invitations and random.random() * (len(friends) - number) >= strangers:
            pick = random.randrange(len(open_invitations))
            open_invitations[pick], open_invitations[-1] = open_invitations[-1], open_invitations[pick]
            places.append(open_invitations.pop())
        elif strangers:
            strangers -= 1
            places.append(None)
        else:
            return None
        open_invitations += [number] * brings
    return places


def _times(random: Random, count: int) -> list[int]:
    """When they come: most in the day and the evening, few in the night, in New York's time."""
    weights = []
    for hour in range(WEEK_MS // HOUR_MS):
        local = datetime.fromtimestamp((FIRST_MS + hour * HOUR_MS) / 1000, UTC).astimezone(ZONE)
        weights.append(DAYS[hour // 24] * HOURS[local.hour])
    hours = random.choices(range(len(weights)), weights, k=count)
    return sorted(FIRST_MS + hour * HOUR_MS + random.randrange(HOUR_MS) for hour in hours)


def _network(random: Random, number: int, count: int, advocate: Address | None) -> str:
    chance = random.random()
    if chance < ON_MOBILE:
        return f"mobile-{random.randrange(max(1, int(count * ON_MOBILE / PEOPLE_ON_MOBILE)))}"
    if chance < ON_MOBILE + AT_WORK:
        return f"work-{random.randrange(max(1, int(count * AT_WORK / PEOPLE_AT_WORK)))}"
    if advocate is not None and chance < ON_MOBILE + AT_WORK + AT_HOME_OF_ADVOCATE:
        return advocate.network
    return f"home-p{number}"


def _confirm(random: Random, person: Address) -> None:
    """What its owner does with our mail: most open it within the hour."""
    chance = random.random()
    if chance < NEVER_CONFIRMS:
        return
    waits_ms = min(DAY_MS, int(random.lognormvariate(0, 1.2) * 12 * MINUTE_MS) + SECOND_MS)
    if chance < NEVER_CONFIRMS + CONFIRMS_LATE:
        waits_ms += 3 * DAY_MS
    person.confirmed_ms = person.at_ms + waits_ms
    if chance > 1 - BOUNCES:
        person.bounced_ms = person.confirmed_ms + random.randrange(HOUR_MS, DAY_MS)
    elif chance > 1 - BOUNCES - CONFIRMS_TWICE:
        person.confirmed_again_ms = person.confirmed_ms + random.randrange(SECOND_MS, HOUR_MS)


# fake addresses -------------------------------------------------------------------------------------------------------


def _fakes(random: Random, genuine: list[Address], count: int) -> list[Address]:
    """Clusters, each made by one genuine person for himself, until every pattern has its share."""
    early = genuine[: int(len(genuine) * CHEATS_COME_EARLY)]
    wanted = {pattern: int(count * pattern.share) for pattern in PATTERNS}
    wanted[PATTERNS[0]] += count - sum(wanted.values())
    cheats = iter(random.sample(early, len(early)))
    fakes: list[Address] = []
    for pattern, left in wanted.items():
        while left:
            cluster = _cluster(random, pattern, next(cheats), min(left, _heavy_tailed(random, *CLUSTER, CLUSTER_TAIL)))
            fakes += cluster
            left -= len(cluster)
    return fakes


def _cluster(random: Random, pattern: Pattern, cheat: Address, count: int) -> list[Address]:
    """What one cheat makes, as far as the week suffices."""
    cluster: list[Address] = []
    at_ms = cheat.at_ms + random.randrange(MINUTE_MS, DAY_MS)
    for number in range(count):
        at_ms += random.randint(*pattern.gap_ms)
        if at_ms >= FIRST_MS + WEEK_MS:
            break
        name = f"{cheat.name}+{number}"
        network = f"far-{cheat.name}-{number // pattern.per_network}" if pattern.per_network else cheat.network
        device = cheat.device if pattern.one_device else f"device-{name}"
        fake = Address(name, at_ms, cheat, network, device, pattern.name)
        if pattern.confirms:
            fake.confirmed_ms = at_ms + random.randrange(5 * SECOND_MS, 2 * MINUTE_MS)
        if pattern.bounces and fake.confirmed_ms:
            fake.bounced_ms = fake.confirmed_ms + random.randrange(6 * HOUR_MS, 2 * DAY_MS)
        cluster.append(fake)
    return cluster
