-- What a clause pays beyond its rate, by a month's revenue: "graduated;1000000:1200", in the clause's
-- currency.
ALTER TABLE commission_clauses ADD COLUMN volume TEXT;
