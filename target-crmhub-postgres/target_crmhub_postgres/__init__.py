"""Singer target: CRM records, pseudonymised, into tables under row-level security."""
