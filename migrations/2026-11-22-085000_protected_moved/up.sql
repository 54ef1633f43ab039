-- What credit notes that leave the partner's commission as it was moved into the customer's credit:
-- commission counts that money as if it were still on its invoice. Such a note is of one invoice.
ALTER TABLE invoices ADD COLUMN protected_moved_minor BIGINT NOT NULL DEFAULT 0
    CHECK (protected_moved_minor BETWEEN 0 AND credited_minor);
UPDATE invoices SET protected_moved_minor = (
    SELECT COALESCE(SUM(n.customer_credit_minor), 0) FROM credit_notes n
    WHERE n.tenant_id = invoices.tenant_id AND n.commission_rule = 'protect_partner'
        AND EXISTS (SELECT 1 FROM credit_note_lines l
            WHERE l.tenant_id = n.tenant_id AND l.credit_note_id = n.id AND l.invoice_id = invoices.id))
WHERE credited_minor > 0;
