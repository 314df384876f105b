//! The types that messages and commands carry, as the generators see them: found by following their fields.

use std::{any::TypeId, collections::HashSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use ts_rs::{Config, TS, TypeVisitor};

/// A type that both generators can describe.
pub(crate) trait Describe: TS + JsonSchema + 'static {}

impl<T: TS + JsonSchema + 'static> Describe for T {}

/// A type, as two ways to describe it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described {
    /// Adds it and the types that its fields lead to.
    pub(crate) visit: fn(&mut Types),
    /// Its JSON schema.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Described {
    pub(crate) fn of<T: Describe>() -> Self {
        Self { visit: Types::visit::<T>, schema: SchemaGenerator::subschema_for::<T> }
    }
}

/// A type in TypeScript.
#[derive(Clone, Debug)]
pub(crate) struct TsType {
    pub(crate) name: String,
    /// Its comment, as a TypeScript comment.
    pub(crate) docs: Option<String>,
    /// `type Run = { … };`, in one line.
    pub(crate) declaration: String,
}

/// Types in the order in which they were found: a type before those of its fields, each once.
#[derive(Default)]
pub(crate) struct Types {
    seen: HashSet<TypeId>,
    found: Vec<TsType>,
}

impl Types {
    /// Those that were found since the last call.
    pub(crate) fn take(&mut self) -> Vec<TsType> {
        std::mem::take(&mut self.found)
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !is_declared::<T>() || !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        let config = config();
        let declaration = T::decl(&config);
        let mut fields = Fields::default();
        T::visit_dependencies(&mut fields);
        // ts-rs keeps them in a set, whose order differs from build to build.
        fields.0.sort_by_key(|field| place_of(&field.name, &declaration));
        self.found.push(TsType { name: T::ident(&config), docs: T::docs(), declaration });
        for field in fields.0 {
            (field.visit)(self);
        }
    }
}

/// The types that the fields of one type lead to.
#[derive(Default)]
struct Fields(Vec<Field>);

struct Field {
    name: String,
    visit: fn(&mut Types),
}

impl TypeVisitor for Fields {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if is_declared::<T>() {
            self.0.push(Field { name: T::ident(&config()), visit: Types::visit::<T> });
        }
    }
}

/// JSON has numbers of one kind only; TypeScript's `bigint` is never what a client reads from it.
fn config() -> Config {
    Config::new().with_large_int("number")
}

/// Whether a type has a declaration. A type without an output path is TypeScript's own, such as `string`, or made of
/// others, such as `Array<Cell>`.
fn is_declared<T: TS + ?Sized>() -> bool {
    T::output_path().is_some()
}

/// How many words of a declaration, not counting comments, come before the first occurrence of this name; and the name, which
/// orders types that are not named there.
fn place_of(name: &str, declaration: &str) -> (usize, String) {
    let code = declaration.split("*/").filter_map(|piece| piece.split("/*").next());
    let mut words = code.flat_map(|code| code.split(|letter: char| !letter.is_alphanumeric()));
    (words.position(|word| word == name).unwrap_or(usize::MAX), name.to_owned())
}
