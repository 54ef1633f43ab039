ALTER TABLE form_submissions DROP COLUMN content_hash;
