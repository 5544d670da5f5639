"""What tests, trials and benches share: projects, warehouses, servers, rows made by hand."""
