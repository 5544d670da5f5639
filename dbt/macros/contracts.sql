{#- Contracts name types as the schemas of the project do, which is as BigQuery does. What another engine
    calls otherwise is said here, and nowhere else. -#}
{% macro in_types_of_engine(columns) -%}
    {%- set names = {
        'datetime': dbt.type_timestamp(),
        'float64': type_double(),
        'int64': dbt.type_bigint(),
        'string': dbt.type_string(),
    } -%}
    {%- set typed = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do typed.update({name: dict(column, data_type=names.get(column.data_type, column.data_type))}) -%}
    {%- endfor -%}
    {{ return(typed) }}
{%- endmacro %}


{#- dbt asks for the columns of a contract twice: to compare them, and to make the table. -#}
{% macro duckdb__get_empty_schema_sql(columns) -%}
    {{ return(dbt.default__get_empty_schema_sql(in_types_of_engine(columns))) }}
{%- endmacro %}

{% macro duckdb__get_table_columns_and_constraints() -%}
    {{ return(columns_of_contract()) }}
{%- endmacro %}

{% macro columns_of_contract() -%}
    (
        {{ adapter.render_raw_columns_constraints(in_types_of_engine(model.columns)) | join(', ') }}
    )
{%- endmacro %}
