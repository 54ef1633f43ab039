-- One tree for SQLite and PostgreSQL: BIGINT, INTEGER, TEXT, BOOLEAN, DATE, TIMESTAMP (UTC) and
-- nothing that only one of them knows. Money is in minor units (…_minor), unit prices in
-- millionths of a minor unit (…_micro), rates in basis points (…_bps), months as 202610.

-- ---------------------------------------------------------------- belongs to no tenant

CREATE TABLE instance_counter (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    opened BIGINT NOT NULL
);
INSERT INTO instance_counter (id, opened) VALUES (1, 0);

CREATE TABLE tenants (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT,
    time_zone TEXT,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT REFERENCES users (id),
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE password_resets (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);

CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    first_at TIMESTAMP NOT NULL,
    blocked_until TIMESTAMP
);

-- ---------------------------------------------------------------- account

CREATE TABLE vendors (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    address TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    document_prefix TEXT NOT NULL,
    payment_days INTEGER NOT NULL CHECK (payment_days >= 0),
    payout_day INTEGER NOT NULL CHECK (payout_day BETWEEN 1 AND 28),
    first_period INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id)
);

CREATE TABLE payout_minimums (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    minimum_minor BIGINT NOT NULL CHECK (minimum_minor >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, currency)
);

CREATE TABLE tiers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    rank INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, rank)
);

CREATE TABLE partners (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    address TEXT NOT NULL,
    country TEXT NOT NULL,
    partner_type TEXT NOT NULL,
    statement_email TEXT NOT NULL,
    statement_delivery TEXT NOT NULL CHECK (statement_delivery IN ('attached', 'link')),
    status TEXT NOT NULL CHECK (status IN ('active', 'left')),
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    UNIQUE (tenant_id, slug)
);
CREATE INDEX partners_by_name ON partners (tenant_id, name_key, id);

CREATE TABLE memberships (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    partner_id BIGINT,
    role TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    signed_in_at TIMESTAMP,
    revoked_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, user_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE UNIQUE INDEX memberships_of_staff ON memberships (tenant_id, user_id) WHERE partner_id IS NULL;
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE invitations (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    accepted_at TIMESTAMP,
    withdrawn_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE INDEX invitations_by_partner ON invitations (tenant_id, partner_id, id);

-- ---------------------------------------------------------------- catalogue

CREATE TABLE sla_policies (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- threshold: availability in parts per million, response and resolution in minutes.
CREATE TABLE sla_targets (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    sla_policy_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    metric TEXT NOT NULL CHECK (metric IN ('availability', 'first_response', 'resolution')),
    threshold BIGINT NOT NULL CHECK (threshold > 0),
    calendar TEXT NOT NULL,
    credit_bps INTEGER NOT NULL CHECK (credit_bps BETWEEN 0 AND 10000),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sla_policy_id, seq),
    FOREIGN KEY (tenant_id, sla_policy_id) REFERENCES sla_policies (tenant_id, id)
);

CREATE TABLE offerings (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    category TEXT NOT NULL,
    summary TEXT NOT NULL,
    delivery_party TEXT NOT NULL CHECK (delivery_party IN ('vendor', 'partner', 'shared')),
    sla_policy_id BIGINT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'closed_to_new', 'retired')),
    created_at TIMESTAMP NOT NULL,
    published_at TIMESTAMP,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key),
    FOREIGN KEY (tenant_id, sla_policy_id) REFERENCES sla_policies (tenant_id, id)
);

CREATE TABLE plans (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id)
);
CREATE INDEX plans_by_offering ON plans (tenant_id, offering_id, id);

CREATE TABLE plan_versions (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    plan_id BIGINT NOT NULL,
    version_no INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'superseded')),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    interval_months INTEGER NOT NULL CHECK (interval_months IN (1, 12)),
    term_months INTEGER NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    notice_days INTEGER NOT NULL CHECK (notice_days >= 0),
    published_at TIMESTAMP,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_id, version_no),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id)
);

CREATE TABLE prices (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    plan_version_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    label TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('flat', 'per_seat')),
    unit_price_micro BIGINT NOT NULL CHECK (unit_price_micro >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_version_id, seq),
    FOREIGN KEY (tenant_id, plan_version_id) REFERENCES plan_versions (tenant_id, id)
);

