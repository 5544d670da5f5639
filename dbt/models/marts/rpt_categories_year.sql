with requests as (

    select
        category_id,
        {{ local_date('open_datetime') }} as open_date
    from {{ ref('fact_311data') }}
    where deleted_at is null

)

select
    {{ date_part('year', 'requests.open_date') }} as open_year,
    {{ date_part('month', 'requests.open_date') }} as open_month,
    coalesce(categories.subject_name, 'Unknown') as subject_name,
    coalesce(categories.reason_name, 'Unknown') as reason_name,
    coalesce(categories.type_name, 'Unknown') as type_name,
    coalesce(categories.title, 'Unknown') as title,
    coalesce(categories.channel, 'Phone or other') as channel,
    count(*) as request_count
from requests
left join {{ ref('dim_categories') }} as categories
    on requests.category_id = categories.category_id
group by 1, 2, 3, 4, 5, 6, 7
