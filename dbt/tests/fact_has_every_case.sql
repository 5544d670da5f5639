select
    cases.case_id as case_id_of_layers,
    facts.case_id as case_id_of_fact
from (select distinct case_id from {{ ref('int_requests_by_layer') }}) as cases
full outer join {{ ref('fact_311data') }} as facts on cases.case_id = facts.case_id
where cases.case_id is null or facts.case_id is null
