-- A fixed amount for each new subscription of an offering that begins in a window. Its terms never
-- change; it may end early.
CREATE TABLE spiffs (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    offering_id BIGINT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    most_per_partner INTEGER CHECK (most_per_partner > 0),
    -- For so many days after activation it goes back when the customer leaves; 0 for never.
    clawback_days INTEGER NOT NULL CHECK (clawback_days >= 0),
    clawback_mode TEXT NOT NULL CHECK (clawback_mode IN ('linear', 'full')),
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, offering_id) REFERENCES offerings (tenant_id, id),
    CHECK (until_on >= from_on)
);

-- Whether it ends by the vendor's fault, so that partners give nothing back.
ALTER TABLE subscriptions ADD COLUMN ends_by_vendor BOOLEAN NOT NULL DEFAULT FALSE;
