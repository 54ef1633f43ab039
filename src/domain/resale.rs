//! Resale: who invoices the customer, what everybody buys at, and the margin that is kept in place
//! of commission.

use super::{
    coded::coded,
    discount::{Discount, Off, RESALE},
    problems::Problems,
    rate::Rate,
    ratio::{Overflow, Ratio},
};

coded! {
    /// Who invoices the customer of a sale.
    BillingModel {
        Agency = "agency", "Agency";
        Resale = "resale", "Resale";
        TwoTier = "two_tier", "Two-tier resale";
    }
}

impl BillingModel {
    /// Who invoices the customer, told by who is invoiced in its place: nobody, the seller, or the
    /// seller's distributor.
    pub fn of<P: PartialEq>(payer: Option<P>, seller: P) -> Self {
        match payer {
            None => Self::Agency,
            Some(payer) if payer == seller => Self::Resale,
            Some(_) => Self::TwoTier,
        }
    }
}

/// A resale in two steps: everybody keeps the difference between what they pay and what they
/// get, and no commission is earned on the same money. With one step both discounts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resale {
    /// The vendor's list price, in minor units.
    pub list_minor: i64,
    /// Off the list for the distributor.
    pub distributor_discount: Rate,
    /// Off the list for the reseller.
    pub reseller_discount: Rate,
    /// What the customer pays, in minor units.
    pub street_minor: i64,
}

/// Who pays and keeps what in a [`Resale`], in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// What the distributor pays the vendor: all the vendor takes in.
    pub distributor_buys: i64,
    /// What the reseller pays the distributor.
    pub reseller_buys: i64,
    /// What the distributor keeps.
    pub distributor_margin: i64,
    /// What the reseller keeps; below zero when it sells below what it pays.
    pub reseller_margin: i64,
}

impl Resale {
    /// What each buys for and keeps. Both discounts are off the list.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn margins(&self) -> Result<Margins, Overflow> {
        let distributor_buys = bought(self.list_minor, self.distributor_discount);
        let reseller_buys = bought(self.list_minor, self.reseller_discount);
        let distributor_margin = reseller_buys.checked_sub(distributor_buys);
        let reseller_margin = self.street_minor.checked_sub(reseller_buys);
        Ok(Margins {
            distributor_buys,
            reseller_buys,
            distributor_margin: distributor_margin.ok_or(Overflow)?,
            reseller_margin: reseller_margin.ok_or(Overflow)?,
        })
    }
}

fn kept(discount: Rate) -> Rate {
    Rate::from_bps(Rate::WHOLE.bps() - discount.bps()).unwrap_or_default()
}

/// What is paid for an amount at list, in minor units, rounded once.
pub fn bought(list_minor: i64, discount: Rate) -> i64 {
    kept(discount).of(list_minor)
}

/// What the list asked for what was bought at a discount, in minor units, rounded once. A
/// difference of two amounts says no more of its list than this.
///
/// # Errors
/// [`Overflow`] when it does not fit, or nothing is paid of the list.
pub fn list_of(bought_minor: i64, discount: Rate) -> Result<i64, Overflow> {
    let whole = i128::from(bought_minor) * i128::from(Rate::WHOLE.bps());
    Ratio::new(whole, i128::from(kept(discount).bps()))?.round()
}

/// What is left of an amount of a line, in minor units, once a part of the line's net was credited:
/// the same share, rounded once.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn left_of(minor: i64, (net_minor, credited_minor): (i64, i64)) -> Result<i64, Overflow> {
    if credited_minor == 0 || net_minor == 0 {
        return Ok(minor);
    }
    let kept = i128::from(net_minor) - i128::from(credited_minor);
    Ratio::new(i128::from(minor) * kept, i128::from(net_minor))?.round()
}

/// What a seller asks of its customer, and what the list asks for the same; in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Street {
    /// The seller's price.
    pub asked_minor: i64,
    /// The list's; above zero.
    pub list_minor: i64,
}

impl Street {
    /// What it asks for an amount at list: in proportion, rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn of(self, list_minor: i64) -> Result<i64, Overflow> {
        let asked = i128::from(self.asked_minor) * i128::from(list_minor);
        Ratio::new(asked, i128::from(self.list_minor))?.round()
    }
}

