"""How our pages look: tokens and a few parts, one style sheet that stands in the page itself.

It follows the reader's light or dark, uses logical sides only, so that right-to-left needs no rule of its own, and asks for
nothing: no font, no picture, no script.
"""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

STYLE = """
:root{color-scheme:light dark;--paper:light-dark(#f6f5f2,#17181a);--card:light-dark(#fff,#202225);
--ink:light-dark(#1d1e20,#ececec);--soft:light-dark(#55575c,#b4b7bd);--line:light-dark(#d9d7d1,#3a3d42);
--brand:light-dark(#1d4ed8,#9bc1ff);--on-brand:light-dark(#fff,#0b1a33);--gap:1rem;--round:.75rem}
*{box-sizing:border-box}
body{font:1.0625rem/1.65 system-ui,"Noto Sans","Noto Sans Arabic",sans-serif;margin:0;padding:var(--gap);background:var(--paper);
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
.button{display:block;inline-size:100%;min-block-size:3rem;padding:.75rem 1.5rem;border:0;border-radius:var(--round);
background:var(--brand);color:var(--on-brand);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
.code{display:block;inline-size:100%;padding:.5rem;border:2px dashed var(--line);border-radius:var(--round);background:none;
color:inherit;font:600 1.5rem/1.6 ui-monospace,monospace;letter-spacing:.08em;text-align:center;user-select:all}
a{color:var(--brand)}
:focus-visible{outline:3px solid var(--brand);outline-offset:3px}
summary{cursor:pointer;font-weight:600;min-block-size:2.75rem;align-content:center}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;margin-block:2rem 0}
nav a,nav span{display:inline-block;padding-block:.5rem}
@media print{body{background:none}.button,nav,form{display:none}details>*{display:block}}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""Of every page: its own style, its own forms, nothing from elsewhere, in nobody's frame."""

TEMPLATES = Environment(
    loader=PackageLoader("goodword.portal"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["style"] = STYLE
