//! Who may see and write which table: one line each. What stands here is enforced twice, by the
//! types that [`Tx`](super::Tx) asks for and by the [`fence`](super::fence) that reads the SQL.
use diesel::{dsl, prelude::*, query_builder::InsertStatement, query_dsl::methods::FilterDsl};

use super::{
    Scope,
    fence::{self, Seen, Writes},
    schema::*,
    scope::{PartnerScope, VendorScope},
    tx::{BATCH, Changeable, RefersTo, Stamp, StampAll, Stamped, Visible, Writable},
};
use crate::id::{PartnerId, TenantId};

pub(super) type IsTenant<C> = dsl::Eq<C, TenantId>;
pub(super) type IsPartner<C> = dsl::Eq<C, PartnerId>;

macro_rules! scoped {
    ($($table:ident: $kind:ident $($column:ident $($writes:ident)?)?;)*) => {
        pub(super) const TABLES: &[fence::Table] = &[$(fence::Table {
            name: stringify!($table),
            seen: scoped!(@seen $kind $($column)?),
            writes: scoped!(@writes $kind $($($writes)?)?),
        },)*];
        $(scoped!(@vendor $table); scoped!(@kind $kind $table $($column $($writes)?)?);)*
    };
    // What happened is never rewritten, by anybody: these are only added to.
    (@rewritable audit_events) => {};
    (@rewritable commission_entries) => {};
    (@rewritable conversions) => {};
    (@rewritable credit_note_lines) => {};
    (@rewritable earning_parts) => {};
    (@rewritable credit_notes) => {};
    (@rewritable mrr_changes) => {};
    (@rewritable payout_transfers) => {};
    (@rewritable refunds) => {};
    (@rewritable statement_lines) => {};
    (@rewritable subscription_changes) => {};
    (@rewritable $table:ident) => { impl Writable<VendorScope> for $table::table {} };

    (@seen private) => { Seen::Never };
    (@seen append) => { Seen::Never };
    (@seen shared) => { Seen::Shared };
    (@seen by $column:ident) => { Seen::By(stringify!($column)) };
    (@writes append) => { Writes::Append };
    (@writes by writes) => { Writes::Own };
    (@writes by appends) => { Writes::Append };
    (@writes $kind:ident) => { Writes::Nothing };

    (@kind private $table:ident) => {};
    (@kind shared $table:ident) => {
        impl Visible<PartnerScope> for $table::table {
            type Held = IsTenant<$table::tenant_id>;
            type Rows = dsl::Filter<Self, Self::Held>;
            fn held(scope: &PartnerScope) -> Self::Held {
                $table::tenant_id.eq(scope.tenant())
            }
            fn rows(self, scope: &PartnerScope) -> Self::Rows {
                FilterDsl::filter(self, Self::held(scope))
            }
        }
    };
    (@kind append $table:ident) => { scoped!(@stamp $table partner_id); };
    (@kind by $table:ident $column:ident) => {
        impl Visible<PartnerScope> for $table::table {
            type Held = dsl::And<IsTenant<$table::tenant_id>, IsPartner<$table::$column>>;
            type Rows = dsl::Filter<Self, Self::Held>;
            fn held(scope: &PartnerScope) -> Self::Held {
                $table::tenant_id.eq(scope.tenant()).and($table::$column.eq(scope.partner()))
            }
            fn rows(self, scope: &PartnerScope) -> Self::Rows {
                FilterDsl::filter(self, Self::held(scope))
            }
        }
    };
    (@kind by $table:ident $column:ident appends) => {
        scoped!(@kind by $table $column);
        scoped!(@stamp $table $column);
    };
    (@kind by $table:ident $column:ident writes) => {
        scoped!(@kind by $table $column);
        scoped!(@stamp $table $column);
        impl Writable<PartnerScope> for $table::table {}
    };
    (@vendor $table:ident) => {
        impl Visible<VendorScope> for $table::table {
            type Held = IsTenant<$table::tenant_id>;
            type Rows = dsl::Filter<Self, Self::Held>;
            fn held(scope: &VendorScope) -> Self::Held {
                $table::tenant_id.eq(scope.tenant())
            }
            fn rows(self, scope: &VendorScope) -> Self::Rows {
                FilterDsl::filter(self, Self::held(scope))
            }
        }
        scoped!(@rewritable $table);
        impl<V> Stamp<VendorScope, V> for $table::table
        where
            (IsTenant<$table::tenant_id>, V): Insertable<$table::table>,
        {
            type Stamped = <(IsTenant<$table::tenant_id>, V) as Insertable<$table::table>>::Values;
            fn stamp(self, scope: &VendorScope, row: V) -> InsertStatement<Self, Self::Stamped> {
                diesel::insert_into(self).values(($table::tenant_id.eq(scope.tenant()), row))
            }
        }
        impl<V> StampAll<VendorScope, V> for $table::table
        where
            Vec<(IsTenant<$table::tenant_id>, V)>: Insertable<$table::table>,
            Box<[(IsTenant<$table::tenant_id>, V); BATCH]>: Insertable<$table::table>,
        {
            type Batch = <Box<[(IsTenant<$table::tenant_id>, V); BATCH]> as Insertable<$table::table>>::Values;
            type Fewer = <Vec<(IsTenant<$table::tenant_id>, V)> as Insertable<$table::table>>::Values;
            fn stamp_all(self, scope: &VendorScope, rows: Vec<V>) -> Stamped<Self, Self::Batch, Self::Fewer> {
                let stamped = rows.into_iter().map(|row| ($table::tenant_id.eq(scope.tenant()), row));
                match Box::try_from(stamped.collect::<Vec<_>>()) {
                    Ok(batch) => Stamped::Batch(diesel::insert_into(self).values::<Box<[_; BATCH]>>(batch)),
                    Err(fewer) => Stamped::Fewer(diesel::insert_into(self).values(fewer)),
                }
            }
        }
    };
    (@stamp $table:ident $column:ident) => {
        impl<V> Stamp<PartnerScope, V> for $table::table
        where
            (IsTenant<$table::tenant_id>, IsPartner<$table::$column>, V): Insertable<$table::table>,
        {
            type Stamped = <(IsTenant<$table::tenant_id>, IsPartner<$table::$column>, V) as Insertable<$table::table>>::Values;
            fn stamp(self, scope: &PartnerScope, row: V) -> InsertStatement<Self, Self::Stamped> {
                diesel::insert_into(self).values((
                    $table::tenant_id.eq(scope.tenant()),
                    $table::$column.eq(scope.partner()),
                    row,
                ))
            }
        }
    };
}
macro_rules! refers {
    ($($from:ident.$key:ident -> $to:ident;)*) => {$(
        impl RefersTo<$to::table> for $from::table {
            type Joined = dsl::InnerJoin<Self, dsl::On<$to::table, dsl::And<dsl::Eq<$from::tenant_id, $to::tenant_id>, dsl::Eq<$from::$key, $to::id>>>>;
            fn joined(self, other: $to::table) -> Self::Joined {
                self.inner_join(other.on($from::tenant_id.eq($to::tenant_id).and($from::$key.eq($to::id))))
            }
        }
    )*};
}
macro_rules! changeable {
    ($($table:ident: $($column:ident),+;)*) => {$($(impl Changeable for $table::$column {})+)*};
}

