-- Why a line's clause was chosen: what decided, and among how many that fitted; empty for lines
-- that were billed before, and for those that earn nothing.
ALTER TABLE invoice_lines ADD COLUMN chosen TEXT NOT NULL DEFAULT '';
