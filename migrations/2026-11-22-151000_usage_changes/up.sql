-- A plan that counts usage or has a minimum may be left and come to. Where periods are counted anew
-- with that, the change says how they were counted before: what was used then is billed by those.
ALTER TABLE subscription_changes ADD COLUMN anchor_before DATE;
ALTER TABLE subscription_changes ADD COLUMN index_before INTEGER;
ALTER TABLE subscription_changes ADD COLUMN interval_before INTEGER;

-- A price may be left and come back to inside a period: each stretch of days has a charge of its own.
CREATE TABLE usage_charges_new (
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
    UNIQUE (tenant_id, subscription_id, price_id, period_index, service_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, price_id) REFERENCES prices (tenant_id, id),
    CHECK (service_from < service_to)
);
INSERT INTO usage_charges_new (tenant_id, id, partner_id, subscription_id, price_id, period_index,
    service_from, service_to, used_micro, carries_micro, billed_minor)
SELECT tenant_id, id, partner_id, subscription_id, price_id, period_index,
    service_from, service_to, used_micro, carries_micro, billed_minor FROM usage_charges;
DROP TABLE usage_charges;
ALTER TABLE usage_charges_new RENAME TO usage_charges;
