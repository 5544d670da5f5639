{#- Version 0.1.0 had seeds and internal views among what analysts read. -#}
{% macro drop_what_moved() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.schema == target.schema ~ '_internal' -%}
            {%- set left_behind = adapter.get_relation(node.database, target.schema, node.alias) -%}
            {%- if left_behind -%}{%- do adapter.drop_relation(left_behind) -%}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
