{#- md5 of the given text columns. A null differs from an empty string, and the lengths in front of the
    values keep ('ab', 'c') apart from ('a', 'bc'). -#}
{% macro surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- set length = 'cast(length(' ~ text ~ ') as ' ~ dbt.type_string() ~ ')' -%}
        {%- do parts.append("coalesce(" ~ dbt.concat([length, "':'", text]) ~ ", '-')") -%}
        {%- if not loop.last -%}{%- do parts.append("'|'") -%}{%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}


{#- Degrees as whole micro-degrees (about 0.1 m): a key must not depend on how a float is printed. -#}
{% macro micro_degrees(degrees) -%}
    {{ return(adapter.dispatch('micro_degrees', 'mpls_311')(degrees)) }}
{%- endmacro %}

{% macro default__micro_degrees(degrees) -%}
    cast(round({{ degrees }} * 1000000) as {{ dbt.type_bigint() }})
{%- endmacro %}


{#- One integer per place, -1 for "no location". Longitude and latitude can be read back from it:
    (longitude_e6 + 180,000,000) * 1,000,000,000 + (latitude_e6 + 90,000,000) < 2^63. -#}
{% macro geography_id(longitude, latitude) -%}
    case
        when {{ longitude }} is null or {{ latitude }} is null then -1
        else ({{ micro_degrees(longitude) }} + 180000000) * 1000000000
            + {{ micro_degrees(latitude) }} + 90000000
    end
{%- endmacro %}
