{#- Percentiles of the times to close, those of whoever still waits unknown but for their beginning. -#}


{% macro percentiles() -%} {{ return({'p25': 25, 'median': 50, 'p75': 75, 'p90': 90}) }} {%- endmacro %}


{#- A relation with closed_count and percentiles in whole seconds, one row per group of every grain. They are those
    of the survival curve (Kaplan and Meier 1958), the waiting times being censored ones: times that occurred, and
    null where the curve does not get so far. Where everybody open has waited longer than the percentile, that is
    the nearest rank with the open ones as longest; only the other groups are drawn as curves.

    relation: rows with time_to_close_seconds, waiting_seconds and is_open.
    dimensions, grains, more: see volumes_and_times.
    percents: name of each percentile -> of how many in a hundred, ascending. -#}
{% macro times(relation, dimensions, grains, percents, more={}) -%}
(
    with ranked as {{ inlined() }} (

        select
            *,
            case
                when time_to_close_seconds is not null then time_to_close_seconds
                when is_open then {{ never() }}
            end as ranked_seconds
        from {{ relation }}

    ),

    ranks as (

        {{ nearest_ranks('ranked', dimensions, grains, percents, dict(
            more,
            closed_count='count(time_to_close_seconds)',
            ranked_count='count(ranked_seconds)',
            longest_seconds='max(time_to_close_seconds)',
            shortest_wait_seconds='min(waiting_seconds)',
        )) }}

    ),

    judged as (

        select
            *,
            coalesce(
                shortest_wait_seconds < coalesce({{ (percents | list)[-1] }}_seconds, longest_seconds), false
            ) as has_young
        from ranks

    ),

    named as (

        select
            *,
            -- A number, which joins faster than a key made of texts.
            row_number() over (order by {{ (['grain'] + (dimensions | list)) | join(', ') }}) as group_id
        from judged

    ),

    observed as (

        {%- for grain, columns in grains.items() %}
        {%- if not loop.first %}

        union all
        {% endif %}
        select
            named.group_id,
            named.ranked_count,
            requests.time_to_close_seconds,
            coalesce(requests.time_to_close_seconds, requests.waiting_seconds) as seconds
        from named
        inner join ranked as requests
            on named.grain = '{{ grain }}'
            {%- for column in columns %}
            and named.{{ column }} = requests.{{ column }}
            {%- endfor %}
        -- The curve falls faster than the share of the closed, and is needed no longer than that.
        where
            named.has_young
            and requests.ranked_seconds is not null
            and coalesce(requests.time_to_close_seconds, requests.waiting_seconds)
            <= coalesce(named.{{ (percents | list)[-1] }}_seconds, {{ never() }})
        {%- endfor %}

    ),

    instants as (

        select
            group_id,
            ranked_count,
            seconds,
            count(time_to_close_seconds) as closed,
            count(*) as ended
        from observed
        group by group_id, ranked_count, seconds

    ),

    risks as (

        select
            *,
            ranked_count + ended
            - cast(sum(ended) over (partition by group_id order by seconds) as {{ type_double() }}) as at_risk
        from instants

    ),

    -- The logarithm of the share that still waits; of nobody there is none, and it is far below any percentile.
    curves as (

        select
            group_id,
            seconds,
            sum(case when closed < at_risk then ln(at_risk - closed) - ln(at_risk) else -1000 end)
                over (partition by group_id order by seconds) as log_survival
        from risks

    ),

    curve_percentiles as (

        select
            group_id,
            {%- for name, percent in percents.items() %}
            -- Logarithms differ between engines by far less than this, and shares of requests by far more.
            min(case when log_survival <= ln({{ (100 - percent) / 100 }}) + 1e-9 then seconds end)
                as {{ name }}_seconds{{ ',' if not loop.last }}
            {%- endfor %}
        from curves
        group by group_id

    )

    select
        named.grain,
        {%- for column in dimensions %}
        named.{{ column }},
        {%- endfor %}
        named.closed_count,
        {%- for name in more %}
        named.{{ name }},
        {%- endfor %}
        {%- for name in percents %}
        case when named.has_young then curves.{{ name }}_seconds else named.{{ name }}_seconds end
            as {{ name }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from named
    left join curve_percentiles as curves on named.group_id = curves.group_id
)
{%- endmacro %}


{#- Longer than anybody waits. -#}
{% macro never() -%} 4611686018427387904 {%- endmacro %}


{#- The percentiles of ranked_seconds by nearest rank, the smallest value that at least that share does not exceed;
    null where that is never. Integers only, and nothing is interpolated, so that engines give the very same one. -#}
{% macro nearest_ranks(relation, dimensions, grains, percents, aggregates) -%}
    {{ return(adapter.dispatch('nearest_ranks', 'mpls_311')(relation, dimensions, grains, percents, aggregates)) }}
{%- endmacro %}

{#- All grains in one pass. -#}
{% macro duckdb__nearest_ranks(relation, dimensions, grains, percents, aggregates) -%}
    select
        * exclude (ranked_percentiles),
        {%- for name in percents %}
        nullif(ranked_percentiles[{{ loop.index }}], {{ never() }}) as {{ name }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {%- set shares = [] -%}
        {%- for percent in percents.values() %}{% do shares.append(percent / 100) %}{% endfor %}
        {{ grouped(relation, dimensions, grains, dict(
            aggregates, ranked_percentiles='quantile_disc(ranked_seconds, [' ~ shares | join(', ') ~ '])'
        )) }}
    ) as grouped
{%- endmacro %}

{#- Where a percentile is no aggregate: one pass per grain. -#}
{% macro default__nearest_ranks(relation, dimensions, grains, percents, aggregates) -%}
    {%- for grain, columns in grains.items() %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        '{{ grain }}' as grain,
        {{ columns_of_grain(dimensions, columns) }}
        {%- for name, aggregate in aggregates.items() %}
        {{ aggregate }} as {{ name }},
        {%- endfor %}
        {%- for name, percent in percents.items() %}
        nullif(
            min(case when time_rank * 100 >= {{ percent }} * time_count then ranked_seconds end), {{ never() }}
        ) as {{ name }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            *,
            row_number() over (
                partition by {{ columns | join(', ') }}
                order by case when ranked_seconds is null then 1 else 0 end, ranked_seconds
            ) as time_rank,
            count(ranked_seconds) over (partition by {{ columns | join(', ') }}) as time_count
        from {{ relation }}
    ) as numbered
    group by {{ columns | join(', ') }}
    {%- endfor %}
{%- endmacro %}


{#- Aggregates in several grains at once, and by the columns `also_by` in each. -#}
{% macro grouped(relation, dimensions, grains, aggregates, also_by=[]) -%}
    {%- set used = grains.values() | sum(start=[]) -%}
    {%- set bits = [] -%}
    {%- for name in dimensions if name in used -%}
        {%- do bits.append(2 ** loop.index0 ~ ' * grouping(' ~ name ~ ')') -%}
    {%- endfor %}
    select
        case {{ bits | join(' + ') }}
            {%- for grain, columns in grains.items() %}
            {%- set left_out = [] -%}
            {%- for name in dimensions if name in used -%}
                {%- do left_out.append(0 if name in columns else 2 ** loop.index0) -%}
            {%- endfor %}
            when {{ left_out | sum }} then '{{ grain }}'
            {%- endfor %}
        end as grain,
        {{ columns_of_grain(dimensions, used) }}
        {%- for name in also_by %}
        {{ name }},
        {%- endfor %}
        {%- for name, aggregate in aggregates.items() %}
        {{ aggregate }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    group by grouping sets (
        {%- for columns in grains.values() %}
        ({{ (columns + also_by) | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
