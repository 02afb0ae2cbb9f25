"""A warehouse in an object store: several machines share what one of them copied. The store is a real one in its protocol, on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

from goodword.program.duration import DAY_MS
from goodword.settings import SETTINGS, masked
from goodword.storage.database import Database
from goodword.warehouse import copying
from goodword.warehouse.copying import Copier
from goodword.warehouse.folder import GRACE_MS, IDENTITY, MANIFEST, Manifest, open_folder
from goodword.warehouse.remote import Store, StoreUnavailable
from tests.properties.worlds import START_MS
from tests.warehouse.test_copying import NOW_MS, clicked, forget_clicks, held, person, shop, told

BUCKET = "analysis"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        options = f"scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1&allow_bucket_creation=true"
        files, _ = fs.FileSystem.from_uri(f"s3://{BUCKET}?{options}")
        files.create_dir(BUCKET)
        yield f"s3://{BUCKET}/{{}}?{options}"
    server.stop()


@pytest.fixture(params=["s3", "file"])
def store(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> str:
    """The address of a store with nothing in it: an object store, and a folder that machines share."""
    return bucket.format(tmp_path.name) if request.param == "s3" else (tmp_path / "shared").as_uri()


def copied(database: Database, tenant: str, machine: Path, store: str, now_ms: int = NOW_MS) -> Manifest:
    return Copier(database, tenant, open_folder(machine, tenant, store), lambda: now_ms).copy()


def kept(store: str, tenant: str) -> set[str]:
    """The files in the store."""
    files, root = fs.FileSystem.from_uri(store)
    found = files.get_file_info(fs.FileSelector(f"{root}/tenant={tenant}", recursive=True))
    return {one.path.partition(f"tenant={tenant}/")[2] for one in found if one.type == fs.FileType.File}


def test_what_one_machine_copied_the_other_has(database: Database, tmp_path: Path, store: str) -> None:
    tenant, one, other = shop(database), tmp_path / "one", tmp_path / "other"
    first = copied(database, tenant, one, store)
    assert copied(database, tenant, other, store) == first
    assert held(other, tenant, first) == held(one, tenant, first)
    told(database, tenant, {"type": "order", "order": "4", "person": person("ana"), "total": 100, "currency": "USD"})
    second = copied(database, tenant, other, store)
    assert second.generation == first.generation + 1
    assert copied(database, tenant, one, store) == second
    assert held(one, tenant, second) == held(other, tenant, second)
    assert {MANIFEST, IDENTITY} < kept(store, tenant)
    assert {path for fact in second.files for path in second.paths(fact)} <= kept(store, tenant)


def test_who_is_erased_is_nowhere(database: Database, tmp_path: Path, store: str) -> None:
    tenant, one, other = shop(database), tmp_path / "one", tmp_path / "other"
    copied(database, tenant, one, store)
    copied(database, tenant, other, store)
    told(database, tenant, {"type": "erase", "person": person("bob")})
    after = copied(database, tenant, one, store)
    gone = {path for path, _ in after.retired}
    assert gone <= kept(store, tenant)
    last = copied(database, tenant, one, store, NOW_MS + GRACE_MS)
    assert not last.retired
    assert not gone & kept(store, tenant)
    assert not any((one / f"tenant={tenant}" / path).exists() for path in gone)


def test_clicks_that_are_kept_no_more_come_from_the_store(
    database: Database, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, one, other = shop(database), tmp_path / "one", tmp_path / "other"
    clicked(database, tenant, "s1", 0, 1)
    copied(database, tenant, one, store)
    forget_clicks(database, tenant, "s1", START_MS + DAY_MS)
    monkeypatch.setattr(copying, "LAYOUT", copying.LAYOUT + 1)
    anew = copied(database, tenant, other, store)
    assert anew.generation == 2
    assert len(held(other, tenant, anew)["clicks"]) == 1


def test_what_did_not_come_to_the_store_does_not_hold(
    database: Database, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, one, other = shop(database), tmp_path / "one", tmp_path / "other"
    first = copied(database, tenant, one, store)
    told(database, tenant, {"type": "order", "order": "4", "person": person("ana"), "total": 100, "currency": "USD"})
    with monkeypatch.context() as patched:

        def fail(*_: Any) -> None:
            raise StoreUnavailable("it is away")

        patched.setattr(Store, "put", fail)
        with pytest.raises(StoreUnavailable):
            copied(database, tenant, one, store)
    assert copied(database, tenant, other, store).generation == first.generation + 1
    again = copied(database, tenant, one, store)
    assert again.generation == first.generation + 1
    assert len(held(one, tenant, again)["orders"]) == 4


@pytest.mark.parametrize("address", ["nothing", "ftp://somewhere/else"])
def test_what_is_no_store(address: str) -> None:
    with pytest.raises(StoreUnavailable) as error:
        Store(address, "t")
    assert address.partition("?")[0] in str(error.value)


def test_nobody_at_the_address_is_said(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        options = f"scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1&connect_timeout=1&request_timeout=1"
        with pytest.raises(StoreUnavailable) as error:
            copied(database, shop(database), tmp_path, f"s3://{BUCKET}/x?{options}")
    assert "secret" not in str(error.value)
    assert masked("s3://key:secret@bucket/x") == "s3://key:***@bucket/x"
    assert any(setting.name == "warehouse_store" for setting in SETTINGS)