/// How a sale is billed, fixed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billing {
    /// Who invoices the customer.
    pub model: BillingModel,
    /// Off the list for the distributor; nothing where none is in between.
    pub distributor: Rate,
    /// Off the list for the reseller; nothing in agency.
    pub reseller: Rate,
    /// What the seller asks, where that is known.
    pub street: Option<Street>,
}

impl Billing {
    /// The vendor invoices the customer.
    pub fn agency() -> Self {
        Self {
            model: BillingModel::Agency,
            distributor: Rate::default(),
            reseller: Rate::default(),
            street: None,
        }
    }

    /// Whether a partner is invoiced in the customer's place.
    pub fn is_resold(&self) -> bool {
        self.model != BillingModel::Agency
    }

    /// What the vendor takes off the list for whom it invoices.
    pub fn discount(&self) -> Rate {
        match self.model {
            BillingModel::Agency => Rate::default(),
            BillingModel::Resale => self.reseller,
            BillingModel::TwoTier => self.distributor,
        }
    }

    /// The same as a discount: it goes before every other, and runs for good.
    pub fn first(&self) -> Option<Discount> {
        let rate = self.discount();
        (rate.bps() > 0).then_some(Discount {
            off: Off::Percent(rate),
            priority: RESALE,
            from_period: 0,
            periods: None,
        })
    }

    /// Who pays and keeps what of an amount at list, in minor units; nothing in agency. Where the
    /// street price is not known the seller's margin is what it keeps at the list price.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn margins(&self, list_minor: i64) -> Result<Option<Margins>, Overflow> {
        let street = self
            .street
            .map(|street| street.of(list_minor))
            .transpose()?;
        let resale = Resale {
            list_minor,
            distributor_discount: self.discount(),
            reseller_discount: self.reseller,
            street_minor: street.unwrap_or(list_minor),
        };
        match self.is_resold() {
            true => resale.margins().map(Some),
            false => Ok(None),
        }
    }

    /// What whom the vendor invoices sells an amount at list on for, in minor units: a distributor
    /// at the reseller's price, a seller at its street price where that is known.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn sold_on(&self, list_minor: i64) -> Result<Option<i64>, Overflow> {
        let margins = self.margins(list_minor)?;
        match self.model {
            BillingModel::TwoTier => Ok(margins.map(|all| all.reseller_buys)),
            _ => self.street.map(|street| street.of(list_minor)).transpose(),
        }
    }

    /// What the lines of one invoice are sold on for, in their order, in minor units: together what
    /// all of them are by [`Self::sold_on`], rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn sold_on_together(&self, lists_minor: &[i64]) -> Result<Vec<Option<i64>>, Overflow> {
        let (mut list, mut sold) = (0i64, 0i64);
        let next = |minor: &i64| {
            list = list.checked_add(*minor).ok_or(Overflow)?;
            let so_far = self.sold_on(list)?;
            let own = so_far.map(|so_far| so_far - sold);
            sold = so_far.unwrap_or_default();
            Ok(own)
        };
        lists_minor.iter().map(next).collect()
    }
}

/// What a partner buys at, as the vendor sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuysAt {
    /// Off the list for the partner; nothing where it does not resell.
    pub reseller: Rate,
    /// Off the list for its distributor, where it may buy from one.
    pub distributor: Option<Rate>,
}

