with known as (

    select
        {{ surrogate_key(['subject_name', 'reason_name', 'type_name', 'title']) }} as category_id,
        subject_name,
        reason_name,
        type_name,
        title,
        std_type_name,
        channel,
        is_information_only
    from {{ ref('mpls_311_categories') }}

),

seen as (

    select distinct category_id, subject_name, reason_name, type_name, title
    from {{ ref('int_requests') }}

),

-- A known type that turns up under another subject, reason or title is still that type.
unseeded as (

    select
        seen.category_id,
        coalesce(seen.subject_name, 'Unknown') as subject_name,
        coalesce(seen.reason_name, 'Unknown') as reason_name,
        coalesce(by_type.std_type_name, {{ without_channel('seen.type_name') }}, 'Unknown') as std_type_name,
        seen.type_name,
        seen.title,
        coalesce(by_type.channel, {{ channel_of('seen.type_name') }}) as channel,
        coalesce(by_type.is_information_only, false) as is_information_only
    from seen
    left join known on seen.category_id = known.category_id
    left join known as by_type on seen.type_name = by_type.type_name
    where known.category_id is null

)

select
    category_id,
    subject_name,
    reason_name,
    std_type_name as type_name,
    std_type_name as title,
    type_name as source_type_name,
    title as source_title,
    channel,
    is_information_only,
    false as is_new
from known

union all

select
    category_id,
    subject_name,
    reason_name,
    std_type_name as type_name,
    case
        when title = type_name then std_type_name
        else coalesce({{ without_channel('title') }}, 'Unknown')
    end as title,
    type_name as source_type_name,
    title as source_title,
    channel,
    is_information_only,
    true as is_new
from unseeded
