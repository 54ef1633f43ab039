-- A subscription's plan may change: at once, or with the next period. Two more kinds of change, and
-- which plan it was and is.
CREATE TABLE subscription_changes_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('started', 'quantity', 'plan', 'plan_set', 'plan_kept',
        'cancel_now', 'cancel_at_period_end', 'cancel_undone', 'paused', 'resumed')),
    effective_on DATE NOT NULL,
    quantity_before INTEGER NOT NULL,
    quantity_after INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    plan_before_id BIGINT,
    plan_after_id BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_before_id) REFERENCES plan_versions (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_after_id) REFERENCES plan_versions (tenant_id, id),
    CHECK ((kind IN ('plan', 'plan_set', 'plan_kept')) = (plan_before_id IS NOT NULL)),
    CHECK ((plan_before_id IS NULL) = (plan_after_id IS NULL))
);
INSERT INTO subscription_changes_new (tenant_id, id, partner_id, subscription_id, kind, effective_on,
    quantity_before, quantity_after, reason, recorded_at)
SELECT tenant_id, id, partner_id, subscription_id, kind, effective_on,
    quantity_before, quantity_after, reason, recorded_at FROM subscription_changes;
DROP TABLE subscription_changes;
ALTER TABLE subscription_changes_new RENAME TO subscription_changes;
CREATE INDEX changes_by_subscription ON subscription_changes (tenant_id, subscription_id, id);

-- The version it will be of, with the first period that starts on or after a day.
ALTER TABLE subscriptions ADD COLUMN next_plan_version_id BIGINT;
ALTER TABLE subscriptions ADD COLUMN next_plan_on DATE;
