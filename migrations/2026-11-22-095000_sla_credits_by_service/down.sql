DROP INDEX changes_by_plan;
-- Claims that lapsed go. Two services in one month cannot be told apart: that has to be settled first.
CREATE TABLE sla_credits_old (
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
    status TEXT NOT NULL CHECK (status IN ('noted', 'unclaimed', 'proposed', 'approved', 'declined')),
    claim_until DATE,
    claimed_by TEXT NOT NULL,
    decider TEXT NOT NULL,
    decided_at TIMESTAMP,
    answer TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, month),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    CHECK ((status IN ('approved', 'declined')) = (decided_at IS NOT NULL)),
    CHECK ((status = 'noted') = (net_minor = 0))
);
INSERT INTO sla_credits_old (tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor, liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, decided_at, answer, created_at, version)
SELECT tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor, liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, decided_at, answer, created_at, version
FROM sla_credits
WHERE status <> 'lapsed';
CREATE TABLE sla_credit_lines_old (
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
    FOREIGN KEY (tenant_id, sla_credit_id) REFERENCES sla_credits_old (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id)
);
INSERT INTO sla_credit_lines_old (tenant_id, id, partner_id, sla_credit_id, invoice_id, invoice_line_id, net_minor)
SELECT tenant_id, id, partner_id, sla_credit_id, invoice_id, invoice_line_id, net_minor
FROM sla_credit_lines;
CREATE TABLE sla_credit_notes_old (
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
    FOREIGN KEY (tenant_id, sla_credit_id) REFERENCES sla_credits_old (tenant_id, id),
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES credit_notes (tenant_id, id)
);
INSERT INTO sla_credit_notes_old (tenant_id, id, partner_id, sla_credit_id, credit_note_id, charged_back_minor)
SELECT tenant_id, id, partner_id, sla_credit_id, credit_note_id, charged_back_minor
FROM sla_credit_notes;
DROP TABLE sla_credit_notes;
DROP TABLE sla_credit_lines;
DROP TABLE sla_credits;
ALTER TABLE sla_credits_old RENAME TO sla_credits;
ALTER TABLE sla_credit_lines_old RENAME TO sla_credit_lines;
ALTER TABLE sla_credit_notes_old RENAME TO sla_credit_notes;
CREATE INDEX sla_credits_by_status ON sla_credits (tenant_id, status, id);
CREATE INDEX sla_credits_by_partner ON sla_credits (tenant_id, partner_id, id);
CREATE INDEX sla_credits_by_service ON sla_credits (tenant_id, offering_id, month);
CREATE INDEX sla_credit_notes_by_credit ON sla_credit_notes (tenant_id, sla_credit_id);
