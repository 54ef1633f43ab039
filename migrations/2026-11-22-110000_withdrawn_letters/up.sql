-- A letter whose invitation or link was withdrawn before it left is no failure. A check cannot be
-- altered in place on both databases, so the column is made anew.
ALTER TABLE mails ADD COLUMN status_new TEXT NOT NULL DEFAULT 'queued' CHECK (status_new IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown', 'withdrawn'));
UPDATE mails SET status_new = status;
ALTER TABLE mails DROP COLUMN status;
ALTER TABLE mails RENAME COLUMN status_new TO status;
