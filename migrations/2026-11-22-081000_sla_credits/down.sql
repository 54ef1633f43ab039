DROP TABLE sla_credit_notes;
DROP TABLE sla_credit_lines;
DROP TABLE sla_credits;
ALTER TABLE sla_policies DROP COLUMN partner_share_bps;
ALTER TABLE sla_policies DROP COLUMN liability;
ALTER TABLE sla_policies DROP COLUMN claim_days;
