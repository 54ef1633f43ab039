UPDATE invoices SET status = 'partially_paid' WHERE status = 'open' AND reduced_minor > 0;
