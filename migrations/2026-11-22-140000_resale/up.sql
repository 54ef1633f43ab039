-- What a partner buys at when it resells, from a day on, and how invoices to it are taxed. Nothing
-- off the list: it is billed for what its resellers sell, or resells no more.
CREATE TABLE resale_terms (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    -- Off the list for the partner.
    reseller_bps INTEGER NOT NULL CHECK (reseller_bps BETWEEN 0 AND 9999),
    -- Off the list for its distributor, where it buys from one.
    distributor_bps INTEGER CHECK (distributor_bps BETWEEN 0 AND 9999),
    tax_category TEXT NOT NULL CHECK (tax_category IN ('own', 'standard', 'reverse_charge', 'exempt')),
    tax_bps INTEGER NOT NULL CHECK (tax_bps BETWEEN 0 AND 10000),
    vat_id TEXT NOT NULL,
    effective_from DATE NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    CHECK (distributor_bps IS NULL OR distributor_bps >= reseller_bps),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
-- How a sale is billed, fixed with it. payer_id is the partner that is invoiced in the customer's
-- place: in a resale the seller, in two tiers its distributor of the day.
ALTER TABLE subscriptions ADD COLUMN payer_id BIGINT;
ALTER TABLE subscriptions ADD COLUMN reseller_bps INTEGER NOT NULL DEFAULT 0 CHECK (reseller_bps BETWEEN 0 AND 9999);
ALTER TABLE subscriptions ADD COLUMN distributor_bps INTEGER NOT NULL DEFAULT 0 CHECK (distributor_bps BETWEEN 0 AND 9999);
-- What the seller asks of its customer a period, and what the list asked for the same.
ALTER TABLE subscriptions ADD COLUMN street_minor BIGINT;
ALTER TABLE subscriptions ADD COLUMN street_list_minor BIGINT;
-- Who is billed in the customer's place, as on the day of issue, and in two tiers who buys from it.
ALTER TABLE invoices ADD COLUMN payer_id BIGINT;
ALTER TABLE invoices ADD COLUMN payer_name TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN payer_country TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN payer_vat_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN resold_by TEXT NOT NULL DEFAULT '';
-- Of what discounts took off a line, the resale discount; and what who is billed sells it on for.
ALTER TABLE invoice_lines ADD COLUMN resale_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE invoice_lines ADD COLUMN resold_minor BIGINT;
-- Whose money it is, where it is not the customer's.
ALTER TABLE payments ADD COLUMN payer_id BIGINT;
ALTER TABLE customer_credits ADD COLUMN payer_id BIGINT;
