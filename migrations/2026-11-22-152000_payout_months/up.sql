-- The month a payout is booked in: that of the day it was paid, while it is open, else the earliest
-- open one. What was paid before this was known is booked in the month it was paid in.
ALTER TABLE payouts ADD COLUMN booked_period INTEGER;
UPDATE payouts SET booked_period =
    CAST(SUBSTR(CAST(paid_on AS TEXT), 1, 4) AS INTEGER) * 100
    + CAST(SUBSTR(CAST(paid_on AS TEXT), 6, 2) AS INTEGER)
WHERE paid_on IS NOT NULL;
