"""The terms of groups, and of what is played over a measure: the ladder of tiers, contests by rank and by draw."""

from __future__ import annotations

from collections.abc import Iterator

from goodword.program.contests import Contest
from goodword.program.groups import MEMBERS_MAX
from goodword.words.format import calendar_day, either
from goodword.words.phrases import conditions, happening, own_word, reached
from goodword.words.speaker import SIGNALS, Clause, Speaker


class Games(Speaker):
    """Says the groups and the games of one program."""

    def groups(self) -> Iterator[Clause]:
        """Who is in a group, and how many may be."""
        groups = self.model.groups
        if groups is None:
            return
        yield Clause("groups", self.text("terms.group.owner"))
        if groups.members_max < MEMBERS_MAX:
            most = self.count(groups.members_max, "member")
            yield Clause("groups.members_max", self.text("terms.group.most", members=most))
        if groups.joined_by:
            what = happening(self.model, groups.joined_by, self.language)
            yield Clause("groups.joined_by", self.text("terms.group.joined_by", what=what))
        one = "terms.group.one" if groups.one_per_person else "terms.group.several"
        yield Clause("groups.one_per_person", self.text(one))

    def tiers(self) -> Iterator[Clause]:
        """What each tier takes, and how long it is held."""
        ladder = self.model.tiers
        if ladder is None:
            return
        measure = self.model.measures[ladder.measure]
        for name, number in ladder.levels.items():
            tier = own_word("tier", name, self.language)
            from_here = reached(self.model, measure, number, self.language)
            yield Clause(f"tiers.levels.{name}", self.text("terms.tier", tier=tier, number=from_here))
        yield Clause("tiers.measure", " ".join(self.counted(measure)))
        held = "terms.tier.held" if measure.period != "ever" else "terms.tier.while"
        yield Clause("tiers", self.text(held))

    def contests(self) -> Iterator[Iterator[Clause]]:
        """Every contest: its days, what counts, who wins."""
        for name, contest in self.model.contests.items():
            yield self._contest(name, contest)

    def _contest(self, name: str, contest: Contest) -> Iterator[Clause]:
        measure = self.model.measures[contest.measure]
        key = f"contests.{name}"
        yield Clause(key, self._days(name, contest))
        yield Clause(f"{key}.measure", " ".join(self.counted(measure)))
        yield Clause(f"{key}.by", " ".join(self._winners(contest)))
        if contest.at_least:
            fewest = reached(self.model, measure, contest.at_least, self.language)
            yield Clause(f"{key}.at_least", self.text(f"terms.contest.at_least.{contest.by}", number=fewest))
        if contest.eligible:
            yield Clause(
                f"{key}.eligible",
                self.text("terms.contest.eligible", conditions=conditions(contest.eligible, self.language, "advocate")),
            )
        if contest.settles_after:
            after = self.length(contest.settles_after)
            yield Clause(f"{key}.settles_after", self.text("terms.contest.settles_after", after=after))

    def _days(self, name: str, contest: Contest) -> str:
        shown = {
            "contest": own_word("contest", name, self.language),
            "first": calendar_day(contest.first_day, self.language),
        }
        if contest.last_day is None:
            return self.text("terms.contest.open", **shown)
        return self.text("terms.contest.days", **shown, last=calendar_day(contest.last_day, self.language))

    def _winners(self, contest: Contest) -> Iterator[str]:
        yield self.text(f"terms.contest.{contest.by}")
        if contest.ties:
            yield self.text(f"terms.contest.ties.{contest.ties}")
        if contest.by == "draw":
            yield self.text(f"terms.contest.entrant.{contest.entrant}")
        if contest.free_entry:
            yield self.text("terms.contest.free_entry")
            protection = self.model.protection
            alone = [name for name in SIGNALS if getattr(protection, name) == "refuse"]
            if alone:
                shared = either([self.text(f"signal.{name}") for name in alone], self.language)
                yield self.text("terms.contest.free_alone", signals=shared)
            if any(limit.action == "refuse" for limit in protection.limits):
                yield self.text("terms.contest.free_limits")
        if contest.reviewed:
            yield self.text("terms.contest.reviewed", period=self.period(contest.reviewed))
