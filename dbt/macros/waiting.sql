{#- Percentiles of the times to close, those of whoever still waits unknown but for their beginning. -#}


{% macro percentiles() -%} {{ return({'p25': 25, 'median': 50, 'p75': 75, 'p90': 90}) }} {%- endmacro %}


{#- A relation with closed_count and percentiles in whole seconds, one row per group of every grain. They are those
    of the survival curve (Kaplan and Meier 1958), the waiting times being censored ones: times that occurred, and
    null where the curve does not get so far. Where everybody open has waited longer than the percentile, that is
    the nearest rank with the open ones as longest; only the other groups are drawn as curves.

    relation: rows with time_to_close_seconds, waiting_seconds and is_open.
    dimensions, grains, more, conditions: see volumes_and_times.
    percents: name of each percentile -> of how many in a hundred, ascending. -#}
{% macro times(relation, dimensions, grains, percents, more={}, conditions=[]) -%}
{%- set keys = dict(dimensions) -%}
{%- for name in conditions %}{% do keys.update({name: 'boolean'}) %}{% endfor -%}
(
    with ranked as {{ kept_for_grains() }} (

        select
            *,
            case
                when time_to_close_seconds is not null then time_to_close_seconds
                when is_open then {{ never() }}
            end as ranked_seconds,
            coalesce(time_to_close_seconds, waiting_seconds) as observed_seconds
        from {{ relation }}

    ),

    ranks as (

        {{ nearest_ranks('ranked', keys, grains, percents, dict(
            more,
            closed_count='count(time_to_close_seconds)',
            ranked_count='count(ranked_seconds)',
            longest_seconds='max(time_to_close_seconds)',
            shortest_wait_seconds='min(waiting_seconds)',
        ), conditions) }}

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
            row_number() over (order by {{ (['grain'] + (keys | list)) | join(', ') }}) as group_id
        from judged

    ),

    instants as (

        {{ instants_of_young('ranked', 'named', keys, grains, (percents | list)[-1] ~ '_seconds', conditions) }}

    ),

    losses as (

        select
            group_id,
            ranked_count,
            ended_before,
            ended_before + closed as last_rank_before,
            ended_before + closed + lost as ranks_after,
            cast(ranked_count - ended_before - closed as {{ type_double() }}) as at_risk,
            lost
        from instants
        where lost > 0

    ),

    -- From one loss of sight to the next, everybody who is closed takes the same share off the curve: there the rank
    -- at which it falls below a percentile can be calculated. Each loss makes it fall less, by a factor.
    stretches as (

        select
            group_id,
            ranked_count,
            0 as ranks_before,
            0 as log_factor,
            min(last_rank_before) as last_rank
        from losses
        group by group_id, ranked_count

        union all

        select
            group_id,
            ranked_count,
            ranks_after as ranks_before,
            sum(ln(at_risk) - ln(at_risk - lost)) over (partition by group_id order by ended_before) as log_factor,
            lead(last_rank_before) over (partition by group_id order by ended_before) as last_rank
        from losses
        where at_risk > lost

    ),

    percentile_ranks as (

        select
            group_id,
            {%- for name, percent in percents.items() %}
            -- Logarithms differ between engines by far less than this, and ranks of requests by far more.
            {%- set rank = 'ceil(ranked_count * (1 - ' ~ (100 - percent) / 100 ~ ' * exp(1e-9 - log_factor)))' %}
            min(
                case
                    when {{ rank }} <= coalesce(last_rank, ranked_count)
                        then greatest({{ rank }}, ranks_before + 1)
                end
            ) as {{ name }}_rank{{ ',' if not loop.last }}
            {%- endfor %}
        from stretches
        group by group_id

    ),

    curve_percentiles as (

        select
            instants.group_id,
            {%- for name in percents %}
            min(
                case
                    when ranks.{{ name }}_rank > instants.ended_before
                        and ranks.{{ name }}_rank <= instants.ended_before + instants.closed
                        then instants.seconds
                end
            ) as {{ name }}_seconds{{ ',' if not loop.last }}
            {%- endfor %}
        from instants
        inner join percentile_ranks as ranks on instants.group_id = ranks.group_id
        group by instants.group_id

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
{% macro nearest_ranks(relation, dimensions, grains, percents, aggregates, conditions) -%}
    {{ return(adapter.dispatch('nearest_ranks', 'mpls_311')(
        relation, dimensions, grains, percents, aggregates, conditions
    )) }}
{%- endmacro %}

{% macro duckdb__nearest_ranks(relation, dimensions, grains, percents, aggregates, conditions) -%}
    {{ return(one_pass_of_ranks(
        relation, dimensions, grains, percents, aggregates, conditions, 'quantile_disc(ranked_seconds, [{shares}])'
    )) }}
{%- endmacro %}

{#- All grains in one pass, where an aggregate gives several percentiles at once.

    percentiles: it, with {shares} for them. -#}
{% macro one_pass_of_ranks(relation, dimensions, grains, percents, aggregates, conditions, percentiles) -%}
    {%- set shares = [] -%}
    {%- for percent in percents.values() %}{% do shares.append(percent / 100) %}{% endfor -%}
    {%- set columns = ['grain'] + (dimensions | list) + (aggregates | list) -%}
    select
        {{ columns | join(', ') }},
        {%- for name in percents %}
        nullif(ranked_percentiles[{{ loop.index }}], {{ never() }}) as {{ name }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ grouped(relation, dimensions, grains, dict(
            aggregates, ranked_percentiles=percentiles.format(shares=shares | join(', '))
        ), conditions) }}
    ) as grouped
{%- endmacro %}

{#- Where a percentile is no aggregate: requests are counted by their time, and the counts added up along it. -#}
{% macro default__nearest_ranks(relation, dimensions, grains, percents, aggregates, conditions) -%}
    {%- set group = (['grain'] + (dimensions | list)) | join(', ') -%}
    select
        {{ group }},
        {%- for name, aggregate in aggregates.items() %}
        {{ aggregate_of_parts(aggregate) }}({{ name }}) as {{ name }},
        {%- endfor %}
        {%- for name, percent in percents.items() %}
        nullif(
            min(case when counted >= {{ percent }} * counted_in_all then ranked_seconds end), {{ never() }}
        ) as {{ name }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            *,
            100 * sum(timed_count) over (partition by {{ group }} order by ranked_seconds) as counted,
            sum(timed_count) over (partition by {{ group }}) as counted_in_all
        from (
            {{ grouped(relation, dimensions, grains, dict(aggregates, timed_count='count(ranked_seconds)'),
                conditions, also_by=['ranked_seconds']) }}
        ) as counts
    ) as added_up
    group by {{ group }}
{%- endmacro %}

{#- What makes an aggregate of a whole of those of its parts. -#}
{% macro aggregate_of_parts(aggregate) -%}
    {{ return(aggregate[:3] if aggregate[:4] in ('min(', 'max(') else 'sum') }}
{%- endmacro %}


{#- How many requests of a group were closed, and how many closed or last seen, at a time from their opening; of the
    groups that have young ones, and as far as the last percentile can be: the curve falls faster than the share of
    the closed. There may be several rows of a time.

    relation: what is grouped, with ranked_seconds and observed_seconds.
    groups: named, as in `times`. -#}
{% macro instants_of_young(relation, groups, dimensions, grains, last_percentile, conditions) -%}
    {{ return(adapter.dispatch('instants_of_young', 'mpls_311')(
        relation, groups, dimensions, grains, last_percentile, conditions
    )) }}
{%- endmacro %}

{% macro default__instants_of_young(relation, groups, dimensions, grains, last_percentile, conditions) -%}
    select
        *,
        1 - lost as closed,
        -- Who is closed as another is lost sight of was ahead. One whole number is sorted faster than two.
        row_number() over (partition by group_id order by 2 * seconds + lost) - 1 as ended_before
    from (
        {%- for grain, columns in grains.items() %}
        {%- if not loop.first %}

        union all
        {% endif %}
        select
            named.group_id,
            named.ranked_count,
            requests.observed_seconds as seconds,
            case when requests.time_to_close_seconds is null then 1 else 0 end as lost
        from {{ groups }} as named
        inner join {{ relation }} as requests
            on named.grain = '{{ grain }}'
            {%- for column in columns %}
            and named.{{ column }} = requests.{{ column }}
            {%- endfor %}
        where
            named.has_young
            and requests.ranked_seconds is not null
            and requests.observed_seconds <= coalesce(named.{{ last_percentile }}, {{ never() }})
        {%- endfor %}
    ) as observed
{%- endmacro %}

{#- Its bill is for the bytes that it reads: all grains are counted in one pass, of which most is left out. -#}
{% macro bigquery__instants_of_young(relation, groups, dimensions, grains, last_percentile, conditions) -%}
    select
        named.group_id,
        named.ranked_count,
        counts.observed_seconds as seconds,
        counts.lost,
        counts.closed,
        sum(counts.closed + counts.lost) over (
            partition by named.group_id
            order by counts.observed_seconds
        ) - counts.closed - counts.lost as ended_before
    from {{ groups }} as named
    inner join (
        {{ grouped(relation, dimensions, grains, {
            'closed': 'count(time_to_close_seconds)',
            'lost': 'count(*) - count(time_to_close_seconds)',
        }, conditions, also_by=['observed_seconds']) }}
    ) as counts on {{ same_group('named', 'counts', dimensions) }}
    where
        named.has_young
        and counts.observed_seconds <= coalesce(named.{{ last_percentile }}, {{ never() }})
{%- endmacro %}


{#- Aggregates in several grains at once, by the columns `also_by` in each, of requests that meet its conditions. -#}
{% macro grouped(relation, dimensions, grains, aggregates, conditions=[], also_by=[]) -%}
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
    {%- for name in conditions if name in used %}
    {{ 'having' if loop.first else 'and' }} (grouping({{ name }}) = 1 or {{ name }})
    {%- endfor %}
{%- endmacro %}
