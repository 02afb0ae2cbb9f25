"""Which engine: DuckDB is embedded; another one is opened at its address, by a module that is imported only then."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from goodword.warehouse.duck import Duck
from goodword.warehouse.engine import AnalysisUnavailable, Engine
from goodword.warehouse.folder import Manifest


def engine_for(analysis: str, folder: Path, manifest: Manifest) -> Engine:
    """The engine at an address (``sc://HOST:PORT``, Spark's protocol) over the facts of a manifest; without one the embedded engine.

    Raises:
        AnalysisUnavailable: nobody answers there, or the client of its protocol is not installed.
    """
    if not analysis:
        return Duck(folder, manifest)
    try:
        module = import_spark()
    except ModuleNotFoundError as error:
        raise AnalysisUnavailable(f"GOODWORD_ANALYSIS needs {error.name}: pip install 'goodword[spark]'") from error
    engine: Engine = module.Spark(analysis, folder, manifest)
    return engine


def import_spark() -> Any:
    """The module of the engine that speaks Spark's protocol.

    Its client takes a process whose main module has no file (``python -c``) for its own doctests, and ends it.

    Raises:
        ModuleNotFoundError: the client is not installed.
    """
    main = sys.modules["__main__"]
    bare = main.__spec__ is None and not hasattr(main, "__file__")
    if bare:
        main.__file__ = __file__
    try:
        return import_module("goodword.warehouse.spark")
    finally:
        if bare:
            del main.__file__
