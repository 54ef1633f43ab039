DROP INDEX sla_events_by_external_id;
ALTER TABLE sla_events DROP COLUMN external_id;
