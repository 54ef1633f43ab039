-- Credit notes made by hand: why, what they do to the partner's commission, and what of them was
-- paid back at once. Invoices whose money will not come are written off.
ALTER TABLE credit_notes ADD COLUMN reason_code TEXT NOT NULL DEFAULT 'change'
    CHECK (reason_code IN ('change', 'billing_error', 'service_level', 'goodwill', 'price_agreed', 'other'));
ALTER TABLE credit_notes ADD COLUMN commission_rule TEXT NOT NULL DEFAULT 'reduce_base'
    CHECK (commission_rule IN ('reduce_base', 'protect_partner'));
ALTER TABLE credit_notes ADD COLUMN refunded_minor BIGINT NOT NULL DEFAULT 0
    CHECK (refunded_minor BETWEEN 0 AND customer_credit_minor);

-- What of a line's credits leaves the partner's commission as it was.
ALTER TABLE invoice_lines ADD COLUMN protected_net_minor BIGINT NOT NULL DEFAULT 0
    CHECK (protected_net_minor BETWEEN 0 AND credited_net_minor);

ALTER TABLE invoices ADD COLUMN written_off_on DATE;
ALTER TABLE invoices ADD COLUMN write_off_reason TEXT NOT NULL DEFAULT '';
DROP INDEX invoices_by_customer;
ALTER TABLE invoices ADD COLUMN standing TEXT NOT NULL DEFAULT 'open'
    CHECK (standing IN ('open', 'partially_paid', 'paid', 'uncollectible'));
UPDATE invoices SET standing = status;
ALTER TABLE invoices DROP COLUMN status;
ALTER TABLE invoices RENAME COLUMN standing TO status;
CREATE INDEX invoices_by_customer ON invoices (tenant_id, customer_id, currency, status, issued_on, id);
