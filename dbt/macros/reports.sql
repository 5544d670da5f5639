{#- The nearest-rank percentile of a group, a value that occurs in it: the smallest one that at least that
    share of the values does not exceed. Integers only, and nothing is interpolated, so that both engines
    give the very same one; PERCENTILE_CONT and its approximations do not.
    `rank` counts the values of the group upwards from 1, `number` is how many it has. -#}
{% macro percentile(value, rank, number, percent) -%}
    min(case when {{ rank }} * 100 >= {{ percent }} * {{ number }} then {{ value }} end)
{%- endmacro %}


{#- Whole seconds as hours, not rounded: one division is the same on both engines, a rounding is not. -#}
{% macro as_hours(seconds, number=1) -%}
    cast({{ seconds }} as {{ type_double() }}) / (3600 * {{ number }})
{%- endmacro %}


{#- The rows of a relation with time_rank and time_count, which `percentile` needs, within groups of rows that
    have the same `columns`. Rows without a time rank last. -#}
{% macro ranked_by_time(relation, columns) -%}
    select
        *,
        row_number() over (
            partition by {{ columns | join(', ') }}
            order by case when time_to_close_seconds is null then 1 else 0 end, time_to_close_seconds
        ) as time_rank,
        count(time_to_close_seconds) over (partition by {{ columns | join(', ') }}) as time_count
    from {{ relation }}
{%- endmacro %}


{#- One select per grain, to be put together by union all, as percentiles cannot be added up.

    relation: rows with time_to_close_seconds (null without one) and is_open.
    dimensions: the columns of all grains with their types, in order; those that a grain leaves out are null.
    grains: name of each grain -> its columns. -#}
{% macro volumes_and_times(relation, dimensions, grains, more=[]) -%}
    {%- for grain, columns in grains.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        '{{ grain }}' as grain,
        {%- for name, type in dimensions.items() %}
        {% if name in columns %}{{ name }}{% else %}cast(null as {{ type }}) as {{ name }}{% endif %},
        {%- endfor %}
        count(*) as request_count,
        count(time_to_close_seconds) as closed_count,
        count(case when is_open then 1 end) as open_count,
        {{ as_hours('sum(time_to_close_seconds)', 'nullif(count(time_to_close_seconds), 0)') }} as mean_hours,
        {%- for name, percent in {'median': 50, 'p75': 75, 'p90': 90}.items() %}
        {{ as_hours(percentile('time_to_close_seconds', 'time_rank', 'time_count', percent)) }} as {{ name }}_hours,
        {%- endfor %}
        {%- for aggregate in more %}
        {{ aggregate }},
        {%- endfor %}
        count(time_to_close_seconds) < {{ var('enough_requests') }} as is_few
    from ({{ ranked_by_time(relation, columns) }}) as ranked
    group by {{ columns | join(', ') }}
    {%- endfor %}
{%- endmacro %}
