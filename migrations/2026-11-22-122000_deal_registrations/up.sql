-- A deal that a partner registers before it is sold. The marks tell its customer from others, each
-- in one spelling; empty where it is not known.
CREATE TABLE deal_registrations (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    customer_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    web TEXT NOT NULL,
    name_mark TEXT NOT NULL,
    web_mark TEXT NOT NULL,
    vat_id TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    expected_on DATE NOT NULL,
    note TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('submitted', 'approved', 'rejected', 'withdrawn', 'won', 'expired')),
    -- The last day of its protection.
    protected_until DATE,
    submitted_by BIGINT NOT NULL REFERENCES users (id),
    submitter TEXT NOT NULL,
    submitted_at TIMESTAMP NOT NULL,
    decider TEXT NOT NULL,
    decided_at TIMESTAMP,
    answer TEXT NOT NULL,
    -- The sale it became.
    subscription_id BIGINT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((status = 'won') = (subscription_id IS NOT NULL)),
    CHECK (status NOT IN ('approved', 'won', 'expired') OR protected_until IS NOT NULL)
);
CREATE INDEX deal_registrations_by_partner ON deal_registrations (tenant_id, partner_id, id);
CREATE INDEX deal_registrations_by_status ON deal_registrations (tenant_id, status, id);

-- What a clause pays beyond its rate where the deal was registered in time.
ALTER TABLE commission_clauses ADD COLUMN uplift_bps INTEGER NOT NULL DEFAULT 0 CHECK (uplift_bps BETWEEN 0 AND 10000);

-- Decisions on registrations are mailed. A check cannot be altered in place on both databases, and
-- the kind is part of a key, so the table is made anew.
CREATE TABLE mails_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('statement', 'invitation', 'password_reset', 'bank_changed', 'deal_decision')),
    subject_id BIGINT NOT NULL,
    copy_no INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP,
    status TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown', 'withdrawn')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject_id, recipient, copy_no),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
INSERT INTO mails_new (tenant_id, id, partner_id, kind, subject_id, copy_no, recipient, subject, body, message_id, attempts, last_error, created_at, sent_at, status)
SELECT tenant_id, id, partner_id, kind, subject_id, copy_no, recipient, subject, body, message_id, attempts, last_error, created_at, sent_at, status
FROM mails;
DROP TABLE mails;
ALTER TABLE mails_new RENAME TO mails;
CREATE INDEX mails_by_subject ON mails (tenant_id, kind, subject_id, id);
