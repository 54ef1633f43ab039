-- Who earns on a subscription from a service period on: the seller and those who share with it,
-- together the whole. The latest set that holds on a period's first day counts.
CREATE TABLE subscription_parties (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    effective_from DATE NOT NULL,
    -- Nothing, for one who shared before and does no longer.
    share_bps INTEGER NOT NULL CHECK (share_bps BETWEEN 0 AND 10000),
    -- Customer and plan as this partner may know them.
    about TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, effective_from, partner_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX parties_by_partner ON subscription_parties (tenant_id, partner_id, id);

-- The distributor above a partner from a day on; none, where it says none.
CREATE TABLE distributor_links (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    distributor_id BIGINT,
    -- Its share comes on top of the partner's commission (of the revenue), or out of it.
    carved_out BOOLEAN NOT NULL,
    rate_bps INTEGER NOT NULL CHECK (rate_bps BETWEEN 0 AND 10000),
    effective_from DATE NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, distributor_id) REFERENCES partners (tenant_id, id),
    CHECK (distributor_id IS NULL OR distributor_id <> partner_id)
);
CREATE INDEX links_by_distributor ON distributor_links (tenant_id, distributor_id, id);

-- Who earns on a line that not its partner of record alone earns on, fixed when it is billed.
CREATE TABLE earning_parts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    invoice_line_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    part TEXT NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, invoice_line_id, seq),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id)
);
ALTER TABLE invoice_lines ADD COLUMN shared BOOLEAN NOT NULL DEFAULT FALSE;
-- What its partner gets of what the line earns, and what a partner who does not see the customer
-- is told instead.
ALTER TABLE commission_entries ADD COLUMN part TEXT NOT NULL DEFAULT 'whole';
ALTER TABLE commission_entries ADD COLUMN about TEXT NOT NULL DEFAULT '';
