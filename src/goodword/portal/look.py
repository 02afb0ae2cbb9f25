"""How our pages look: tokens and a few parts, one style sheet that stands in the page itself, and what a shop makes of them.

It follows the reader's light or dark, his device's or what he chose, and uses logical sides only, so that right-to-left needs no rule of its own. A page asks
nobody but us for anything, and is whole without a script. Settings choose a name, a colour, a logo, a font and how round corners
are: a `Look` is made of them once, where the application is put together, and handed on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from goodword.portal.asset import Asset, asset, read_logo
from goodword.portal.light import Light
from goodword.portal.parts import PARTS
from goodword.portal.theme import brand_colors, parse_color, text_on
from goodword.settings import InvalidSetting, Settings

FONTS = {
    "system": 'system-ui,"Noto Sans","Noto Sans Arabic",sans-serif',
    "noto": '"Noto Sans","Noto Sans Arabic",system-ui,sans-serif',
    "geometric": 'Avenir,Montserrat,Corbel,"URW Gothic","Noto Sans","Noto Sans Arabic",sans-serif',
    "humanist": 'Seravek,"Gill Sans Nova",Ubuntu,Calibri,"Noto Sans","Noto Sans Arabic",sans-serif',
    "rounded": 'ui-rounded,Quicksand,Comfortaa,"Arial Rounded MT Bold","Noto Sans","Noto Sans Arabic",sans-serif',
    "serif": 'ui-serif,Charter,"Sitka Text",Cambria,"Noto Serif","Noto Naskh Arabic",serif',
}
"""Fonts that are installed where the reader is: a page that fetches one tells somebody who reads it. Noto stands in each."""
NAME_LENGTH_MAX = 60

STYLE = """
:root{color-scheme:light dark;--paper:light-dark(#f6f5f2,#17181a);--card:light-dark(#fff,#202225);
--ink:light-dark(#1d1e20,#ececec);--soft:light-dark(#55575c,#b4b7bd);--line:light-dark(#d9d7d1,#3a3d42);
--gap:1rem}
*{box-sizing:border-box}
body{font:1.0625rem/1.65 var(--font);margin:0;padding:var(--gap);background:var(--paper);
color:var(--ink)}
main{max-inline-size:36rem;margin-inline:auto}
h1{font-size:clamp(1.5rem,5vw,2rem);line-height:1.3;margin-block:1.5rem .5rem;text-wrap:balance}
h2{font-size:1.125rem;margin-block:2rem .5rem}
p{margin-block:0 .75rem}
ul,ol{margin-block:0 1rem;padding-inline-start:1.25rem}li{margin-block:.25rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:var(--round);padding:1.25rem;margin-block:var(--gap)}
.card h2{margin-block-start:0}
.gift{font-size:1.25rem;font-weight:600;margin-block:0}
.soft{color:var(--soft)}
.button{display:block;inline-size:100%;min-block-size:3rem;padding:.75rem 1.5rem;border:2px solid var(--brand);border-radius:var(--round);
background:var(--fill);color:var(--on-fill);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
.code{display:block;inline-size:100%;padding:.5rem;border:2px dashed var(--line);border-radius:var(--round);background:none;
color:inherit;font:600 1.5rem/1.6 ui-monospace,monospace;letter-spacing:.08em;text-align:center;user-select:all}
a{color:var(--brand)}
:focus-visible{outline:3px solid var(--brand);outline-offset:3px}
summary{cursor:pointer;font-weight:600;min-block-size:2.75rem;align-content:center}
nav ul,.light ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin-block:2rem 0}
nav a,nav span,.light :is(span,button){display:inline-block;padding-block:.5rem}
.light ul{margin-block:0}
.light button{border:0;padding-inline:0;background:none;color:var(--brand);font:inherit;text-decoration:underline;cursor:pointer}
.light span{font-weight:700}
.shop{font-weight:600;margin-block:.5rem 0}
.logo{display:block;max-inline-size:12rem;max-block-size:4rem;margin-block:.5rem 1rem}
@media screen{:root[data-scheme=light]{color-scheme:light}:root[data-scheme=dark]{color-scheme:dark}}
@media print{:root{color-scheme:light}body{background:none}.button,nav,form{display:none}details>*{display:block}}
"""
TEMPLATES = Environment(
    loader=PackageLoader("goodword.portal"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["asset"] = asset


@dataclass(frozen=True, slots=True)
class Look:
    """How the pages of one process look."""

    shop: str | None
    """The name of the shop, as people know it; None where no setting says."""
    style: str
    headers: Mapping[str, str]
    """Of every page: its own style, our own scripts, pictures and forms, nothing from elsewhere, in nobody's frame."""
    logo: Asset | None
    color: str
    """Of the shop, as it is: for large areas, with text in `on_color`."""
    on_color: str

    def render(self, template: str, light: Light, **values: object) -> str:
        """A page of a template, in a light. It sees `look` besides what is given."""
        return TEMPLATES.get_template(template).render(look=self, light=light, **values)


def make_look(settings: Settings) -> Look:
    """The look that settings ask for.

    Raises:
        InvalidSetting: one of them cannot be used.
    """
    name = " ".join(settings.brand_name.split())
    if len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidSetting(f"GOODWORD_BRAND_NAME: a name has at most {NAME_LENGTH_MAX} characters, all to be seen")
    if settings.brand_font not in FONTS:
        raise InvalidSetting(f"GOODWORD_BRAND_FONT: {settings.brand_font!r} is none of {', '.join(FONTS)}")
    try:
        color = parse_color(settings.brand_color)
    except ValueError as error:
        raise InvalidSetting(f"GOODWORD_BRAND_COLOR: {error}") from None
    light, dark = brand_colors(color, "light"), brand_colors(color, "dark")
    tokens = (
        f"--fill:{color};--on-fill:{text_on(color)};"
        f"--brand:light-dark({light.brand},{dark.brand});--on-brand:light-dark({light.on_brand},{dark.on_brand});"
        f"--round:{settings.brand_corners}px;--font:{FONTS[settings.brand_font]}"
    )
    style = f"{STYLE}{PARTS}:root{{{tokens}}}\n"
    logo = read_logo(settings.brand_logo) if settings.brand_logo else None
    return Look(name or None, style, _headers(style), logo, color, text_on(color))


def _headers(style: str) -> Mapping[str, str]:
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{known}'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
