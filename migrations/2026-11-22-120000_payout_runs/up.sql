-- Where a partner's commission is transferred to. Nothing is paid there before a second person has
-- confirmed it.
CREATE TABLE bank_accounts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    holder TEXT NOT NULL,
    iban TEXT NOT NULL,
    -- Empty where it was not given.
    bic TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    -- Who gave it; no person where the command line did.
    changed_by BIGINT REFERENCES users (id),
    changer TEXT NOT NULL,
    by_partner BOOLEAN NOT NULL,
    -- Empty until it is confirmed.
    confirmer TEXT NOT NULL,
    confirmed_at TIMESTAMP,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    CHECK ((confirmer = '') = (confirmed_at IS NULL))
);

-- The account the vendor pays from.
CREATE TABLE own_accounts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    holder TEXT NOT NULL,
    iban TEXT NOT NULL,
    bic TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id)
);

-- Payouts of one currency that are transferred together. What a run says never changes but for how
-- far it has come.
CREATE TABLE payout_runs (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    number TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    execute_on DATE NOT NULL,
    -- The vendor's account as it was.
    holder TEXT NOT NULL,
    iban TEXT NOT NULL,
    bic TEXT NOT NULL,
    transfer_count INTEGER NOT NULL CHECK (transfer_count > 0),
    total_minor BIGINT NOT NULL CHECK (total_minor > 0),
    status TEXT NOT NULL CHECK (status IN ('open', 'paid', 'canceled')),
    paid_on DATE,
    reference TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    CHECK ((status = 'paid') = (paid_on IS NOT NULL))
);

CREATE TABLE payout_transfers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    payout_run_id BIGINT NOT NULL,
    payout_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    -- The run's number: partners see theirs, and not the run.
    run_number TEXT NOT NULL,
    statement_number TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    -- The partner's account as it was.
    holder TEXT NOT NULL,
    iban TEXT NOT NULL,
    bic TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payout_run_id, seq),
    UNIQUE (tenant_id, payout_run_id, payout_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, payout_run_id) REFERENCES payout_runs (tenant_id, id),
    FOREIGN KEY (tenant_id, payout_id) REFERENCES payouts (tenant_id, id)
);
CREATE INDEX transfers_by_payout ON payout_transfers (tenant_id, payout_id, id);

-- The run that holds a payout: one at most. A canceled run lets go of its payouts.
ALTER TABLE payouts ADD COLUMN payout_run_id BIGINT;
CREATE INDEX payouts_by_run ON payouts (tenant_id, payout_run_id, id);

-- Letters may be about bank details too. The kind stands in a key, so that the table is made anew.
CREATE TABLE mails_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('statement', 'invitation', 'password_reset', 'bank_changed')),
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
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown', 'withdrawn')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject_id, recipient, copy_no),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
INSERT INTO mails_new (tenant_id, id, partner_id, kind, subject_id, copy_no, recipient, subject, body, message_id, attempts,
    last_error, created_at, sent_at, status)
SELECT tenant_id, id, partner_id, kind, subject_id, copy_no, recipient, subject, body, message_id, attempts,
    last_error, created_at, sent_at, status
FROM mails;
DROP TABLE mails;
ALTER TABLE mails_new RENAME TO mails;
CREATE INDEX mails_by_subject ON mails (tenant_id, kind, subject_id, id);