-- ---------------------------------------------------------------- incentivize: the terms

CREATE TABLE commission_plans (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE commission_plan_versions (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    commission_plan_id BIGINT NOT NULL,
    version_no INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'superseded')),
    effective_from DATE NOT NULL,
    hold_days INTEGER NOT NULL CHECK (hold_days BETWEEN 0 AND 365),
    published_at TIMESTAMP,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, commission_plan_id, version_no),
    FOREIGN KEY (tenant_id, commission_plan_id) REFERENCES commission_plans (tenant_id, id)
);

CREATE TABLE commission_clauses (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    commission_plan_version_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    phase TEXT CHECK (phase IN ('first', 'recurring', 'renewal')),
    tier_id BIGINT,
    rate_bps INTEGER NOT NULL CHECK (rate_bps BETWEEN 0 AND 10000),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, commission_plan_version_id, seq),
    FOREIGN KEY (tenant_id, commission_plan_version_id) REFERENCES commission_plan_versions (tenant_id, id),
    FOREIGN KEY (tenant_id, tier_id) REFERENCES tiers (tenant_id, id)
);

CREATE TABLE tier_assignments (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    tier_id BIGINT NOT NULL,
    effective_from DATE NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, tier_id) REFERENCES tiers (tenant_id, id)
);

CREATE TABLE commission_enrollments (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    commission_plan_version_id BIGINT NOT NULL,
    effective_from DATE NOT NULL,
    terms TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, effective_from),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_plan_version_id) REFERENCES commission_plan_versions (tenant_id, id)
);

-- ---------------------------------------------------------------- revenue

CREATE TABLE customers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    country TEXT NOT NULL,
    tax_bps INTEGER NOT NULL CHECK (tax_bps BETWEEN 0 AND 10000),
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE INDEX customers_by_name ON customers (tenant_id, name_key, id);
CREATE INDEX customers_by_partner ON customers (tenant_id, partner_id, name_key, id);

CREATE TABLE subscriptions (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    plan_version_id BIGINT NOT NULL,
    commission_plan_version_id BIGINT,
    external_id TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    starts_on DATE NOT NULL,
    interval_months INTEGER NOT NULL,
    term_months INTEGER NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    mrr_minor BIGINT NOT NULL,
    billed_periods INTEGER NOT NULL,
    next_bill_on DATE,
    ends_on DATE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'pending_cancel', 'canceled')),
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_version_id) REFERENCES plan_versions (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_plan_version_id) REFERENCES commission_plan_versions (tenant_id, id)
);
CREATE INDEX subscriptions_by_partner ON subscriptions (tenant_id, partner_id, id);
CREATE INDEX subscriptions_by_customer ON subscriptions (tenant_id, customer_id, id);
CREATE INDEX subscriptions_to_bill ON subscriptions (tenant_id, next_bill_on, id);
CREATE INDEX subscriptions_to_end ON subscriptions (tenant_id, status, ends_on, id);

CREATE TABLE subscription_changes (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('started', 'quantity', 'cancel_now', 'cancel_at_period_end')),
    effective_on DATE NOT NULL,
    quantity_before INTEGER NOT NULL,
    quantity_after INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX changes_by_subscription ON subscription_changes (tenant_id, subscription_id, id);

CREATE TABLE invoices (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    tax_bps INTEGER NOT NULL,
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    paid_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    credited_minor BIGINT NOT NULL,
    reduced_minor BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'partially_paid', 'paid')),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK (total_minor = net_minor + tax_minor),
    CHECK (total_minor >= 0 AND paid_minor >= 0 AND credited_minor >= 0),
    CHECK (paid_minor + reduced_minor <= total_minor),
    CHECK (credited_minor <= total_minor AND reduced_minor <= credited_minor),
    CHECK (refunded_minor BETWEEN 0 AND paid_minor)
);
CREATE INDEX invoices_by_customer ON invoices (tenant_id, customer_id, currency, status, issued_on, id);
CREATE INDEX invoices_by_partner ON invoices (tenant_id, partner_id, id);
CREATE INDEX invoices_by_subscription ON invoices (tenant_id, subscription_id, id);

