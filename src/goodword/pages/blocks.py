"""Blocks of words as one HTML file that asks nothing of anybody: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from goodword.pages.chart import PHONE, PHONE_LABELS_MAX, Chart, Line, chart, funnel, intervals, trend
from goodword.reports.blocks import Bars, Block, Funnel, Heading, Intervals, Trend
from goodword.words.catalogue import catalogue

_ENVIRONMENT = Environment(
    loader=PackageLoader("goodword.pages"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


STYLE = files(__package__).joinpath("templates", "blocks.css").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a page that is served: its own style, and nothing else."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another page."""

    text: str
    href: str
    here: bool = False
    language: str = ""
    """Where it leads to the same page in this language."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands above a page that is served: other pages, other periods, the way out."""

    label: str
    links: Sequence[Link]
    path: str = ""
    period_label: str = ""
    """Empty where there is no period to choose."""
    period: str = ""
    periods: Sequence[str] = ()
    """What is offered; others may be written."""
    nearby: Sequence[Link] = ()
    """The period before, and the one after."""
    show: str = ""
    token: str = ""
    leave_path: str = ""
    leave: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it is at a desk and on paper, and as it is on a phone: the style shows one of them."""

    wide: Chart | Line
    phone: Chart | Line


def page(blocks: Sequence[Block], language: str, around: Around | None = None, wait: int = 0) -> str:
    """One page with all of the blocks. One that is not ready yet is asked for again in `wait` seconds."""
    rtl = catalogue(language).rtl
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    rows = [_placed(block, rtl) for block in blocks]
    template = _ENVIRONMENT.get_template("blocks.html")
    return template.render(
        title=title,
        language=language,
        direction="rtl" if rtl else "ltr",
        blocks=rows,
        style=STYLE,
        around=around,
        wait=wait,
    )


def _placed(block: Block, rtl: bool) -> tuple[str, object]:
    """A block by the name that the template has for it; a chart with its places worked out."""
    match block:
        case Bars():
            return "chart", Drawn(chart(block, rtl), chart(block, rtl, PHONE, PHONE_LABELS_MAX))
        case Funnel():
            return "rows", funnel(block, rtl)
        case Intervals():
            return "rows", intervals(block, rtl)
        case Trend():
            return "trend", Drawn(trend(block, rtl), trend(block, rtl, PHONE))
    return type(block).__name__.lower(), block
