"""Who asks for a link: a person, the preview of a messenger, a browser that fetches ahead, or a robot.

The honest limit: mail scanners that pretend to be a browser look like one. Microsoft's Safe Links and its like are counted as
persons here; a click is evidence and no claim, so nobody is paid for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final, Literal

from crawlerdetect.providers import crawlers, exclusions

Kind = Literal["person", "preview", "prefetch", "bot"]

AGENT_MAX = 256
"""How many characters of a User-Agent are judged and remembered."""
VERDICTS_MAX = 8192
"""How many User-Agents are remembered with their verdict."""

FETCHED_AHEAD: Final = {
    b"sec-purpose": b"prefetch",
    b"purpose": b"prefetch",
    b"x-purpose": b"pre",
    b"x-moz": b"prefetch",
}
"""Headers by which browsers say that nobody has looked yet, with how their values begin."""

# All patterns are matched against the agent in lower case: where letters stand for themselves, the search looks at the first
# of them and leaves most alternatives at once.

# Apps that open links in a browser of their own carry their name beside that of a real browser, or end in "for iOS":
# only what these services call themselves when they fetch a preview stands here.
PREVIEWS = (
    r"^whatsapp/", "telegrambot", "facebookexternalhit", "facebot", "facebookcatalog", r"^instagram ?bot", "twitterbot",
    "slackbot", "slack-imgproxy", "linkedinbot", "discordbot", "skypeuripreview", r"^viber/", r"^viber\b(?!.*mozilla)",
    "pinterestbot", r"pinterest/0\.", "redditbot", "vkshare", "mastodon/", "misskey/", "pleroma", "bluesky", "cardyb",
    "embedly", "iframely", "tumblr/", r"^line-poker", "linespider", "kakaotalk-scrap", "snapchatads", "snap url preview",
    "nextcloud server", "bitlybot", r"whatsapp\b.*\bpreview", "signal-?preview", "imessage", "google-pagerenderer",
    "googlemessages", "zoombot", "mattermost", r"rocket\.chat", "teamsbot", "microsoftpreview", "outlook-?preview",
)  # fmt: skip
# Mail and document scanners that say so, and what is no browser although the list lets it pass.
BOTS = (
    "barracuda", "proofpoint", "mimecast", "symantec", "trend ?micro", "forcepoint", "messagelabs", "ms-office", "msoffice",
    "microsoft office", "googleimageproxy", "ggpht", "yahoomailproxy", "urldefense", "safelinks", "checkpoint", "sophos",
    "headlesschrome", "phantomjs", "electron-fetch", r"^mozilla/5\.0$", r"^-?$",
)  # fmt: skip

_CAPITAL = re.compile(r"\\.|[A-Z]", re.DOTALL)
_BEGINNING = re.compile(r"(\^?)([a-z0-9 !:;%_-])([a-z0-9 !:;%_-])(?![*+?{])")
_ANYTHING_FIRST = re.compile(r"\A\[[^]\\]*(?:\\.[^]\\]*)*\]\*")
_Tree = dict[str, dict[str, list[str]]]


def is_fetched_ahead(name: bytes, value: bytes) -> bool:
    """Whether a header says that the browser only fetches ahead."""
    beginning = FETCHED_AHEAD.get(name)
    return beginning is not None and value.strip().lower().startswith(beginning)


def kind_of_agent(agent: bytes) -> Kind:
    """What a User-Agent says it is. Nothing at all is a robot: every browser has a name."""
    return _kind(agent[:AGENT_MAX])


@lru_cache(maxsize=VERDICTS_MAX)
def _kind(agent: bytes) -> Kind:
    text = agent.decode("latin-1").strip().lower()
    preview, bot, harmless, listed = _patterns()
    if preview.search(text):
        return "preview"
    if bot.search(text) or listed.search(harmless.sub("", text).strip()):
        return "bot"
    return "person"


def warm_up() -> None:
    """Compile the patterns now and not while the first visitor waits."""
    _patterns()


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Previews; robots; what browsers say of themselves, which the list's authors take out first; the list of robots."""
    harmless = "|".join(
        map(lowered, exclusions.data)
    )  # in their order: of two that begin alike the first one takes out more
    return one_of(PREVIEWS), one_of(BOTS), re.compile(harmless), one_of(map(lowered, crawlers.data))


def one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """A pattern that is found where one of many is.

    Fifteen hundred alternatives side by side are tried one by one at each letter of a text. Here they stand behind their
    first two letters, so that nearly all letters rule out all of them. What begins with anything else stands beside.
    """
    anchored: _Tree = {}
    floating: _Tree = {}
    others: list[str] = []
    for pattern in patterns:
        found = _BEGINNING.match(pattern)
        if found is None or _has_alternatives(pattern):
            # What may stand before the rest, or not, is nothing to look for.
            others.append(_ANYTHING_FIRST.sub("", pattern))
        else:
            tree = anchored if found[1] else floating
            tree.setdefault(found[2], {}).setdefault(found[3], []).append(pattern[found.end() :])
    parts = [f"(?:{other})" for other in others] + _branches(floating)
    parts += [f"^(?:{'|'.join(_branches(anchored))})"] if anchored else []
    return re.compile("|".join(parts))


def lowered(pattern: str) -> str:
    """A pattern for texts in lower case: its letters lowered, what a backslash makes of one left."""
    return _CAPITAL.sub(lambda found: found[0] if found[0].startswith("\\") else found[0].lower(), pattern)


def _branches(tree: _Tree) -> list[str]:
    branches = []
    for first, seconds in tree.items():
        behind = "|".join(f"{re.escape(second)}(?:{'|'.join(rests)})" for second, rests in seconds.items())
        branches.append(f"{re.escape(first)}(?:{behind})")
    return branches


def _has_alternatives(pattern: str) -> bool:
    """Whether it has a bar outside of parentheses, or might have."""
    plain = re.sub(r"\\.|\[[^]]*\]", "", pattern)
    while plain != (inner := re.sub(r"\([^()]*\)", "", plain)):
        plain = inner
    return "|" in plain
