ALTER TABLE subscriptions DROP COLUMN next_plan_on;
ALTER TABLE subscriptions DROP COLUMN next_plan_version_id;
-- What was changed stays so; its line in the list of changes cannot be told any more.
CREATE TABLE subscription_changes_old (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('started', 'quantity', 'cancel_now', 'cancel_at_period_end', 'cancel_undone', 'paused', 'resumed')),
    effective_on DATE NOT NULL,
    quantity_before INTEGER NOT NULL,
    quantity_after INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
INSERT INTO subscription_changes_old
SELECT tenant_id, id, partner_id, subscription_id, kind, effective_on, quantity_before, quantity_after, reason, recorded_at
FROM subscription_changes WHERE kind NOT IN ('plan', 'plan_set', 'plan_kept');
DROP TABLE subscription_changes;
ALTER TABLE subscription_changes_old RENAME TO subscription_changes;
CREATE INDEX changes_by_subscription ON subscription_changes (tenant_id, subscription_id, id);
