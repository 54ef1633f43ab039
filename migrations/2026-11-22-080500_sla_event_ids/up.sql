-- What a monitoring system calls an outage, so that the same file brings it in once.
ALTER TABLE sla_events ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX sla_events_by_external_id ON sla_events (tenant_id, external_id);
