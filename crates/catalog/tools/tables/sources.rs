//! Citations.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::read::{Files, Result, Row, text};

pub(super) struct Sources {
    rows: Vec<Row>,
    pub(super) index: HashMap<String, usize>,
}

impl Sources {
    pub(super) fn read(files: &Files) -> Result<Self> {
        let rows = files.rows("sources.csv")?;
        let mut index = HashMap::new();
        for (i, row) in rows.iter().enumerate() {
            if index.insert(text(row, "key")?.to_owned(), i).is_some() {
                return Err(format!("{}: the key stands twice", row["#"]));
            }
            for column in ["title", "date", "licence"] {
                if text(row, column)?.is_empty() {
                    return Err(format!("{}: no {column}", row["#"]));
                }
            }
        }
        if rows.len() >= 255 {
            Err("sources.csv: more than 254 sources".to_owned())
        } else {
            Ok(Self { rows, index })
        }
    }

    pub(super) fn id(&self, row: &Row, column: &str) -> Result<usize> {
        self.named(row, text(row, column)?)
    }

    pub(super) fn named(&self, row: &Row, key: &str) -> Result<usize> {
        self.index
            .get(key)
            .copied()
            .ok_or_else(|| format!("{}: no source {key:?} in sources.csv", row["#"]))
    }

    pub(super) fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "pub(crate) static SOURCES: [Source; {}] = [",
            self.rows.len()
        );
        for row in &self.rows {
            let _ = writeln!(
                out,
                "    Source {{ key: {:?}, title: {:?}, date: {:?}, licence: {:?} }},",
                row["key"], row["title"], row["date"], row["licence"]
            );
        }
        out.push_str("];\n");
    }
}
