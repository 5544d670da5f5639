{#- dbt.type_float() is 32 bits wide on DuckDB. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'mpls_311')()) }}
{%- endmacro %}

{% macro default__type_double() -%} double {%- endmacro %}

{% macro bigquery__type_double() -%} float64 {%- endmacro %}


{#- Behind `as`: an engine that would keep all rows of an expression that is read more than once, reads it anew. -#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'mpls_311')()) }}
{%- endmacro %}

{% macro default__inlined() -%} not materialized {%- endmacro %}

{% macro bigquery__inlined() -%} {%- endmacro %}


{#- Behind `as`, of rows that are read for every grain: an engine that keeps only the columns that are read of them
    keeps them. -#}
{% macro kept_for_grains() -%}
    {{ return(adapter.dispatch('kept_for_grains', 'mpls_311')()) }}
{%- endmacro %}

{% macro default__kept_for_grains() -%} {{ inlined() }} {%- endmacro %}

{% macro duckdb__kept_for_grains() -%} materialized {%- endmacro %}


{#- A model setting that only BigQuery understands (partitions, clustering); none elsewhere. -#}
{% macro on_bigquery(setting) -%}
    {{ return(setting if target.type == 'bigquery' else none) }}
{%- endmacro %}


{#- What an engine wants to be told of a table that was just written. -#}
{% macro analyze() -%}
    {{ return(adapter.dispatch('analyze', 'mpls_311')()) }}
{%- endmacro %}

{% macro default__analyze() -%} {%- endmacro %}
