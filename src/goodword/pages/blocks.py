"""Blocks of words as one HTML file that asks nothing of anybody: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from goodword.pages.chart import chart
from goodword.reports.blocks import Bars, Block, Grid, Heading
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
    rows = [(_kind(block), chart(block, rtl) if isinstance(block, Bars) else block) for block in blocks]
    template = _ENVIRONMENT.get_template("blocks.html")
    return template.render(title=title, language=language, direction="rtl" if rtl else "ltr", blocks=rows)


def _kind(block: Block) -> str:
    match block:
        case Heading():
            return "heading"
        case Grid():
            return "grid"
        case Bars():
            return "chart"
    return "line"
