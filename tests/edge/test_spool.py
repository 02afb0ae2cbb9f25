"""From the spool to the database: each hit that was acknowledged is there once, whatever happens in between."""

import asyncio
import fcntl
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from goodword.edge import drain as drain_module
from goodword.edge.drain import NETWORK_DAYS, SPOOL_ROW_DAYS, Drain
from goodword.edge.spool import SUFFIX, UNFINISHED, Spool, SpoolLine, header, pack_line, unpack_line
from goodword.program.duration import DAY_MS
from goodword.storage import tables
from goodword.storage.audit import audit
from goodword.storage.database import Database, open_database
from tests.edge.making import add_handles, counted, handle, places, prepared, stored_hits
from tests.web.making import TENANT, Loop

NAMES = itertools.count()
ANN = SpoolLine(1_000, "person", "ANN", "mail", "f" * 32)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples, each of which has spools of its own."""
    database = prepared(open_database(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'goodword.db'}"))
    add_handles(database, handle("ANN"))
    yield database
    database.close()


@pytest.fixture
def database(database: Database) -> Database:
    prepared(database)
    add_handles(database, handle("ANN"))
    return database


def drain_of(database: Database, folder: Path, own: str | None = None, now_ms: int = 5) -> Drain:
    return Drain(database, TENANT, folder, lambda: own, lambda: now_ms)


def spool_file(folder: Path, lines: list[SpoolLine], tail: bytes = b"") -> Path:
    """A spool whose writer is gone."""
    path = folder / f"{next(NAMES):012x}{SUFFIX}"
    path.write_bytes(header(TENANT) + b"".join(map(pack_line, lines)) + tail)
    return path


def hits_of(database: Database, path: Path) -> list[int]:
    return [hit.place for hit in stored_hits(database) if hit.spool == path.stem]


lines_strategy = st.builds(
    SpoolLine,
    st.integers(0, 2**41),
    st.just("person"),
    st.sampled_from(["ANN", "ANN", "NOBODY"]),
    st.sampled_from([None, "mail"]),
    st.sampled_from([None, "f" * 32]),
    st.sampled_from([None, "0" * 16]),
)


@given(st.one_of(lines_strategy, st.builds(SpoolLine, st.integers(0, 9), st.just("unknown"), st.just(""))))
def test_a_line_reads_as_it_was_written_and_torn_not_at_all(line: SpoolLine) -> None:
    raw = pack_line(line)
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    assert unpack_line(raw[:-1]) == line
    for cut in range(len(raw) - 1):
        assert unpack_line(raw[:cut]) is None
    for place in range(0, len(raw) - 1, 7):
        assert unpack_line(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 : -1]) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_whatever_is_cut_and_however_it_is_drained_each_whole_line_is_there_once(
    data: st.DataObject, shared: Database, tmp_path: Path
) -> None:
    """Lines appear bit by bit, as a reader may see them; drains come in between; the writer dies in the middle of one."""
    lines = data.draw(st.lists(lines_strategy, max_size=12))
    whole = header(TENANT) + b"".join(map(pack_line, lines))
    steps = sorted(data.draw(st.lists(st.integers(len(header(TENANT)), len(whole)), min_size=1, max_size=5)))
    folder = tmp_path / f"{next(NAMES)}"
    folder.mkdir()
    path = folder / f"{next(NAMES):012x}{SUFFIX}"
    with pytest.MonkeyPatch.context() as patch, path.open("wb") as file:
        patch.setattr(drain_module, "DRAIN_BYTES_MAX", data.draw(st.sampled_from([120, 250, 4096])))
        fcntl.flock(file, fcntl.LOCK_EX)
        one, other = drain_of(shared, folder, path.stem), drain_of(shared, folder, path.stem)
        for until in steps:
            file.write(whole[file.tell() : until])
            file.flush()
            for drain in data.draw(st.lists(st.sampled_from([one, other]), max_size=3)):
                drain.run_once()
        file.close()
        alive = whole[: steps[-1]].split(b"\n")[1:-1]
        drain_of(shared, folder).run_once()
        one.run_once()
    expected = sum(line.code == "ANN" for line in lines[: len(alive)])
    assert len(hits_of(shared, path)) == expected
    assert not path.exists()
    with shared.read() as connection:
        known = sa.func.sum(tables.hit_counts.c["count"])
        total = connection.execute(sa.select(known).where(tables.hit_counts.c.code == "ANN")).scalar_one() or 0
    assert total == sum(hit.code == "ANN" for hit in stored_hits(shared))


def test_a_drain_that_dies_before_its_commit_or_before_it_removes_the_file_repeats_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spool_file(tmp_path, [ANN] * 5)

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for place in ("move_spool", "sync_folder"):
        with monkeypatch.context() as patch:
            patch.setattr(drain_module, place, dies)
            if place == "sync_folder":
                patch.setattr(Path, "unlink", dies)
            with pytest.raises(KeyboardInterrupt):
                drain_of(database, tmp_path).run_once()
        assert path.exists()
    assert len(stored_hits(database)) == 5
    drain_of(database, tmp_path).run_once()
    assert len(stored_hits(database)) == 5
    assert counted(database)["demo", "ANN", "person"] == 5
    assert not path.exists()


def test_a_file_that_comes_back_is_known(database: Database, tmp_path: Path) -> None:
    path = spool_file(tmp_path, [ANN] * 3)
    content = path.read_bytes()
    drain_of(database, tmp_path).run_once()
    path.write_bytes(content)
    assert drain_of(database, tmp_path).run_once() == 0
    assert not path.exists()
    assert len(stored_hits(database)) == 3


def click(number: int, network: str = "a") -> SpoolLine:
    """A hit that is told from others by its time and network only: all lines are equally long."""
    return SpoolLine(1_000 + number, "person", "ANN", None, network * 32)


def cloned(path: Path, lines: list[SpoolLine], tail: bytes = b"") -> Path:
    """The same spool on another machine, which has gone its own way."""
    folder = path.parent.parent / f"clone{next(NAMES)}"
    folder.mkdir()
    copy = folder / path.name
    copy.write_bytes(header(TENANT) + b"".join(map(pack_line, lines)) + tail)
    return copy


def stored_times(database: Database) -> list[tuple[int, str]]:
    return sorted((hit.at_ms - 1_000, str(hit.network)[0]) for hit in stored_hits(database))


@pytest.mark.parametrize("torn", [b"", pack_line(click(3))[:20]])
def test_what_came_after_a_folder_was_copied_is_stored_under_another_id(
    database: Database, tmp_path: Path, torn: bytes
) -> None:
    (folder := tmp_path / "original").mkdir()
    path = spool_file(folder, [click(n) for n in range(8)])
    copy = cloned(path, [click(n) for n in range(3)], torn)
    assert drain_of(database, copy.parent).run_once() == 3
    drain = drain_of(database, folder)
    with capture_logs() as told:
        assert drain.run_once() == 5
    assert stored_times(database) == [(n, "a") for n in range(8)]
    assert counted(database)["demo", "ANN", "person"] == 8
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["spool_was_copied"]
    assert drain.parted == 1
    assert list(folder.iterdir()) == []
    assert len({hit.spool for hit in stored_hits(database)}) == 2


def test_two_machines_that_go_on_writing_one_spool_part(database: Database, tmp_path: Path) -> None:
    """A machine that was copied while it ran: both write on, each its own, and the drains take turns."""
    (folder := tmp_path / "original").mkdir()
    common = [click(n) for n in range(3)]
    path = spool_file(folder, [*common, *(click(n, "b") for n in range(3, 6))])
    copy = cloned(path, [*common, *(click(n, "c") for n in range(3, 7))])
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ours = drain_of(database, folder, own=path.stem)
        ours.run_once()
    theirs = drain_of(database, copy.parent)
    theirs.run_once()
    ours.run_once()
    expected = [(n, "a") for n in range(3)] + [(n, "b") for n in range(3, 6)] + [(n, "c") for n in range(3, 7)]
    assert stored_times(database) == sorted(expected)
    assert (ours.parted, theirs.parted) == (0, 1)
    assert list(folder.iterdir()) == list(copy.parent.iterdir()) == []


def test_a_writer_whose_spool_was_stored_elsewhere_begins_another_one(database: Database, tmp_path: Path) -> None:
    loop = Loop()
    folder = tmp_path / "original"
    spool = Spool(folder, TENANT)
    drain = Drain(database, TENANT, folder, lambda: spool.current, lambda: 5, leave=spool.leave)

    async def start() -> None:
        spool.start(asyncio.get_running_loop())

    async def follow(number: int) -> bool:
        return await spool.kept(pack_line(click(number)))

    loop.run(start())
    assert all(loop.run(follow(number)) for number in range(4))
    first = spool.current
    (path,) = folder.glob(f"*{SUFFIX}")
    drain_of(database, cloned(path, [click(0), click(1)]).parent).run_once()
    drain.run_once()
    end = time.monotonic() + 10
    while spool.current == first and time.monotonic() < end:
        time.sleep(0.01)
    assert loop.run(follow(4))
    assert spool.current not in (first, None)
    drain.run_once()
    spool.stop()
    drain.run_once()
    loop.close()
    assert stored_times(database) == [(n, "a") for n in range(5)]
    assert counted(database)["demo", "ANN", "person"] == 5
    assert drain.parted == 1
    assert list(folder.iterdir()) == []


def test_a_copied_spool_that_dies_before_it_has_its_new_name_is_neither_lost_nor_doubled(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "original").mkdir()
    path = spool_file(folder, [click(n) for n in range(6)])
    drain_of(database, cloned(path, [click(0), click(1)]).parent).run_once()

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for owner, name in ((Path, "rename"), (drain_module, "sync_folder")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, dies)
            with pytest.raises(KeyboardInterrupt):
                drain_of(database, folder).run_once()
        assert len(list(folder.iterdir())) == 1
        assert len(stored_hits(database)) == 2
    drain_of(database, folder).run_once()
    assert stored_times(database) == [(n, "a") for n in range(6)]


def test_two_drains_share_a_folder(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_module, "DRAIN_BYTES_MAX", 2000)
    for _ in range(4):
        spool_file(tmp_path, [ANN] * 400)
    drains = [drain_of(database, tmp_path) for _ in range(3)]
    failed: list[BaseException] = []

    def work(drain: Drain) -> None:
        try:
            drain.run_once()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=[drain]) for drain in drains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    found = places(stored_hits(database))
    assert len(found) == len(set(found)) == 1600
    assert counted(database)["demo", "", "person"] == 1600
    assert list(tmp_path.glob(f"*{SUFFIX}")) == []


def test_damage_in_the_middle_costs_only_what_is_damaged(database: Database, tmp_path: Path) -> None:
    path = tmp_path / f"x{SUFFIX}"
    good = pack_line(ANN)
    path.write_bytes(header(TENANT) + good + b"\x00" * 5000 + b"\n" + good + b"nonsense\n\n" + good + good[:-3])
    drain_of(database, tmp_path).run_once()
    assert len(stored_hits(database)) == 3


def test_the_file_of_a_living_writer_and_of_another_tenant_are_left_alone(database: Database, tmp_path: Path) -> None:
    foreign = tmp_path / f"foreign{SUFFIX}"
    foreign.write_bytes(header("other") + pack_line(ANN))
    living = spool_file(tmp_path, [ANN])
    with living.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert drain_of(database, tmp_path).run_once() == 0
        assert drain_of(database, tmp_path, own=living.stem).run_once() == 1
    assert living.exists()
    drain_of(database, tmp_path).run_once()
    assert not living.exists()
    assert foreign.exists()
    assert len(stored_hits(database)) == 1


def test_what_waits_is_counted_from_where_each_writer_of_the_folder_has_come(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "OTHERS_EVERY_SECONDS", 0.0)
    (tmp_path / f"foreign{SUFFIX}").write_bytes(header("other") + pack_line(ANN))
    mine, theirs, foreign = spool_file(tmp_path, [ANN]), spool_file(tmp_path, [ANN] * 3), tmp_path / f"living{SUFFIX}"
    foreign.write_bytes(header("other") + pack_line(ANN) * 9)
    with mine.open("rb") as one, theirs.open("ab") as two, foreign.open("rb") as three:
        for file in (one, two, three):
            fcntl.flock(file, fcntl.LOCK_EX)
        ours = drain_of(database, tmp_path, own=mine.stem)
        ours.run_once()
        assert ours.waiting_bytes() == theirs.stat().st_size
        drain_of(database, tmp_path, own=theirs.stem).run_once()
        two.write(pack_line(ANN) * 2)
        two.flush()
        ours.run_once()
        assert ours.waiting_bytes() == 2 * len(pack_line(ANN))


def test_a_file_that_was_never_named_is_removed_when_its_writer_is_long_gone(
    database: Database, tmp_path: Path
) -> None:
    young, old, held = (tmp_path / f"{name}{UNFINISHED}" for name in ("young", "old", "held"))
    for path in (young, old, held):
        path.touch()
    for path in (old, held):
        os.utime(path, (1, 1))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        drain_of(database, tmp_path).run_once()
    assert (young.exists(), old.exists(), held.exists()) == (True, False, True)


def test_a_spool_begins_a_new_file_when_one_is_full_and_the_old_one_goes(database: Database, tmp_path: Path) -> None:
    loop = Loop()
    spool = Spool(tmp_path, TENANT, size_max=500)
    drain = Drain(database, TENANT, tmp_path, lambda: spool.current, lambda: 5)

    async def click() -> bool:
        return await spool.kept(pack_line(ANN))

    async def start() -> None:
        spool.start(asyncio.get_running_loop())

    loop.run(start())
    assert all(loop.run(click()) for _ in range(40))
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) > 3
    drain.run_once()
    assert [path.stem for path in tmp_path.glob(f"*{SUFFIX}")] == [spool.current]
    spool.stop()
    assert loop.run(click()) is False
    assert spool.lost == 1
    drain.run_once()
    loop.close()
    assert len(stored_hits(database)) == 40
    assert list(tmp_path.glob(f"*{SUFFIX}")) == []


def test_networks_and_the_rows_of_finished_spools_are_forgotten_in_time(database: Database, tmp_path: Path) -> None:
    now_ms = 100 * DAY_MS
    old, young = now_ms - NETWORK_DAYS * DAY_MS - 1, now_ms - NETWORK_DAYS * DAY_MS
    spool_file(tmp_path, [SpoolLine(at, "person", "ANN", None, "f" * 32) for at in (old, young)])
    drain = drain_of(database, tmp_path, now_ms=now_ms)
    drain.run_once()
    drain.forget()
    assert [hit.network for hit in stored_hits(database)] == [None, "f" * 32]
    later = drain_of(database, tmp_path, now_ms=now_ms + SPOOL_ROW_DAYS * DAY_MS + 1)
    later.forget()
    with database.read() as connection:
        assert connection.execute(sa.select(tables.spools)).all() == []


def test_hits_are_forgotten_after_the_days_that_were_set_and_their_numbers_stay(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "FORGET_MAX", 2)
    now_ms = 100 * DAY_MS + 5000
    times = [69 * DAY_MS, 70 * DAY_MS - 1, 70 * DAY_MS - 1, 70 * DAY_MS, 99 * DAY_MS]
    for _ in range(2):
        spool_file(tmp_path, [SpoolLine(at, "person", "ANN") for at in times])
    drain = Drain(database, TENANT, tmp_path, lambda: None, lambda: now_ms, 30)
    drain.run_once()
    drain.forget()
    assert [hit.at_ms for hit in stored_hits(database)] == sorted(times[3:] * 2)
    assert counted(database)["demo", "ANN", "person"] == 10
    assert counted(database)["", "", "forgotten"] == 6
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []


def test_writers_of_one_process_queue_for_sqlite_instead_of_asking_again_and_again(shared: Database) -> None:
    taken: list[float] = []

    def write() -> None:
        with shared.write_aside():
            taken.append(time.monotonic())

    with shared.write(TENANT):
        threads = [threading.Thread(target=write) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert taken == []
        assert shared.engine.pool.checkedout() == 1, "those who wait hold no connection"  # type: ignore[attr-defined]
    for thread in threads:
        thread.join(10)
    assert len(taken) == 5
