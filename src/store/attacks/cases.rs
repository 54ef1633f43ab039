//! The fence itself: what it says to a statement, case by case.
use super::*;

/// On either database's quotes. `HELD` is commission entries held to the tenant; `OWN` to the
/// partner too; `ENTRIES` and `LINES` are tables.
#[rustfmt::skip]
const CASES: &[(Rule, &str, Option<&str>)] = &[
    (Rule::Nobody, "SELECT 1 FROM `jobs`", Some("not to be seen")),
    (Rule::Nobody, "SELECT 1", None),
    (Rule::Lobby(&["jobs"]), "SELECT 1 FROM `jobs`", None),
    (Rule::Lobby(&[]), "SELECT 1 FROM `jobs`", Some("not to be seen")),
    (Rule::Lobby(&["jobs"]), "SELECT 1 FROM `jobs` INNER JOIN `mails` ON (`mails`.`id` = `jobs`.`id`)", Some("mails")),
    (Rule::Lobby(&[]), "DELETE FROM `sessions` WHERE (`sessions`.`user_id` = ?)", None),
    (Rule::Lobby(&["jobs"]), "DELETE FROM `mails`", Some("not the lobby's")),
    (Rule::Vendor, "SELECT 1 FROM `tenants`", Some("not to be seen")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE (HELD)", None),
    (Rule::Vendor, "SELECT 1 FROM `commission_entries` WHERE (`commission_entries`.`tenant_id` = ?)", None),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE ((HELD) AND (1 = 1 OR 2 = 2))", None),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES", Some("tenant_id")),
    (Rule::Partner, "SELECT 1 FROM ENTRIES WHERE (HELD)", Some("partner_id")),
    (Rule::Partner, "SELECT 1 FROM ENTRIES WHERE (OWN)", None),
    (Rule::Partner, "SELECT 1 FROM `tiers` WHERE (`tiers`.`tenant_id` = ?)", None),
    (Rule::Partner, "SELECT 1 FROM `counters` WHERE (`counters`.`tenant_id` = ?)", Some("not to be seen")),
    (Rule::Partner, "SELECT 1 FROM `partners` WHERE (`partners`.`tenant_id` = ?)", Some("partners is not held to its id")),
    (Rule::Partner, "SELECT 1 FROM `audit_events` WHERE (`audit_events`.`tenant_id` = ? AND (`audit_events`.`partner_id` = ? OR `audit_events`.`partner_id` IS NULL))", Some("partner_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE ((HELD) OR 1 = 1)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE NOT (HELD)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE (HELD) IS NOT TRUE", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE $2 BETWEEN $3 AND (HELD)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE CASE WHEN 1 = 1 AND HELD AND 1 = 1 THEN 1 = 1 ELSE 1 = 1 END", Some("tenant_id")),
    (Rule::Vendor, "SELECT (HELD) FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD UNION ALL SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD EXCEPT SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES e WHERE HELD", Some("alias")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES AS e WHERE HELD", Some("alias")),
    (Rule::Vendor, "SELECT 1 FROM main.ENTRIES WHERE (1 = 1)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES, LINES WHERE HELD", Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES INNER JOIN LINES ON (LINES."id" = ENTRIES."invoice_line_id")) WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES INNER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, None),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES LEFT OUTER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, None),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES LEFT OUTER JOIN LINES ON (LINES."tenant_id" = $2)) WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES FULL OUTER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, Some("full join")),
    (Rule::Vendor, r#"SELECT 1 FROM (LINES RIGHT JOIN ENTRIES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, Some("right join")),
    // Rows of the left side stay, whatever the ON of an outer join says of them.
    (Rule::Vendor, r#"SELECT 1 FROM ENTRIES CROSS JOIN LINES LEFT JOIN "statements" ON (LINES."tenant_id" = "statements"."tenant_id" AND "statements"."tenant_id" = ENTRIES."tenant_id") WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES NATURAL JOIN LINES WHERE HELD", Some("alias")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "partner_id" = $2 WHERE HELD"#, Some("another partner_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2, "tenant_id" = $3 WHERE HELD"#, Some("another tenant_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2 WHERE HELD"#, None),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2"#, Some("tenant_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = (SELECT 1 FROM LINES) WHERE HELD"#, Some("invoice_lines")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2 FROM LINES WHERE HELD"#, Some("invoice_lines")),
    (Rule::Partner, "DELETE FROM ENTRIES WHERE OWN", Some("not for partners")),
    (Rule::Partner, r#"DELETE FROM "audit_events" WHERE "audit_events"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Partner, r#"UPDATE "tiers" SET "name" = $2 WHERE "tiers"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Partner, r#"UPDATE "jobs" SET "status" = $2 WHERE "jobs"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Vendor, r#"DELETE FROM "jobs" WHERE ("jobs"."id" = $1)"#, Some("tenant_id")),
    (Rule::Vendor, r#"DELETE FROM "sessions""#, Some("not a scope's")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("id") VALUES ($1)"#, Some("tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "jobs" VALUES ($1, $2)"#, Some("tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2)"#, None),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id", "tenant_id") VALUES ($1, $2, $3)"#, Some("just once")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") SELECT 1, 2 FROM "jobs""#, Some("not held")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2) ON CONFLICT DO UPDATE SET "tenant_id" = $3"#, Some("another tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "users" ("id") VALUES ($1)"#, Some("not a scope's")),
    (Rule::Partner, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2)"#, Some("partner_id just once")),
    (Rule::Partner, r#"INSERT INTO "jobs" ("tenant_id", "partner_id", "id") VALUES ($1, $2, $3)"#, None),
    (Rule::Partner, r#"INSERT INTO "tiers" ("tenant_id", "id") VALUES ($1, $2)"#, Some("not for partners")),
    (Rule::Partner, r#"INSERT INTO ENTRIES ("tenant_id", "partner_id") VALUES ($1, $2)"#, Some("not for partners")),
    // What hides something, or is no statement of ours.
    (Rule::Vendor, "DROP TABLE ENTRIES", Some("cannot read: drop")),
    (Rule::Vendor, "TRUNCATE ENTRIES", Some("cannot read: truncate")),
    (Rule::Vendor, "COPY ENTRIES TO STDOUT", Some("cannot read: copy")),
    (Rule::Vendor, "SELECT 1; DELETE FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD -- \n", Some("comment")),
    (Rule::Vendor, "SELECT 1 -- binds: \n FROM ENTRIES", Some("after a comment")),
    (Rule::Vendor, "SELECT 1 /* ' */ FROM ENTRIES /* ' */", Some("comment")),
    (Rule::Vendor, "SELECT $$ ' $$ FROM ENTRIES WHERE '' = ''", Some("escape")),
    (Rule::Vendor, r"SELECT E'\' FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "WITH gone AS (DELETE FROM ENTRIES WHERE HELD RETURNING 1) SELECT 1 FROM gone", Some("writes")),
    // Reports: only their first binds are the scope's.
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD", None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE "x" = $1 AND ENTRIES."tenant_id" = $2"#, Some("tenant_id")),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE ENTRIES."tenant_id" = ?"#, Some("order they appear")),
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD OR 1 = 1", Some("tenant_id")),
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM LINES WHERE LINES."tenant_id" = $1"#, None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND EXISTS (SELECT 1 FROM LINES WHERE LINES."tenant_id" = $1)"#, None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND EXISTS (SELECT 1 FROM LINES WHERE LINES."tenant_id" = $2)"#, Some("invoice_lines")),
    (Rule::Report { partner: false }, "SELECT 1 FROM users", Some("not to be seen")),
    (Rule::Report { partner: false }, "DELETE FROM ENTRIES WHERE HELD", Some("writes nothing")),
    (Rule::Report { partner: false }, r#"WITH "jobs" AS (SELECT 1 FROM ENTRIES WHERE HELD) SELECT 1 FROM "jobs""#, Some("alias")),
    (Rule::Report { partner: true }, "SELECT 1 FROM ENTRIES WHERE HELD", Some("partner_id")),
    (Rule::Report { partner: true }, "SELECT 1 FROM ENTRIES WHERE OWN", None),
    (Rule::Report { partner: true }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND ENTRIES."id" = $2 AND ENTRIES."partner_id" = $3"#, Some("partner_id")),
    (Rule::Report { partner: true }, r#"SELECT 1 FROM ENTRIES WHERE OWN AND EXISTS (SELECT 1 FROM "counters" WHERE "counters"."tenant_id" = $1)"#, Some("counters is not to be seen")),
];

#[test]
fn the_fence_reads_what_it_must() {
    for (rule, sql, said) in CASES {
        let sql = sql
            .replace("HELD", r#"ENTRIES."tenant_id" = $1"#)
            .replace(
                "OWN",
                r#"ENTRIES."tenant_id" = $1 AND ENTRIES."partner_id" = $2"#,
            )
            .replace("ENTRIES", r#""commission_entries""#)
            .replace("LINES", r#""invoice_lines""#);
        let found = fence::check(*rule, &sql).err();
        let as_said = match (said, &found) {
            (None, None) => true,
            (Some(said), Some(found)) => found.contains(said),
            _ => false,
        };
        assert!(as_said, "{rule:?} {sql}: {found:?}");
    }
}

/// A table the fence does not know would go past it unread.
#[test]
fn the_fence_knows_every_table() {
    let schema = include_str!("../schema.rs");
    let names = schema.split("diesel::table! {").skip(1);
    let names: Vec<_> = names
        .filter_map(|table| table.trim().split([' ', '(']).next())
        .collect();
    assert!(names.len() > 40);
    let unknown: Vec<_> = names.iter().filter(|name| !fence::known(name)).collect();
    assert!(unknown.is_empty(), "not in `scoped!`: {unknown:?}");
}
