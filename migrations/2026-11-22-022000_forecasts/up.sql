-- Twelve months ahead per partner and currency, reckoned anew every night; never a source of money.
CREATE TABLE forecasts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    month INTEGER NOT NULL,
    reckoned_on DATE NOT NULL,
    committed_net_minor BIGINT NOT NULL,
    committed_minor BIGINT NOT NULL,
    expected_net_minor BIGINT NOT NULL,
    expected_minor BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, currency, month),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
