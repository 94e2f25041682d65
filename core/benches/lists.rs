//! What it costs to find the rows of a page: 200 records of 3 kB, as a tenant's styles are. Prints a JSON object a line.

use std::hint::black_box;
use std::time::Instant;

use beproduct::testing::rows_of;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::json;

const ROUNDS: u32 = 200;

fn page() -> Bytes {
    let fields: Vec<_> = (0..32)
        .map(|field| {
            let (id, name) = (format!("field_{field}"), format!("Field {field}"));
            json!({"id": id, "name": name, "value": "Some value", "type": "Text", "required": false})
        })
        .collect();
    let rows: Vec<_> = (0..200)
        .map(|row| {
            let id = format!("782f6624-fe0b-5a1a-a4cb-{row:012}");
            json!({"id": id, "headerNumber": format!("ST-{row}"), "headerData": {"fields": fields}})
        })
        .collect();
    json!({"result": rows, "total": 40_000}).to_string().into()
}

fn measure<T>(name: &str, bytes: usize, work: impl Fn() -> T) {
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(ROUNDS);
    println!(
        "{}",
        json!({"measure": name, "us": seconds * 1e6, "gb_a_second": bytes as f64 / seconds / 1e9})
    );
}

fn main() {
    let body = page();
    measure("rows and identities of a page", body.len(), || rows_of(&body, "id"));
    measure("rows of a page", body.len(), || rows_of(&body, ""));
    measure("whether a page is JSON", body.len(), || serde_json::from_slice::<IgnoredAny>(&body).is_ok());
}
