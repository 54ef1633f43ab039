DROP TABLE mrr_changes;
