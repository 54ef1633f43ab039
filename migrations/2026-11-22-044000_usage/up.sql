-- What was used, as it was reported, and what of it was billed.

CREATE TABLE usage_events (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    meter TEXT NOT NULL,
    event_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    value_micro BIGINT NOT NULL,
    by_partner BOOLEAN NOT NULL,
    verified_by TEXT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    settled BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, event_id, meter),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX usage_events_of_subscription ON usage_events (tenant_id, subscription_id, id);
CREATE INDEX usage_events_by_subscription ON usage_events (tenant_id, subscription_id, settled, occurred_at, id);

-- The usage of one price in one period: what it came to when it was billed last.
CREATE TABLE usage_charges (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    price_id BIGINT NOT NULL,
    period_index INTEGER NOT NULL CHECK (period_index >= 0),
    service_from DATE NOT NULL,
    service_to DATE NOT NULL,
    used_micro BIGINT NOT NULL,
    carries_micro BIGINT NOT NULL CHECK (carries_micro >= 0),
    billed_minor BIGINT NOT NULL CHECK (billed_minor >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, price_id, period_index),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, price_id) REFERENCES prices (tenant_id, id),
    CHECK (service_from < service_to)
);
