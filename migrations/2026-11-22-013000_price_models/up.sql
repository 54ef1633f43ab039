-- Prices beyond flat and per seat: tiers, packages, one-off, and what a meter counts.
-- Amounts of usage are in millionths of a unit (…_micro), as unit prices are of a minor unit.

ALTER TABLE prices ADD COLUMN put TEXT NOT NULL DEFAULT 'flat'
    CHECK (put IN ('flat', 'per_seat', 'graduated', 'volume', 'package', 'one_off', 'usage', 'retainer', 'outcome'));
UPDATE prices SET put = kind;
ALTER TABLE prices DROP COLUMN kind;
ALTER TABLE prices RENAME COLUMN put TO kind;
ALTER TABLE prices ADD COLUMN meter TEXT;
ALTER TABLE prices ADD COLUMN aggregation TEXT
    CHECK (aggregation IN ('sum', 'count', 'max', 'last', 'unique_count', 'time_weighted'));
ALTER TABLE prices ADD COLUMN package_micro BIGINT CHECK (package_micro > 0);
ALTER TABLE prices ADD COLUMN included_micro BIGINT NOT NULL DEFAULT 0 CHECK (included_micro >= 0);
ALTER TABLE prices ADD COLUMN over_price_micro BIGINT NOT NULL DEFAULT 0 CHECK (over_price_micro >= 0);
ALTER TABLE prices ADD COLUMN rollover_micro BIGINT NOT NULL DEFAULT 0 CHECK (rollover_micro >= 0);
ALTER TABLE prices ADD COLUMN cap_minor BIGINT CHECK (cap_minor >= 0);
ALTER TABLE prices ADD COLUMN flat_at_zero BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE prices ADD COLUMN commissionable BOOLEAN NOT NULL DEFAULT TRUE;

-- The tiers of a graduated or volume price, lowest first; the last has no end.
CREATE TABLE price_tiers (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    price_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    up_to_micro BIGINT CHECK (up_to_micro > 0),
    unit_price_micro BIGINT NOT NULL CHECK (unit_price_micro >= 0),
    flat_minor BIGINT NOT NULL CHECK (flat_minor >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, price_id, seq),
    FOREIGN KEY (tenant_id, price_id) REFERENCES prices (tenant_id, id)
);

ALTER TABLE plan_versions ADD COLUMN every_months INTEGER NOT NULL DEFAULT 1 CHECK (every_months IN (1, 3, 12));
UPDATE plan_versions SET every_months = interval_months;
ALTER TABLE plan_versions DROP COLUMN interval_months;
ALTER TABLE plan_versions RENAME COLUMN every_months TO interval_months;

ALTER TABLE invoice_lines ADD COLUMN charges TEXT NOT NULL DEFAULT 'recurring'
    CHECK (charges IN ('recurring', 'one_off', 'usage', 'true_up', 'proration_charge', 'proration_credit'));
UPDATE invoice_lines SET charges = kind;
ALTER TABLE invoice_lines DROP COLUMN kind;
ALTER TABLE invoice_lines RENAME COLUMN charges TO kind;
