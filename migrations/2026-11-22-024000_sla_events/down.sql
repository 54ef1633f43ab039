DROP TABLE sla_events;
