{#- Models that are kept up to date case by case. A case is touched by what staging says of it, so all that a
    run leaves alone must be what a full refresh would make of it: which is why a change of anything that such
    a model is made of refreshes it whole. -#}

{#- The settings of such a model, beside those of its own.

    unique_key: the column that tells its rows apart.
    on_bigquery: what it is there. Any merge is billed there for the whole table, which costs more than to make it. -#}
{% macro kept_up_to_date_by(unique_key, on_bigquery='table') -%}
    {%- do config(
        materialized=on_bigquery if target.type == 'bigquery' else 'incremental',
        incremental_strategy='merge',
        unique_key=unique_key,
        on_schema_change='append_new_columns',
        pre_hook='{{ forget_fingerprint() }}',
        post_hook='{{ keep_fingerprint() }}',
    ) -%}
{%- endmacro %}


{#- Where a model reads `case_id` of what is in the warehouse: only the cases that are in staging. It is upstream of
    every such model; without a reference of its own a unit test need not give it. -#}
{% macro only_touched_cases() -%}
    {%- if is_incremental() -%}
        {%- set staged = graph.nodes['model.mpls_311.stg_mpls_311data'] -%}
        where case_id in (
            select case_id from {{ adapter.get_relation(staged.database, staged.schema, staged.alias) }}
        )
    {%- endif -%}
{%- endmacro %}


{#- In place of dbt's own, which asks only for --full-refresh. -#}
{% macro should_full_refresh() -%}
    {%- if config.get('full_refresh') is not none -%}
        {{ return(config.get('full_refresh')) }}
    {%- elif flags.FULL_REFRESH or model.config.materialized != 'incremental' or not execute -%}
        {{ return(flags.FULL_REFRESH) }}
    {%- endif -%}
    {#- Decided once, as it is asked for again and again. -#}
    {%- if 'is_made_anew' not in model -%}
        {#- Cases that left int_requests_by_layer are in no staging. -#}
        {%- set left = env_var('MPLS311_REMADE_YEARS', '') ~ env_var('MPLS311_REPLACED', '') -%}
        {%- set is_other = var('rebuild', false) or left != '' or made_of(model) != was_made_of(model) -%}
        {%- do model.update({'is_made_anew': is_other}) -%}
    {%- endif -%}
    {{ return(model.is_made_anew) }}
{%- endmacro %}


{#- In place of dbt's own: comments stay with a table that stays, and other ones come with another fingerprint. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if config.get('full_refresh') is not none or not is_incremental() -%}
        {{ return(dbt.default__persist_docs(relation, model, for_relation, for_columns)) }}
    {%- endif -%}
{%- endmacro %}


{#- The fingerprint of a model: its file and those of everything upstream, and what the run says of the rest
    (macros, variables, borders). -#}
{% macro made_of(node) -%}
    {{ return(local_md5(env_var('MPLS311_FINGERPRINT', '') ~ lineage(node))) }}
{%- endmacro %}


{% macro lineage(node) -%}
    {%- set found = [node] -%}
    {#- It grows meanwhile, until nothing is upstream of the last ones. -#}
    {%- for one in found -%}
        {%- for unique_id in one.depends_on.nodes | sort if graph.nodes.get(unique_id, node) not in found -%}
            {%- do found.append(graph.nodes[unique_id]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | map(attribute='checksum.checksum') | join(' ')) }}
{%- endmacro %}


{#- The fingerprint that the table in the warehouse was made with; none if it was not made to the end. -#}
{% macro was_made_of(node) -%}
    {%- set fingerprints = fingerprints_relation() -%}
    {%- if load_relation(fingerprints) is none -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query(
        "select fingerprint from " ~ fingerprints ~ " where model = '" ~ node.name ~ "'"
    ) -%}
    {{ return(found.columns[0].values() | first if found.rows else none) }}
{%- endmacro %}


{% macro fingerprints_relation() -%} {{ return(internal_relation('model_fingerprints')) }} {%- endmacro %}


{#- A table beside the models, which tells of them. -#}
{% macro internal_relation(identifier) -%}
    {{ return(api.Relation.create(
        database=target.database, schema=target.schema ~ '_internal', identifier=identifier, type='table'
    )) }}
{%- endmacro %}


{#- Before a full refresh: what is cut off leaves none. -#}
{% macro forget_fingerprint() -%}
    {%- if execute and should_full_refresh() and load_relation(fingerprints_relation()) is not none -%}
        delete from {{ fingerprints_relation() }} where model = '{{ model.name }}'
    {%- endif -%}
{%- endmacro %}


{#- After it. -#}
{% macro keep_fingerprint() -%}
    {%- if execute and should_full_refresh() -%}
        {%- set fingerprints = fingerprints_relation() -%}
        {%- do run_query(
            'create table if not exists ' ~ fingerprints
            ~ ' (model ' ~ dbt.type_string() ~ ', fingerprint ' ~ dbt.type_string() ~ ')'
        ) -%}
        insert into {{ fingerprints }} (model, fingerprint) values ('{{ model.name }}', '{{ made_of(model) }}')
    {%- endif -%}
{%- endmacro %}