impl BuysAt {
    /// What is wrong with them, beside the fields `reseller` and `distributor`.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        if self.reseller == Rate::WHOLE {
            problems.add("reseller", "Give less than 100 %.");
        }
        match self.distributor {
            Some(Rate::WHOLE) => problems.add("distributor", "Give less than 100 %."),
            Some(_) if self.reseller.bps() == 0 => {
                problems.add(
                    "reseller",
                    "Give what is off the list for the partner itself.",
                );
            }
            Some(rate) if rate < self.reseller => {
                let why = format!(
                    "The distributor sells to this partner at {} off the list: give {} or more.",
                    self.reseller, self.reseller
                );
                problems.add("distributor", why);
            }
            _ => {}
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn two_tier(street: Option<Street>) -> Billing {
        Billing {
            model: BillingModel::TwoTier,
            distributor: rate(3_000),
            reseller: rate(2_000),
            street,
        }
    }

    /// Case C10.
    #[test]
    fn everybody_keeps_the_difference() {
        let street = Street {
            asked_minor: 9_500,
            list_minor: 10_000,
        };
        let margins = two_tier(Some(street)).margins(10_000).unwrap().unwrap();
        assert_eq!(margins.distributor_buys, 7_000);
        assert_eq!(margins.distributor_margin, 1_000);
        assert_eq!(margins.reseller_margin, 1_500);
        assert_eq!(two_tier(None).sold_on(10_000), Ok(Some(8_000)));
        // Half the seats at half the price: everybody's half.
        let half = two_tier(Some(street)).margins(5_000).unwrap().unwrap();
        assert_eq!((half.distributor_margin, half.reseller_margin), (500, 750));
        let one = Billing {
            model: BillingModel::Resale,
            ..two_tier(Some(street))
        };
        let margins = one.margins(10_000).unwrap().unwrap();
        assert_eq!(
            (margins.distributor_buys, margins.distributor_margin),
            (8_000, 0)
        );
        assert_eq!(one.sold_on(10_000), Ok(Some(9_500)));
        assert_eq!(Billing::agency().margins(10_000), Ok(None));
        assert_eq!(Billing::agency().first(), None);
        assert_eq!(left_of(9_500, (8_000, 2_000)), Ok(7_125));
        assert_eq!(left_of(9_500, (8_000, 0)), Ok(9_500));
    }

    /// Two lines at 17.5 % off the list, each of which alone would be rounded up.
    #[test]
    fn what_lines_are_sold_on_for_is_rounded_once() {
        let at = Billing {
            reseller: rate(1_750),
            ..two_tier(None)
        };
        let alone = [4_900, 8_750].map(|list| at.sold_on(list).unwrap().unwrap());
        assert_eq!(alone, [4_043, 7_219]);
        let together = at.sold_on_together(&[4_900, 8_750]).unwrap();
        assert_eq!(together, [Some(4_043), Some(7_218)]);
        assert_eq!(at.sold_on(13_650), Ok(Some(11_261)));
        let none = Billing::agency().sold_on_together(&[4_900, 8_750]);
        assert_eq!(none, Ok(vec![None, None]));
    }

    #[test]
    fn terms_that_make_no_sense_are_told_beside_their_field() {
        let told = |reseller, distributor: Option<i32>| {
            let terms = BuysAt {
                reseller: rate(reseller),
                distributor: distributor.map(rate),
            };
            let problems = terms.problems();
            ["reseller", "distributor"].map(|field| problems.on(field).is_some())
        };
        assert_eq!(told(2_000, Some(3_000)), [false, false]);
        assert_eq!(told(2_000, Some(2_000)), [false, false]);
        assert_eq!(told(2_000, Some(1_999)), [false, true]);
        assert_eq!(told(0, None), [false, false]);
        assert_eq!(told(0, Some(3_000)), [true, false]);
        assert_eq!(told(10_000, None), [true, false]);
    }

    proptest! {
        /// Whatever the list, the parts come to what the customer pays, and the list is found again.
        #[test]
        fn nothing_is_lost(
            list in 0i64..10_000_000, street in 0i64..10_000_000,
            reseller in 0i32..9_999, more in 0i32..5_000,
        ) {
            let resale = Resale {
                list_minor: list,
                distributor_discount: rate((reseller + more).min(9_999)),
                reseller_discount: rate(reseller),
                street_minor: street,
            };
            let all = resale.margins().unwrap();
            prop_assert_eq!(all.distributor_buys + all.distributor_margin + all.reseller_margin, street);
            prop_assert!(all.distributor_margin >= 0);
            let again = list_of(bought(list, rate(reseller)), rate(reseller)).unwrap();
            prop_assert_eq!(bought(again, rate(reseller)), bought(list, rate(reseller)));
        }
    }
}
