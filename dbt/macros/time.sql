{#- Stored instants without a zone of their own, always UTC. -#}
{% macro utc_timestamp(column) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'mpls_311')(column)) }}
{%- endmacro %}

{% macro default__utc_timestamp(column) -%}
    cast({{ column }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{#- A plain cast would follow the time zone of whoever reads the view; a conversion between zones is slow. -#}
{% macro duckdb__utc_timestamp(column) -%}
    make_timestamp(epoch_us({{ column }}))
{%- endmacro %}


{#- Seconds since 1970 as a UTC timestamp without a zone. -#}
{% macro epoch_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_timestamp', 'mpls_311')(seconds)) }}
{%- endmacro %}

{% macro default__epoch_timestamp(seconds) -%}
    make_timestamp(cast(round({{ seconds }} * 1000000) as {{ dbt.type_bigint() }}))
{%- endmacro %}

{% macro bigquery__epoch_timestamp(seconds) -%}
    timestamp_micros(cast(round({{ seconds }} * 1000000) as int64))
{%- endmacro %}


{#- The clock in Minneapolis at a UTC timestamp, without a zone. -#}
{% macro local_datetime(column) -%}
    {{ return(adapter.dispatch('local_datetime', 'mpls_311')(column)) }}
{%- endmacro %}

{% macro default__local_datetime(column) -%}
    {{ column }} at time zone 'UTC' at time zone '{{ var("local_time_zone") }}'
{%- endmacro %}

{#- One conversion between zones in place of two. -#}
{% macro duckdb__local_datetime(column) -%}
    make_timestamptz(epoch_us({{ column }})) at time zone '{{ var("local_time_zone") }}'
{%- endmacro %}

{% macro bigquery__local_datetime(column) -%}
    datetime({{ column }}, '{{ var("local_time_zone") }}')
{%- endmacro %}


{#- The calendar date there. -#}
{% macro local_date(column) -%}
    cast({{ local_datetime(column) }} as date)
{%- endmacro %}


{#- Whole seconds from one UTC timestamp to another. -#}
{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between', 'mpls_311')(start, end)) }}
{%- endmacro %}

{% macro default__seconds_between(start, end) -%}
    cast({{ dbt.datediff(start, end, 'second') }} as {{ dbt.type_bigint() }})
{%- endmacro %}

{#- What dbt makes of it goes through the clock of the default time zone, which jumps twice a year where it is
    not UTC. -#}
{% macro bigquery__seconds_between(start, end) -%}
    unix_seconds({{ end }}) - unix_seconds({{ start }})
{%- endmacro %}


{#- Whole seconds, none below 0, in a longer unit with two decimals, half up. In whole numbers up to the one
    division at the end: a binary fraction on the way would be rounded up by one engine and down by another. -#}
{% macro in_hundredths(seconds, unit) -%}
    {%- set doubled = '(' ~ seconds ~ ' * 200 + ' ~ unit ~ ')' -%}
    cast(({{ doubled }} - mod({{ doubled }}, {{ 2 * unit }})) / {{ 2 * unit }} as {{ type_double() }}) / 100
{%- endmacro %}


{#- A part of a date as a whole number: engines differ in the type that `extract` gives. -#}
{% macro date_part(part, date) -%}
    cast(extract({{ part }} from {{ date }}) as {{ dbt.type_bigint() }})
{%- endmacro %}


{#- A date as the integer YYYYMMDD; null stays null. -#}
{% macro date_id(date) -%}
    {{ date_part('year', date) }} * 10000 + {{ date_part('month', date) }} * 100 + {{ date_part('day', date) }}
{%- endmacro %}


{% macro iso_week(date) -%}
    {{ return(adapter.dispatch('iso_week', 'mpls_311')(date)) }}
{%- endmacro %}

{#- DuckDB's and PostgreSQL's week is the ISO week. -#}
{% macro default__iso_week(date) -%}
    {{ date_part('week', date) }}
{%- endmacro %}

{% macro bigquery__iso_week(date) -%}
    {{ date_part('isoweek', date) }}
{%- endmacro %}


{#- Monday = 1 ... Sunday = 7, counted from a Monday long ago: the engines number weekdays differently. -#}
{% macro iso_day_of_week(date) -%}
    mod(cast({{ dbt.datediff("cast('1900-01-01' as date)", date, 'day') }} as {{ dbt.type_bigint() }}), 7) + 1
{%- endmacro %}


{#- The Monday of a date's week. -#}
{% macro monday_of(date) -%}
    cast({{ dbt.dateadd('day', '1 - (' ~ iso_day_of_week(date) ~ ')', date) }} as date)
{%- endmacro %}


{#- The name of a number counted from 1. -#}
{% macro name_of(number, names) -%}
    case {{ number }}
        {%- for name in names %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}
