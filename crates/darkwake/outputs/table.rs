//! Objects of JSON as rows: which columns there are, and what stands in them, the same for all tables.

use std::io::Write;

use serde_json::{Map, Value};

/// How objects become rows.
pub struct Table {
    /// What every format has.
    pub columns: &'static [Column],
    /// What is too long for a cell: Parquet has it as lists, a GeoPackage as JSON.
    pub long: &'static [Column],
    /// Where an object is: a geometry of GeoJSON, or null.
    pub place: fn(&Value) -> Value,
    /// The time by which an object, still a line, is of a day.
    pub time: fn(&str) -> anyhow::Result<i64>,
}

/// A column.
#[derive(Clone, Copy)]
pub struct Column {
    /// What it is called.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    source: Source,
    /// What stands in a cell instead, where a cell cannot hold it.
    cell: Option<fn(&Value) -> Value>,
}

/// What a column holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Other numbers.
    Number,
    /// Texts.
    Text,
    /// Milliseconds since 1970.
    Time,
    /// Yes, no, or nothing.
    Boolean,
    /// Yes, or no where nothing is said.
    Flag,
    /// Whatever it is, as JSON.
    Json,
    /// Lists of texts.
    Texts,
    /// Lists of objects with these columns.
    Rows(&'static [Column]),
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Source {
    /// It stands there.
    At(&'static str),
    /// It is put together.
    Made(fn(&Value) -> Value),
}

impl Kind {
    /// In the words of a GeoPackage (OGC 12-128r18, table 1).
    pub fn sql(self) -> &'static str {
        match self {
            Kind::Integer | Kind::Time => "INTEGER",
            Kind::Boolean | Kind::Flag => "BOOLEAN",
            Kind::Number => "REAL",
            Kind::Text | Kind::Json | Kind::Texts | Kind::Rows(_) => "TEXT",
        }
    }

    /// Whether there can be several values in it.
    pub fn is_list(self) -> bool {
        matches!(self, Kind::Texts | Kind::Rows(_))
    }
}

impl Column {
    /// A column of what stands at a place in the object.
    pub const fn at(name: &'static str, kind: Kind, pointer: &'static str) -> Column {
        Column { name, kind, source: Source::At(pointer), cell: None }
    }

    /// A column of what is put together.
    pub const fn made(name: &'static str, kind: Kind, make: fn(&Value) -> Value) -> Column {
        Column { name, kind, source: Source::Made(make), cell: None }
    }

    /// In a cell stands this.
    pub const fn told(self, tell: fn(&Value) -> Value) -> Column {
        Column { cell: Some(tell), ..self }
    }

    /// The value of an object.
    pub fn value(&self, object: &Value) -> Value {
        let value = match self.source {
            Source::At(pointer) => object.pointer(pointer).cloned().unwrap_or(Value::Null),
            Source::Made(make) => make(object),
        };
        if value.is_null() && matches!(self.kind, Kind::Flag) { Value::Bool(false) } else { value }
    }

    /// The value of an object where there is room for a number or a text only.
    pub fn cell(&self, object: &Value) -> Value {
        let value = self.cell.map_or_else(|| self.value(object), |tell| tell(object));
        if value.is_array() || value.is_object() { Value::String(value.to_string()) } else { value }
    }
}

impl Table {
    /// Writes a table of comma-separated values.
    pub fn write_csv(
        &self,
        out: &mut impl Write,
        objects: impl Iterator<Item: AsRef<str>>,
    ) -> anyhow::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(self.columns.iter().map(|column| column.name))?;
        for object in objects {
            let object: Value = serde_json::from_str(object.as_ref())?;
            let text = |value: Value| match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
            };
            table.write_record(self.columns.iter().map(|column| text(column.cell(&object))))?;
        }
        table.flush()?;
        Ok(())
    }

    /// Writes features.
    pub fn write_geojson(
        &self,
        out: &mut impl Write,
        objects: impl Iterator<Item: AsRef<str>>,
    ) -> anyhow::Result<()> {
        let mut features = Features::begin(out)?;
        for object in objects {
            let object: Value = serde_json::from_str(object.as_ref())?;
            let properties: Map<String, Value> =
                self.columns.iter().map(|column| (column.name.to_owned(), column.cell(&object))).collect();
            let geometry = (self.place)(&object);
            let feature =
                serde_json::json!({ "type": "Feature", "geometry": geometry, "properties": properties });
            features.add(&feature.to_string())?;
        }
        features.finish()?;
        Ok(())
    }
}

/// Features of GeoJSON, one a line.
pub struct Features<W> {
    out: W,
    is_empty: bool,
}

impl<W: Write> Features<W> {
    /// Begins a collection.
    pub fn begin(mut out: W) -> std::io::Result<Features<W>> {
        writeln!(out, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Features { out, is_empty: true })
    }

    /// Adds a feature.
    pub fn add(&mut self, feature: &str) -> std::io::Result<()> {
        if !self.is_empty {
            self.out.write_all(b",\n")?;
        }
        self.is_empty = false;
        self.out.write_all(feature.as_bytes())
    }

    /// Ends it, and gives back what it was written to.
    pub fn finish(mut self) -> std::io::Result<W> {
        if !self.is_empty {
            self.out.write_all(b"\n")?;
        }
        writeln!(self.out, "]}}")?;
        Ok(self.out)
    }
}
