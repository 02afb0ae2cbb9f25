"""The few pages of our own that a friend may see, in his language: when a link leads nowhere."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from html import escape
from typing import Literal

from goodword.words.catalogue import FALLBACK, LANGUAGES, catalogue, language_of

Page = Literal["unknown", "gone", "nowhere", "away", "slow"]
STATUS: dict[Page, int] = {"unknown": 404, "gone": 410, "nowhere": 200, "away": 503, "slow": 429}

CSS = (
    ":root{color-scheme:light dark}"
    "@media screen{[data-scheme=light]{color-scheme:light}[data-scheme=dark]{color-scheme:dark}}"
    "*{box-sizing:border-box}"
    "body{font:1.125rem/1.6 system-ui,'Noto Sans','Noto Sans Arabic',sans-serif;margin:0;min-block-size:100vh;"
    "min-block-size:100dvh;"
    "display:grid;place-items:center;padding:1.5rem;background:light-dark(#f6f5f2,#17181a);"
    "color:light-dark(#1d1e20,#ececec)}"
    "main{max-inline-size:32rem;inline-size:100%}"
    "h1{font-size:1.625rem;line-height:1.3;margin-block:0 .75rem;text-wrap:balance}"
    "p{margin-block:0 1.5rem}"
    "a{display:inline-block;padding:.75rem 1.5rem;border-radius:.5rem;text-decoration:none;font-weight:600;"
    "background:#1d4ed8;color:#fff;"
    "background:light-dark(#1d4ed8,#9bc1ff);color:light-dark(#fff,#0b1a33)}"
    "a:focus-visible{outline:3px solid;outline-offset:3px}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
"""What the content security policy allows: this style, no script, nothing from elsewhere."""
TAGS_MAX = 20
"""How many languages of a browser are looked at."""


@lru_cache(maxsize=256)
def wanted_language(accepted: bytes) -> str:
    """The language of ours that an Accept-Language header likes best; English where it names none."""
    best, best_weight = FALLBACK, 0.0
    for part in accepted.decode("latin-1").split(",")[:TAGS_MAX]:
        tag, _, more = part.strip().partition(";")
        language = language_of(tag)
        if language == FALLBACK and not tag.lower().startswith(FALLBACK):
            continue
        weight = _weight(more)
        if weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


@lru_cache(maxsize=len(STATUS) * len(LANGUAGES) * 6)
def page(name: Page, language: str, home: str | None, scheme: str = "") -> bytes:
    """A page with a title, a sentence and, where the shop has one, the way to it; light or dark where its reader chose."""
    texts = catalogue(language)
    title, text = texts.text(f"edge.{name}.title"), texts.text(f"edge.{name}.text")
    link = f'<a href="{escape(home)}" rel="noreferrer">{escape(texts.text("edge.home"))}</a>' if home else ""
    lit = f' data-scheme="{scheme}"' if scheme else ""
    return (
        f'<!doctype html><html lang="{texts.language}" dir="{"rtl" if texts.rtl else "ltr"}"{lit}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{link}</main></body></html>"
    ).encode()
