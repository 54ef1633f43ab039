-- What a clause can name beside tier and phase: an offering, some months, an amount per unit and
-- a cap a month (both in its currency). What it pays a line is fixed on the line, as its rate is.
ALTER TABLE commission_clauses ADD COLUMN offering_id BIGINT;
ALTER TABLE commission_clauses ADD COLUMN unit_minor BIGINT CHECK (unit_minor > 0);
ALTER TABLE commission_clauses ADD COLUMN months INTEGER CHECK (months > 0);
ALTER TABLE commission_clauses ADD COLUMN cap_minor BIGINT CHECK (cap_minor > 0);
ALTER TABLE commission_clauses ADD COLUMN currency TEXT CHECK (length(currency) = 3);

-- The customer's outcome that the plan is there for.
ALTER TABLE commission_plan_versions ADD COLUMN outcome TEXT NOT NULL DEFAULT '';

-- Nothing per unit means a share of the net. The days of the line that earn, of all its days:
-- one of one is the whole.
ALTER TABLE invoice_lines ADD COLUMN unit_pay_minor BIGINT NOT NULL DEFAULT 0 CHECK (unit_pay_minor >= 0);
ALTER TABLE invoice_lines ADD COLUMN share_days INTEGER NOT NULL DEFAULT 1 CHECK (share_days >= 0);
ALTER TABLE invoice_lines ADD COLUMN share_of INTEGER NOT NULL DEFAULT 1 CHECK (share_of > 0);
