//! What is generated from the types and from the specification: TypeScript, a JSON schema, the specification's own
//! TypeScript blocks, and its examples as files.
//!
//! [`generate`] only makes text; `cargo xtask codegen` writes it, and a test holds the committed files to it.

use std::fmt::Write as _;

use lsp_types::MessageDirection;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use ts_rs::TypeVisitor;

use crate::{
    CellId, ClientCapabilities, Kind, Message, RunId, ServerCapabilities, TsPosition, TsRange, commands,
    messages,
    types::{TsType, Types},
};

const SPECIFICATION: &str = include_str!("../README.md");
const NOTICE: &str = "Generated from the Rust types in `protocol/` by `cargo xtask codegen`. Do not edit.";

/// The generated files: paths from the root of the repository, with `/`, and their contents.
pub fn generate() -> Vec<(String, String)> {
    let specification = specification();
    let mut files = vec![
        ("vscode-extension/src/protocol.ts".into(), typescript()),
        ("vscode-extension/protocol.schema.json".into(), pretty(&schema())),
    ];
    files.extend(sections(&specification).into_iter().map(|section| {
        let name = section.method.trim_start_matches("px/").to_owned();
        let example = json!({ "method": section.method, "messages": section.examples });
        (format!("tests/protocol-examples/{name}.json"), pretty(&example))
    }));
    files.push(("protocol/README.md".into(), specification));
    files
}

struct Declaration {
    name: String,
    text: String,
}

fn declaration(found: TsType) -> Declaration {
    let mut text = found.docs.map_or_else(String::new, |docs| comment(&docs, ""));
    text.push_str("export ");
    text.push_str(&lay_out(&found.declaration));
    Declaration { name: found.name, text }
}

/// All types, each where it first occurs.
struct Declarations {
    /// Types that messages share or that the two sides announce; the specification places them by name.
    shared: Vec<Declaration>,
    /// Those of each message, in the order of the messages.
    messages: Vec<(Message, Vec<Declaration>)>,
    /// Types that only commands use.
    commands: Vec<Declaration>,
}

