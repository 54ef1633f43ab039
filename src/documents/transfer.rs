//! A run of payouts as files for a bank: a credit transfer by ISO 20022 (pain.001.001.09) and CSV.
//! Sums are written from the same whole numbers as the payments.

use chrono::{NaiveDate, NaiveDateTime};

use super::csv::{Cell, table};
use crate::domain::{Currency, Overflow, bank::bank_letters, payout::transfer_totals};

/// An account as the file names it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub holder: String,
    /// Its IBAN without spaces.
    pub iban: String,
    /// Its bank's BIC; empty where it was not given.
    pub bic: String,
}

/// One payment.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// What both sides' banks hand through: the payout's id.
    pub end_to_end: String,
    /// To whom.
    pub to: Account,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// What for: the statement's number.
    pub remittance: String,
    /// Who that is in the books; the file for the bank does not say it.
    pub partner: String,
}

/// A run of payouts in one currency.
#[derive(Debug, Clone)]
pub struct Run {
    /// What the bank knows the file by: the run's id.
    pub message: String,
    /// The run's number.
    pub number: String,
    /// When it was put together, UTC.
    pub created_at: NaiveDateTime,
    /// The day on which the bank is to pay.
    pub execute_on: NaiveDate,
    /// Of every amount.
    pub currency: Currency,
    /// Who pays.
    pub from: Account,
    /// The payments, in order.
    pub transfers: Vec<Transfer>,
}

/// The name space of the file's elements.
pub const PAIN_001: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// The file by which a bank pays the run: SEPA credit transfers.
///
/// # Errors
/// [`Overflow`] when the sum does not fit.
pub fn pain_001(run: &Run) -> Result<String, Overflow> {
    let amounts: Vec<i64> = run.transfers.iter().map(|one| one.amount_minor).collect();
    let totals = transfer_totals(&amounts, run.currency)?;
    let mut file = Elements::new();
    file.within(&format!("Document xmlns=\"{PAIN_001}\""), |file| {
        file.within("CstmrCdtTrfInitn", |file| {
            file.within("GrpHdr", |file| {
                file.leaf("MsgId", &id(&run.message));
                let at = run.created_at.format("%Y-%m-%dT%H:%M:%SZ");
                file.leaf("CreDtTm", &at.to_string());
                file.leaf("NbOfTxs", &totals.count);
                file.leaf("CtrlSum", &totals.control_sum);
                file.within("InitgPty", |file| file.leaf("Nm", &name(&run.from.holder)));
            });
            file.within("PmtInf", |file| {
                head(
                    file,
                    run,
                    (totals.count.as_str(), totals.control_sum.as_str()),
                );
                for (transfer, amount) in run.transfers.iter().zip(&totals.amounts) {
                    payment(file, (transfer, amount.as_str()), run.currency);
                }
            });
        });
    });
    Ok(file.out)
}

fn head(file: &mut Elements, run: &Run, (count, sum): (&str, &str)) {
    file.leaf("PmtInfId", &id(&run.number));
    file.leaf("PmtMtd", "TRF");
    file.leaf("BtchBookg", "true");
    file.leaf("NbOfTxs", count);
    file.leaf("CtrlSum", sum);
    file.within("PmtTpInf", |file| {
        file.within("SvcLvl", |file| file.leaf("Cd", "SEPA"));
    });
    file.within("ReqdExctnDt", |file| {
        file.leaf("Dt", &run.execute_on.to_string());
    });
    file.within("Dbtr", |file| file.leaf("Nm", &name(&run.from.holder)));
    file.account("DbtrAcct", &run.from.iban);
    file.within("DbtrAgt", |file| {
        file.within("FinInstnId", |file| match run.from.bic.as_str() {
            "" => file.within("Othr", |file| file.leaf("Id", "NOTPROVIDED")),
            bic => file.leaf("BICFI", bic),
        });
    });
    file.leaf("ChrgBr", "SLEV");
}

fn payment(file: &mut Elements, (transfer, amount): (&Transfer, &str), currency: Currency) {
    file.within("CdtTrfTxInf", |file| {
        file.within("PmtId", |file| {
            file.leaf("EndToEndId", &id(&transfer.end_to_end));
        });
        file.within("Amt", |file| {
            file.valued("InstdAmt", &format!(" Ccy=\"{}\"", currency.code()), amount);
        });
        if !transfer.to.bic.is_empty() {
            file.within("CdtrAgt", |file| {
                file.within("FinInstnId", |file| file.leaf("BICFI", &transfer.to.bic));
            });
        }
        file.within("Cdtr", |file| file.leaf("Nm", &name(&transfer.to.holder)));
        file.account("CdtrAcct", &transfer.to.iban);
        file.within("RmtInf", |file| {
            file.leaf("Ustrd", &readable(&transfer.remittance, 140));
        });
    });
}

