use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    client::Client,
    failure::Failure,
    output::{Column, Output, Table, rows::Rows, table::Field},
};

/// Shows a list that came whole, in the reply to `call`. Gives back how many rows it has.
pub(super) fn show<T: DeserializeOwned>(
    client: &Client,
    call: &'static str,
    list: Vec<Value>,
    columns: &'static [Column],
    output: &mut Output<'_>,
    fields: impl Fn(&T) -> Vec<Field>,
) -> Result<usize, Failure> {
    let mut rows = Rows::new(output, Table::new(columns));
    for row in list {
        let one: T = client.parse(call, row.clone())?;
        rows.row(&row, || fields(&one))?;
    }
    Ok(rows.end()?)
}
