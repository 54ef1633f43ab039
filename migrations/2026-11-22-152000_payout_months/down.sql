ALTER TABLE payouts DROP COLUMN booked_period;
