-- What a subscription brings a month, as changes: a row where it began, changed or ended, none
-- where nothing did. Never updated, never deleted: a change that is undone is taken back by another
-- row. The MRR at a month's end is the sum of all changes up to it.
CREATE TABLE mrr_changes (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    month INTEGER NOT NULL,
    effective_on DATE NOT NULL,
    change_minor BIGINT NOT NULL CHECK (change_minor <> 0),
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id)
);
CREATE INDEX mrr_changes_by_customer ON mrr_changes (tenant_id, customer_id, month, id);
CREATE INDEX mrr_changes_by_partner ON mrr_changes (tenant_id, partner_id, customer_id, month);
CREATE INDEX mrr_changes_by_subscription ON mrr_changes (tenant_id, subscription_id, effective_on);

-- Subscriptions of before: as if they had begun with what they bring today. Each row takes the id of
-- the recorded change that it stands for.
INSERT INTO mrr_changes (tenant_id, id, partner_id, customer_id, subscription_id, offering_id, currency, month, effective_on, change_minor, recorded_at)
SELECT s.tenant_id, c.id, s.partner_id, s.customer_id, s.id, p.offering_id, s.currency,
       CAST(substr(CAST(s.starts_on AS TEXT), 1, 4) AS INTEGER) * 100 + CAST(substr(CAST(s.starts_on AS TEXT), 6, 2) AS INTEGER),
       s.starts_on, s.mrr_minor, s.created_at
FROM subscriptions s
JOIN subscription_changes c ON c.tenant_id = s.tenant_id AND c.subscription_id = s.id AND c.kind = 'started'
JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.id = s.plan_version_id
JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
WHERE s.mrr_minor <> 0;

INSERT INTO mrr_changes (tenant_id, id, partner_id, customer_id, subscription_id, offering_id, currency, month, effective_on, change_minor, recorded_at)
SELECT s.tenant_id, c.id, s.partner_id, s.customer_id, s.id, p.offering_id, s.currency,
       CAST(substr(CAST(s.ends_on AS TEXT), 1, 4) AS INTEGER) * 100 + CAST(substr(CAST(s.ends_on AS TEXT), 6, 2) AS INTEGER),
       s.ends_on, -s.mrr_minor, c.recorded_at
FROM subscriptions s
JOIN subscription_changes c ON c.tenant_id = s.tenant_id AND c.subscription_id = s.id AND c.kind = 'cancel_at_period_end'
JOIN plan_versions v ON v.tenant_id = s.tenant_id AND v.id = s.plan_version_id
JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
WHERE s.mrr_minor <> 0 AND s.status = 'pending_cancel' AND s.ends_on IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM subscription_changes l WHERE l.tenant_id = c.tenant_id
                  AND l.subscription_id = c.subscription_id AND l.kind = 'cancel_at_period_end' AND l.id > c.id);