impl Declarations {
    fn find() -> Self {
        let mut types = Types::default();
        let mut take = |visits: &[fn(&mut Types)]| -> Vec<Declaration> {
            visits.iter().for_each(|visit| visit(&mut types));
            types.take().into_iter().map(declaration).collect()
        };
        Self {
            shared: take(&[
                Types::visit::<TsPosition>,
                Types::visit::<TsRange>,
                Types::visit::<RunId>,
                Types::visit::<CellId>,
                Types::visit::<ClientCapabilities>,
                Types::visit::<ServerCapabilities>,
            ]),
            messages: messages()
                .into_iter()
                .map(|message| {
                    let carried = [Some(message.params_type), message.result_type];
                    let visits: Vec<_> = carried.iter().flatten().map(|described| described.visit).collect();
                    let declarations = take(&visits);
                    (message, declarations)
                })
                .collect(),
            commands: commands::declared()
                .iter()
                .flat_map(|command| command.types.map(|described| take(&[described.visit])))
                .flatten()
                .collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Declaration> {
        let of_messages = self.messages.iter().flat_map(|(_, declarations)| declarations);
        self.shared.iter().chain(of_messages).chain(&self.commands)
    }
}

fn typescript() -> String {
    let declarations = Declarations::find();
    let mut text = format!(
        "// {NOTICE}\n// The specification is `protocol/README.md`.\n\n\
         import {{ NotificationType, RequestType }} from \"vscode-languageclient/node\";\n"
    );
    for declaration in declarations.all() {
        let _ = write!(text, "\n{}\n", declaration.text);
    }
    for message in messages() {
        let (constant, method, params) = (constant(message.name), &message.method, &message.params);
        let _ = match &message.result {
            Some(result) => writeln!(
                text,
                "\nexport const {constant} = new RequestType<{params}, {result}, void>(\"{method}\");"
            ),
            None => {
                writeln!(text, "\nexport const {constant} = new NotificationType<{params}>(\"{method}\");")
            }
        };
    }
    text.push_str("\n/** The commands that the server executes. Each takes one object. */\n");
    text.push_str("export const serverCommands = {\n");
    for command in commands::ALL {
        let name = command.rsplit('.').next().unwrap_or(command);
        let _ = writeln!(text, "  {name}: \"{command}\",");
    }
    text.push_str("} as const;\n");
    text
}

/// Reformats what ts-rs gives: one field per line, and comments on one line if they fit.
fn lay_out(declaration: &str) -> String {
    let Some((head, body)) = declaration.split_once("= {") else {
        return declaration.replace("Record<symbol, never>", "Record<string, never>");
    };
    let mut text = format!("{head}= {{\n");
    let mut rest = body.trim_end_matches(';').trim_end().trim_end_matches('}');
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        if let Some(end) = rest.starts_with("/**").then(|| rest.find("*/")).flatten() {
            text.push_str(&comment(&rest[..end + 2], "  "));
            rest = &rest[end + 2..];
            continue;
        }
        let (field, after) = rest.split_once(", ").unwrap_or((rest.trim_end().trim_end_matches(','), ""));
        let _ = writeln!(text, "  {};", field.trim());
        rest = after;
    }
    text + "};"
}

fn comment(docs: &str, indent: &str) -> String {
    let lines: Vec<&str> = docs
        .trim()
        .trim_start_matches("/**")
        .trim_end_matches("*/")
        .lines()
        .map(|line| line.trim().trim_start_matches('*').trim())
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [one] => format!("{indent}/** {one} */\n"),
        lines => {
            let body: String = lines.iter().map(|line| format!("{indent} * {line}\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}

fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut methods = Map::new();
    for message in messages() {
        let mut entry = json!({
            "kind": match message.kind { Kind::Request => "request", Kind::Notification => "notification" },
            "direction": match message.direction {
                MessageDirection::ClientToServer => "clientToServer",
                MessageDirection::ServerToClient => "serverToClient",
                MessageDirection::Both => "both",
            },
            "params": (message.params_type.schema)(&mut generator),
        });
        if let Some(result) = message.result_type {
            entry["result"] = (result.schema)(&mut generator).into();
        }
        methods.insert(message.method, entry);
    }
    let client = capability::<ClientCapabilities>(&mut generator);
    let server = capability::<ServerCapabilities>(&mut generator);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pxlens' extension of LSP",
        "description": NOTICE,
        "capabilities": { "client": client, "server": server },
        "methods": methods,
        "$defs": generator.take_definitions(true),
    })
}

fn capability<T: JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<T>()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value can be written as JSON") + "\n"
}

/// The name of a message's constant in TypeScript, where `export` is a keyword.
fn constant(name: &str) -> String {
    match lower_first(name).as_str() {
        "export" => "exportRun".to_owned(),
        name => name.to_owned(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// The specification with its generated parts filled in:
///
/// * a block of TypeScript after each line `<!-- types: Position, Range -->`;
/// * between `<!-- commands -->` and `<!-- end of commands -->`, the table of commands and the types that only they use;
/// * between `<!-- messages -->` and `<!-- end of messages -->`, the table of messages and a section for each.
fn specification() -> String {
    let declarations = Declarations::find();
    let mut text = String::new();
    let mut lines = SPECIFICATION.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        if let Some(names) = types_named(line) {
            let wanted = names.iter().filter_map(|name| declarations.shared.iter().find(|d| d.name == *name));
            text.push_str(&typescript_block(wanted));
            if lines.next().is_some_and(|line| line.starts_with("```")) {
                lines.by_ref().find(|line| line.starts_with("```"));
            }
        }
        let (generated, end) = match line {
            "<!-- commands -->" => (commands_table(&declarations), "<!-- end of commands -->"),
            "<!-- messages -->" => {
                let table = messages_table();
                (format!("{table}\n{}", message_sections(&declarations)), "<!-- end of messages -->")
            }
            _ => continue,
        };
        let _ = write!(text, "\n{generated}\n{end}\n");
        lines.by_ref().find(|line| *line == end);
    }
    text
}

fn commands_table(declarations: &Declarations) -> String {
    let mut text = "| command | argument | result | what it does |\n|---|---|---|---|\n".to_owned();
    for command in commands::declared() {
        let commands::Command { id, params, result, text: what, .. } = command;
        let _ = writeln!(text, "| `{id}` | `{params}` | `{result}` | {} |", what.trim());
    }
    let _ = write!(text, "\n{}", typescript_block(&declarations.commands));
    text
}

fn messages_table() -> String {
    let mut text = "| method | direction | parameters | result |\n|---|---|---|---|\n".to_owned();
    for message in messages() {
        let (_, direction) = kind_and_direction(&message);
        let (method, heading) = (&message.method, title(&message.method).to_lowercase().replace(' ', "-"));
        let result = message.result.map_or_else(|| "no answer".to_owned(), |result| format!("`{result}`"));
        let _ =
            writeln!(text, "| [`{method}`](#{heading}) | {direction} | `{}` | {result} |", message.params);
    }
    text
}

fn message_sections(declarations: &Declarations) -> String {
    let sections = declarations.messages.iter().map(|(message, types)| section(message, types));
    sections.collect::<Vec<_>>().join("\n")
}

/// A message's section: the head, the prose, the types that no earlier message uses, the examples.
fn section(message: &Message, types: &[Declaration]) -> String {
    let (kind, direction) = kind_and_direction(message);
    let mut text = format!(
        "## {}\n\n**Client Capability:** {}\n\n**Method:** `{}`\n\n**Direction:** {direction}, {kind}\n\n",
        title(&message.method),
        message.capability.unwrap_or("none"),
        message.method,
    );
    let lines = || message.text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    let is_prose = |line: &&str| !line.starts_with("**Example");
    for line in lines().take_while(is_prose) {
        let _ = writeln!(text, "{line}");
    }
    if !types.is_empty() {
        let _ = writeln!(text, "{}", typescript_block(types));
    }
    for line in lines().skip_while(is_prose) {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn kind_and_direction(message: &Message) -> (&'static str, &'static str) {
    let kind = match message.kind {
        Kind::Request => "request",
        Kind::Notification => "notification",
    };
    let direction = match message.direction {
        MessageDirection::ClientToServer => "client → server",
        MessageDirection::ServerToClient => "server → client",
        MessageDirection::Both => "both",
    };
    (kind, direction)
}

/// `px/runNotebookCell` as a heading: `Run Notebook Cell`.
fn title(method: &str) -> String {
    let mut title = String::new();
    for letter in method.trim_start_matches("px/").chars() {
        if title.is_empty() {
            title.push(letter.to_ascii_uppercase());
            continue;
        }
        if letter.is_ascii_uppercase() {
            title.push(' ');
        }
        title.push(letter);
    }
    title
}

fn typescript_block<'a>(declarations: impl IntoIterator<Item = &'a Declaration>) -> String {
    let texts: Vec<_> =
        declarations.into_iter().map(|declaration| declaration.text.replace("export ", "")).collect();
    format!("```typescript\n{}\n```\n", texts.join("\n\n"))
}

fn types_named(line: &str) -> Option<Vec<&str>> {
    let names = line.strip_prefix("<!-- types: ")?.strip_suffix(" -->")?;
    Some(names.split(", ").collect())
}

/// What the specification says about one method.
struct Section {
    method: String,
    direction: String,
    examples: Vec<Value>,
}

fn sections(specification: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut json: Option<String> = None;
    for line in specification.lines() {
        if let Some(method) = line.strip_prefix("**Method:** `").and_then(|rest| rest.strip_suffix('`')) {
            sections.push(Section { method: method.into(), direction: String::new(), examples: Vec::new() });
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(direction) = line.strip_prefix("**Direction:** ") {
            section.direction = direction.into();
        }
        match &mut json {
            None if line == "```json" => json = Some(String::new()),
            None => {}
            Some(text) if line == "```" => {
                section.examples.push(serde_json::from_str(text).unwrap_or(Value::Null));
                json = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn committed_files_are_as_generated() {
        for (path, contents) in generate() {
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(root().join(&path), &contents).unwrap();
            }
            let committed = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
            assert!(committed == contents, "{path} is out of date: run `cargo xtask codegen`");
        }
    }

    #[test]
    fn the_specification_names_every_method_of_the_source_and_no_other() {
        let written: Vec<String> =
            sections(SPECIFICATION).into_iter().map(|section| section.method).collect();
        let real: Vec<String> = messages().into_iter().map(|message| message.method).collect();
        assert_eq!(written, real, "the same methods, in the same order, each once");
    }

    #[test]
    fn the_specification_tells_kind_and_direction_of_each_method() {
        for (section, message) in sections(SPECIFICATION).iter().zip(messages()) {
            let direction = match message.direction {
                MessageDirection::ClientToServer => "client → server",
                MessageDirection::ServerToClient => "server → client",
                MessageDirection::Both => "both",
            };
            let kind = match message.kind {
                Kind::Request => "request",
                Kind::Notification => "notification",
            };
            assert_eq!(section.direction, format!("{direction}, {kind}"), "{}", section.method);
        }
    }

    #[test]
    fn the_specification_shows_every_type_once() {
        let shown: Vec<&str> = SPECIFICATION
            .lines()
            .filter_map(|line| line.strip_prefix("type ")?.split_once(" =").map(|(name, _)| name))
            .collect();
        let declarations = Declarations::find();
        let real: BTreeSet<&str> = declarations.all().map(|declaration| declaration.name.as_str()).collect();
        assert_eq!(shown.len(), real.len(), "{shown:?}");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), real);
    }

    #[test]
    fn the_specification_names_every_command() {
        for command in commands::ALL {
            assert!(SPECIFICATION.contains(&format!("`{command}`")), "{command} is not in the specification");
        }
    }

    #[test]
    fn every_example_reads_as_its_type_and_is_written_the_same() {
        for (section, message) in sections(SPECIFICATION).iter().zip(messages()) {
            let (mut asked, mut answered) = (0, 0);
            for example in &section.examples {
                if let Some(params) = example.get("params") {
                    assert_eq!(example["method"], section.method);
                    assert_eq!((message.read_params)(params).unwrap(), *params, "{}", section.method);
                    asked += 1;
                } else {
                    let read = message.read_result.expect("only requests are answered");
                    let result = &example["result"];
                    assert_eq!(read(result).unwrap(), *result, "{}", section.method);
                    answered += 1;
                }
            }
            assert!(asked >= 1, "{} has no example", section.method);
            assert_eq!(answered >= 1, message.kind == Kind::Request, "{}", section.method);
        }
    }

    #[test]
    fn the_specification_links_to_headings_that_are_there() {
        let headings: BTreeSet<String> = SPECIFICATION
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|heading| heading.to_lowercase().replace(' ', "-").replace(['`', '/'], ""))
            .collect();
        for link in SPECIFICATION.split("](#").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(headings.contains(target), "no heading for #{target}");
        }
    }
}
