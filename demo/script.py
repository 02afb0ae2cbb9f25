"""The month as a script: pure and seeded. Every person is invented, with a role and a fate that the truth is counted from.

Values that only the server knows stand in the script as placeholders, ``@code:EVENT`` (the code a join gave),
``@claim:EVENT`` (the token of an anonymous claim), ``@referral:EVENT`` and ``@coupon:EVENT``; the player fills them in.
A code may be followed by how somebody types it: ``@code:EVENT|lower``, ``|hyphen`` or ``|arabic``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from demo.promises import Promise
from demo.story import Fate, Happening, Moment, Role, Story

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
DAYS = 30
LATER = timedelta(days=60)
"""How long after the month everything held has matured."""
MANNERS = ("", "", "", "|lower", "|hyphen", "|arabic")
CHANNELS = ("whatsapp", "email", "card", "facebook", "telegram")
NAMES = ("Layla", "Ștefan", "يوسف", "Ana", "Omar", "Ioana", "مريم", "John", "Țurcanu Dan", "Zoë", "سارة", "Mihai")
LATE_CHARGEBACK = timedelta(days=36)
"""After the longest hold: what was paid for the order has been handed over."""
SUPER = "super"
"""The advocate who reaches the cap."""
NETWORK_PEOPLE = 30
ONE_NETWORK = "203.0.113.66"
UNDONE_LATER = (
    Fate.RETURNED,
    Fate.SECOND_CHANCE,
    Fate.PART_BELOW,
    Fate.CANCELLED,
    Fate.CHARGED_BACK,
    Fate.LATE_CHARGEBACK,
)
Body = dict[str, Any]

ORDER_FATES = (
    [Fate.KEPT] * 8
    + [Fate.BROWSED] * 3
    + [Fate.BELOW] * 2
    + [Fate.REPEAT] * 3
    + [Fate.RETURNED, Fate.RETURNED, Fate.PART_KEPT, Fate.PART_BELOW, Fate.CANCELLED, Fate.CHARGED_BACK]
    + [Fate.EARLY_REFUND, Fate.SECOND_CHANCE, Fate.LATE_CHARGEBACK]
)
ACCOUNT_FATES = [Fate.KEPT] * 6 + [Fate.BROWSED] * 2 + [Fate.SIGNED_UP] * 2 + [Fate.LATE, Fate.CLOSED]


@dataclass(frozen=True, slots=True)
class Script:
    """A month: the events in the order in which they are told, and the stories behind them."""

    promise: Promise
    seed: int
    events: tuple[Body, ...]
    stories: tuple[Story, ...]
    moments: tuple[Moment, ...]
    repeats: int
    conflict: Body
    """An event told before, now with other content: to be refused."""


def month(promise: Promise, seed: int) -> Script:
    """Write the month of a program. The same seed gives the same month."""
    return _Writer(promise, Random(seed)).write(seed)


@dataclass(slots=True)
class _Writer:
    """The script while it is written."""

    promise: Promise
    random: Random
    told: list[tuple[datetime, int, Body]] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    joins: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By advocate: the event of his join, and when it was."""

    def write(self, seed: int) -> Script:
        self._advocates()
        self._ordinary()
        self._pairs()
        self._cheats()
        self._one_network()
        self._crowds()
        self._own_doings()
        self._strangers()
        repeats = self._repeats()
        events = [body for _, _, body in sorted(self.told, key=lambda line: line[:2])]
        events.append(self._body("time_passed", "later", START + timedelta(days=DAYS) + LATER))
        first = next(body for body in events if body["type"] == "join")
        conflict = first | {"occurred_at": _text(START + timedelta(days=1))}
        moments = tuple(sorted(self.moments, key=lambda moment: moment.at))
        return Script(self.promise, seed, tuple(events), tuple(self.stories), moments, repeats, conflict)

    # people -------------------------------------------------------------------------------------------------------

    def _advocates(self) -> None:
        for number in range(40):
            self._advocate(f"adv{number:02}", self._hour(0, 3))
        for milestone in self.promise.milestones:
            self._advocate(f"goal{milestone.at:02}", self._hour(0, 1))
        if self.promise.milestones:
            self._advocate(f"almost{self.promise.milestones[0].at - 1:02}", self._hour(0, 1))
        if self.promise.super_friends:
            self._advocate(SUPER, self._hour(0, 1))

    def _advocate(self, name: str, at: datetime) -> None:
        """A customer of before joins, and shares."""
        self._become_customer(name, at - timedelta(minutes=20))
        self._join(name, at)

    def _join(self, name: str, at: datetime) -> None:
        self.joins[name] = (f"join-{name}", at)
        self._tell("join", f"join-{name}", at, person=self._person(name, True), program=self.promise.recipe)
        for number in range(self.random.randint(0, 3)):
            when = at + timedelta(minutes=30 + 400 * number)
            self._tell("share", f"share-{name}-{number}", when, code=self._code(name), channel=self._pick(CHANNELS))

    def _become_customer(self, name: str, at: datetime) -> None:
        if self.promise.orders:
            self._order(name, "past", at, self._worth())
        elif self.promise.signs_up:
            self._tell("sign_up", f"past-{name}", at, person=self._person(name, True))
        else:
            self._does(name, "past", at)

    def _fates(self) -> list[Fate]:
        """The fates that this program knows."""
        if self.promise.orders:
            return ORDER_FATES
        two_steps = self.promise.signs_up and self.promise.activity is not None
        impossible = set() if two_steps else {Fate.SIGNED_UP, Fate.LATE}
        return [fate for fate in ACCOUNT_FATES if fate not in impossible]

    def _ordinary(self) -> None:
        advocates = self._ordinary_advocates()
        fates = self._fates()
        for number in range(110):
            fate = fates[number % len(fates)]
            story = self._story(f"friend{number:03}", Role.FRIEND, fate, self._pick(advocates), self._hour(4, 20))
            self._comes(story)
            if fate is Fate.KEPT and number % len(fates) == 0:
                self._next_generation(story, number)

    def _ordinary_advocates(self) -> list[str]:
        return sorted(name for name in self.joins if name.startswith("adv"))

    def _next_generation(self, story: Story, number: int) -> None:
        """A friend becomes an advocate himself. His own advocate gets nothing for what comes of it."""
        joined = story.at + timedelta(days=4)
        self._join(story.friend, joined)
        at = joined + timedelta(hours=20)
        self._comes(self._story(f"grandchild{number:03}", Role.FRIEND, Fate.KEPT, story.friend, at))
        self._story(story.advocate, Role.CIRCLE, Fate.NOTHING, story.friend, at)
        self._claims(story.advocate, f"circle-{number:03}", story.friend, at)

    def _pairs(self) -> None:
        """Friends whom two advocates claim."""
        for number in range(20):
            one, two = self.random.sample(self._ordinary_advocates(), 2)
            role = (Role.TWO_CLAIMS, Role.CODE_BEATS)[number % 2]
            story = self._story(f"pair{number:02}", role, Fate.KEPT, one, self._hour(4, 20), two)
            self._starts(story)
            if role is Role.TWO_CLAIMS:
                self._claims(story.friend, f"second-{story.friend}", two, story.at + timedelta(minutes=40))
                self._acts(story, {})
            else:
                self._changes_his_mind(story, two)

    def _changes_his_mind(self, story: Story, two: str) -> None:
        """The friend clicked one link and types the code of another advocate in the end."""
        act = story.at + timedelta(hours=20)
        evidence = {"code": self._code(two)}
        if not self.promise.code_beats:
            self._acts(story, evidence, act)
            return
        self._moment(act, "replaced", story)
        taken = Story(story.friend, story.role, story.fate, two, story.advocate, act)
        self._moment(act, "starts", taken)
        self._acts(taken, evidence, act)

    def _cheats(self) -> None:
        advocates = self._ordinary_advocates()
        for number, advocate in enumerate(advocates[:15]):
            at = self._hour(4, 22)
            self._story(advocate, Role.SAME_PERSON, Fate.NOTHING, advocate, at)
            self._claims(advocate, f"self-{number:02}", advocate, at)
        for number, advocate in enumerate(advocates[15:25]):
            self._cheat(f"alias{number:02}", Role.SAME_CARD, advocate, {"payment": f"card-{advocate}"})
        for number, advocate in enumerate(advocates[25:33]):
            self._same_device(number, advocate)
        for number in range(10):
            self._existing(f"known{number:02}", self._pick(advocates))

    def _same_device(self, number: int, advocate: str) -> None:
        device = {"device": f"device-{advocate}"}
        if self.promise.same_device == "refuse":
            self._cheat(f"twin{number:02}", Role.SAME_DEVICE, advocate, device)
        elif self.promise.same_device == "review":
            role = (Role.HOUSEHOLD, Role.HOUSEHOLD_DENIED)[number % 2]
            story = self._story(f"home{number:02}", role, Fate.KEPT, advocate, self._hour(4, 18))
            self._starts(story, **device)
            self._acts(story, {})
            self._review(story, "approve" if role is Role.HOUSEHOLD else "deny")

    def _cheat(self, name: str, role: Role, advocate: str, signal: Body) -> None:
        story = self._story(name, role, Fate.NOTHING, advocate, self._hour(4, 22))
        self._claims(name, f"cheat-{name}", advocate, story.at, **signal)

    def _review(self, story: Story, verdict: str) -> None:
        """A person looks at the referral, some days later."""
        at = story.at + timedelta(days=5)
        claim = f"@referral:claim-{story.friend}"
        self._tell("review", f"review-{story.friend}", at, referral=claim, verdict=verdict, why="looked at by the demo")
        self._moment(story.at, "doubted", story)
        self._moment(at, "denied" if verdict == "deny" else "trusted", story)

    def _existing(self, name: str, advocate: str) -> None:
        """A customer of before would like to be a friend now."""
        story = self._story(name, Role.CUSTOMER, Fate.NOTHING, advocate, self._hour(5, 20))
        self._become_customer(name, story.at - timedelta(days=2))
        if self.promise.new_customers_only:
            self._claims(name, f"claim-{name}", advocate, story.at)
        else:
            self._starts(story)

    def _one_network(self) -> None:
        """Thirty invented people in one afternoon, all from one network."""
        limit = self.promise.network_limit
        if limit is None:
            return
        advocate = self._ordinary_advocates()[33]
        for number in range(NETWORK_PEOPLE):
            at = START + timedelta(days=12, hours=6, minutes=number * 3)
            story = self._story(f"sock{number:02}", Role.NETWORK, Fate.KEPT, advocate, at)
            if number >= limit and self.promise.network_action == "refuse":
                self._claims(story.friend, f"claim-{story.friend}", advocate, at, network=ONE_NETWORK)
                continue
            self._starts(story, network=ONE_NETWORK)
            self._acts(story, {})
            if number >= limit:
                self._review(story, "deny")

    def _crowds(self) -> None:
        """The advocates who bring an exact number of friends."""
        crowds = {name: int(name[-2:]) for name in self.joins if name.startswith(("goal", "almost"))}
        if self.promise.super_friends:
            crowds[SUPER] = self.promise.super_friends
        for advocate, size in crowds.items():
            for number in range(size):
                story = self._story(f"{advocate}-{number:02}", Role.FRIEND, Fate.KEPT, advocate, self._hour(3, 22))
                self._comes(story)

    def _own_doings(self) -> None:
        """What advocates show of their own; staff turn every third of it down."""
        own = self.promise.own
        for number, advocate in enumerate(self._ordinary_advocates()[:12] if own else []):
            assert own is not None  # noqa: S101
            at, person = self.joins[advocate][1] + timedelta(days=1), self._person(advocate, True)
            id = self._tell(
                "activity", f"shows-{advocate}", at, name=own.activity, person=person, fields=dict(own.fields)
            )
            verdict = "approve" if number % 3 else "deny"
            at += timedelta(days=1)
            self._tell("moderation", f"looked-{advocate}", at, submission=id, verdict=verdict)
            if verdict == "approve":
                self.moments.append(Moment(at, "shows", advocate, ""))

    def _strangers(self) -> None:
        for number in range(40):
            name, at = f"stranger{number:02}", self._hour(1, 28)
            self._story(name, Role.STRANGER, Fate.NOTHING, "", at)
            self._become_customer(name, at)

    # what friends do ----------------------------------------------------------------------------------------------

    def _comes(self, story: Story) -> None:
        """A friend arrives by one of the ways people arrive, and does what is his fate."""
        ways = ("link", "person", "code") if self.promise.links else ("person", "code")
        way = self._pick(ways) if story.fate is not Fate.BROWSED else "person"
        if way == "person":
            self._starts(story)
            coupon = self.promise.coupon and story.fate in (Fate.KEPT, Fate.REPEAT)
            self._acts(story, {"redeems": [{"code": f"@coupon:claim-{story.friend}"}]} if coupon else {})
            return
        act = story.at + timedelta(minutes=self.random.randint(5, 2000))
        if way == "code":
            evidence = {"code": self._code(story.advocate)}
        else:
            token = self._tell("claim", f"click-{story.friend}", story.at, code=self._code(story.advocate))
            evidence = {"claim": f"@claim:{token}"}
        self._moment(act, "starts", story)
        self._acts(story, evidence, act)

    def _starts(self, story: Story, **signals: str) -> None:
        """The friend accepts by name: his referral starts."""
        self._claims(story.friend, f"claim-{story.friend}", story.advocate, story.at, **signals)
        self._moment(story.at, "starts", story)

    def _claims(self, friend: str, event: str, advocate: str, at: datetime, **signals: str) -> str:
        person = self._person(friend) | signals
        return self._tell("claim", event, at, code=self._code(advocate), person=person, via=self.promise.via)

    def _acts(self, story: Story, evidence: Body, at: datetime | None = None) -> None:
        """The friend does what is his fate. Evidence goes with the first thing he does."""
        at = at or story.at + timedelta(minutes=self.random.randint(60, 60 * 60))
        if story.fate is Fate.BROWSED:
            return
        if self.promise.orders:
            self._buys(story, at, evidence)
            return
        if self.promise.signs_up:
            self._tell("sign_up", f"in-{story.friend}", at, person=self._person(story.friend, True), **evidence)
            evidence = {}
        self._goes_on(story, at, evidence)
        if self.promise.verify:
            person = self._person(story.friend) | {"fields": {self.promise.verify: True}}
            self._tell("profile", f"verified-{story.friend}", at + timedelta(days=1), person=person)

    def _goes_on(self, story: Story, at: datetime, evidence: Body) -> None:
        """What comes after the sign-up."""
        if story.fate is Fate.SIGNED_UP:
            return
        if self.promise.activity:
            at += timedelta(minutes=self.random.randint(5, 2000))
            if story.fate is Fate.LATE:
                at += timedelta(days=self.promise.within_days or 0)
            at = self._does(story.friend, "one", at, **evidence)
        if story.fate is not Fate.LATE:
            self._moment(at, "qualifies", story)
        if story.fate is Fate.CLOSED:
            at += timedelta(hours=self.random.randint(20, 60))
            person = self._person(story.friend)
            self._tell("activity", f"leaves-{story.friend}", at, name=self.promise.undone_by, person=person)
            self._moment(at, "undone", story)

    def _does(self, name: str, which: str, at: datetime, **evidence: Any) -> datetime:
        """Somebody does all that qualifies; when he did the last of it."""
        person, first = self._person(name, True), [self.promise.first] if self.promise.first else []
        for number, activity in enumerate([*first, *[self.promise.activity] * self.promise.times]):
            id = f"does-{name}-{which}" + (f"-{number}" if number else "")
            at += timedelta(minutes=7 * bool(number))
            self._tell("activity", id, at, name=activity, person=person, **(evidence if number == 0 else {}))
        return at

    def _buys(self, story: Story, at: datetime, evidence: Body) -> None:
        total = self.promise.minimum - 100 if story.fate is Fate.BELOW else self._worth()
        if story.fate is Fate.EARLY_REFUND:
            self._change("refund", story.friend, at - timedelta(minutes=3))
        self._order(story.friend, "one", at, total, **evidence)
        if "redeems" in evidence:
            self._moment(at, "uses", story)
        if story.fate is not Fate.BELOW:
            self._moment(at, "qualifies", story, total)
        if story.fate is Fate.EARLY_REFUND:
            self._moment(at, "undone", story)
        self._afterwards(story, at + timedelta(hours=self.random.randint(20, 100)), total)

    def _afterwards(self, story: Story, at: datetime, total: int) -> None:
        """What happens to an order once it is there."""
        spare = total - self.promise.minimum
        match story.fate:
            case Fate.RETURNED | Fate.SECOND_CHANCE:
                self._change("refund", story.friend, at)
            case Fate.PART_KEPT:
                self._change("refund", story.friend, at, amount=spare // 2)
                self._moment(at, "shrinks", story, total - spare // 2)
            case Fate.PART_BELOW:
                self._change("refund", story.friend, at, amount=spare + 100)
            case Fate.CANCELLED:
                self._change("cancel", story.friend, at)
            case Fate.LATE_CHARGEBACK:
                at += LATE_CHARGEBACK
                self._change("chargeback", story.friend, at)
            case Fate.CHARGED_BACK:
                self._change("chargeback", story.friend, at)
        if story.fate in UNDONE_LATER:
            self._moment(at, "undone", story)
        again = at + timedelta(hours=8)
        if story.fate in (Fate.REPEAT, Fate.SECOND_CHANCE):
            worth = self._worth()
            self._order(story.friend, "two", again, worth)
            if story.fate is Fate.SECOND_CHANCE:
                self._moment(again, "qualifies", story, worth)

    def _order(self, name: str, which: str, at: datetime, total: int, **more: Any) -> None:
        person, order = self._person(name, True), f"{name}-{which}"
        self._tell(
            "order",
            f"order-{order}",
            at,
            order=order,
            person=person,
            total=total,
            currency=self.promise.currency,
            **more,
        )

    def _change(self, type: str, friend: str, at: datetime, **more: int) -> None:
        self._tell(type, f"{type}-{friend}", at, order=f"{friend}-one", **more)

    # the small change ---------------------------------------------------------------------------------------------

    def _repeats(self) -> int:
        """Some events are told again a little later, word for word, as retries are."""
        chosen = self.random.sample(range(len(self.told)), len(self.told) // 25)
        for index in chosen:
            at, _, body = self.told[index]
            self.told.append((at + timedelta(minutes=self.random.randint(0, 600)), len(self.told), body))
        return len(chosen)

    def _story(self, friend: str, role: Role, fate: Fate, advocate: str, at: datetime, other: str = "") -> Story:
        story = Story(friend, role, fate, advocate, other, at)
        self.stories.append(story)
        return story

    def _moment(self, at: datetime, happening: Happening, story: Story, worth: int = 0) -> None:
        self.moments.append(Moment(at, happening, story.advocate, story.friend, worth))

    def _tell(self, type: str, id: str, at: datetime, **content: Any) -> str:
        self.told.append((at, len(self.told), self._body(type, id, at, **content)))
        return id

    def _body(self, type: str, id: str, at: datetime, **content: Any) -> Body:
        return {"type": type, "id": id, "occurred_at": _text(at), **content}

    def _person(self, name: str, known: bool = False) -> Body:
        """A person as the shop sends him: with name, card and device where he has signed in."""
        person: Body = {"id": name, "email": f"{name}@example.org"}
        if known:
            number = sum(name.encode())
            person |= {"name": NAMES[number % len(NAMES)], "payment": f"card-{name}", "device": f"device-{name}"}
        if self.promise.fields:
            person["fields"] = dict(self.promise.fields)
        if known and self.promise.verify and name in self.joins:
            person["fields"] = {self.promise.verify: True}
        if self.promise.country:
            person["country"] = self.promise.country
        return person

    def _code(self, advocate: str) -> str:
        return f"@code:{self.joins[advocate][0]}{self._pick(MANNERS)}"

    def _worth(self) -> int:
        return self.promise.minimum + self.random.randrange(1000, 9000, 50)

    def _hour(self, first: int, last: int) -> datetime:
        """Some minute of the days between these two."""
        return START + timedelta(minutes=self.random.randint(first * 1440, last * 1440))

    def _pick(self, items: Any) -> Any:
        return self.random.choice(items)


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
