DELETE FROM mails WHERE kind = 'bank_changed';
DROP INDEX payouts_by_run;
ALTER TABLE payouts DROP COLUMN payout_run_id;
DROP TABLE payout_transfers;
DROP TABLE payout_runs;
DROP TABLE own_accounts;
DROP TABLE bank_accounts;
