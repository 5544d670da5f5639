{#- Counts that say how certain a share is. Requests of one week share a staff, a weather and often one batch of
    closings, so that they are not so many independent ones: the sums of squares over weeks say how much weeks
    differ (the variance of a ratio, by blocks). All are whole numbers, the same on every engine. -#}


{#- What is added up over weeks, by the end of its column's name. -#}
{% macro counts_of_share() -%}
    {{ return({
        'measured_count': 'measured',
        'within_count': 'closed_within',
        'week_count': '1',
        'measured_squares': 'measured * measured',
        'within_squares': 'closed_within * closed_within',
        'measured_within_products': 'measured * closed_within',
    }) }}
{%- endmacro %}


{#- Their columns, of the weeks for which a condition holds. -#}
{% macro sums_over_weeks(prefix='', condition='true') -%}
    {%- for name, summand in counts_of_share().items() -%}
        cast(sum(case when {{ condition }} then {{ summand }} else 0 end) as {{ dbt.type_bigint() }}) as {{ prefix }}{{ name }}
        {%- if not loop.last %},
        {% endif %}
    {%- endfor %}
{%- endmacro %}


{#- The requests within a reference time, of a year and of what it is compared with, one row per group of a grain.
    Measured are those as old as the reference, closed or not: of younger ones only the quick are closed.

    references: grain, open_year, the columns of the grains and reference_seconds.
    requests: open_year as that of the reference, is_before for what the year is compared with, open_week,
        time_to_close_seconds, age_seconds and the columns of the grains.
    dimensions: those columns, with their types.
    grains: name of each grain -> its columns.
    before: how the columns of what is compared with begin. -#}
{% macro shares_within(references, requests, dimensions, grains, before) -%}
(
    with weeks as (

        {%- for grain, columns in grains.items() %}
        {%- if not loop.first %}

        union all
        {% endif %}
        select
            '{{ grain }}' as grain,
            {{ columns_of_grain(dimensions, columns, 'requests.') }}
            requests.is_before,
            requests.open_week,
            count(*) as measured,
            count(case when requests.time_to_close_seconds <= refs.reference_seconds then 1 end) as closed_within
        from {{ requests }} as requests
        inner join {{ references }} as refs
            on refs.grain = '{{ grain }}'
            {%- for name in columns %}
            and requests.{{ name }} = refs.{{ name }}
            {%- endfor %}
            and requests.age_seconds >= refs.reference_seconds
        group by
            {%- for name in columns %}
            requests.{{ name }},
            {%- endfor %}
            requests.is_before, requests.open_week
        {%- endfor %}

    )

    select
        grain,
        {%- for name in dimensions %}
        {{ name }},
        {%- endfor %}
        {{ sums_over_weeks('', 'not is_before') }},
        {{ sums_over_weeks(before, 'is_before') }}
    from weeks
    group by {{ (['grain'] + (dimensions | list)) | join(', ') }}
)
{%- endmacro %}


{#- Whether two rows are about the same group: the columns that their grain leaves out are null. -#}
{% macro same_group(one, other, dimensions) -%}
    {{ return(adapter.dispatch('same_group', 'mpls_311')(one, other, dimensions)) }}
{%- endmacro %}

{% macro default__same_group(one, other, dimensions) -%}
    {{ one }}.grain = {{ other }}.grain
    {%- for name in dimensions %}
    and {{ one }}.{{ name }} is not distinct from {{ other }}.{{ name }}
    {%- endfor %}
{%- endmacro %}
