-- What an invoice earned, and for which days a line was credited, is asked by invoice and by line.
CREATE INDEX entries_by_invoice ON commission_entries (tenant_id, invoice_id, id);
CREATE INDEX credit_note_lines_by_line ON credit_note_lines (tenant_id, invoice_line_id, id);
