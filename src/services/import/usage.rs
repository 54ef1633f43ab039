//! Files of usage.
use super::table::{Report, Table};
use crate::{
    Result,
    services::revenue::usage::{Intake, Said, Verdict},
    store::{Tx, VendorScope},
};

/// What a file of usage does.
pub(super) struct Plan(Box<Intake>);

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    let sold = table.distinct("subscription");
    let mut intake = Intake::of(tx, &sold, &table.distinct("external_id"))?;
    for row in table.rows() {
        let said = Said {
            external_id: row.text("external_id"),
            subscription: row.text("subscription"),
            meter: row.text("meter"),
            occurred_at: row.text("occurred_at"),
            value: row.text("value"),
            subject: row.text("subject"),
        };
        match intake.hear(&said) {
            Verdict::New => report.new += 1,
            Verdict::Known => report.unchanged += 1,
            Verdict::Wrong(wrong) => {
                for one in wrong {
                    report.add(row.line, one.field, one.reason);
                }
            }
        }
    }
    Ok(Plan(Box::new(intake)))
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: Plan) -> Result<()> {
    plan.0.write(tx).map(drop)
}
