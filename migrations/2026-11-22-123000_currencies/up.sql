-- What one unit of a currency is worth in another on a day, as the vendor keeps it. A rate that
-- converted anything stays: it is set right by one of a later day.
CREATE TABLE fx_rates (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    from_currency TEXT NOT NULL CHECK (length(from_currency) = 3),
    to_currency TEXT NOT NULL CHECK (length(to_currency) = 3),
    rated_on DATE NOT NULL,
    -- Billionths of one unit of to_currency.
    rate_nano BIGINT NOT NULL CHECK (rate_nano > 0),
    source TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, from_currency, to_currency, rated_on),
    CHECK (from_currency <> to_currency)
);
-- The currency a partner is paid in from a day on, whatever its commission is earned in; empty for
-- paid as earned.
CREATE TABLE payout_currencies (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) IN (0, 3)),
    effective_from DATE NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
-- What an entry comes to in the currency its partner is paid in: converted once, never again.
CREATE TABLE conversions (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    commission_entry_id BIGINT NOT NULL,
    -- The entry that this one takes back, whose conversion it follows.
    reverses_id BIGINT,
    fx_rate_id BIGINT NOT NULL,
    earned_currency TEXT NOT NULL CHECK (length(earned_currency) = 3),
    earned_minor BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    payable_minor BIGINT NOT NULL,
    rate_nano BIGINT NOT NULL CHECK (rate_nano > 0),
    rated_on DATE NOT NULL,
    source TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, commission_entry_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_entry_id) REFERENCES commission_entries (tenant_id, id),
    FOREIGN KEY (tenant_id, reverses_id) REFERENCES commission_entries (tenant_id, id),
    FOREIGN KEY (tenant_id, fx_rate_id) REFERENCES fx_rates (tenant_id, id)
);
CREATE INDEX conversions_by_reversed ON conversions (tenant_id, reverses_id);
CREATE INDEX conversions_by_rate ON conversions (tenant_id, fx_rate_id);
