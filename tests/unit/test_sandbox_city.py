"""The stand-in city: the shape of its rows, and what changes from day to day."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mpls311.sandbox import City
from mpls311.sandbox.city import FIRST_DAY, LAST_DAY, MIN_ROWS_PER_YEAR, MIN_SEED
from mpls311.sandbox.city.clock import cutoff, publication_of, publication_time
from mpls311.sandbox.city.tempers import TEMPERS
from mpls311.sandbox.protocol import EsriType, Request, TableLayer
from mpls311.sandbox.protocol.projection import to_web_mercator
from mpls311.sandbox.protocol.services import Services

AS_OF = date(2026, 11, 20)
SMALL = 4_000
DAY = 86_400_000


@lru_cache(maxsize=64)
def small_city(day: date, temper: str = "steady") -> City:
    return City(rows_per_year=SMALL, as_of=day, temper=temper)


@pytest.fixture(scope="module")
def big() -> City:
    """Return a city large enough for its shares to mean something."""
    return City(rows_per_year=20_000, as_of=AS_OF)


@pytest.fixture(scope="module")
def closed_years(big: City) -> list[TableLayer]:
    return [big.layer(year) for year in range(2015, 2026)]


def digest(layer: TableLayer) -> str:
    result = hashlib.sha256()
    points = layer.table.geometry
    for values in (points.longitude, points.latitude, points.absent, points.null, points.empty):
        result.update(values.tobytes())
    for column in layer.table:
        result.update(column.values.tobytes() + column.known_mask().tobytes())
        result.update(repr((column.name, column.type, column.words)).encode())
    result.update(repr(layer.metadata).encode())
    return result.hexdigest()


def edit_date(layer: TableLayer) -> int | None:
    return layer.metadata["editingInfo"]["dataLastEditDate"]


def strings(layer: TableLayer, name: str) -> np.ndarray:
    column = layer.table[name]
    return np.array(column.words)[column.values]


def case_ids(layer: TableLayer) -> np.ndarray:
    column = layer.table["CASEID"]
    return column.values[column.known_mask()]


def rows_by_object_id(layer: TableLayer) -> dict[int, tuple[Any, ...]]:
    """Rows without their OBJECTID: case id (0 if null), last update (or None), everything else."""
    columns: dict[str, list[Any]] = {}
    for column in layer.table:
        values = (
            [column.words[v] for v in column.values] if column.words else column.values.tolist()
        )
        known = column.known_mask().tolist()
        columns[column.name] = [v if k else None for v, k in zip(values, known, strict=True)]
    points = layer.table.geometry
    object_ids = columns.pop("OBJECTID")
    keys = [case_id or 0 for case_id in columns.pop("CASEID")]
    updates = columns.pop("LastUpdateDate")
    rest = zip(*columns.values(), points.longitude.tolist(), points.latitude.tolist(), strict=True)
    return dict(zip(object_ids, zip(keys, updates, rest, strict=True), strict=True))


@lru_cache(maxsize=64)
def small_rows(year: int, day: date, temper: str = "steady") -> dict[int, tuple[Any, ...]]:
    return rows_by_object_id(small_city(day, temper).layer(year))


def days_from(first: date, count: int) -> Iterator[tuple[date, date]]:
    for number in range(count):
        day = first + timedelta(days=number)
        yield day, day + timedelta(days=1)


class TestDeterminism:
    def test_same_arguments_give_the_same_rows_in_whatever_order_years_are_asked_for(self) -> None:
        years = (2015, 2019, 2024, 2025, 2026)
        one, other = (City(rows_per_year=1_000, as_of=AS_OF) for _ in range(2))
        forwards = {year: digest(one.layer(year)) for year in years}
        backwards = {year: digest(other.layer(year)) for year in reversed(years)}
        assert forwards == backwards
        assert len(set(forwards.values())) == len(years)

    def test_another_seed_is_another_city(self) -> None:
        one, other = (City(seed, 1_000, AS_OF) for seed in (1, 2))
        assert digest(one.layer(2024)) != digest(other.layer(2024))

    def test_as_of_defaults_to_today_in_the_city(self) -> None:
        before = datetime.now(ZoneInfo("America/Chicago")).date()
        assert before <= City().as_of <= datetime.now(ZoneInfo("America/Chicago")).date()


class TestArguments:
    def test_layers_from_2015_to_the_current_year(self) -> None:
        assert list(small_city(AS_OF).years) == list(range(2015, 2027))

    def test_a_year_has_a_layer_from_january_2(self) -> None:
        assert City(as_of=date(2026, 1, 1)).years[-1] == 2025
        assert City(as_of=date(2026, 1, 2)).years[-1] == 2026

    @pytest.mark.parametrize("year", [1999, 2014, 2027])
    def test_other_years_have_none(self, year: int) -> None:
        with pytest.raises(LookupError, match=str(year)):
            small_city(AS_OF).layer(year)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"rows_per_year": 0}, "1 to 5,000,000 rows a year, not 0"),
            ({"rows_per_year": 5_000_001}, "1 to 5,000,000 rows a year, not 5,000,001"),
            ({"as_of": date(2015, 1, 1)}, "from 2015-01-02 to 2090-12-31, not on 2015-01-01"),
            ({"as_of": date(2091, 1, 1)}, "from 2015-01-02 to 2090-12-31, not on 2091-01-01"),
            ({"seed": -1}, "must not be negative, not -1"),
            ({"temper": "moody"}, "is steady or unsteady, not moody"),
            ({"changes": "Pothole"}, "cannot plant 'Pothole'. Write the type, what"),
            ({"changes": "Pothole x1.3 from 2025-03-01,"}, "cannot plant ''"),
            ({"changes": "Pothole x1.3 from 2025-02-30"}, "2025-02-30 is no day"),
            ({"changes": "Potholes x1.3 from 2025-03-01"}, "type Potholes .*Did you mean Pothole"),
            ({"changes": "Fireworks Complaint x2 from 2025-03-01"}, "no type Fireworks .*time"),
            ({"changes": "Pothole x0 from 2025-03-01"}, "a factor of 0.1 to 10, not 0"),
        ],
    )
    def test_what_cannot_be_is_refused(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            City(**arguments)

    @settings(max_examples=40)
    @given(
        seed=st.integers(MIN_SEED, 2**64),
        rows=st.integers(MIN_ROWS_PER_YEAR, 400),
        as_of=st.dates(FIRST_DAY, LAST_DAY),
        position=st.integers(0, 75),
    )
    @example(seed=311, rows=150, as_of=date(2016, 1, 2), position=0)
    @example(seed=311, rows=MIN_ROWS_PER_YEAR, as_of=FIRST_DAY, position=0)
    @example(seed=MIN_SEED, rows=MIN_ROWS_PER_YEAR, as_of=LAST_DAY, position=75)
    def test_every_city_within_the_bounds_is_built_and_served(
        self, seed: int, rows: int, as_of: date, position: int
    ) -> None:
        city = City(seed, rows, as_of)
        year = city.years[position % len(city.years)]
        path = f"/arcgis/rest/services/Public_311_{year}/FeatureServer/0/query"
        asked = {"where": "1=1", "outfields": "*", "outsr": "4326", "f": "json"}
        page = Services(city).answer(Request(path, asked)).reply
        ids = {row["attributes"]["OBJECTID"] for row in page["features"]}
        assert len(ids) == len(city.layer(year).table) <= 1.3 * rows + 10
        assert len(city.events(year, FIRST_DAY, as_of).new) <= 1.3 * rows + 10

    def test_events_of_the_future_are_not_told(self) -> None:
        with pytest.raises(LookupError):
            small_city(AS_OF).events(2026, AS_OF, AS_OF + timedelta(days=1))


def test_cutoff_is_midnight_in_chicago() -> None:
    zone = ZoneInfo("America/Chicago")
    day = date(2015, 1, 1)
    while day.year < 2031:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        assert cutoff(day) == midnight.timestamp() * 1000
        assert publication_of(cutoff(day) - 1) == publication_time(day)
        assert publication_of(cutoff(day)) == publication_time(day + timedelta(days=1))
        day += timedelta(days=1)


class TestShape:
    def test_volume(self, closed_years: list[TableLayer]) -> None:
        sizes = [len(layer.table) for layer in closed_years]
        assert np.mean(sizes) == pytest.approx(20_000, rel=0.02)
        assert max(sizes[:8]) < min(sizes[9:])

    def test_the_current_year_ends_the_day_before(self, big: City) -> None:
        opened = big.layer(2026).table["OPENEDDATETIME"]
        usual = opened.values[opened.known_mask() & (opened.values < 4e12)]
        assert cutoff(AS_OF) - DAY <= usual.max() < cutoff(AS_OF)

    def test_share_of_subjects(self, closed_years: list[TableLayer]) -> None:
        counts = Counter[str]()
        for layer in closed_years[-3:]:
            counts.update(strings(layer, "SUBJECTNAME").tolist())
        expected = {
            "Vehicles and Commuting": 25.8,
            "Property": 24.9,
            "Streets": 13.2,
            "Animal Related": 11.3,
            "Public Safety": 10.0,
            "Sidewalks": 5.8,
            "Utilities Related": 3.3,
            "Health / Environmental": 2.7,
        }
        shares = {name: 100 * counts[name] / counts.total() for name in expected}
        assert shares == pytest.approx(expected, abs=1.0)
        assert len(counts) == 12

    def test_channels(self, closed_years: list[TableLayer]) -> None:
        types = np.concatenate([strings(layer, "TYPENAME") for layer in closed_years])
        titles = np.concatenate([strings(layer, "TITLE") for layer in closed_years])
        shares = {
            suffix: np.char.endswith(types, suffix).mean()
            for suffix in (" - Open311", " - Self Service", " - SS", " - SS City")
        }
        expected = (0.158, 0.015, 0.012, 0.005)
        assert list(shares.values()) == pytest.approx(expected, abs=0.006)
        assert (types != titles).mean() < 0.001

    def test_location(self, closed_years: list[TableLayer]) -> None:
        for layer in closed_years:
            points = layer.table.geometry
            origin = (points.longitude == 0) & (points.latitude == 0)
            assert origin.mean() == pytest.approx(0.2, abs=0.015)
            missing = (points.absent | points.null).sum()
            assert 0 < missing < origin.sum() * 0.15
            assert 1 <= points.empty.sum() <= 5
            assert not (~origin & (points.absent | points.null | points.empty)).any()
            box = (points.longitude > -93.33) & (points.longitude < -93.19)
            box &= (points.latitude > 44.89) & (points.latitude < 45.051)
            outside = ~origin & ~box
            assert 1 <= outside.sum() <= 10

    def test_coordinates_are_web_mercator_of_the_point(self, big: City) -> None:
        table = big.layer(2024).table
        x, y = to_web_mercator(table.geometry.longitude, table.geometry.latitude)
        assert np.allclose(table["XCOORD"].values, x, rtol=0, atol=5.1e-5)
        assert np.allclose(table["YCOORD"].values, y, rtol=0, atol=5.1e-5)

    def test_projection_agrees_with_a_point_of_the_city_itself(self) -> None:
        x, y = to_web_mercator(np.array([-93.2847375971601]), np.array([44.9338328064466]))
        assert (x[0].round(4), y[0].round(4)) == (-10384409.4881, 5611110.8236)

    def test_addresses_repeat(self, big: City) -> None:
        longitude = big.layer(2024).table.geometry.longitude
        counts = Counter(longitude[longitude != 0].tolist())
        assert len(counts) < 0.8 * counts.total()
        assert counts.most_common(1)[0][1] > 0.008 * counts.total()

    def test_open_requests(self, big: City, closed_years: list[TableLayer]) -> None:
        recent = [*closed_years[-2:], big.layer(2026)]
        shares = [layer.table["CASESTATUS"].values.mean() for layer in recent]
        assert np.mean(shares) == pytest.approx(0.0085, abs=0.003)
        assert shares[-1] > shares[0]

    def test_seasons(self, closed_years: list[TableLayer]) -> None:
        by_subject: dict[str, np.ndarray] = {}
        potholes = np.zeros(13)
        for layer in closed_years:
            opened = layer.table["OPENEDDATETIME"]
            local = (opened.values - 6 * 3_600_000).astype("datetime64[ms]")
            month = local.astype("datetime64[M]").astype(int) % 12 + 1
            known = opened.known_mask()
            subjects, types = strings(layer, "SUBJECTNAME"), strings(layer, "TYPENAME")
            for subject in ("Sidewalks", "Property", "Vehicles and Commuting"):
                chosen = known & (subjects == subject)
                counts = np.bincount(month[chosen], minlength=13)
                by_subject[subject] = by_subject.get(subject, 0) + counts
            potholes += np.bincount(month[np.char.startswith(types, "Pothole")], minlength=13)
        winter = by_subject["Sidewalks"][[12, 1, 2, 3]].sum() / by_subject["Sidewalks"].sum()
        assert winter == pytest.approx(0.78, abs=0.05)
        assert potholes.argmax() == 3
        for subject in ("Property", "Vehicles and Commuting"):
            counts = by_subject[subject]
            assert counts[5:9].sum() > 1.5 * counts[[11, 12, 1, 2]].sum()

    def test_hours_to_close(self, closed_years: list[TableLayer]) -> None:
        def hours(layer: TableLayer, type_name: str) -> np.ndarray:
            opened, closed = layer.table["OPENEDDATETIME"], layer.table["CLOSEDDATETIME"]
            chosen = (strings(layer, "TYPENAME") == type_name) & closed.known_mask()
            chosen &= opened.known_mask() & (closed.values > opened.values - 1)
            return (closed.values - opened.values)[chosen] / 3_600_000

        layer = closed_years[-1]
        assert np.median(hours(layer, "Parking Violation Complaint")) == pytest.approx(2.5, rel=0.3)
        assert np.median(hours(layer, "Abandoned Vehicle")) == pytest.approx(105, rel=0.2)
        by_phone = np.median(hours(layer, "Graffiti complaint / reporting"))
        assert np.median(hours(layer, "Graffiti - Open311")) > 10 * by_phone
        assert np.quantile(hours(layer, "Fireworks Complaint"), 0.95) == 0

    def test_a_column_that_older_layers_do_not_have(self, closed_years: list[TableLayer]) -> None:
        with_column = [
            layer.name
            for layer in closed_years
            if layer.table.find("IsAccessibilityRelated") is not None
        ]
        assert with_column == ["Public_311_2024", "Public_311_2025"]
        values = Counter(strings(closed_years[-1], "IsAccessibilityRelated").tolist())
        assert set(values) == {"No", "Yes"}
        assert values["Yes"] < 0.03 * values["No"]

    def test_object_ids_are_unique_and_have_gaps(self, closed_years: list[TableLayer]) -> None:
        for layer in closed_years:
            column = layer.table["OBJECTID"]
            ids = np.sort(column.values)
            assert column.type is EsriType.OID
            assert ids[0] > 0
            steps = np.diff(ids)
            assert steps.min() == 1
            assert (steps > 1).mean() > 0.1

    def test_record_limits_differ(self, closed_years: list[TableLayer]) -> None:
        described = [layer.metadata for layer in closed_years]
        assert min(layer["maxRecordCount"] for layer in described) == 1_000
        assert max(layer["standardMaxRecordCount"] for layer in described) == 32_000
        assert {
            layer["advancedQueryCapabilities"]["supportsQueryWithResultType"] for layer in described
        } == {True, False}


class TestFaults:
    def test_every_kind_of_dirty_row_every_year(self, closed_years: list[TableLayer]) -> None:
        for layer in closed_years:
            table = layer.table
            opened, closed = table["OPENEDDATETIME"], table["CLOSEDDATETIME"]
            is_closed = table["CASESTATUS"].values == 0
            types, titles = strings(layer, "TYPENAME"), strings(layer, "TITLE")
            both = opened.known_mask() & closed.known_mask()
            faults = [
                ~table["CASEID"].known_mask(),
                ~opened.known_mask(),
                opened.values < -1_000_000 * 1_000_000,
                opened.values > 200_000_000 * 1_000_000,
                both & (closed.values < opened.values) & (opened.values < 4e12),
                is_closed & ~closed.known_mask(),
                ~is_closed & closed.known_mask(),
                np.char.startswith(types, " "),
                titles == " ",
                table.geometry.longitude > -93,
                ~table["LastUpdateDate"].known_mask(),
            ]
            counts = [int(fault.sum()) for fault in faults]
            assert min(counts[:9]) >= 1
            assert sum(counts[:9]) <= 0.001 * len(table)
            assert 0.0003 < counts[-1] / len(table) < 0.002

    def test_the_case_of_a_dirty_row_is_in_no_other_row(
        self, closed_years: list[TableLayer]
    ) -> None:
        everywhere = Counter[int]()
        dirty: set[int] = set()
        for layer in closed_years:
            everywhere.update(case_ids(layer).tolist())
            opened = layer.table["OPENEDDATETIME"]
            usable = opened.known_mask() & (np.abs(opened.values - 1.6e12) < 4e11)
            dirty |= set(layer.table["CASEID"].values[~usable].tolist())
        assert len(dirty) >= 3 * len(closed_years)
        assert {everywhere[case_id] for case_id in dirty} == {1}

    def test_case_ids_have_twelve_digits(self, closed_years: list[TableLayer]) -> None:
        for layer in closed_years:
            ids = case_ids(layer)
            assert ids.min() > 201_000_000_000
            assert ids.max() < 201_009_999_999

    def test_some_cases_are_in_two_layers(self, closed_years: list[TableLayer]) -> None:
        newer = equal = 0
        for older, later in pairwise(closed_years):
            stamps = [
                dict(zip(table["CASEID"].values, table["LastUpdateDate"].values, strict=True))
                for table in (older.table, later.table)
            ]
            shared = (stamps[0].keys() & stamps[1].keys()) - {0}
            assert len(shared) == pytest.approx(0.012 * len(older.table), rel=0.1)
            differences = [stamps[1][case_id] - stamps[0][case_id] for case_id in shared]
            assert min(differences) >= 0
            newer += sum(difference > 0 for difference in differences)
            equal += sum(difference == 0 for difference in differences)
        assert newer > 5 * equal > 0

    def test_layers_further_apart_share_no_case(self, closed_years: list[TableLayer]) -> None:
        for older, later in zip(closed_years, closed_years[2:], strict=False):
            assert not np.intersect1d(case_ids(older), case_ids(later)).size

    def test_a_few_cases_are_twice_in_one_layer(self, closed_years: list[TableLayer]) -> None:
        stale = contradicting = 0
        for layer in closed_years[-4:]:
            rows = rows_by_object_id(layer).values()
            counts = Counter(key for key, *_ in rows if key)
            repeated = {key for key, count in counts.items() if count > 1}
            assert 2 <= len(repeated) <= 0.0005 * len(layer.table)
            for key in repeated:
                stamps = {stamp for case_id, stamp, _ in rows if case_id == key}
                contents = {rest for case_id, _, rest in rows if case_id == key}
                assert len(contents) == 2
                stale += len(stamps) == 2
                contradicting += len(stamps) == 1
        assert stale >= 8
        assert contradicting >= 8


class TestTimeTravel:
    @pytest.mark.parametrize("first", [date(2026, 1, 2), date(2026, 3, 6), date(2026, 11, 5)])
    @pytest.mark.parametrize("year", [2024, 2025, 2026])
    @pytest.mark.parametrize("temper", TEMPERS)
    def test_layers_differ_by_what_the_events_say(
        self, temper: str, year: int, first: date
    ) -> None:
        for before, after in days_from(first, 14):
            events = small_city(after, temper).events(year, before, after)
            old, new = small_rows(year, before, temper), small_rows(year, after, temper)
            if events.republished:
                assert not old.keys() & new.keys()
                continue
            assert self.keys_of(new, new.keys() - old.keys()) == self.sorted_ids(
                events.new, events.copied_in, events.moved_in
            )
            assert self.keys_of(old, old.keys() - new.keys()) == self.sorted_ids(
                events.deleted, events.moved_out
            )
            stays = old.keys() & new.keys()
            stamped = {i for i in stays if old[i][1] != new[i][1]}
            for object_id in (new.keys() - old.keys()) | stamped:
                stamp = new[object_id][1]
                assert stamp is None or cutoff(before) <= stamp < cutoff(after)
            changed = {i for i in stays if old[i] != new[i]}
            assert self.keys_of(new, stamped) == self.sorted_ids(events.updated)
            assert self.keys_of(new, changed - stamped) == self.sorted_ids(events.unstamped)

    @pytest.mark.parametrize("year", [2024, 2025, 2026])
    def test_edit_date_moves_exactly_when_the_layer_changes(self, year: int) -> None:
        edits = set()
        for before, after in days_from(date(2026, 2, 1), 28):
            stamp = edit_date(small_city(after).layer(year))
            if small_city(after).events(year, before, after):
                nine = datetime(after.year, after.month, after.day, 9, tzinfo=UTC)
                assert stamp == nine.timestamp() * 1000
            else:
                assert stamp == edit_date(small_city(before).layer(year))
            edits.add(stamp)
        assert (len(edits) == 28) is (year == 2026)
        assert len(edits) > 1

    def test_new_rows_have_higher_object_ids(self) -> None:
        compared = 0
        for before, after in days_from(date(2026, 11, 5), 10):
            old, new = (
                set(small_city(day).layer(2026).table["OBJECTID"].values.tolist())
                for day in (before, after)
            )
            if old & new:
                assert min(new - old) > max(old)
                compared += 1
        assert compared >= 8

    def test_every_kind_of_change_happens(self) -> None:
        first, last = date(2026, 1, 2), AS_OF
        city = small_city(AS_OF)
        days = (last - first).days
        assert city.events(2025, first, last).moved_out.size >= 2
        january = city.events(2026, first, date(2026, 2, 1))
        assert set(city.events(2025, first, last).moved_out) == set(january.moved_in)
        assert january.copied_in.size > 10
        day_by_day = [
            [city.events(year, *pair) for year in (2025, 2026)] for pair in days_from(first, days)
        ]
        with_deletion = sum(any(len(e.deleted) for e in day) for day in day_by_day)
        with_correction = sum(any(len(e.unstamped) for e in day) for day in day_by_day)
        assert with_deletion > days / 4
        assert with_correction > days / 4
        assert sum(len(day[0].updated) > 0 for day in day_by_day) > days / 6
        assert all(len(day[1].new) for day in day_by_day[1:])
        older = city.events(2023, first, last)
        assert 0 < older.updated.size < city.events(2025, first, last).updated.size
        assert not older.deleted.size

    def test_a_republication_changes_object_ids_and_nothing_else(self) -> None:
        city = small_city(AS_OF)
        this_year = city.events(2026, date(2026, 1, 2), AS_OF).republished
        last_year = city.events(2025, date(2026, 1, 2), AS_OF).republished
        assert 322 / 13 - 1 < len(this_year) < 322 / 7
        assert 322 / 35 - 1 < len(last_year) < 322 / 25
        for year, reloads in ((2026, this_year[-2:]), (2025, last_year)):
            for day in reloads:
                before = day - timedelta(days=1)
                events = city.events(year, before, day)
                old, new = small_rows(year, before), small_rows(year, day)
                assert not old.keys() & new.keys()
                gone = Counter(self.sorted_ids(events.deleted, events.moved_out))
                came = Counter(self.sorted_ids(events.new, events.copied_in, events.moved_in))
                old_ids, new_ids = (Counter(row[0] for row in r.values()) for r in (old, new))
                assert new_ids == old_ids - gone + came
                touched = {*events.updated.tolist(), *events.unstamped.tolist(), *gone, *came}
                untouched = [
                    Counter(row for row in r.values() if row[0] not in touched) for r in (old, new)
                ]
                assert untouched[0] == untouched[1]
                assert untouched[0].total() > 0.9 * len(old)

    def test_days_add_up(self) -> None:
        first, last = date(2026, 10, 1), date(2026, 10, 31)
        city = small_city(last)
        whole = city.events(2026, first, last)
        by_day = [city.events(2026, *pair) for pair in days_from(first, 30)]
        assert set(whole.new) <= {case_id for day in by_day for case_id in day.new.tolist()}
        assert whole.republished == tuple(d for day in by_day for d in day.republished)
        sizes = [len(small_city(day).layer(2026).table) for day in (first, last)]
        change = sum(len(day.new) - len(day.deleted) for day in by_day)
        assert sizes[0] + change == sizes[1]

    def test_no_change_between_a_day_and_itself(self) -> None:
        assert not small_city(AS_OF).events(2026, AS_OF, AS_OF)

    def test_stamps_are_never_later_than_the_publication(self) -> None:
        for year in (2025, 2026):
            stamps = small_city(AS_OF).layer(year).table["LastUpdateDate"]
            assert stamps.values.max() < cutoff(AS_OF)

    @staticmethod
    def keys_of(rows: dict[int, tuple[Any, ...]], object_ids: set[int]) -> list[int]:
        return sorted(rows[object_id][0] for object_id in object_ids)

    @staticmethod
    def sorted_ids(*ids: np.ndarray) -> list[int]:
        return sorted(np.concatenate(ids).tolist())
