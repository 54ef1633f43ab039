ALTER TABLE partners DROP COLUMN left_on;
