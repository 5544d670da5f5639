"""Requests of the stand-in city as rows of rpt_requests, without the pipeline that lies between.

What reports make of requests is asked here of years that would take minutes to load.
"""

import duckdb
import pyarrow as pa

from mpls311.sandbox import City
from mpls311.sandbox.city.catalogue import catalogue
from mpls311.sandbox.protocol import Column
from tests.support.dbt_warehouse import PROJECT, Warehouse

_SEED = PROJECT / "seeds" / "mpls_311_categories.csv"

_RPT_REQUESTS = f"""
create or replace table mpls_311_staging.requests as
with requests as (
    select
        seen.* exclude (type_name),
        coalesce(seed.std_type_name, type_name) as type_name,
        coalesce(seed.channel, 'Phone or other') as channel,
        opened at time zone 'America/Chicago' as opened_here,
        max(opened) over (partition by edition) as latest,
        max(opened_here) over () as latest_here,
        greatest(date_diff('second', opened, latest), 0) as age_seconds
    from seen
    left join read_csv('{_SEED}') as seed using (subject_name, type_name)
)
select
    case_id,
    open_year,
    open_year as source_year,
    true as is_of_loaded_year,
    month(opened_here) as open_month,
    opened_here::date as open_date,
    date_trunc('week', opened_here)::date as open_week,
    strftime(opened_here, '%m%d') <= strftime(latest_here, '%m%d') as is_to_date,
    date_diff('day', opened_here::date, latest_here::date) < 365 as is_of_last_365_days,
    subject_name,
    'Unknown' as reason_name,
    type_name,
    channel,
    is_information_only,
    'Unknown' as community_name,
    -1::bigint as neighborhood_id,
    'Unknown' as neighborhood_name,
    -1::bigint as ward_id,
    'Unknown' as ward_name,
    closed is null as is_open,
    closed at time zone 'America/Chicago' as closed_local_datetime,
    case when closed >= opened then date_diff('second', opened, closed) end
        as time_to_close_seconds,
    age_seconds,
    case when closed is null then age_seconds end as waiting_seconds
from requests;
create or replace view mpls_311_production.rpt_requests as from mpls_311_staging.requests;
"""


def published(city: City, year: int, *, called: int | None = None) -> pa.Table:
    """The requests opened in a year as the city publishes them, under the year or another name."""
    layer = city.layer(year).content()
    kinds = layer["TYPENAME"]
    takes_no_time = {
        name for name, hours in zip(catalogue().names, catalogue().hours, strict=True) if hours == 0
    }

    def text(column: Column) -> pa.Array:
        words = pa.array([word.strip() for word in column.words])
        return words.take(pa.array(column.values))

    def instant(column: Column) -> pa.Array:
        return pa.array(column.values, pa.timestamp("ms", "UTC"), mask=~column.known_mask())

    type_name = text(kinds)
    rows = pa.table(
        {
            "case_id": layer["CASEID"].values,
            "subject_name": text(layer["SUBJECTNAME"]),
            "type_name": type_name,
            "is_information_only": [name in takes_no_time for name in type_name.to_pylist()],
            "opened": instant(layer["OPENEDDATETIME"]),
            "closed": instant(layer["CLOSEDDATETIME"]),
        }
    )
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        found = connection.execute(
            "select distinct on (case_id) *, $name::bigint as open_year from rows"
            " where year(opened at time zone 'America/Chicago') = $year order by case_id, closed",
            {"name": called or year, "year": year},
        )
        return found.to_arrow_table()


def take_for_requests(warehouse: Warehouse, *editions: pa.Table) -> None:
    """Put what was published in the place of rpt_requests; each edition is seen until its end.

    Nothing tells reports that are kept by year of it: they have to be refreshed whole.
    """
    numbered = [
        rows.append_column("edition", pa.array([number] * len(rows)))
        for number, rows in enumerate(editions)
    ]
    with duckdb.connect(warehouse.path) as connection:
        connection.register("seen", pa.concat_tables(numbered))
        connection.execute(_RPT_REQUESTS)
