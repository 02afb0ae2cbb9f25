"""Every test that asks for a size runs small; its large version is deselected unless somebody asks for `stress`."""

import pytest

from tests.faults.making import Size, sizes
from tests.web.conftest import open_site, shop, site

__all__ = ["open_site", "shop", "site", "size"]


@pytest.fixture(params=["small", pytest.param("large", marks=pytest.mark.stress)])
def size(request: pytest.FixtureRequest) -> Size:
    found: Size = sizes()[request.param]
    return found
