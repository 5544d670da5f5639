{#- All that PostgreSQL says otherwise. -#}

{% macro postgres__type_double() -%} double precision {%- endmacro %}


{#- Text is sorted byte by byte, as on the other engines, whatever the language of the database. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {{ return(columns_of_contract('text collate "C"')) }}
{%- endmacro %}

{% macro postgres__get_empty_schema_sql(columns) -%}
    {{ return(dbt.default__get_empty_schema_sql(in_types_of_engine(columns))) }}
{%- endmacro %}


{% macro postgres__utc_timestamp(column) -%}
    timezone('UTC', cast({{ column }} as timestamptz))
{%- endmacro %}

{% macro postgres__epoch_timestamp(seconds) -%}
    timezone('UTC', to_timestamp({{ seconds }}))
{%- endmacro %}

{#- What dbt makes of it is a page of SQL for each pair of columns. -#}
{% macro postgres__seconds_between(start, end) -%}
    cast(floor(extract(epoch from {{ end }})) - floor(extract(epoch from {{ start }})) as bigint)
{%- endmacro %}

{#- Of two whole numbers that are equally near, PostgreSQL takes the even one, the others the outer one. -#}
{% macro postgres__micro_degrees(degrees) -%}
    cast(trunc({{ degrees }} * 1000000 + sign({{ degrees }}) * 0.5) as bigint)
{%- endmacro %}


{#- All grains in one pass; a percentile is an aggregate here too. -#}
{% macro postgres__nearest_ranks(relation, dimensions, grains, percents, aggregates, conditions) -%}
    {{ return(one_pass_of_ranks(
        relation, dimensions, grains, percents, aggregates, conditions,
        'percentile_disc(array[{shares}]) within group (order by ranked_seconds)'
    )) }}
{%- endmacro %}


{% macro postgres__versions(case_id, load_id, seen_until) -%}
    bit_xor(hashtextextended(concat_ws(' ', {{ case_id }}, {{ load_id }}, {{ seen_until }}), 0))
{%- endmacro %}


{#- A table that was just written has no statistics, without which joins of many rows are planned as those of few. -#}
{% macro postgres__analyze() -%}
    {%- if model.config.materialized in ('table', 'incremental') -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}


{#- It hashes records, of which nulls are equal, and compares row by row where it is asked for nulls. -#}
{% macro postgres__same_group(one, other, dimensions) -%}
    {%- for side in (one, other) -%}
        row({{ side }}.grain{% for name in dimensions %}, {{ side }}.{{ name }}{% endfor %})::record
        {%- if not loop.last %} = {% endif -%}
    {%- endfor -%}
{%- endmacro %}
