select
    open_year,
    open_month,
    subject_name,
    reason_name,
    type_name,
    title,
    channel,
    count(*) as request_count
from {{ ref('int_named_requests') }}
where deleted_at is null
group by 1, 2, 3, 4, 5, 6, 7
