//! Whether a statement holds together: it re-adds, and nothing contradicts itself.

use super::{
    super::commission::Part, Block, Line, PayoutReason, StatementDocument, date_words, sum,
};
use std::collections::HashSet;

impl StatementDocument {
    /// Everything that does not re-add or contradicts itself, one sentence
    /// each; empty when the statement is sound.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = self.wrong_sums();
        wrong.extend(self.wrong_payout());
        wrong.extend(self.wrong_tax());
        wrong.extend(self.wrong_held());
        wrong.extend(self.wrong_order());
        wrong.extend(self.lines.iter().flat_map(wrong_line));
        wrong.extend(
            self.lines
                .iter()
                .filter_map(|line| self.wrong_conversion(line)),
        );
        wrong
    }

    fn wrong_sums(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for block in Block::ALL {
            let stated = self.stated_total(block);
            let added = self.block_total(block);
            if added != Some(stated) {
                wrong.push(format!(
                    "{}: the lines add up to {}, the statement says {}.",
                    block.title(),
                    self.figure_or_overflow(added),
                    self.figure(stated)
                ));
            }
        }
        let blocks = Block::ALL.map(|block| self.stated_total(block));
        let closing = sum(blocks.into_iter().chain([self.opening_minor]))
            .and_then(|balance| balance.checked_sub(self.payout_minor));
        if closing != Some(self.closing_minor) {
            wrong.push(format!(
                "Closing balance: the figures come to {}, the statement says {}.",
                self.figure_or_overflow(closing),
                self.figure(self.closing_minor)
            ));
        }
        wrong
    }

    fn wrong_payout(&self) -> Option<String> {
        let (paid, left) = (self.payout_minor, self.closing_minor);
        let fits = match self.payout.reason {
            PayoutReason::Paid => paid > 0 && left == 0,
            PayoutReason::BelowMinimum => paid == 0 && left > 0 && left < self.payout.minimum_minor,
            PayoutReason::Negative => paid == 0 && left < 0,
            PayoutReason::Nothing => paid == 0 && left == 0,
        };
        let dated = self.payout.due_on.is_some() == (self.payout.reason == PayoutReason::Paid);
        (!fits || !dated).then(|| {
            format!(
                "Payout: {} paid and {} left do not go with “{:?}” and the due date {}.",
                self.figure(paid),
                self.figure(left),
                self.payout.reason,
                self.payout.due_on.map_or("none".into(), date_words)
            )
        })
    }

    fn wrong_held(&self) -> Option<String> {
        let sound = match (self.held.first_matures_on, self.held.last_matures_on) {
            (Some(first), Some(last)) => first <= last,
            (None, None) => self.held.total_minor == 0,
            _ => false,
        };
        (!sound).then(|| "Held: the amount and its dates do not go together.".into())
    }

    fn wrong_order(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(1..).zip(&self.lines).all(|(n, line)| line.seq == n) {
            wrong.push("The lines are not numbered 1, 2, 3 …".into());
        }
        if !self.lines.is_sorted_by_key(|line| line.block) {
            wrong.push("The lines are not in the order of their blocks.".into());
        }
        let mut seen = HashSet::new();
        for line in &self.lines {
            if !seen.insert(&line.entry) {
                wrong.push(format!("Entry {} stands on two lines.", line.entry));
            }
        }
        wrong
    }

    fn figure_or_overflow(&self, minor: Option<i64>) -> String {
        minor.map_or("more than can be counted".into(), |m| self.figure(m))
    }
}

fn wrong_line(line: &Line) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: &str| wrong.push(format!("Line {}: {what}.", line.seq));
    if line.service_from >= line.service_to {
        say("the service period ends before it begins");
    }
    if line.share_den == 0 || line.share_num > line.share_den {
        say("the share is not between nothing and all");
    }
    if !line.part.is_empty() && line.part.parse::<Part>().is_err() {
        say("the part is none");
    }
    if line.exact_parts().is_none() {
        say("the exact amount is not a fraction");
    }
    if (line.block == Block::Reversed) != line.reverses.is_some() {
        say("a reversal names the entry it reverses, and nothing else does");
    }
    wrong
}
