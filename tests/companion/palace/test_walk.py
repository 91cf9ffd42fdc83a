"""Walks are smooth, go where they should, and each frame follows from its number."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.companion.palace.curve import Curve
from homeostat.companion.palace.routes import Routes, toured
from homeostat.companion.palace.views import Kind, Room
from homeostat.companion.palace.walk import DURATION_S_MAX, FRAMES_A_SECOND, SEEN_EVERY, SIGHT, Walk

RATE = 240


def points(seed: int, count: int) -> NDArray[np.float64]:
    """Points as far apart as rooms are."""
    return np.random.default_rng(seed).normal(0, 6, (count, 3))


def rooms(seed: int, count: int) -> list[Room]:
    """Rooms at such points."""
    return [
        Room(f"topic-{i}", Kind.TOPIC, f"room {i}", (x, y, z), 1.0, 10 + i)
        for i, (x, y, z) in enumerate(points(seed, count).tolist())
    ]


def walk(seed: int = 1, count: int = 5) -> Walk:
    """A walk through rooms with 500 memories about."""
    seen = points(seed + 1, 500).astype(np.float32)
    return Walk(rooms(seed, count), np.arange(1_000, 1_500), seen)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_speed_and_acceleration_keep_their_bounds(seed: int, count: int) -> None:
    curve = Curve(points(seed, count), speed_max=4.0, acceleration_max=4.0)
    moments = np.arange(0.0, curve.duration_s, 1 / RATE)
    way = np.array([curve.place(curve.gone(moment)) for moment in moments])
    speed = np.diff(way, axis=0) * RATE
    assert np.linalg.norm(speed, axis=1).max() <= 4.0
    assert np.linalg.norm(np.diff(speed, axis=0) * RATE, axis=1).max() <= 4.2


@given(st.integers(0, 10_000), st.integers(2, 8))
@settings(max_examples=10, deadline=None)
def test_a_curve_goes_through_all_its_points_at_a_pace_that_is_its_length(seed: int, count: int) -> None:
    stops = points(seed, count)
    curve = Curve(stops, speed_max=4.0, acceleration_max=4.0)
    way = np.array([curve.place(far) for far in np.linspace(0, curve.length, 2_000)])
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert steps.sum() == pytest.approx(curve.length, rel=1e-3)
    assert steps.max() < 1.15 * steps.mean()
    for stop in stops:
        assert np.linalg.norm(way - stop, axis=1).min() < curve.length / 1_500


def test_a_walk_begins_and_ends_at_rest_in_its_first_and_last_room() -> None:
    made = walk()
    first, last = made.frame(0), made.frame(made.frames - 1)
    assert first.at == pytest.approx(made.rooms[0].centre, abs=1e-3)
    assert last.at == pytest.approx(made.rooms[-1].centre, abs=0.1)
    assert (first.room, last.room) == ("topic-0", "topic-4")
    assert made.frame(10**9) == last
    assert made.frame(-5) == first


def test_frames_follow_from_their_number_in_any_order() -> None:
    straight, jumping = walk(), walk()
    expected = [straight.frame(number) for number in range(straight.frames)]
    numbers = np.random.default_rng(2).permutation(straight.frames)[:200]
    assert [jumping.frame(int(number)) for number in numbers] == [expected[number] for number in numbers]


def test_what_is_near_is_within_sight_and_one_looks_ahead() -> None:
    made = walk()
    places = dict(zip(range(1_000, 1_500), points(2, 500), strict=True))
    seen = 0
    for number in range(0, made.frames, SEEN_EVERY):
        frame = made.frame(number)
        assert all(np.linalg.norm(places[seq] - frame.at) <= SIGHT + 0.01 for seq in frame.near)
        assert np.linalg.norm(np.subtract(frame.look_at, frame.at)) > 0.1
        seen += len(frame.near)
    assert seen > 0


def test_a_walk_in_a_single_room_goes_round_it() -> None:
    made = walk(count=1)
    at = np.array([made.frame(number).at for number in range(made.frames)])
    apart = np.linalg.norm(at - made.rooms[0].centre, axis=1)
    assert apart.min() > 0.9
    assert apart.max() < 1.1


def test_rooms_at_the_same_place_and_endless_ways_are_no_trouble() -> None:
    (room,) = rooms(1, 1)
    assert Walk([room, room], np.arange(0), np.zeros((0, 3), np.float32)).frames > 1
    far = [Room(f"topic-{i}", Kind.TOPIC, "", (i % 2 * 5_000.0, 0.0, 0.0), 1.0, 1) for i in range(4)]
    endless = Walk(far, np.arange(0), np.zeros((0, 3), np.float32))
    assert endless.frames == DURATION_S_MAX * FRAMES_A_SECOND + 1


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_way_is_the_shortest_through_doors_and_always_there(seed: int, count: int) -> None:
    centres = points(seed, count)
    routes = Routes(centres)
    apart = np.full((count, count), np.inf)
    for a, doors in enumerate(routes.doors):
        for b in doors:
            apart[a, b] = np.linalg.norm(centres[a] - centres[b])
    np.fill_diagonal(apart, 0.0)
    for middle in range(count):
        apart = np.minimum(apart, apart[:, middle, None] + apart[None, middle, :])
    way = routes.way(0, count - 1)
    assert (way[0], way[-1]) == (0, count - 1)
    assert all(b in routes.doors[a] for a, b in pairwise(way))
    length = sum(np.linalg.norm(centres[a] - centres[b]) for a, b in pairwise(way))
    assert length == pytest.approx(apart[0, count - 1])


def test_a_tour_passes_its_stops_in_their_order_and_unasked_the_largest() -> None:
    there = rooms(3, 20)
    asked = [room.id for room in toured(there, ["topic-4", "topic-17", "topic-4"])]
    assert (asked[0], asked[-1]) == ("topic-4", "topic-4")
    assert "topic-17" in asked
    assert {f"topic-{i}" for i in range(12, 20)} <= {room.id for room in toured(there, [])}
    assert toured(there, [])[0].id == "topic-19"
