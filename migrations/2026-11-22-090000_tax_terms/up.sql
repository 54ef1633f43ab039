-- How a partner's commission is taxed from a day on: statements of months that end on it or later
-- are settled by it. A statement keeps what it was settled by.
CREATE TABLE tax_terms (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    treatment TEXT NOT NULL CHECK (treatment IN ('none', 'charged', 'self_billed', 'reverse_charge')),
    rate_bps INTEGER NOT NULL CHECK (rate_bps BETWEEN 0 AND 10000),
    -- Less than half, so that something is always left to be paid.
    withheld_bps INTEGER NOT NULL CHECK (withheld_bps BETWEEN 0 AND 4999),
    -- The partner's; empty where it has none.
    vat_id TEXT NOT NULL,
    -- The last day of the agreement on self-billing.
    agreed_until DATE,
    effective_from DATE NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
ALTER TABLE vendors ADD COLUMN vat_id TEXT NOT NULL DEFAULT '';
ALTER TABLE statements ADD COLUMN tax_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE statements ADD COLUMN withheld_minor BIGINT NOT NULL DEFAULT 0;
