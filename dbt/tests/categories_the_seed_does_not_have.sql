{{ config(severity='warn') }}

select
    categories.subject_name,
    categories.reason_name,
    categories.source_type_name,
    categories.source_title,
    categories.type_name as standard_name,
    count(*) as requests
from {{ ref('dim_categories') }} as categories
inner join {{ ref('fact_311data') }} as facts on categories.category_id = facts.category_id
where categories.is_new
group by 1, 2, 3, 4, 5
