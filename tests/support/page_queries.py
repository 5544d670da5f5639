"""Every figure of the dashboard as SQL that asks a mart for it, written without the page's code."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = list[Any]
Ask = Callable[[str], Iterable[Iterable[Any]]]

TOLD_IN_PYTHON = {
    *("worse", "change", "expected_count", "low", "high", "is_unusual"),
    *("last_read_at", "last_full_read_at"),
}
"""Columns that no query gives: what is told by statistics, and times as text."""

_M = "mpls_311_production"
_LATEST = f"(select max(open_date) from {_M}.rpt_requests)"
_TYPE = "subject_name || ': ' || type_name"
_TIMED = "filter (not is_information_only)"
_ENOUGH = "filter (not is_information_only and not is_few)"
_COUNTS = (
    f"sum(request_count)::bigint, any_value(closed_count) {_TIMED}, any_value(is_few::int) {_TIMED}"
)
_MEASURES = f"{_COUNTS}, any_value(median_hours) {_ENOUGH}, any_value(p90_hours) {_ENOUGH}"
_HEADLINE = ", ".join(
    f"any_value({kind}_{days}_days_count) {_TIMED}"
    for days in (1, 7, 30)
    for kind in ("aged", "within")
)


_YEAR = "coalesce(open_year, 0)"
_IS_SHOWN = "open_year in (select source_year from mpls_311_production.rpt_data_quality)"


def _times(grain: str, keys: str, measures: str = _MEASURES, only: str = "true") -> str:
    """Rows of a grain; a yearly one comes with that of all years together."""
    grains = f"'{grain}', '{grain.replace('year', 'all', 1)}'"
    by = f"{_YEAR} as year, {keys}" if keys else _YEAR
    where = f"where grain in ({grains}) and {only} group by all"
    return f"select {by}, {measures} from {_M}.rpt_time_to_close {where}"


def _with_sums(query: str, keys: str) -> str:
    """Rows by open_year and keys, and those of all years, which are sums."""
    of_all = f"select 0, {keys}, sum(requests)::bigint from counts where {_IS_SHOWN} group by all"
    return f"with counts as ({query}) from counts union all {of_all}"


def _to_date(grain: str, keys: str, measures: str = _MEASURES) -> str:
    """Of the grains to date only the year before the last is shown."""
    before = f"open_year = (select max(open_year) - 1 from {_M}.rpt_requests)"
    return _times(f"{grain}_to_date", keys, measures, before)


def _areas(kind: str, keys: str) -> str:
    grains = f"'year_{kind}', 'all_{kind}'"
    if _TYPE in keys:
        grains = grains.replace(kind, f"{kind}_type")
    return f"""
        select {_YEAR}, {keys}, sum(request_count)::bigint, sum(open_count)::bigint,
            any_value(median_hours) {_ENOUGH}, any_value(is_few::int) {_TIMED}
        from {_M}.rpt_areas where grain in ({grains}) group by all"""


def _months(area: str) -> str:
    return f"""
        select open_year, open_month, {area}, count(*)
        from {_M}.rpt_requests group by all"""


_OF_YEAR = f"sum(open_count)::bigint, {_MEASURES}, {_HEADLINE}"

QUERIES = {
    "year": _times("year", "", _OF_YEAR),
    "yearToDate": _to_date("year", "", _OF_YEAR),
    "month": _with_sums(
        f"""
        select open_year, open_month, subject_name, count(*) as requests
        from {_M}.rpt_requests group by all""",
        "open_month, subject_name",
    ),
    "typeMonth": _with_sums(
        f"""
        select open_year, open_month, {_TYPE} as type, count(*) as requests
        from {_M}.rpt_requests group by all""",
        "open_month, type",
    ),
    "channelYear": _with_sums(
        f"select open_year, channel, count(*) as requests from {_M}.rpt_requests group by all",
        "channel",
    ),
    "subject": _times("year_subject", "subject_name"),
    "subjectToDate": _to_date("year_subject", "subject_name"),
    "type": f"""
        with types as ({_times("year_type", f"{_TYPE} as type")}),
        channels as (
            select
                {_YEAR} as year, {_TYPE} as type,
                max(hours) > 3 * min(hours) as differ
            from (select *, greatest(median_hours, 1 / 60) as hours from {_M}.rpt_time_to_close)
            where grain in ('year_type_channel', 'all_type_channel')
                and not is_information_only and not is_few
            group by all
        )
        select types.*, coalesce(differ, false)::int
        from types left join channels using (year, type)""",
    "typeToDate": _to_date("year_type", _TYPE),
    "typeChannel": _times("year_type_channel", f"{_TYPE}, channel"),
    "typeChannelToDate": _to_date("year_type_channel", f"{_TYPE}, channel"),
    "target": f"""
        select open_year, {_TYPE}, channel, target_hours, benchmark_share_within, share_within,
            measured_count, share_change
        from {_M}.rpt_service_targets""",
    "service": f"""
        with requests as (
            select
                open_year, open_month, 3600 * target_hours as target, benchmark_share_within,
                target <= age_seconds as measured, time_to_close_seconds <= target as closed_within
            from {_M}.rpt_requests
            left join {_M}.rpt_service_targets using (open_year, subject_name, type_name, channel)
            where not is_information_only and (is_open or time_to_close_seconds is not null)
        )
        select
            open_year, open_month,
            count(*) filter (measured and closed_within) / count(*) filter (measured),
            case when open_month is null then avg(benchmark_share_within) filter (measured) end,
            sum(measured::int)::bigint, count(target) / count(*)
        from requests
        where open_year in (select open_year from {_M}.rpt_service_targets)
        group by grouping sets ((open_year), (open_year, open_month))""",
    "week": f"""
        select
            {_TYPE},
            count(*) filter (open_date >= {_LATEST} - 7 and open_date < {_LATEST})
        from {_M}.rpt_requests
        where (subject_name, type_name) in (select subject_name, type_name from {_M}.rpt_weeks)
        group by all""",
    "wait": f"""
        select {_TYPE}, channel, p25_hours, median_hours, p75_hours, closed_count, is_few::int
        from (
            select * replace (
                case when not is_few then p25_hours end as p25_hours,
                case when not is_few then median_hours end as median_hours,
                case when not is_few then p75_hours end as p75_hours
            )
            from {_M}.rpt_time_to_close
            where grain in ('type_last_365_days', 'type_channel_last_365_days')
                and not is_information_only
        )""",
    "city": f"""
        select {_YEAR}, slower_share from {_M}.rpt_neighborhoods
        where grain in ('year', 'all') and not is_information_only""",
    "area": f"""
        select {_YEAR}, neighborhood_name, {_COUNTS}, any_value(median_hours) {_ENOUGH},
            any_value(slower_share) {_ENOUGH}
        from {_M}.rpt_neighborhoods where grain in ('year_neighborhood', 'all_neighborhood')
        group by all""",
    "areaSubject": _with_sums(
        f"""
        select open_year, neighborhood_name, subject_name, count(*) as requests
        from {_M}.rpt_requests group by all""",
        "neighborhood_name, subject_name",
    ),
    "typeArea": _areas("neighborhood", f"neighborhood_name, {_TYPE}"),
    "ward": _areas("ward", "ward_name"),
    "typeWard": _areas("ward", f"ward_name, {_TYPE}"),
    "areaMonth": _months("neighborhood_name"),
    "wardMonth": _months("ward_name"),
    "spot": f"""
        select open_year, longitude, latitude, request_count, place_count
        from {_M}.rpt_hot_spots where rank_in_year <= 60 and not is_one_place""",
    "backlogMonth": f"""
        select as_of_date::text, age_class, {_TYPE}, sum(open_count)::bigint
        from {_M}.rpt_backlog group by all""",
    "backlogType": f"""
        select {_TYPE}, count(*), quantile_disc(date_diff('day', open_date, {_LATEST}), 0.5),
            max(date_diff('day', open_date, {_LATEST}))
        from {_M}.rpt_requests where is_open group by all""",
    "backlogArea": f"""
        select neighborhood_name, {_TYPE}, age_class, sum(open_count)::bigint
        from {_M}.rpt_backlog where as_of_date = {_LATEST} group by all""",
    "backlogWard": f"""
        select ward_name, {_TYPE}, age_class, sum(open_count)::bigint
        from {_M}.rpt_backlog where as_of_date = {_LATEST} group by all""",
    "quality": f"""
        select source_year, case_count, deleted_count, rejected_count, duplicate_count,
            several_layers_count, no_location_count, no_neighborhood_count,
            unknown_category_count, status_mismatch_count, closed_before_opened_count
        from {_M}.rpt_data_quality""",
}
"""By the name of the table; the columns are in the order of the page's, names in place of
positions in lists of names."""


def figures_shown(page: Mapping[str, Any], name: str) -> list[Row]:
    """The rows of a table of the page, sorted, with names in place of positions."""
    names = {
        "subject": page["subjects"],
        "type": [f"{page['subjects'][subject]}: {name}" for subject, name in page["types"]],
        "channel": page["channels"],
        "area": [name for name, _ in page["neighborhoods"]],
        "ward": [name for _, name in page["wards"]],
        "age": page["ages"],
        "as_of_date": page["asOfDates"],
    }
    columns = [
        [None if value is None else names[column][value] for value in values]
        if column in names
        else values
        for column, values in page["tables"][name].items()
        if column not in TOLD_IN_PYTHON
    ]
    return _sorted(zip(*columns, strict=True))


def figures_asked(ask: Ask, name: str, years: Iterable[int]) -> list[Row]:
    """The same rows as the marts have them, of the years that the page shows; 0 is all of them."""
    shown = {0, *years}
    rows = map(list, ask(QUERIES[name]))
    return _sorted(row for row in rows if not isinstance(row[0], int) or row[0] in shown)


def _sorted(rows: Iterable[Iterable[Any]]) -> list[Row]:
    def order(row: Row) -> str:
        return repr([value for value in row if not isinstance(value, float)])

    return sorted(map(list, rows), key=order)