-- The commission terms of a line are fixed when it is billed: tier at the service period's start,
-- phase, and the plan version pinned to the subscription. Reversals therefore reuse them.
CREATE TABLE invoice_lines (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    line_no INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('recurring', 'proration_charge', 'proration_credit')),
    description TEXT NOT NULL,
    service_from DATE NOT NULL,
    service_to DATE NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_micro BIGINT NOT NULL,
    net_minor BIGINT NOT NULL,
    credited_net_minor BIGINT NOT NULL,
    commission_minor BIGINT NOT NULL,
    commission_clause_id BIGINT,
    rate_bps INTEGER NOT NULL,
    phase TEXT NOT NULL,
    tier_id BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, invoice_id, line_no),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_clause_id) REFERENCES commission_clauses (tenant_id, id),
    FOREIGN KEY (tenant_id, tier_id) REFERENCES tiers (tenant_id, id),
    CHECK (service_from < service_to)
);

-- What was really charged for a stretch of service: the only source of a proration credit.
-- carried_minor is the part already paid for by the segment it replaces.
CREATE TABLE charge_segments (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    price_id BIGINT NOT NULL,
    period_index INTEGER NOT NULL,
    change_no INTEGER NOT NULL,
    service_from DATE NOT NULL,
    service_to DATE NOT NULL,
    quantity INTEGER NOT NULL,
    amount_minor BIGINT NOT NULL,
    credited_minor BIGINT NOT NULL,
    carried_minor BIGINT NOT NULL,
    replaces_id BIGINT,
    invoice_line_id BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, price_id, period_index, change_no),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, price_id) REFERENCES prices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id),
    CHECK (service_from < service_to),
    CHECK (credited_minor BETWEEN 0 AND amount_minor)
);

CREATE TABLE payments (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    invoice_number TEXT,
    received_on DATE NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    refunded_minor BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX payments_by_customer ON payments (tenant_id, customer_id, id);
CREATE INDEX payments_by_partner ON payments (tenant_id, partner_id, id);

CREATE TABLE refunds (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    payment_id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    refunded_on DATE NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CREATE INDEX refunds_by_payment ON refunds (tenant_id, payment_id, id);

CREATE TABLE credit_notes (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    issued_on DATE NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    reduces_due_minor BIGINT NOT NULL,
    customer_credit_minor BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK (total_minor = net_minor + tax_minor),
    CHECK (reduces_due_minor + customer_credit_minor = total_minor)
);
CREATE INDEX credit_notes_by_subscription ON credit_notes (tenant_id, subscription_id, id);
CREATE INDEX credit_notes_by_customer ON credit_notes (tenant_id, customer_id, id);

-- Magnitudes: a credit note's lines are what is taken off.
CREATE TABLE credit_note_lines (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    credit_note_id BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL,
    invoice_line_id BIGINT NOT NULL,
    service_from DATE NOT NULL,
    service_to DATE NOT NULL,
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES credit_notes (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id)
);
CREATE INDEX credit_note_lines_by_note ON credit_note_lines (tenant_id, credit_note_id, id);
CREATE INDEX credit_note_lines_by_invoice ON credit_note_lines (tenant_id, invoice_id, id);

-- Money of a customer that no invoice has used yet: the rest of a payment or of a credit note.
CREATE TABLE customer_credits (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    payment_id BIGINT,
    credit_note_id BIGINT,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    remaining_minor BIGINT NOT NULL,
    arisen_on DATE NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES credit_notes (tenant_id, id),
    CHECK (remaining_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX credits_by_customer ON customer_credits (tenant_id, customer_id, currency, id);

-- Cash applied to an invoice, straight from a payment or out of a customer's credit.
CREATE TABLE payment_allocations (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    payment_id BIGINT,
    customer_credit_id BIGINT,
    invoice_id BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    refunded_minor BIGINT NOT NULL,
    applied_on DATE NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_credit_id) REFERENCES customer_credits (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX allocations_by_payment ON payment_allocations (tenant_id, payment_id, id);
CREATE INDEX allocations_by_credit ON payment_allocations (tenant_id, customer_credit_id, id);
CREATE INDEX allocations_by_invoice ON payment_allocations (tenant_id, invoice_id, id);

-- ---------------------------------------------------------------- incentivize: the ledger

-- Never updated, never deleted. Membership of a statement is statement_lines.
CREATE TABLE commission_entries (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL,
    invoice_line_id BIGINT NOT NULL,
    commission_clause_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('earned', 'reversal')),
    source_kind TEXT NOT NULL CHECK (source_kind IN ('allocation', 'refund', 'credit_note')),
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
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_kind, source_id, invoice_line_id, seq),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_clause_id) REFERENCES commission_clauses (tenant_id, id),
    FOREIGN KEY (tenant_id, reverses_id) REFERENCES commission_entries (tenant_id, id),
    CHECK ((kind = 'reversal') = (reverses_id IS NOT NULL))
);
CREATE INDEX entries_by_partner ON commission_entries (tenant_id, partner_id, id);
CREATE INDEX entries_by_line ON commission_entries (tenant_id, invoice_line_id, id);
CREATE INDEX entries_by_maturity ON commission_entries (tenant_id, partner_id, matures_on, id);

CREATE TABLE periods (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'closing', 'closed')),
    cutoff_at TIMESTAMP,
    closed_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, month)
);

