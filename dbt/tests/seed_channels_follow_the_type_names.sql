{{ config(tags=['implied']) }}

select type_name, channel
from {{ ref('mpls_311_categories') }}
where channel <> {{ channel_of('type_name') }}
