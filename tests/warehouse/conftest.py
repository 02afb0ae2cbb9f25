"""Spark's client is imported before the tests that use it: processes of pytest-xdist have a main module without a file."""

from goodword.warehouse.opening import import_spark

import_spark()
