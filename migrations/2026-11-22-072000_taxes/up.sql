-- The tax on an invoice: by the rate of the customer's country on the invoice's day, by a rate of the
-- customer's own, or none, and then why.
CREATE TABLE tax_rates (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    country TEXT NOT NULL CHECK (length(country) = 2),
    name TEXT NOT NULL,
    rate_bps INTEGER NOT NULL CHECK (rate_bps BETWEEN 0 AND 10000),
    -- In force until the next one of its country.
    from_on DATE NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, country, from_on)
);

ALTER TABLE customers ADD COLUMN tax_category TEXT NOT NULL DEFAULT 'own'
    CHECK (tax_category IN ('own', 'standard', 'reverse_charge', 'exempt'));
ALTER TABLE customers ADD COLUMN vat_id TEXT NOT NULL DEFAULT '';

ALTER TABLE invoices ADD COLUMN tax_name TEXT NOT NULL DEFAULT 'Tax';
ALTER TABLE invoices ADD COLUMN tax_note TEXT NOT NULL DEFAULT '';