CREATE TABLE statements (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    number TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('staged', 'closed')),
    opening_minor BIGINT NOT NULL,
    lines_minor BIGINT NOT NULL,
    payout_minor BIGINT NOT NULL CHECK (payout_minor >= 0),
    closing_minor BIGINT NOT NULL,
    payout_reason TEXT NOT NULL,
    due_on DATE,
    line_count INTEGER NOT NULL,
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, partner_id, month, currency),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    CHECK (closing_minor = opening_minor + lines_minor - payout_minor)
);
CREATE INDEX statements_by_month ON statements (tenant_id, month, id);
CREATE INDEX statements_by_partner ON statements (tenant_id, partner_id, id);

CREATE TABLE statement_lines (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    statement_id BIGINT NOT NULL,
    commission_entry_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    block TEXT NOT NULL CHECK (block IN ('earned', 'posted_late', 'reversed')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, commission_entry_id),
    UNIQUE (tenant_id, statement_id, seq),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, statement_id) REFERENCES statements (tenant_id, id),
    FOREIGN KEY (tenant_id, commission_entry_id) REFERENCES commission_entries (tenant_id, id)
);

CREATE TABLE payouts (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    statement_id BIGINT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    due_on DATE NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('due', 'paid')),
    paid_on DATE,
    reference TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, statement_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, statement_id) REFERENCES statements (tenant_id, id)
);
CREATE INDEX payouts_by_partner ON payouts (tenant_id, partner_id, id);

-- ---------------------------------------------------------------- platform

CREATE TABLE counters (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    series TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, series)
);

CREATE TABLE jobs (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    dedupe TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('ready', 'parked')),
    run_at TIMESTAMP NOT NULL,
    lease_token BIGINT NOT NULL,
    lease_until TIMESTAMP,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, dedupe),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE INDEX jobs_due ON jobs (status, run_at);

CREATE TABLE mails (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('statement', 'invitation', 'password_reset')),
    subject_id BIGINT NOT NULL,
    copy_no INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown')),
    attempts INTEGER NOT NULL,
    last_error TEXT,
    created_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, subject_id, recipient, copy_no),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE INDEX mails_by_subject ON mails (tenant_id, kind, subject_id, id);

CREATE TABLE audit_events (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    actor TEXT NOT NULL,
    actor_user_id BIGINT,
    action TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    summary TEXT NOT NULL,
    changes TEXT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);
CREATE INDEX audit_by_subject ON audit_events (tenant_id, subject_id, id);

CREATE TABLE form_submissions (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT,
    form_id TEXT NOT NULL,
    location TEXT NOT NULL,
    submitted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, form_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id)
);

CREATE TABLE import_files (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('checked', 'refused', 'applied')),
    outcome TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    applied_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id)
);
