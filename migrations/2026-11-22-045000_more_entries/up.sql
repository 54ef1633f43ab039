-- Entries beside what lines earn and give back: adjustments, caps, rewards and what is clawed back.
-- Such an entry may follow no customer, invoice or clause, so those columns may be empty; what
-- nobody can reckon again is said in its note. The table and the one that refers to it are made
-- anew, since a check cannot be altered in place on both databases.

CREATE TABLE commission_entries_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT,
    subscription_id BIGINT,
    invoice_id BIGINT,
    invoice_line_id BIGINT,
    commission_clause_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN (
        'earned', 'reversal', 'adjustment', 'cap', 'spiff', 'renewal_bonus', 'clawback', 'guarantee', 'accelerator')),
    source_kind TEXT NOT NULL CHECK (source_kind IN (
        'allocation', 'refund', 'credit_note', 'adjustment', 'spiff', 'plan', 'cancellation')),
    source_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    base_minor BIGINT NOT NULL,
    rate_bps INTEGER NOT NULL,
    exact TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    paid_on DATE NOT NULL,
    earned_period INTEGER NOT NULL,
    due_period INTEGER NOT NULL,
    posting_period INTEGER NOT NULL,
    matures_on DATE NOT NULL,
    reverses_id BIGINT,
    created_at TIMESTAMP NOT NULL,
    -- The entry that a cap is for.
    caps_id BIGINT,
    note TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_kind, source_id, invoice_line_id, seq),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_clause_id) REFERENCES commission_clauses (tenant_id, id),
    FOREIGN KEY (tenant_id, reverses_id) REFERENCES commission_entries_new (tenant_id, id),
    FOREIGN KEY (tenant_id, caps_id) REFERENCES commission_entries_new (tenant_id, id),
    CHECK ((kind IN ('reversal', 'clawback')) = (reverses_id IS NOT NULL)),
    CHECK ((kind = 'cap') = (caps_id IS NOT NULL)),
    CHECK ((kind IN ('earned', 'reversal', 'cap')) = (invoice_line_id IS NOT NULL)),
    CHECK (invoice_line_id IS NULL
        OR (customer_id IS NOT NULL AND subscription_id IS NOT NULL AND invoice_id IS NOT NULL AND commission_clause_id IS NOT NULL))
);
INSERT INTO commission_entries_new
    SELECT tenant_id, id, partner_id, customer_id, subscription_id, invoice_id, invoice_line_id, commission_clause_id,
        kind, source_kind, source_id, seq, base_minor, rate_bps, exact, amount_minor, currency, paid_on, earned_period,
        due_period, posting_period, matures_on, reverses_id, created_at, NULL, ''
    FROM commission_entries;

CREATE TABLE statement_lines_new (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    statement_id BIGINT NOT NULL,
    commission_entry_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    block TEXT NOT NULL CHECK (block IN ('earned', 'posted_late', 'extra', 'reversed')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, commission_entry_id),
    UNIQUE (tenant_id, statement_id, seq),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, statement_id) REFERENCES statements (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_entry_id) REFERENCES commission_entries_new (tenant_id, id)
);
INSERT INTO statement_lines_new
    SELECT tenant_id, id, partner_id, statement_id, commission_entry_id, seq, block FROM statement_lines;

DROP TABLE statement_lines;
DROP TABLE commission_entries;
ALTER TABLE commission_entries_new RENAME TO commission_entries;
ALTER TABLE statement_lines_new RENAME TO statement_lines;

CREATE INDEX entries_by_partner ON commission_entries (tenant_id, partner_id, id);
CREATE INDEX entries_by_line ON commission_entries (tenant_id, invoice_line_id, id);
CREATE INDEX entries_by_maturity ON commission_entries (tenant_id, partner_id, matures_on, id);
-- What follows no line comes about once for its source: of a subscription, or of a partner.
CREATE UNIQUE INDEX entries_of_subscriptions
    ON commission_entries (tenant_id, subscription_id, kind, source_kind, source_id, seq)
    WHERE invoice_line_id IS NULL AND subscription_id IS NOT NULL;
CREATE UNIQUE INDEX entries_of_partners
    ON commission_entries (tenant_id, partner_id, kind, source_kind, source_id, seq)
    WHERE invoice_line_id IS NULL AND subscription_id IS NULL;

-- What finance gives or takes by hand: proposed by one, decided by another.
CREATE TABLE adjustments (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor <> 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    reason TEXT NOT NULL CHECK (reason IN ('correction', 'goodwill', 'promotion', 'dispute', 'other')),
    memo TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('proposed', 'approved', 'declined')),
    proposed_by BIGINT NOT NULL REFERENCES users (id),
    proposer TEXT NOT NULL,
    proposed_at TIMESTAMP NOT NULL,
    decided_by BIGINT REFERENCES users (id),
    decider TEXT NOT NULL,
    decided_at TIMESTAMP,
    answer TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    CHECK ((status = 'proposed') = (decided_by IS NULL)),
    CHECK ((status = 'proposed') = (decided_at IS NULL)),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by OR status = 'declined')
);
CREATE INDEX adjustments_by_partner ON adjustments (tenant_id, partner_id, id);
CREATE INDEX adjustments_by_status ON adjustments (tenant_id, status, id);
