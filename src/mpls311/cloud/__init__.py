"""What knows a cloud: its clients, its errors, its lease. One module or two for each cloud."""
