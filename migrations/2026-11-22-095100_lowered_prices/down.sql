ALTER TABLE charge_segments DROP COLUMN lowered_minor;
