{#- Reports that are kept up to date year by year of opening. Time alone changes what is told of a year, so nothing is
    concluded from what a run loaded: int_years says in what state each year is, and a report is made anew of
    the years whose state is another than the one that it was made in. -#}


{#- The settings of such a report, beside those of its own; a table like any other where the rows of some years could
    not be replaced in one step.

    It has to be downstream of rpt_requests, which int_years is upstream of.
    years_before: of how many years before its own a row of it tells, too. -#}
{% macro kept_by_year(years_before=0) -%}
    {%- if replaces_in_one_step() -%}
        {%- do config(
            materialized='incremental',
            incremental_strategy='append',
            on_schema_change='append_new_columns',
            pre_hook=['{{ forget_fingerprint() }}', '{{ leave_out_changed_years(' ~ years_before ~ ') }}'],
            post_hook=['{{ keep_fingerprint() }}', '{{ keep_states() }}'],
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- Whether a deletion and what is inserted after it are one transaction. -#}
{% macro replaces_in_one_step() -%} {{ return(target.type != 'bigquery') }} {%- endmacro %}


{#- Whether most of the report stays as it is; a unit test has none that could. -#}
{% macro keeps_years() -%} {{ return(this is not none and is_incremental()) }} {%- endmacro %}


{#- A relation and grains as the parts of a report that have to be made: yearly grains of the years that changed, and
    all others of the whole; all of the whole, where all is made anew.

    relation: what has open_year.
    grains: name of each grain -> its columns. -#}
{% macro changed_parts(relation, grains) -%}
    {%- if not keeps_years() -%}{{ return([(relation, grains)]) }}{%- endif -%}
    {%- set yearly = {} -%}
    {%- set others = {} -%}
    {%- for grain, columns in grains.items() -%}
        {%- do (yearly if 'open_year' in columns else others).update({grain: columns}) -%}
    {%- endfor -%}
    {%- set of_years = '(select * from ' ~ relation ~ ' where ' ~ of_changed_years('open_year') ~ ')' -%}
    {{ return([(of_years ~ ' as of_years', yearly)] + ([(relation, others)] if others else [])) }}
{%- endmacro %}


{#- A condition that a report need not be made of other years; it always holds, where all is made anew. -#}
{% macro of_changed_years(year, years_before=0) -%}
    {%- if keeps_years() -%}
        {{ return(year ~ ' in (' ~ (changed_years(years_before) or ['null']) | join(', ') ~ ')') }}
    {%- endif -%}
    {{ return('true') }}
{%- endmacro %}


{#- The years of opening of which the report in the warehouse tells what is no longer so. -#}
{% macro changed_years(years_before) -%}
    {%- set years = [] -%}
    {%- if execute and load_relation(states_relation()) is not none -%}
        {%- set found = run_query(
            "select coalesce(years.open_year, kept.open_year) from " ~ years_relation() ~ " as years full outer join"
            " (select open_year, state from " ~ states_relation() ~ " where model = '" ~ model.name ~ "') as kept"
            " on years.open_year = kept.open_year where years.state is null or kept.state is null"
            " or years.state <> kept.state"
        ) -%}
        {%- for year in found.columns[0].values() -%}
            {%- for after in range(years_before + 1) if year + after not in years -%}
                {%- do years.append(year + after) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(years | map('int') | sort) }}
{%- endmacro %}


{#- Its rows about these years, and those about all together; as statement of a hook. -#}
{% macro leave_out_changed_years(years_before) -%}
    {%- if execute and keeps_years() -%}
        delete from {{ this }} where open_year is null or {{ of_changed_years('open_year', years_before) }}
    {%- endif -%}
{%- endmacro %}


{#- The states that a report is made in, after it was. -#}
{% macro keep_states() -%}
    {%- if execute -%}
        {%- do run_query(
            'create table if not exists ' ~ states_relation()
            ~ ' (model ' ~ dbt.type_string() ~ ', open_year ' ~ dbt.type_bigint() ~ ', state ' ~ dbt.type_string() ~ ')'
        ) -%}
        {%- do run_query("delete from " ~ states_relation() ~ " where model = '" ~ model.name ~ "'") -%}
        insert into {{ states_relation() }} (model, open_year, state)
        select '{{ model.name }}', open_year, state
        from {{ years_relation() }}
    {%- endif -%}
{%- endmacro %}

{% macro states_relation() -%} {{ return(internal_relation('report_states')) }} {%- endmacro %}


{#- int_years; without a reference of its own a unit test need not give it. -#}
{% macro years_relation() -%}
    {%- set years = graph.nodes['model.mpls_311.int_years'] -%}
    {{ return(adapter.get_relation(years.database, years.schema, years.alias)) }}
{%- endmacro %}


{#- Tells all versions of a group's cases: other ones, another number. Of each version it is one text that is hashed:
    hashes of several values share what they have in common, which an even number of them would leave out. -#}
{% macro versions(case_id, load_id, seen_until) -%}
    {{ return(adapter.dispatch('versions', 'mpls_311')(case_id, load_id, seen_until)) }}
{%- endmacro %}

{% macro default__versions(case_id, load_id, seen_until) -%}
    bit_xor(hash(concat_ws(' ', {{ case_id }}, {{ load_id }}, {{ seen_until }})))
{%- endmacro %}

{#- Nothing is kept by year there, and what is not read costs nothing. -#}
{% macro bigquery__versions(case_id, load_id, seen_until) -%} count(*) {%- endmacro %}


{#- Values of a row as one text. -#}
{% macro state_of(values) -%}
    {%- set texts = [] -%}
    {%- for value in values -%}
        {%- do texts.append("coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), '')") -%}
        {%- do texts.append("' '") -%}
    {%- endfor -%}
    {{ dbt.concat(texts) }}
{%- endmacro %}
