-- Discounts of a subscription, and trials and billing days of a plan version.

CREATE TABLE discounts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    label TEXT NOT NULL,
    percent_bps INTEGER CHECK (percent_bps BETWEEN 1 AND 10000),
    fixed_minor BIGINT CHECK (fixed_minor > 0),
    priority INTEGER NOT NULL,
    from_period INTEGER NOT NULL CHECK (from_period >= 0),
    runs_periods INTEGER CHECK (runs_periods >= 0),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((percent_bps IS NULL) <> (fixed_minor IS NULL))
);
CREATE INDEX discounts_by_subscription ON discounts (tenant_id, subscription_id, id);

-- What discounts took off the list price; the line's net is what is left.
ALTER TABLE invoice_lines ADD COLUMN discount_minor BIGINT NOT NULL DEFAULT 0 CHECK (discount_minor >= 0);

ALTER TABLE plan_versions ADD COLUMN trial_days INTEGER NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 365);
-- The day of the month on which every period starts; none for the day of the sale.
ALTER TABLE plan_versions ADD COLUMN anchor_day INTEGER CHECK (anchor_day BETWEEN 1 AND 28);

-- Where periods are counted from and the first day charged, where they are not the first day served.
ALTER TABLE subscriptions ADD COLUMN anchor_on DATE;
ALTER TABLE subscriptions ADD COLUMN charged_from DATE;
DROP INDEX subscriptions_to_end;
ALTER TABLE subscriptions ADD COLUMN standing TEXT NOT NULL DEFAULT 'active'
    CHECK (standing IN ('pending', 'trialing', 'active', 'paused', 'pending_cancel', 'canceled'));
UPDATE subscriptions SET standing = status;
ALTER TABLE subscriptions DROP COLUMN status;
ALTER TABLE subscriptions RENAME COLUMN standing TO status;
CREATE INDEX subscriptions_to_end ON subscriptions (tenant_id, status, ends_on, id);
