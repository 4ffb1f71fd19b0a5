use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use rusqlite::{Connection, types::ValueRef};
use serde_json::{Map, Value, json};

/// The shop's database: in memory, so that every start is the same and nothing an attack did is kept.
pub(super) struct Store(Mutex<Connection>);

const CONTENT: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT, password_hash TEXT);
    INSERT INTO users (username, email, password_hash) VALUES
        ('ada',    'ada@shop.example',    '$2b$12$KIXw1n6oQmF0eXb7u3bqEuQ0aYw3V4pS1c9nZ8dT5rL2hG7mJ6kOe'),
        ('grace',  'grace@shop.example',  '$2b$12$Zt9yV2pC4nB6mL8kJ0hGfOe1rD3sA5qW7xE9uI2oP4lK6jH8gF0d.'),
        ('edsger', 'edsger@shop.example', '$2b$12$Qw3eR5tY7uI9oP1aS2dF4gOe6hJ8kL0zX2cV4bN6mQ8wE1rT3yU5i'),
        ('barbara','barbara@shop.example','$2b$12$Mn8bV6cX4zL2kJ0hG9fD7sOeA5pO3iU1yT9rE7wQ5mN3bV1cX8zL.');
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL);
    INSERT INTO products (name, price) VALUES
        ('desk lamp', 39.0), ('floor lamp', 89.0), ('lantern, brass', 45.0),
        ('candle, beeswax', 12.5), ('O''Neill reading light', 59.0);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, product INTEGER, quantity INTEGER, status TEXT);
    INSERT INTO orders (product, quantity, status) VALUES
        (1, 2, 'shipped'), (3, 1, 'open'), (2, 1, 'open'), (5, 4, 'returned');
";

impl Store {
    pub(super) fn new() -> anyhow::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(CONTENT).context("the shop's tables")?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Every row as an object by column name. `sql` is run as it is.
    pub(super) fn rows(
        &self,
        sql: &str,
        parameters: &[&dyn rusqlite::ToSql],
    ) -> rusqlite::Result<Vec<Value>> {
        let connection = self.connection();
        let mut statement = connection.prepare(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map(parameters, |row| {
            let mut object = Map::new();
            for (index, name) in names.iter().enumerate() {
                object.insert(name.clone(), json_value(row.get_ref(index)?));
            }
            Ok(Value::Object(object))
        })?;
        rows.collect()
    }

    /// The id of the new order.
    pub(super) fn place_order(&self, product: i64, quantity: i64) -> rusqlite::Result<i64> {
        let connection = self.connection();
        connection.execute(
            "INSERT INTO orders (product, quantity, status) VALUES (?1, ?2, 'open')",
            (product, quantity),
        )?;
        let id = connection.last_insert_rowid();
        // The demo may run for days.
        connection.execute("DELETE FROM orders WHERE id > 4 AND id < ?1", [id - 100])?;
        Ok(id)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => json!(String::from_utf8_lossy(text)),
    }
}
