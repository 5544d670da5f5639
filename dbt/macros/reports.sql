{#- Whole seconds as hours, not rounded: one division is the same on both engines, a rounding is not. -#}
{% macro as_hours(seconds, number=1) -%}
    cast({{ seconds }} as {{ type_double() }}) / (3600 * {{ number }})
{%- endmacro %}


{#- The other way round: whole seconds again. -#}
{% macro as_seconds(hours) -%}
    cast(round({{ hours }} * 3600) as {{ dbt.type_bigint() }})
{%- endmacro %}


{#- Volumes and times to close in several grains: percentiles cannot be added up. Of a report that is kept by year
    only what has to be made of it.

    relation: rows of rpt_requests, or what has its columns of time.
    dimensions: the columns of all grains with their types, in order; those that a grain leaves out are null.
    grains: name of each grain -> its columns.
    more: further aggregates by their names.
    percents: name of each percentile -> of how many in a hundred, ascending; all of them where none are named.
    conditions: columns of grains that are true of their requests, and no dimensions. -#}
{% macro volumes_and_times(relation, dimensions, grains, more={}, percents=none, conditions=[]) -%}
    {%- set percents = percents or percentiles() -%}
    {%- for relation, grains in changed_parts(relation, grains) %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        grain,
        {{ dimensions | join(', ') }},
        request_count,
        closed_count,
        open_count,
        {%- for days in headline_days() %}
        {{ aged(days) }},
        {{ within(days) }},
        {%- endfor %}
        {{ as_hours('closed_seconds', 'nullif(closed_count, 0)') }} as mean_hours,
        {%- for name in percents %}
        {{ as_hours(name ~ '_seconds') }} as {{ name }}_hours,
        {%- endfor %}
        {%- for name in more %}
        {{ name }},
        {%- endfor %}
        closed_count < {{ var('enough_requests') }} as is_few
    from {{ times(relation, dimensions, grains, percents, dict(more, **counts_of_time()), conditions) }} as timed
    {%- endfor %}
{%- endmacro %}


{#- What volumes_and_times counts beside percentiles. -#}
{% macro counts_of_time() -%}
    {%- set counts = {
        'request_count': 'count(*)',
        'open_count': 'count(case when is_open then 1 end)',
        'closed_seconds': 'cast(sum(time_to_close_seconds) as ' ~ dbt.type_bigint() ~ ')',
    } -%}
    {%- for days in headline_days() -%}
        {%- set seconds = days * 86400 -%}
        {%- set is_aged = '(is_open or time_to_close_seconds is not null) and age_seconds >= ' ~ seconds -%}
        {%- set is_within = is_aged ~ ' and time_to_close_seconds <= ' ~ seconds -%}
        {%- do counts.update({
            aged(days): 'count(case when ' ~ is_aged ~ ' then 1 end)',
            within(days): 'count(case when ' ~ is_within ~ ' then 1 end)',
        }) -%}
    {%- endfor -%}
    {{ return(counts) }}
{%- endmacro %}


{#- The share closed within so many days, among requests that are at least as old, is the headline. -#}
{% macro headline_days() -%} {{ return([1, 7, 30]) }} {%- endmacro %}

{% macro aged(days) -%} aged_{{ days }}_days_count {%- endmacro %}

{% macro within(days) -%} within_{{ days }}_days_count {%- endmacro %}


{#- The columns that say in which area a request is, with their types; areas of another kind are named here too. -#}
{% macro area_columns() -%}
    {{ return({
        'community_name': dbt.type_string(),
        'neighborhood_id': dbt.type_bigint(),
        'neighborhood_name': dbt.type_string(),
        'ward_id': dbt.type_bigint(),
        'ward_name': dbt.type_string(),
    }) }}
{%- endmacro %}


{#- The columns of all grains in one of them: those that it leaves out are null. -#}
{% macro columns_of_grain(dimensions, columns, prefix='') -%}
    {%- for name, type in dimensions.items() %}
        {% if name in columns %}{{ prefix }}{{ name }}{% else %}cast(null as {{ type }}){% endif %} as {{ name }},
    {%- endfor %}
{%- endmacro %}
