"""Who is a person and who only looks."""

import re
from functools import cache

import pytest
from crawlerdetect import CrawlerDetect
from crawlerdetect.providers import crawlers, exclusions
from hypothesis import given
from hypothesis import strategies as st

from goodword.edge import agents
from goodword.edge.agents import AGENT_MAX, is_fetched_ahead, kind_of_agent, lowered, one_of

IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile"

PERSONS = [
    f"{IOS} Version/17.4 Mobile/15E148 Safari/604.1",
    f"{ANDROID} Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36",
    f"{IOS} Mobile/15E148 [FBAN/FBIOS;FBAV/456.0;FBBV/1;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.4]",
    f"{IOS} Mobile/15E148 Instagram 321.0.0.32.118 (iPhone14,5; iOS 17_4; de_DE; scale=3.00; 1170x2532)",
    f"{IOS} Mobile/15E148 Twitter for iPhone/10.30",
    f"{IOS} Mobile/15E148 [LinkedInApp]/9.29",
    f"{IOS} Mobile/15E148 Snapchat/12.78.0.46 (like Safari/604.1)",
    f"{ANDROID} Safari/537.36 Line/14.5.0/IAB",
    f"{IOS} Mobile/15E148 [Pinterest/iOS]",
    f"{IOS} Version/17.4 Mobile/15E148 Safari/604.1 GSA/300.0",
    f"{ANDROID} Safari/537.36 Viber/22.1.0.0",
    f"{ANDROID} Safari/537.36 musical_ly_2023306030 BytedanceWebview/d8a21c6",
    f"{ANDROID} Safari/537.36 SamsungBrowser/25.0",
]
PREVIEWS = [
    "WhatsApp/2.23.20.0 A", "WhatsApp/2.2413.51 W", "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Facebot",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Twitterbot/1.0", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Viber/13.0.0.20", "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)", "Mastodon/4.2.8 (http.rb/5.1.1)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)", "Iframely/1.3.1 (+https://iframely.com/docs/about)",
]  # fmt: skip
BOTS = [
    "", " ", "-", "Mozilla/5.0", "curl/8.5.0", "Wget/1.21.4", "python-requests/2.31.0", "python-httpx/0.27.0", "Go-http-client/1.1",
    "okhttp/4.12.0", "Java/17.0.1", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Mozilla/5.0 (compatible; AhrefsBot/7.0)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
    "Barracuda Sentinel (EE)", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
]  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "kind"),
    [*((one, "person") for one in PERSONS), *((one, "preview") for one in PREVIEWS), *((one, "bot") for one in BOTS)],
)
def test_who_it_is(agent: str, kind: str) -> None:
    assert kind_of_agent(agent.encode()) == kind


@pytest.mark.parametrize(
    ("name", "value", "ahead"),
    [
        (b"sec-purpose", b"prefetch", True), (b"sec-purpose", b"prefetch;prerender", True), (b"purpose", b"Prefetch", True),
        (b"x-moz", b"prefetch", True), (b"x-purpose", b"preview", True), (b"x-purpose", b" prefetch", True),
        (b"sec-purpose", b"", False), (b"purpose", b"buy", False), (b"accept", b"prefetch", False),
    ],
)  # fmt: skip
def test_browsers_that_fetch_ahead_say_so(name: bytes, value: bytes, ahead: bool) -> None:
    assert is_fetched_ahead(name, value) is ahead


def test_a_robot_with_a_very_long_name_is_one() -> None:
    assert kind_of_agent(b"x" * 100 + b"bot/1.0") == "bot"
    assert kind_of_agent(b"x" * 200) == "person"


def plain_example(pattern: str) -> str:
    """A text in which a pattern of the list is found, where it is little more than letters."""
    plain = re.sub(r"\\(.)", r"\1", pattern.replace("[0-9]", "5").replace(r"[\d\.]*", "1.2").strip("^$"))
    return plain if re.search(pattern, plain, re.IGNORECASE) else "bot"


@cache
def listed_robots() -> re.Pattern[str]:
    return one_of(map(lowered, crawlers.data))


@pytest.mark.parametrize("around", ["{}", "Mozilla/5.0 ({}) Gecko/20100101 Firefox/140.0", "x{}", " {} y", "{}/1.0"])
def test_the_list_grouped_by_beginnings_says_what_the_list_says(around: str) -> None:
    whole = re.compile("|".join(f"(?:{pattern})" for pattern in crawlers.data), re.IGNORECASE)
    for pattern in crawlers.data:
        for text in (around.format(plain_example(pattern)), around.format(plain_example(pattern)[1:])):
            assert bool(listed_robots().search(text.lower())) is bool(whole.search(text)), text


words_strategy = st.sampled_from(
    [
        *PERSONS,
        *map(plain_example, crawlers.data),
        *map(plain_example, exclusions.data),
        "Mozilla/5.0 (",
        ")",
        " ",
        "x",
        "-",
    ]
)


@given(st.lists(words_strategy, min_size=1, max_size=4), st.sampled_from(["", " ", "; "]))
def test_who_is_on_the_list_is_never_taken_for_a_person_and_nobody_else_for_a_robot(words: list[str], by: str) -> None:
    agent = by.join(words)[:AGENT_MAX]
    kind = kind_of_agent(agent.encode("latin-1", "ignore"))
    if CrawlerDetect().is_crawler(agent.strip()):
        assert kind in ("bot", "preview")
    else:
        assert kind != "bot" or re.search("|".join(agents.BOTS), agent.strip(), re.IGNORECASE)


def test_what_was_long_ago_said_is_not_remembered_whole() -> None:
    assert kind_of_agent(b"Mozilla/5.0 (X11; Linux x86_64) " + b"x" * 60_000) == "person"
    assert kind_of_agent(b"x" * AGENT_MAX + b"bot") == "person"


@pytest.mark.parametrize(
    "patterns",
    [
        ["abc", "abd", "xyz"],
        ["^ab", "b+c"],
        ["^a|b/[0-9]", "cd"],
        ["[a-z]*(one|two)"],
        ["a b", "ab?c", r"q\.w"],
        ["^ab$", "ab"],
    ],
)
@given(text=st.text("abcdewxyzotnq. 0/", max_size=12))
def test_one_pattern_of_many_is_found_where_one_of_them_is(patterns: list[str], text: str) -> None:
    assert bool(one_of(patterns).search(text)) is any(re.search(pattern, text) for pattern in patterns)


def test_any_bytes_are_somebody() -> None:
    assert kind_of_agent(bytes(range(256)) * 10) in ("person", "bot")
