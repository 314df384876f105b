//! What is generated from the types and from the specification: TypeScript, a JSON schema, the specification's own
//! TypeScript blocks, and its examples as files.
//!
//! [`generate`] only makes text; `cargo xtask codegen` writes it, and a test holds the committed files to it.

use std::fmt::Write as _;

use lsp_types::MessageDirection;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use ts_rs::{Config, TS};

use crate::{
    AckOutputsParams, BlockLine, Cell, CellId, CellOutput, CellState, CellsParams, CellsResult, ClearParams,
    ClearResult, ClientCapabilities, Cluster, ClusterState, ClustersParams, ClustersResult, CompareParams,
    CompareResult, ComparedGroup, ConnectParams, ConnectResult, ConsoleCommand, ConsoleParams, ConsoleResult,
    ContentParams, ContentResult, CopyParams, CopyResult, CopyTextParams, CopyTextResult, Engine, EngineCell,
    EngineChange, EngineFailure, EngineState, EnginesChangedParams, EnginesParams, EnginesResult,
    ExportFormat, ExportParams, ExportResult, Group, GroupBy, GroupParams, GroupResult, GroupState,
    InterruptParams, InterruptResult, Kind, Line, LineSeverity, LineStyle, NotRun, NotebookItem,
    NotebookOutput, NotebookOutputsParams, NotebookOutputsResult, Only, OutputsParams, PageBlock, PageError,
    PageHtml, PageParams, PagePiece, PagePlace, PageResult, PageSection, PastRun, Plan, Problem,
    ProblemSeverity, RecalledRun, RefreshOutputsParams, ResultImage, ResultParams, ResultResult, RunId,
    RunLocalParams, RunLocalResult, RunNotebookCellParams, RunNotebookCellResult, RunParams, RunResult,
    RunsParams, RunsResult, Scope, ServerCapabilities, ShowOutputParams, ShowOutputResult, ShowRunParams,
    ShowRunResult, StartClusterParams, StartedRun, StopClusterParams, StopClusterResult, TracebackLine,
    TrustParams, TsPosition, TsRange, WriteSettingParams, WriteSettingResult, WriteViewParams, commands,
    messages,
};

const SPECIFICATION: &str = include_str!("../README.md");
const NOTICE: &str = "Generated from the Rust types in `protocol/` by `cargo xtask codegen`. Do not edit.";

/// The generated files: paths from the root of the repository, with `/`, and their contents.
pub fn generate() -> Vec<(String, String)> {
    let mut files = vec![
        ("vscode-extension/src/protocol.ts".into(), typescript()),
        ("vscode-extension/protocol.schema.json".into(), pretty(&schema())),
        ("protocol/README.md".into(), specification()),
    ];
    files.extend(sections().into_iter().map(|section| {
        let name = section.method.trim_start_matches("px/").to_owned();
        let example = json!({ "method": section.method, "messages": section.examples });
        (format!("tests/protocol-examples/{name}.json"), pretty(&example))
    }));
    files
}

struct Declaration {
    name: String,
    text: String,
}

fn declaration<T: TS>() -> Declaration {
    let config = Config::new();
    let mut text = T::docs().map_or_else(String::new, |docs| comment(&docs, ""));
    text.push_str("export ");
    text.push_str(&lay_out(&T::decl(&config)));
    Declaration { name: T::ident(&config), text }
}

