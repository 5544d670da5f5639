{{ config(severity='warn') }}

select case_id, layer_count, source_year as chosen_year
from {{ ref('fact_311data') }}
where layer_count > 1
