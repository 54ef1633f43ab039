-- Partners are told by mail when their customers come to new prices. A check cannot be altered in place
-- on both databases, and the kind is part of a key, so the table is made anew.
CREATE TABLE mails_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('statement', 'invitation', 'password_reset', 'bank_changed', 'deal_decision', 'prices_changed')),
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
