"""Who asks for a link: a person, the preview of a messenger, a browser that fetches ahead, or a robot.

The honest limit: mail scanners that pretend to be a browser look like one. Microsoft's Safe Links and its like are counted as
persons here; a click is evidence and no claim, so nobody is paid for it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from crawlerdetect import CrawlerDetect

Kind = Literal["person", "preview", "prefetch", "bot"]

AGENT_MAX = 256
"""How many characters of a User-Agent are judged: the list's patterns take longer than in proportion."""
VERDICTS_MAX = 8192
"""How many User-Agents are remembered with their verdict."""

FETCHED_AHEAD: Final = {
    b"sec-purpose": b"prefetch",
    b"purpose": b"prefetch",
    b"x-purpose": b"pre",
    b"x-moz": b"prefetch",
}
"""Headers by which browsers say that nobody has looked yet, with how their values begin."""

# Apps that open links in a browser of their own carry their name beside that of a real browser, or end in "for iOS":
# only what these services call themselves when they fetch a preview stands here.
_PREVIEW = re.compile(
    r"""^whatsapp/ | telegrambot | facebookexternalhit | facebot | facebookcatalog | ^instagram[ ]?bot | twitterbot
    | slackbot | slack-imgproxy | linkedinbot | discordbot | skypeuripreview | ^viber/ | ^viber\b(?!.*mozilla)
    | pinterest(bot|/0\.) | redditbot | vkshare | mastodon/ | misskey/ | pleroma | bluesky | cardyb | embedly | iframely
    | tumblr/ | ^line-poker | linespider | kakaotalk-scrap | snapchatads | snap[ ]url[ ]preview | nextcloud[ ]server
    | bitlybot | whatsapp\b.*\bpreview | signal-?preview | imessage | google-pagerenderer | googlemessages | zoombot
    | mattermost | rocket\.chat | teamsbot | microsoftpreview | outlook-?preview""",
    re.IGNORECASE | re.VERBOSE,
)
# Mail and document scanners that say so, and what is no browser although the list below lets it pass.
_BOT = re.compile(
    r"""barracuda | proofpoint | mimecast | symantec | trend[ ]?micro | forcepoint | messagelabs | ms-office | msoffice
    | microsoft[ ]office | googleimageproxy | ggpht | yahoomailproxy | urldefense | safelinks | checkpoint | sophos
    | headlesschrome | phantomjs | electron-fetch | ^mozilla/5\.0$ | ^-?$""",
    re.IGNORECASE | re.VERBOSE,
)
_LIST = CrawlerDetect()
# Words that no browser has: the list's patterns would try them from each of their letters.
_LONG_WORD = re.compile(r"([\w.-]{16})[\w.-]+([\w.-]{16})", re.ASCII)


def is_fetched_ahead(name: bytes, value: bytes) -> bool:
    """Whether a header says that the browser only fetches ahead."""
    beginning = FETCHED_AHEAD.get(name)
    return beginning is not None and value.strip().lower().startswith(beginning)


@lru_cache(maxsize=VERDICTS_MAX)
def kind_of_agent(agent: bytes) -> Kind:
    """What a User-Agent says it is. Nothing at all is a robot: every browser has a name."""
    text = agent[:AGENT_MAX].decode("latin-1").strip()
    if _PREVIEW.search(text):
        return "preview"
    if not text or _BOT.search(text) or _LIST.is_crawler(_LONG_WORD.sub(r"\1\2", text)):
        return "bot"
    return "person"


def warm_up() -> None:
    """Compile the list's patterns now and not while the first visitor waits."""
    kind_of_agent(b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