fn declarations() -> Vec<Declaration> {
    vec![
        declaration::<TsPosition>(),
        declaration::<TsRange>(),
        declaration::<RunId>(),
        declaration::<CellId>(),
        declaration::<ClientCapabilities>(),
        declaration::<ServerCapabilities>(),
        declaration::<RunParams>(),
        declaration::<Scope>(),
        declaration::<Only>(),
        declaration::<RunResult>(),
        declaration::<StartedRun>(),
        declaration::<RecalledRun>(),
        declaration::<NotRun>(),
        declaration::<InterruptParams>(),
        declaration::<InterruptResult>(),
        declaration::<CellsParams>(),
        declaration::<CellsResult>(),
        declaration::<Cell>(),
        declaration::<Plan>(),
        declaration::<CellState>(),
        declaration::<Problem>(),
        declaration::<ProblemSeverity>(),
        declaration::<ResultParams>(),
        declaration::<GroupBy>(),
        declaration::<ResultResult>(),
        declaration::<ResultImage>(),
        declaration::<Group>(),
        declaration::<GroupState>(),
        declaration::<PageParams>(),
        declaration::<PageResult>(),
        declaration::<PageSection>(),
        declaration::<PageBlock>(),
        declaration::<PagePiece>(),
        declaration::<PageError>(),
        declaration::<TracebackLine>(),
        declaration::<PagePlace>(),
        declaration::<PageHtml>(),
        declaration::<ShowRunParams>(),
        declaration::<ShowRunResult>(),
        declaration::<RunsParams>(),
        declaration::<RunsResult>(),
        declaration::<PastRun>(),
        declaration::<CompareParams>(),
        declaration::<CompareResult>(),
        declaration::<ComparedGroup>(),
        declaration::<EngineChange>(),
        declaration::<ClearParams>(),
        declaration::<ClearResult>(),
        declaration::<ContentParams>(),
        declaration::<ContentResult>(),
        declaration::<ShowOutputParams>(),
        declaration::<ShowOutputResult>(),
        declaration::<ExportParams>(),
        declaration::<ExportFormat>(),
        declaration::<ExportResult>(),
        declaration::<EnginesParams>(),
        declaration::<EnginesResult>(),
        declaration::<Cluster>(),
        declaration::<ClusterState>(),
        declaration::<Engine>(),
        declaration::<EngineState>(),
        declaration::<EngineCell>(),
        declaration::<EngineFailure>(),
        declaration::<EnginesChangedParams>(),
        declaration::<ClustersParams>(),
        declaration::<ClustersResult>(),
        declaration::<ConnectParams>(),
        declaration::<ConnectResult>(),
        declaration::<StartClusterParams>(),
        declaration::<StopClusterParams>(),
        declaration::<StopClusterResult>(),
        declaration::<ConsoleParams>(),
        declaration::<ConsoleResult>(),
        declaration::<ConsoleCommand>(),
        declaration::<RunLocalParams>(),
        declaration::<RunLocalResult>(),
        declaration::<OutputsParams>(),
        declaration::<CellOutput>(),
        declaration::<Line>(),
        declaration::<LineSeverity>(),
        declaration::<BlockLine>(),
        declaration::<LineStyle>(),
        declaration::<RefreshOutputsParams>(),
        declaration::<AckOutputsParams>(),
        declaration::<TrustParams>(),
        declaration::<WriteSettingParams>(),
        declaration::<WriteSettingResult>(),
        declaration::<WriteViewParams>(),
        declaration::<GroupParams>(),
        declaration::<GroupResult>(),
        declaration::<CopyTextParams>(),
        declaration::<CopyTextResult>(),
        declaration::<CopyParams>(),
        declaration::<CopyResult>(),
        declaration::<RunNotebookCellParams>(),
        declaration::<RunNotebookCellResult>(),
        declaration::<NotebookOutputsParams>(),
        declaration::<NotebookOutputsResult>(),
        declaration::<NotebookOutput>(),
        declaration::<NotebookItem>(),
    ]
}

fn typescript() -> String {
    let mut text = format!(
        "// {NOTICE}\n// The specification is `protocol/README.md`.\n\n\
         import {{ NotificationType, RequestType }} from \"vscode-languageclient/node\";\n"
    );
    for declaration in declarations() {
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

/// Rewrites what ts-rs gives: one field per line, comments of one line where they fit.
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
            "params": (message.params_schema)(&mut generator),
        });
        if let Some(describe) = message.result_schema {
            entry["result"] = describe(&mut generator).into();
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

/// What a message is called in TypeScript; `export` is a word of the language.
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

/// The specification with its TypeScript blocks as the types are now. A block follows a line
/// `<!-- types: RunParams, Scope -->`.
fn specification() -> String {
    let declarations = declarations();
    let mut text = String::new();
    let mut lines = SPECIFICATION.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        let Some(names) = types_named(line) else { continue };
        text.push_str("```typescript\n");
        let wanted = names.iter().map(|name| {
            declarations
                .iter()
                .find(|declaration| declaration.name == *name)
                .map_or_else(|| format!("// no type {name}"), |found| found.text.replace("export ", ""))
        });
        text.push_str(&wanted.collect::<Vec<_>>().join("\n\n"));
        text.push_str("\n```\n");
        if lines.next().is_some_and(|line| line.starts_with("```")) {
            lines.by_ref().find(|line| line.starts_with("```"));
        }
    }
    text
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

fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut json: Option<String> = None;
    for line in SPECIFICATION.lines() {
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
        let written: Vec<String> = sections().into_iter().map(|section| section.method).collect();
        let real: Vec<String> = messages().into_iter().map(|message| message.method).collect();
        assert_eq!(written, real, "the same methods, in the same order, each once");
    }

    #[test]
    fn the_specification_tells_kind_and_direction_of_each_method() {
        for (section, message) in sections().iter().zip(messages()) {
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
        let shown: Vec<&str> = SPECIFICATION.lines().filter_map(types_named).flatten().collect();
        let declarations = declarations();
        let real: BTreeSet<&str> = declarations.iter().map(|declaration| declaration.name.as_str()).collect();
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
        for (section, message) in sections().iter().zip(messages()) {
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
