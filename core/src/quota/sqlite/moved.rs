//! A file that was removed, or replaced, while it was used: what it holds is taken over into the one at its path.
//!
//! Whoever notices first finds everything in the removed file that was counted before the removal, as each step is done again
//! that was not over by then. Every file has an id and knows the ids of those that it took over, so that only the first adds
//! what it finds.

use rusqlite::{Connection, OptionalExtension as _, ToSql, TransactionBehavior, params};

/// A table, its columns, and what happens to a row that both files have.
struct Table {
    name: &'static str,
    columns: usize,
    added: &'static str,
    highest: &'static str,
}

const TABLES: [Table; 5] = [
    Table {
        name: "counts",
        columns: 4,
        added: "UPDATE SET units = units + excluded.units",
        highest: "UPDATE SET units = MAX(units, excluded.units)",
    },
    Table {
        name: "spent",
        columns: 6,
        added: "UPDATE SET units = units + excluded.units",
        highest: "UPDATE SET units = MAX(units, excluded.units)",
    },
    Table { name: "leases", columns: 4, added: "NOTHING", highest: "NOTHING" },
    Table { name: "notes", columns: 4, added: "NOTHING", highest: "NOTHING" },
    Table {
        name: "pauses",
        columns: 2,
        added: "UPDATE SET until = MAX(until, excluded.until)",
        highest: "UPDATE SET until = MAX(until, excluded.until)",
    },
];

/// Takes over what a removed file holds, unless somebody has done so. Whether it was done now.
pub(super) fn take_over(removed: &Connection, present: &mut Connection) -> rusqlite::Result<bool> {
    let seen = removed.unchecked_transaction()?;
    let present = present.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let id: String = seen.query_row("SELECT id FROM files WHERE own", [], |row| row.get(0))?;
    let known: Option<bool> =
        present.query_row("SELECT own FROM files WHERE id = ?1", [&id], |row| row.get(0)).optional()?;
    if known != Some(false) {
        for table in &TABLES {
            // A copy of the file was put in its place where it has the same id.
            let conflict = if known.is_some() { table.highest } else { table.added };
            copy(&seen, &present, table, conflict)?;
        }
        let mut ids = seen.prepare("SELECT id FROM files")?;
        for id in ids.query_map([], |row| row.get::<_, String>(0))? {
            present.execute("INSERT OR IGNORE INTO files VALUES (?1, 0)", params![id?])?;
        }
    }
    present.commit()?;
    Ok(known != Some(false))
}

fn copy(from: &Connection, to: &Connection, table: &Table, conflict: &str) -> rusqlite::Result<()> {
    let Table { name, columns, .. } = table;
    let places: Vec<_> = (1..=*columns).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO {name} VALUES ({}) ON CONFLICT DO {conflict}", places.join(", "));
    let mut insert = to.prepare(&insert)?;
    let mut rows = from.prepare(&format!("SELECT * FROM {name}"))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..*columns)
            .map(|column| row.get(column))
            .collect::<Result<Vec<rusqlite::types::Value>, _>>()?;
        let values: Vec<_> = values.iter().map(|value| value as &dyn ToSql).collect();
        insert.execute(&*values)?;
    }
    Ok(())
}