// private: never a partner's. shared: the vendor publishes it to all partners. by: the partner's own
// rows, which it may also append to (appends) or change (writes). append: a partner adds, never reads.
scoped! {
    vendors: shared;
    payout_minimums: shared;
    tiers: shared;
    partners: by id;
    memberships: by partner_id writes;
    invitations: by partner_id writes;
    sla_policies: shared;
    sla_targets: shared;
    sla_events: shared;
    sla_holidays: shared;
    sla_measured: shared;
    sla_tickets: by partner_id;
    sla_waits: by partner_id;
    sla_credits: by partner_id writes;
    sla_credit_lines: by partner_id;
    sla_credit_notes: by partner_id;
    offerings: shared;
    plans: shared;
    plan_versions: shared;
    prices: shared;
    price_tiers: shared;
    commission_plans: private;
    commission_plan_versions: private;
    commission_clauses: private;
    tier_assignments: by partner_id;
    commission_enrollments: by partner_id;
    customers: by partner_id;
    tax_rates: shared;
    subscriptions: by partner_id;
    subscription_changes: by partner_id;
    discounts: by partner_id;
    usage_events: by partner_id writes;
    usage_charges: by partner_id;
    mrr_changes: by partner_id;
    invoices: by partner_id;
    invoice_lines: by partner_id;
    charge_segments: by partner_id;
    payments: by partner_id;
    refunds: by partner_id;
    credit_notes: by partner_id;
    credit_note_lines: by partner_id;
    customer_credits: by partner_id;
    payment_allocations: by partner_id;
    commission_entries: by partner_id;
    adjustments: private;
    spiffs: shared;
    deal_registrations: by partner_id writes;
    subscription_parties: by partner_id;
    distributor_links: private;
    tax_terms: by partner_id;
    fx_rates: private;
    payout_currencies: by partner_id;
    resale_terms: by partner_id;
    conversions: by partner_id;
    earning_parts: private;
    forecasts: by partner_id;
    periods: shared;
    statements: by partner_id;
    statement_lines: by partner_id;
    payouts: by partner_id;
    bank_accounts: by partner_id writes;
    own_accounts: private;
    payout_runs: private;
    payout_transfers: by partner_id;
    counters: private;
    jobs: append;
    mails: by partner_id appends;
    audit_events: by partner_id appends;
    form_submissions: by partner_id appends;
    import_files: private;
    access_tokens: private;
}
refers! {
    plans.offering_id -> offerings;
    plan_versions.plan_id -> plans;
    prices.plan_version_id -> plan_versions;
    price_tiers.price_id -> prices;
    commission_plan_versions.commission_plan_id -> commission_plans;
    commission_clauses.commission_plan_version_id -> commission_plan_versions;
    customers.partner_id -> partners;
    subscriptions.customer_id -> customers;
    subscriptions.partner_id -> partners;
    subscriptions.plan_version_id -> plan_versions;
    invoices.customer_id -> customers;
    invoice_lines.invoice_id -> invoices;
    payments.customer_id -> customers;
    refunds.payment_id -> payments;
    credit_note_lines.credit_note_id -> credit_notes;
    payment_allocations.invoice_id -> invoices;
    statements.partner_id -> partners;
    statement_lines.statement_id -> statements;
    statement_lines.commission_entry_id -> commission_entries;
    payouts.statement_id -> statements;
    payouts.partner_id -> partners;
    adjustments.partner_id -> partners;
    spiffs.offering_id -> offerings;
}
changeable! {
    vendors: name, legal_name, address, vat_id, payment_days, payout_day, version;
    payout_minimums: minimum_minor;
    tiers: name, rank, version;
    partners: name, name_key, legal_name, address, country, partner_type, statement_email, statement_delivery, status, version, left_on;
    memberships: role, name, signed_in_at, revoked_at;
    invitations: accepted_at, withdrawn_at;
    sla_policies: name, summary, version, zone, opens_minute, closes_minute, notice_minutes, maintenance_cap_minutes, credit_cap_bps, claim_days, liability, partner_share_bps;
    sla_credits: status, claimed_by, decider, decided_at, answer, version;
    sla_tickets: offering_id, title, severity, opened_at, answered_at, resolved_at, version;
    offerings: name, name_key, category, summary, delivery_party, sla_policy_id, status, published_at, version;
    plans: name;
    plan_versions: status, currency, interval_months, term_months, notice_days, trial_days, anchor_day, minimum_minor, proration, existing_from, existing_at, existing_months, published_at, version;
    discounts: runs_periods;
    access_tokens: revoked_at;
    usage_events: verified_by, settled;
    usage_charges: used_micro, carries_micro, billed_minor;
    prices: label;
    commission_plan_versions: status, effective_from, hold_days, published_at, version, outcome, renewal_bps, renewal_kept_bps, guarantee_minor, guarantee_months, guarantee_currency, renewal_clawback_days, renewal_clawback_mode;
    customers: name, name_key, country, tax_bps, tax_category, vat_id, version;
    tax_rates: name, rate_bps;
    subscriptions: plan_version_id, next_plan_version_id, next_plan_on, anchor_on, anchor_index, interval_months, term_months, renewals_from, quantity, mrr_minor, billed_periods, next_bill_on, ends_on, ends_by_vendor, status, version;
    invoices: paid_minor, refunded_minor, credited_minor, reduced_minor, status, written_off_on, write_off_reason, protected_moved_minor;
    invoice_lines: credited_net_minor, commission_minor, protected_net_minor;
    charge_segments: lowered_minor, credited_minor;
    payments: refunded_minor;
    customer_credits: remaining_minor;
    payment_allocations: refunded_minor;
    periods: status, cutoff_at, closed_at;
    statements: status;
    spiffs: until_on, version;
    deal_registrations: status, protected_until, decider, decided_at, answer, subscription_id, version;
    adjustments: status, decided_by, decider, decided_at, answer;
    payouts: status, paid_on, reference, payout_run_id, booked_period, version;
    payout_runs: status, paid_on, reference, version;
    bank_accounts: holder, iban, bic, changed_at, changed_by, changer, by_partner, confirmer, confirmed_at, version;
    own_accounts: holder, iban, bic, version;
    counters: value;
    jobs: status, run_at, lease_token, lease_until, attempts, last_error;
    mails: body, status, attempts, last_error, sent_at;
    import_files: status, content, outcome, applied_at;
}
