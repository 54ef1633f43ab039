-- What a form held when it was sent in: sent again with other content it is refused, and not taken for
-- done. Of those sent before, nothing is known.
ALTER TABLE form_submissions ADD COLUMN content_hash TEXT;
