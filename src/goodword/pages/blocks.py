"""Blocks of words as one HTML file that asks nothing of anybody: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from goodword.pages.chart import chart, funnel, intervals, trend
from goodword.reports.blocks import Bars, Block, Funnel, Heading, Intervals, Trend
from goodword.words.catalogue import catalogue

_ENVIRONMENT = Environment(
    loader=PackageLoader("goodword.pages"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(blocks: Sequence[Block], language: str) -> str:
    """One page with all of the blocks."""
    rtl = catalogue(language).rtl
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    rows = [_placed(block, rtl) for block in blocks]
    template = _ENVIRONMENT.get_template("blocks.html")
    return template.render(title=title, language=language, direction="rtl" if rtl else "ltr", blocks=rows)


def _placed(block: Block, rtl: bool) -> tuple[str, object]:
    """A block by the name that the template has for it; a chart with its places worked out."""
    match block:
        case Bars():
            return "chart", chart(block, rtl)
        case Funnel():
            return "rows", funnel(block, rtl)
        case Intervals():
            return "rows", intervals(block, rtl)
        case Trend():
            return "trend", trend(block, rtl)
    return type(block).__name__.lower(), block
