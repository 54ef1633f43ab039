DROP INDEX invoices_by_customer;
ALTER TABLE invoices ADD COLUMN standing TEXT NOT NULL DEFAULT 'open'
    CHECK (standing IN ('open', 'partially_paid', 'paid'));
UPDATE invoices SET standing = CASE
    WHEN status <> 'uncollectible' THEN status
    WHEN paid_minor + reduced_minor > 0 THEN 'partially_paid'
    ELSE 'open' END;
ALTER TABLE invoices DROP COLUMN status;
ALTER TABLE invoices RENAME COLUMN standing TO status;
CREATE INDEX invoices_by_customer ON invoices (tenant_id, customer_id, currency, status, issued_on, id);
ALTER TABLE invoices DROP COLUMN write_off_reason;
ALTER TABLE invoices DROP COLUMN written_off_on;
ALTER TABLE invoice_lines DROP COLUMN protected_net_minor;
ALTER TABLE credit_notes DROP COLUMN refunded_minor;
ALTER TABLE credit_notes DROP COLUMN commission_rule;
ALTER TABLE credit_notes DROP COLUMN reason_code;
