ALTER TABLE vendors DROP COLUMN steps_unshared_through;
DROP INDEX entries_of_partners;
CREATE UNIQUE INDEX entries_of_partners
    ON commission_entries (tenant_id, partner_id, kind, source_kind, source_id, seq)
    WHERE invoice_line_id IS NULL AND subscription_id IS NULL;
ALTER TABLE commission_entries DROP COLUMN seller_id;
