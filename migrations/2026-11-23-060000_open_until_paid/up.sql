-- An invoice of which nothing was paid is open, whatever a credit note took off it.
UPDATE invoices SET status = 'open' WHERE status = 'partially_paid' AND paid_minor = 0;
