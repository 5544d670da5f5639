{#- Stops where staging holds other years than those the run was told of: rows of a year that a merge does
    not look at would be inserted a second time. -#}
{% macro require_years(staged, years) -%}
    {%- if execute -%}
        {%- set others = run_query(
            'select distinct source_year from ' ~ staged ~ ' where source_year not in (' ~ years ~ ')'
        ) -%}
        {%- if others.rows -%}
            {{ exceptions.raise_compiler_error(
                'Staging holds rows of ' ~ (others.columns[0].values() | join(', '))
                ~ ', and MPLS311_YEARS says ' ~ years ~ ': set it right, or leave it out.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
