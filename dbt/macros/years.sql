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


{#- Years that staging holds whole, because rows of loads that will never be published were merged into them. -#}
{% macro leave_out_remade_years() -%}
    {%- if env_var('MPLS311_REMADE_YEARS', '') and is_incremental() -%}
        delete from {{ this }} where source_year in ({{ env_var('MPLS311_REMADE_YEARS') }})
    {%- endif -%}
{%- endmacro %}


{#- Takes the rows of loads that one in staging stands for out of a model, as statement of a hook: whatever of
    them the layer still has, that one brings again. -#}
{% macro leave_out_replaced() -%}
    {%- set replaced = env_var('MPLS311_REPLACED', '') -%}
    {%- if execute and replaced and load_relation(this) -%}
        delete from {{ this }}
        where source_year in ({{ env_var('MPLS311_YEARS') }}) and load_id in ({{ replaced }})
    {%- endif -%}
{%- endmacro %}
