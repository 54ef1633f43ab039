-- What a segment's price was lowered by since it was charged, as another one was agreed or a mistake
-- was put right: what is given back later for its days is a part of the price that is left.
ALTER TABLE charge_segments ADD COLUMN lowered_minor BIGINT NOT NULL DEFAULT 0
    CHECK (lowered_minor BETWEEN 0 AND amount_minor);
UPDATE charge_segments SET lowered_minor = (
    SELECT CAST(COALESCE(SUM(l.net_minor), 0) AS BIGINT) FROM credit_note_lines l
    JOIN credit_notes n ON n.tenant_id = l.tenant_id AND n.id = l.credit_note_id
    WHERE l.tenant_id = charge_segments.tenant_id AND l.invoice_line_id = charge_segments.invoice_line_id
        AND n.reason_code IN ('billing_error', 'price_agreed'))
WHERE invoice_line_id IS NOT NULL;
