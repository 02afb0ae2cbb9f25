"""What a process measures: readings, labels, and a scrape that answers whatever is away."""

import threading

from goodword.measure import Latest, Measures


def samples(measures: Measures) -> dict[str, float]:
    lines = measures.text().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_two_processes_in_one_do_not_mix() -> None:
    one, other = Measures("1"), Measures("2")
    one.batch(3, 0.1, [("order", "accepted")] * 3, 0)
    assert samples(one)['goodword_events_total{outcome="accepted",type="order"}'] == 3
    assert 'goodword_events_total{outcome="accepted",type="order"}' not in samples(other)
    assert samples(other)['goodword_build{version="2"}'] == 1


def test_readings_are_taken_at_the_scrape() -> None:
    measures, queues = Measures(), {"webhook": 1, "mail": 2}
    measures.watch("spool_seconds", "lag", lambda: 1.5)
    measures.watch("queue_rows", "rows", lambda: queues, label="queue")
    measures.watch("nothing", "no reading", lambda: None)
    queues["mail"] = 7
    found = samples(measures)
    assert found["spool_seconds"] == 1.5
    assert found['queue_rows{queue="mail"}'] == 7
    assert not [name for name in found if name.startswith("nothing")]
    measures.watch("nothing", "somebody started again", lambda: 1)
    assert samples(measures)["nothing"] == 1


def test_a_reading_that_fails_is_left_out_and_counted() -> None:
    measures = Measures()
    measures.watch("broken", "fails", lambda: 1 / 0)
    assert samples(measures)["goodword_readings_failed"] == 1
    found = samples(measures)
    assert "broken" not in found
    assert found["goodword_readings_failed"] == 2


def test_requests_of_invented_methods_are_one_series() -> None:
    measures = Measures()
    for number in range(50):
        measures.request(f"X{number}", "/v1/events", 405, 0.1)
    measures.request("GET", "/v1/events", 204, 0.1)
    counts = {
        name: value for name, value in samples(measures).items() if name.startswith("goodword_request_seconds_count")
    }
    assert counts == {
        'goodword_request_seconds_count{method="other",route="/v1/events",status="4xx"}': 50,
        'goodword_request_seconds_count{method="GET",route="/v1/events",status="2xx"}': 1,
    }


def test_a_value_is_remembered_for_a_while() -> None:
    now, found = 0.0, iter([1, 2])
    latest = Latest(lambda: next(found), fresh_seconds=5, clock=lambda: now)
    assert [latest.get(), latest.get()] == [1, 1]
    now = 5.0
    assert latest.get() == 2


def test_a_lookup_that_hangs_or_fails_gives_no_value_and_there_is_only_one() -> None:
    gate, started = threading.Event(), []

    def hang() -> int:
        started.append(1)
        assert gate.wait(30)
        return 7

    now = 0.0
    latest = Latest(hang, fresh_seconds=5, wait_seconds=0.01, clock=lambda: now)
    assert latest.get() is None
    now = 100.0
    assert latest.get() is None
    assert len(started) == 1
    gate.set()
    while latest._searching is not None:
        pass
    assert latest.get() == 7
    assert Latest(lambda: 1 // 0).get() is None
