-- A bonus on a renewed term is known by the month that the term began in, whatever its periods were
-- counted by, so that no number has to be carried on.
ALTER TABLE subscriptions DROP COLUMN terms_before;
