"""The years grammar, and settings that make no sense."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from mpls311.parameters import (
    STAND_IN_CITY,
    Parameters,
    ReadMode,
    SandboxSettings,
    SourceSettings,
    ValidationSettings,
)
from mpls311.sandbox.city.planted import PlantedChange
from mpls311.years import FIRST_YEAR, Years, city_today
from tests.support.made import BASE

THIS_YEAR = city_today().year
SERVICES = "http://city.test/rest/services"


def resolved(value: object) -> tuple[int, ...]:
    return Years.model_validate(value).resolve(city_today())


def refusal(value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Years.model_validate(value)
    [error] = caught.value.errors()
    return error["msg"].removeprefix("Value error, ")


year_sets = st.sets(st.integers(FIRST_YEAR, THIS_YEAR), min_size=1)


@st.composite
def spellings(draw: st.DrawFn, years: Sequence[int]) -> str:
    """Draw one way to type these years: ranges, repeats, any order, blanks, brackets."""
    parts: list[str] = []
    start = years[0]
    for year, following in pairwise([*years, 0]):
        if following != year + 1 or draw(st.booleans()):
            dash = draw(st.sampled_from(["-", " - ", "- ", " -"]))
            single = start == year and draw(st.booleans())
            parts.append(f"{year}" if single else f"{start}{dash}{year}")
            start = following
    parts = draw(st.permutations(parts + draw(st.lists(st.sampled_from(parts), max_size=2))))
    text = parts[0]
    for part in parts[1:]:
        text += draw(st.sampled_from(["+", ",", ", ", " + ", ";", " "])) + part
    left, right = draw(st.sampled_from([("", ""), ("[", "]"), (" ", " "), ("[ ", " ]")]))
    return f"{left}{text}{right}"


@given(data=st.data(), years=year_sets)
def test_years_survive_every_spelling(data: st.DataObject, years: set[int]) -> None:
    wanted = tuple(sorted(years))
    text = data.draw(spellings(wanted))
    parsed = Years.model_validate(text)

    assert parsed.resolve(city_today()) == wanted
    assert parsed.are_named
    assert resolved(parsed.model_dump()) == wanted


@given(years=year_sets, as_text=st.booleans())
def test_years_may_be_a_list(years: set[int], as_text: bool) -> None:
    wanted = tuple(sorted(years))

    assert resolved([str(year) for year in wanted] if as_text else list(wanted)) == wanted
    assert resolved(wanted[0]) == wanted[:1]


@pytest.mark.parametrize(
    ("value", "years"),
    [
        ("2023", (2023,)),
        (2023, (2023,)),
        ("2015-2017", (2015, 2016, 2017)),
        ("2019+2021", (2019, 2021)),
        ("2019,2021", (2019, 2021)),
        ("[2019,2021]", (2019, 2021)),
        (["2019-2020", 2023], (2019, 2020, 2023)),
        ("2023-2023", (2023,)),
        ("2021+2019+2021", (2019, 2021)),
    ],
)
def test_years_mean_what_they_say(value: object, years: tuple[int, ...]) -> None:
    assert resolved(value) == years


@pytest.mark.parametrize("spelling", ["all", " ALL ", "All"])
def test_all_runs_from_the_first_layer_to_the_year_of_today(spelling: str) -> None:
    years = Years.model_validate(spelling)

    assert years.resolve(date(2018, 7, 1)) == (2015, 2016, 2017, 2018)
    assert not years.are_named


def test_recent_is_this_year_and_the_one_before() -> None:
    years = Years.model_validate("recent")

    assert years.resolve(date(2026, 1, 1)) == (2025, 2026)
    assert not years.are_named


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        [],
        None,
        True,
        "02023",
        "23",
        "20233",
        "2023.0",
        "-2023",
        "2015-",
        "-",
        "2015--2017",
        "2015-2017-2019",
        "2019,",
        ",2019",
        "2019,,2021",
        "2019+all",
        "all,2023",
        "everything",
        "recent 2019",
        "2019/2021",
        "2015..2017",
        "2023 and 2024",
        {"first": 2019},
        ["2019", "x"],
    ],
)
def test_other_spellings_are_refused_with_a_sentence(value: object) -> None:
    message = refusal(value)

    assert message.startswith("years=")
    assert "is not understood. Write one year (2023), a range (2015-2026), several" in message


@pytest.mark.parametrize("value", ["2014", f"{THIS_YEAR + 1}", "2010-2016", "0000", "1999+2023"])
def test_years_without_a_layer_are_refused(value: str) -> None:
    assert f"years={value}: the city has layers for 2015 to {THIS_YEAR}, not " in refusal(value)


def test_only_the_first_years_without_a_layer_are_listed() -> None:
    assert "not 2000, 2001, 2002 ...." in refusal("2000-2016")


def test_a_backward_range_is_turned_round() -> None:
    assert refusal("2019+2023-2021") == ("years=2019+2023-2021 runs backwards. Write 2021-2023.")


def source(**changes: object) -> SourceSettings:
    return SourceSettings.model_validate(BASE["source"] | {"services_url": SERVICES} | changes)


def sandbox(**changes: object) -> SandboxSettings:
    return SandboxSettings.model_validate(BASE["sandbox"] | changes)


@pytest.mark.parametrize("root", [SERVICES, f"{SERVICES}/", "http://city.test:80/rest/services"])
def test_a_layer_has_the_service_of_its_year(root: str) -> None:
    url = source(services_url=root).layer_url(2023)

    assert url == f"{SERVICES}/Public_311_2023/FeatureServer/0"


def test_services_that_do_not_follow_the_pattern_are_named() -> None:
    settings = source(service_name="Requests_{year}", service_names={"2015": "311_Public_2015"})

    assert settings.layer_url(2015) == f"{SERVICES}/311_Public_2015/FeatureServer/0"
    assert settings.layer_url(2016) == f"{SERVICES}/Requests_2016/FeatureServer/0"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("Requests_{year}", "/Requests_2023/FeatureServer/0"),
        ("City/Requests_{year}", "/City/Requests_2023/FeatureServer/0"),
        ("Requests/FeatureServer/2", "/Requests/FeatureServer/2"),
        ("Requests/FeatureServer", "/Requests/FeatureServer/0"),
        ("Requests/MapServer", "/Requests/MapServer/0"),
        ("/City/{year}/MapServer/{year}/", "/City/2023/MapServer/2023"),
        ("featureserver_2/mapserver/7", "/featureserver_2/mapserver/7"),
        ("{odd}_{year}", "/{odd}_2023/FeatureServer/0"),
    ],
)
def test_a_layer_may_be_anywhere_below_the_services(service: str, path: str) -> None:
    assert source(service_name=service).layer_url(2023) == f"{SERVICES}{path}"
    assert source(service_names={2023: service}).layer_url(2023) == f"{SERVICES}{path}"


@pytest.mark.parametrize("tail", ["", "/0", "/FeatureServer", "/FeatureServer/0"])
def test_a_layer_may_be_at_an_address_of_its_own(tail: str) -> None:
    elsewhere = f"https://gis.other.test/rest/services/R_{{year}}{tail}"
    if tail == "/0":
        elsewhere = f"https://gis.other.test/rest/services/R_{{year}}/FeatureServer{tail}"

    url = source(service_name=elsewhere, areas={"neighborhood": "N/MapServer/3", "ward": None})

    assert url.layer_url(2023) == "https://gis.other.test/rest/services/R_2023/FeatureServer/0"
    assert url.area_urls == {"neighborhood": f"{SERVICES}/N/MapServer/3"}


@pytest.mark.parametrize("service", ["Districts", None])
def test_the_layer_of_neighborhoods_may_go_by_its_former_name(service: str | None) -> None:
    wards = f"{SERVICES}/WARDS/FeatureServer/0"
    urls = source(neighborhoods_service=service).area_urls

    assert urls.pop("ward") == wards
    assert list(urls.values()) == ([f"{SERVICES}/Districts/FeatureServer/0"] if service else [])


def test_an_area_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        source(areas=BASE["source"]["areas"] | {"precinct": "Police_Precincts"})

    assert [error["loc"] for error in caught.value.errors()] == [("areas", "precinct")]


def test_periods_are_in_days() -> None:
    settings = source(overlap_days=0.5, full_every_days=7)

    assert (settings.overlap, settings.full_every) == (timedelta(hours=12), timedelta(weeks=1))


@pytest.mark.parametrize(
    ("model", "values", "where"),
    [
        (SourceSettings, {"concurrency": 0}, "concurrency"),
        (SourceSettings, {"concurrency": 65}, "concurrency"),
        (SourceSettings, {"overlap_days": -1}, "overlap_days"),
        (SourceSettings, {"full_every_days": 0}, "full_every_days"),
        (SourceSettings, {"services_url": "city.test"}, "services_url"),
        (SourceSettings, {"concurency": 4}, "concurency"),
        (SourceSettings, {"service_names": {2023: "http://u:p@h/R"}}, "service_names"),
        (SandboxSettings, {"latency_ms": -1}, "latency_ms"),
        (SandboxSettings, {"as_of": "yesterday"}, "as_of"),
        (ValidationSettings, {"max_rejected_share": 1.01}, "max_rejected_share"),
        (ValidationSettings, {"min_rejected": -1}, "min_rejected"),
        (ValidationSettings, {"max_affected_share": -0.1}, "max_affected_share"),
        (ValidationSettings, {"accept": "everything"}, "accept"),
    ],
)
def test_senseless_settings_are_refused(
    model: type[BaseModel], values: dict[str, object], where: str
) -> None:
    group = model.__name__.removesuffix("Settings").lower()
    with pytest.raises(ValidationError) as caught:
        model.model_validate(BASE[group] | values)

    assert [error["loc"] for error in caught.value.errors()] == [(where,)]


def test_years_are_accepted_as_they_are_asked_for() -> None:
    def accepted(typed: object) -> tuple[int, ...]:
        return ValidationSettings.model_validate(BASE["validation"] | {"accept": typed}).accepted

    assert accepted(BASE["validation"]["accept"]) == ()
    assert accepted(2019) == (2019,)
    assert accepted("2019,2021") == (2019, 2021)
    with pytest.raises(ValidationError, match=r"validation\.accept: .*2019-21 is not understood"):
        accepted("2019-21")


def test_a_senseless_mode_is_refused() -> None:
    with pytest.raises(ValidationError, match="'full' or 'incremental'"):
        ReadMode.model_validate("fulll")


@pytest.mark.parametrize("address", ["http://u:hunter2@city.test/x", "http://hunter2@"])
def test_a_password_in_an_address_is_not_repeated(address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        source(services_url=address)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rows_per_year": 0}, "1 to 5,000,000 rows a year, not 0"),
        ({"seed": -1}, "must not be negative"),
        ({"as_of": "2015-01-01"}, "publishes from 2015-01-02"),
        ({"temper": "moody"}, "is steady or unsteady, not moody"),
        ({"changes": "Pothole"}, "cannot plant 'Pothole'"),
    ],
)
def test_the_bounds_of_the_stand_in_city_are_its_own(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Parameters.model_validate(
            BASE
            | {"source": BASE["source"] | {"id": STAND_IN_CITY, "services_url": None}}
            | {"sandbox": BASE["sandbox"] | values}
        )


@pytest.mark.parametrize(
    "spelled",
    [
        "Pothole x1.3 from 2025-03-01, Graffiti - Open311 x0.5 from 2024-01-01",
        ["Pothole x1.3 from 2025-03-01", "Graffiti - Open311 x 0.5 from 2024-01-01"],
    ],
)
def test_planted_changes_may_be_a_text_or_a_list(spelled: object) -> None:
    city = sandbox(changes=spelled, temper="unsteady").city()

    assert city.temper == "unsteady"
    assert city.changes == (
        PlantedChange("Pothole", 1.3, date(2025, 3, 1)),
        PlantedChange("Graffiti - Open311", 0.5, date(2024, 1, 1)),
    )
    assert sandbox(changes=None).city().changes == ()


def test_the_stand_in_city_has_no_future() -> None:
    with pytest.raises(ValidationError, match=r"lies in the future.*Give a past date"):
        sandbox(as_of=city_today() + timedelta(days=1))

    assert sandbox(as_of=city_today()).as_of == city_today()
