-- A subscription may be to two services in one month, as its plan changes: what was missed is on
-- record for each. A claim stays on record where what it was about is reckoned away ('lapsed').
CREATE TABLE sla_credits_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    -- What was missed, one promise a line.
    missed TEXT NOT NULL,
    share_bps INTEGER NOT NULL CHECK (share_bps BETWEEN 0 AND 10000),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    fee_minor BIGINT NOT NULL CHECK (fee_minor >= 0),
    net_minor BIGINT NOT NULL CHECK (net_minor BETWEEN 0 AND fee_minor),
    liability TEXT NOT NULL CHECK (liability IN ('protect_partner', 'reduce_base', 'shared')),
    partner_share_bps INTEGER NOT NULL CHECK (partner_share_bps BETWEEN 0 AND 10000),
    charged_back_minor BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('noted', 'unclaimed', 'proposed', 'approved', 'declined', 'lapsed')),
    claim_until DATE,
    claimed_by TEXT NOT NULL,
    decider TEXT NOT NULL,
    decided_at TIMESTAMP,
    answer TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, offering_id, month),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    CHECK ((status IN ('approved', 'declined')) = (decided_at IS NOT NULL)),
    CHECK ((status IN ('noted', 'lapsed')) = (net_minor = 0))
);
INSERT INTO sla_credits_new (tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor, liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, decided_at, answer, created_at, version)
SELECT tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor, liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, decided_at, answer, created_at, version
FROM sla_credits;
CREATE TABLE sla_credit_lines_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    sla_credit_id BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL,
    invoice_line_id BIGINT NOT NULL,
    net_minor BIGINT NOT NULL CHECK (net_minor > 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sla_credit_id, invoice_line_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, sla_credit_id) REFERENCES sla_credits_new (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id)
);
INSERT INTO sla_credit_lines_new (tenant_id, id, partner_id, sla_credit_id, invoice_id, invoice_line_id, net_minor)
SELECT tenant_id, id, partner_id, sla_credit_id, invoice_id, invoice_line_id, net_minor
FROM sla_credit_lines;
CREATE TABLE sla_credit_notes_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    sla_credit_id BIGINT NOT NULL,
    credit_note_id BIGINT NOT NULL,
    -- What of it is charged back to the partner, in minor units.
    charged_back_minor BIGINT NOT NULL CHECK (charged_back_minor >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, credit_note_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, sla_credit_id) REFERENCES sla_credits_new (tenant_id, id),
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES credit_notes (tenant_id, id)
);
INSERT INTO sla_credit_notes_new (tenant_id, id, partner_id, sla_credit_id, credit_note_id, charged_back_minor)
SELECT tenant_id, id, partner_id, sla_credit_id, credit_note_id, charged_back_minor
FROM sla_credit_notes;
DROP TABLE sla_credit_notes;
DROP TABLE sla_credit_lines;
DROP TABLE sla_credits;
ALTER TABLE sla_credits_new RENAME TO sla_credits;
ALTER TABLE sla_credit_lines_new RENAME TO sla_credit_lines;
ALTER TABLE sla_credit_notes_new RENAME TO sla_credit_notes;
CREATE INDEX sla_credits_by_status ON sla_credits (tenant_id, status, id);
CREATE INDEX sla_credits_by_partner ON sla_credits (tenant_id, partner_id, id);
CREATE INDEX sla_credits_by_service ON sla_credits (tenant_id, offering_id, month);
CREATE INDEX sla_credit_notes_by_credit ON sla_credit_notes (tenant_id, sla_credit_id);

-- Who left a plan, and when: of which service a subscription was in a month.
CREATE INDEX changes_by_plan ON subscription_changes (tenant_id, plan_before_id, effective_on);

-- A ticket is of the service that its subscription was to when it came.
UPDATE sla_tickets SET offering_id = (
    SELECT p.offering_id FROM subscription_changes c
    JOIN plan_versions v ON v.tenant_id = c.tenant_id AND v.id = c.plan_before_id
    JOIN plans p ON p.tenant_id = v.tenant_id AND p.id = v.plan_id
    WHERE c.tenant_id = sla_tickets.tenant_id AND c.subscription_id = sla_tickets.subscription_id
        AND c.kind = 'plan' AND c.effective_on > DATE(sla_tickets.opened_at)
    ORDER BY c.effective_on, c.id LIMIT 1)
WHERE EXISTS (
    SELECT 1 FROM subscription_changes c
    WHERE c.tenant_id = sla_tickets.tenant_id AND c.subscription_id = sla_tickets.subscription_id
        AND c.kind = 'plan' AND c.effective_on > DATE(sla_tickets.opened_at));
