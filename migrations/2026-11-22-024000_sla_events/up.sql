-- When a service was not there, and when that was planned. Instants are UTC.
CREATE TABLE sla_events (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    offering_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('outage', 'maintenance')),
    began_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    announced_at TIMESTAMP,
    note TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    CHECK (began_at < ended_at),
    CHECK ((kind = 'maintenance') = (announced_at IS NOT NULL))
);
CREATE INDEX sla_events_by_offering ON sla_events (tenant_id, offering_id, began_at);
CREATE INDEX sla_events_by_time ON sla_events (tenant_id, began_at);
