-- What steps bring is shared with the distributor who has its part out of the seller's commission:
-- whose steps those are stands on its entry. Months that were settled before were settled with the
-- seller alone, and stay so.
ALTER TABLE commission_entries ADD COLUMN seller_id BIGINT;
DROP INDEX entries_of_partners;
CREATE UNIQUE INDEX entries_of_partners
    ON commission_entries (tenant_id, partner_id, kind, source_kind, source_id, seq, COALESCE(seller_id, 0))
    WHERE invoice_line_id IS NULL AND subscription_id IS NULL;

ALTER TABLE vendors ADD COLUMN steps_unshared_through INTEGER NOT NULL DEFAULT 0;
UPDATE vendors SET steps_unshared_through = (
    SELECT COALESCE(MAX(p.month), 0) FROM periods p
    WHERE p.tenant_id = vendors.tenant_id AND p.status <> 'open');
