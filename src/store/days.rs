//! Days and instants as columns. SQLite keeps them as text, and diesel's own spelling and reading
//! of that goes by a pattern that it takes apart each time, which a month's work would notice. What
//! stands in the rows is the same.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::Pg,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Date, Text, Timestamp},
    sqlite::Sqlite,
};

use super::tx::Db;

macro_rules! spelled {
    ($($(#[$about:meta])* $name:ident of $value:ty as $sql:ty, read by $read:ident;)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
        #[diesel(sql_type = $sql)]
        pub struct $name($value);

        impl From<$value> for $name {
            fn from(value: $value) -> Self {
                Self(value)
            }
        }
        impl From<$name> for $value {
            fn from(spelled: $name) -> Self {
                spelled.0
            }
        }
        impl ToSql<$sql, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                ToSql::<$sql, Pg>::to_sql(&self.0, out)
            }
        }
        impl ToSql<$sql, Sqlite> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.0.to_string());
                Ok(IsNull::No)
            }
        }
        impl FromSql<$sql, Pg> for $name {
            fn from_sql(raw: <Pg as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                FromSql::<$sql, Pg>::from_sql(raw).map(Self)
            }
        }
        impl FromSql<$sql, Sqlite> for $name {
            fn from_sql(
                raw: <Sqlite as diesel::backend::Backend>::RawValue<'_>,
            ) -> deserialize::Result<Self> {
                let text = <String as FromSql<Text, Sqlite>>::from_sql(raw)?;
                let value = $read(&text).ok_or_else(|| format!("a column says {text:?}"))?;
                Ok(Self(value))
            }
        }
        impl FromSql<$sql, Db> for $name {
            fn from_sql(raw: <Db as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                raw.from_sql::<Self, $sql>()
            }
        }
    )+};
}
spelled! {
    /// A day, kept on SQLite as "2026-11-03".
    Day of NaiveDate as Date, read by day;
    /// An instant, UTC, kept on SQLite as "2026-11-03 09:00:00".
    Instant of NaiveDateTime as Timestamp, read by instant;
}

fn day(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn instant(text: &str) -> Option<NaiveDateTime> {
    let (on, at) = text.split_once(' ')?;
    Some(day(on)?.and_time(at.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn days_and_instants_are_spelled_as_diesel_spells_them() {
        let mut on = NaiveDate::from_ymd_opt(1999, 12, 30).unwrap();
        for step in [1, 31, 59, 366, 700, 2_000] {
            on += TimeDelta::days(step);
            assert_eq!(on.to_string(), on.format("%F").to_string());
            assert_eq!(day(&on.to_string()), Some(on));
        }
        let noon = on.and_hms_opt(12, 0, 5).unwrap();
        for nanos in [0, 1, 1_000, 1_000_000, 500_000_000] {
            let at = noon + TimeDelta::nanoseconds(nanos);
            assert_eq!(at.to_string(), at.format("%F %T%.f").to_string());
            assert_eq!(instant(&at.to_string()), Some(at));
        }
    }

    #[test]
    fn nothing_else_is_read_as_a_day() {
        for text in [
            "",
            "2026",
            "2026-02",
            "2026-02-30",
            "2026-02-03 10:00",
            "soon-1-1",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
        assert_eq!(instant("2026-02-03"), None);
    }
}
