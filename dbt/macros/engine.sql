{#- dbt.type_float() is 32 bits wide on DuckDB. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'mpls_311')()) }}
{%- endmacro %}

{% macro default__type_double() -%} double {%- endmacro %}

{% macro bigquery__type_double() -%} float64 {%- endmacro %}


{#- A model setting that only BigQuery understands (partitions, clustering); none elsewhere. -#}
{% macro on_bigquery(setting) -%}
    {{ return(setting if target.type == 'bigquery' else none) }}
{%- endmacro %}