/// An identification: at most 35 of the letters banks read, without the underscore of our ids.
fn id(text: &str) -> String {
    readable(text, 35)
}

fn name(text: &str) -> String {
    readable(text, 70)
}

/// In the letters that banks read, at most so many; what stands for none is left out.
fn readable(text: &str, most: usize) -> String {
    let letters = text.chars().map(|c| bank_letters(&c.to_string()));
    let written: String = letters.map(|c| c.unwrap_or_default()).collect();
    written.trim().chars().take(most).collect()
}

/// Elements, one a line.
struct Elements {
    out: String,
    depth: usize,
}

impl Elements {
    fn new() -> Self {
        Self {
            out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
            depth: 0,
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(&"  ".repeat(self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn within(&mut self, open: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("<{open}>"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        let name = open.split(' ').next().unwrap_or_default();
        self.line(&format!("</{name}>"));
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.valued(name, "", text);
    }

    fn valued(&mut self, name: &str, attributes: &str, text: &str) {
        let text = escaped(text);
        self.line(&format!("<{name}{attributes}>{text}</{name}>"));
    }

    fn account(&mut self, name: &str, iban: &str) {
        self.within(name, |file| {
            file.within("Id", |file| file.leaf("IBAN", iban));
        });
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

/// The columns of [`sheet`]. Amounts are decimals of the currency.
pub const TRANSFER_COLUMNS: [&str; 10] = [
    "Run",
    "Pay on",
    "Partner",
    "Account holder",
    "IBAN",
    "BIC",
    "Amount",
    "Currency",
    "Statement",
    "Reference",
];

/// The run as a table: one row for each payment and no total row.
///
/// # Errors
/// None in practice: the file is written in memory.
pub fn sheet(run: &Run) -> anyhow::Result<Vec<u8>> {
    let row = |one: &Transfer| {
        vec![
            Cell::text(&run.number),
            Cell::text(run.execute_on.to_string()),
            Cell::text(&one.partner),
            Cell::text(&one.to.holder),
            Cell::text(&one.to.iban),
            Cell::text(&one.to.bic),
            Cell::minor(one.amount_minor, run.currency.exponent()),
            Cell::text(run.currency.code()),
            Cell::text(&one.remittance),
            Cell::text(id(&one.end_to_end)),
        ]
    };
    table(&TRANSFER_COLUMNS, run.transfers.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(holder: &str) -> Account {
        Account {
            holder: holder.to_owned(),
            iban: "DE89370400440532013000".to_owned(),
            bic: String::new(),
        }
    }

    /// Case X02.
    fn run() -> Run {
        let amounts = [123_456, 44, 6_500];
        let transfer = |(place, amount_minor): (usize, i64)| Transfer {
            end_to_end: format!("pyo_{place}"),
            to: account("Müller <& Söhne> \"Ü\""),
            amount_minor,
            remittance: "NW-2026-11-0001".to_owned(),
            partner: "=Müller".to_owned(),
        };
        Run {
            message: "run_1".to_owned(),
            number: "NW-PAY-0001".to_owned(),
            created_at: "2026-12-15T08:00:00".parse().unwrap(),
            execute_on: "2026-12-16".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            from: account("Meridian Cloud GmbH"),
            transfers: (1..).zip(amounts).map(transfer).collect(),
        }
    }

    #[test]
    fn sums_are_those_of_the_payments() {
        let file = pain_001(&run()).unwrap();
        for said in [
            "<NbOfTxs>3</NbOfTxs>",
            "<CtrlSum>1300.00</CtrlSum>",
            "<InstdAmt Ccy=\"EUR\">1234.56</InstdAmt>",
            "<InstdAmt Ccy=\"EUR\">0.44</InstdAmt>",
            "<InstdAmt Ccy=\"EUR\">65.00</InstdAmt>",
            "<EndToEndId>pyo-1</EndToEndId>",
            "<CreDtTm>2026-12-15T08:00:00Z</CreDtTm>",
        ] {
            assert!(file.contains(said), "{said}: {file}");
        }
        assert_eq!(file.matches("<CtrlSum>1300.00</CtrlSum>").count(), 2);
    }

    #[test]
    fn names_cannot_break_out_of_their_elements() {
        let file = pain_001(&run()).unwrap();
        assert!(file.contains("<Nm>Mueller + Soehne 'UE'</Nm>"), "{file}");
        let sheet = String::from_utf8(sheet(&run()).unwrap()).unwrap();
        assert!(sheet.contains(",'=Müller,"), "{sheet}");
    }
}
