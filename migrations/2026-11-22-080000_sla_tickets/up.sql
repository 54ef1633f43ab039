-- A policy's own calendar; an empty zone is the vendor's. Minutes are counted from midnight.
ALTER TABLE sla_policies ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE sla_policies ADD COLUMN opens_minute INTEGER NOT NULL DEFAULT 540;
ALTER TABLE sla_policies ADD COLUMN closes_minute INTEGER NOT NULL DEFAULT 1020;
-- How long before it begins maintenance has to be announced, and how much of it a month may have.
ALTER TABLE sla_policies ADD COLUMN notice_minutes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sla_policies ADD COLUMN maintenance_cap_minutes INTEGER;
-- The most that is given back for all the misses of a month together.
ALTER TABLE sla_policies ADD COLUMN credit_cap_bps INTEGER NOT NULL DEFAULT 10000;
-- The share of tickets that has to be in time, and the tickets that are meant; empty for all.
ALTER TABLE sla_targets ADD COLUMN share_bps INTEGER NOT NULL DEFAULT 10000;
ALTER TABLE sla_targets ADD COLUMN severity TEXT NOT NULL DEFAULT '';

CREATE TABLE sla_holidays (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    sla_policy_id BIGINT NOT NULL,
    day DATE NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sla_policy_id, day),
    FOREIGN KEY (tenant_id, sla_policy_id) REFERENCES sla_policies (tenant_id, id)
);

-- A request of a customer's. Instants are UTC; what has not come yet is empty.
CREATE TABLE sla_tickets (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    subscription_id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'normal', 'low')),
    opened_at TIMESTAMP NOT NULL,
    answered_at TIMESTAMP,
    resolved_at TIMESTAMP,
    recorded_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    CHECK (answered_at IS NULL OR answered_at >= opened_at),
    CHECK (resolved_at IS NULL OR (answered_at IS NOT NULL AND resolved_at >= answered_at))
);
CREATE INDEX sla_tickets_by_time ON sla_tickets (tenant_id, opened_at);
CREATE INDEX sla_tickets_by_partner ON sla_tickets (tenant_id, partner_id, opened_at);
CREATE INDEX sla_tickets_by_subscription ON sla_tickets (tenant_id, subscription_id, opened_at);

-- When a ticket waited for the customer; without an end it waits still.
CREATE TABLE sla_waits (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    ticket_id BIGINT NOT NULL,
    began_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES partners (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES sla_tickets (tenant_id, id),
    CHECK (ended_at IS NULL OR ended_at > began_at)
);
CREATE INDEX sla_waits_by_ticket ON sla_waits (tenant_id, ticket_id);

-- That every outage of a month is on record, as somebody at the vendor said.
CREATE TABLE sla_measured (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    month INTEGER NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, offering_id, month),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id)
);
