{#- The city writes the intake channel at the end of a type name: "Pothole - Open311". -#}
{% macro channel_of(type_name) -%}
    case
        when lower({{ type_name }}) like '%- open311' or lower({{ type_name }}) like '%- open 311' then 'Open311'
        when lower({{ type_name }}) like '%- ss city' then 'Self Service City'
        when lower({{ type_name }}) like '%- self service' or lower({{ type_name }}) like '%- ss' then 'Self Service'
        else 'Phone or other'
    end
{%- endmacro %}


{#- A type name without its channel: "Pothole". DuckDB and BigQuery share this syntax (RE2). -#}
{% macro without_channel(type_name) -%}
    regexp_replace({{ type_name }}, '(?i) *- *(open ?311|self service|ss city|ss)$', '')
{%- endmacro %}
