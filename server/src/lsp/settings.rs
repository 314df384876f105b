//! The settings of section `pxlens`: the same in `initializationOptions` and `workspace/configuration`.
//!
//! An invalid value keeps its default and is reported once, with its key.

use std::{path::PathBuf, sync::Arc};

use pxlens_protocol::GroupBy;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    session::{DEFAULT_ENGINES, Limits},
};

/// The user's settings, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The Python that starts clusters; by default the project's. Only in a trusted workspace.
    pub python: Option<PathBuf>,
    /// Which cluster to use; by default the only one that is running. Only in a trusted workspace.
    pub cluster: Option<ClusterChoice>,
    /// Whether connection files are used that are somebody else's, or that others can read. Only in a trusted workspace.
    pub shared_connection_files: bool,
    /// How many engines to start if no cluster is running.
    pub engines: u32,
    /// How outputs are grouped.
    pub group_by: GroupBy,
    /// How much output is kept.
    pub limits: Limits,
    /// Views that no line of a document makes, or that pxlens cannot read from it. Only in a trusted workspace.
    pub views: Arc<Views>,
    /// The format that scripts are read in; the one each seems to be in if it is absent.
    pub format: Option<Format>,
}

/// The cluster that the user chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterChoice {
    /// An IPython profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// A cluster id in the profile.
    #[serde(default)]
    pub cluster_id: Option<String>,
    /// A connection file, instead of these.
    #[serde(default)]
    pub connection_file: Option<PathBuf>,
    /// One word that is a profile or a cluster id, instead of these.
    #[serde(skip)]
    pub name: Option<String>,
}

/// An invalid setting, whose default is in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("Cannot use the setting pxlens.{key}, so its default is in force: {why}")]
pub(crate) struct BadSetting {
    /// Its key in the section `pxlens`.
    pub key: String,
    /// What it should be.
    pub why: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            cluster: None,
            shared_connection_files: false,
            engines: DEFAULT_ENGINES,
            group_by: GroupBy::default(),
            limits: Limits::default(),
            views: Arc::default(),
            format: None,
        }
    }
}

/// Whether the options of `initialize` say that the workspace is trusted. If they say nothing, it is; `None` if they say something
/// other than yes or no.
pub(crate) fn trusted(options: &Value) -> Option<bool> {
    // Some clients wrap the options in the name of the section.
    let sections = [Some(options), options.get("pxlens")];
    let said = sections.into_iter().flatten().filter_map(|section| section.get("trusted"));
    said.map(Value::as_bool).try_fold(true, |trusted, said| Some(trusted && said?))
}

impl Settings {
    /// Reads a section that overrides another one key by key. Keys that are absent or `null` keep their defaults;
    /// unknown keys are skipped, since older servers meet newer editors. A client without settings sends `null` or
    /// `{}`, so that the options of `initialize` stay in force.
    pub(crate) fn read_over(base: &Value, section: &Value) -> (Self, Vec<BadSetting>) {
        let mut settings = Self::default();
        let mut bad = Vec::new();
        for section in [base, section] {
            // Some clients wrap the section in its own name.
            let section = section.get("pxlens").unwrap_or(section);
            let present = section.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            for (key, value) in present {
                if let Err(why) = settings.set(key, value) {
                    bad.push(BadSetting { key: key.clone(), why });
                }
            }
        }
        (settings, bad)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "python" => self.python = text(value)?.map(PathBuf::from),
            "cluster" => self.cluster = cluster(value)?,
            "sharedConnectionFiles" => {
                self.shared_connection_files = value.as_bool().ok_or("it should be true or false")?;
            }
            "engines" => {
                self.engines = value
                    .as_u64()
                    .and_then(|n| u32::try_from(n).ok())
                    .filter(|n| (1..=1024).contains(n))
                    .ok_or("it should be a whole number from 1 to 1024")?;
            }
            "groupBy" => {
                self.group_by = GroupBy::deserialize(value)
                    .map_err(|_| "it should be \"fold\", \"type\", \"engine\" or \"order\"")?;
            }
            "limits" => self.limits = limits(value)?,
            "views" => self.views = Arc::new(views(value)?),
            "scriptFormat" => {
                self.format = text(value)?.map_or(Ok(None), Format::wanted)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Parses the setting `limits`; absent keys keep their defaults.
fn limits(value: &Value) -> Result<Limits, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Given {
        engine_text: Option<usize>,
        run_text: Option<usize>,
        history: Option<usize>,
        files: Option<u64>,
        folder: Option<PathBuf>,
    }
    let given = Given::deserialize(value).map_err(|error| {
        format!(
            "it should be an object with engineText, runText, history and files in bytes, and folder: {error}"
        )
    })?;
    let default = Limits::default();
    Ok(Limits {
        engine_text: given.engine_text.unwrap_or(default.engine_text),
        run_text: given.run_text.unwrap_or(default.run_text),
        history: given.history.unwrap_or(default.history),
        files: given.files.unwrap_or(default.files),
        folder: given.folder.filter(|folder| !folder.as_os_str().is_empty()),
    })
}

fn text(value: &Value) -> Result<Option<&str>, String> {
    let text = value.as_str().ok_or("it should be a text")?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A view in the setting `views` that is written as an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewChoice {
    targets: Value,
    #[serde(default)]
    block: Option<bool>,
}

/// Targets by suffix: `{"_even": "::2", "0": {"targets": [0], "block": false}}`.
fn views(value: &Value) -> Result<Views, String> {
    let object = value.as_object().ok_or("it should be an object such as {\"_even\": \"::2\"}")?;
    let mut views = Views::default();
    for (suffix, value) in object {
        let in_view = |why: String| format!("in the view '{suffix}': {why}");
        let choice = match value {
            Value::Object(_) => ViewChoice::deserialize(value).map_err(|error| in_view(error.to_string()))?,
            targets => ViewChoice { targets: targets.clone(), block: None },
        };
        let targets = match &choice.targets {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Array(_) => choice.targets.to_string(),
            _ => return Err(in_view("its targets should be a text such as \"::2\"".to_owned())),
        };
        views.add(suffix, &targets, choice.block.unwrap_or(true)).map_err(in_view)?;
    }
    Ok(views)
}

/// Parses the setting `cluster`: a string like the shell's `--cluster`, or an object.
fn cluster(value: &Value) -> Result<Option<ClusterChoice>, String> {
    if value.is_object() {
        return ClusterChoice::deserialize(value).map(Some).map_err(|error| error.to_string());
    }
    let name = text(value).map_err(|_| {
        "it should be a profile, a path to a connection file, or an object with profile, clusterId or connectionFile"
    })?;
    Ok(name.map(|name| {
        let Selection { profile, cluster_id, name, connection_file, .. } = Selection::parse(name);
        ClusterChoice { profile, cluster_id, connection_file, name }
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_section(section: &Value) -> (Settings, Vec<BadSetting>) {
        Settings::read_over(&Value::Null, section)
    }

    #[test]
    fn an_invalid_value_keeps_its_default_and_is_reported() {
        let (settings, bad) = read_section(&json!({
            "engines": 0, "groupBy": "colour", "python": null, "cluster": "mpi", "newer": { "than": "this" },
        }));
        let expected = Settings {
            cluster: Some(ClusterChoice { name: Some("mpi".into()), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(settings, expected);
        let said: Vec<String> = bad.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "Cannot use the setting pxlens.engines, so its default is in force: it should be a whole number from 1 to 1024",
                "Cannot use the setting pxlens.groupBy, so its default is in force: it should be \"fold\", \"type\", \"engine\" or \"order\"",
            ]
        );
    }

    #[test]
    fn views_are_targets_by_suffix() {
        let read = |value: Value| read_section(&json!({ "views": value }));
        let (settings, bad) =
            read(json!({ "_even": "::2", "0": 0, "_a": { "targets": [0, 2], "block": false } }));
        let shown: Vec<String> = settings
            .views
            .0
            .iter()
            .map(|(suffix, view)| format!("{suffix}: {} {}", view.targets, view.block))
            .collect();
        assert_eq!((shown.join("; "), bad.len()), ("0: 0 true; _a: [0,2] false; _even: ::2 true".into(), 0));
        let why = |value: Value| {
            let (settings, bad) = read(value);
            assert_eq!(settings, Settings::default());
            bad.iter().map(|bad| format!("{}: {}", bad.key, bad.why)).collect::<Vec<_>>().join("\n")
        };
        expect_test::expect![[r#"
            views: it should be an object such as {"_even": "::2"}
            views: in the view '_e': 'x+1' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
            views: in the view '_e': its targets should be a text such as "::2"
            views: in the view 'a b': 'a b' is no suffix of a magic: those hold letters, digits and _
            views: in the view '_e': unknown field `target`, expected `targets` or `block`"#]].assert_eq(
            &[
                json!("::2"),
                json!({ "_e": "x+1" }),
                json!({ "_e": true }),
                json!({ "a b": "0" }),
                json!({ "_e": { "target": "0" } }),
            ]
            .map(why)
            .join("\n"),
        );
    }

    #[test]
    fn the_example_in_the_docs_of_settings_is_valid() {
        let page = include_str!("../../../docs/settings.md");
        let json =
            page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let section: Value = serde_json::from_str(json).expect("it is JSON");
        let (settings, bad) = read_section(&section);
        assert_eq!(bad, []);
        // The example changes the defaults.
        let default = Settings::default();
        assert!(settings.python.is_some() && settings.cluster.is_some() && !settings.views.0.is_empty());
        assert!(settings.engines != default.engines && settings.group_by != default.group_by);
        assert!(settings.limits.folder.is_some() && settings.format.is_some());
        assert!(settings.shared_connection_files);
        for key in section.as_object().expect("an object").keys() {
            assert!(page.contains(&format!("\n| `{key}` |")), "{key} is in the table");
        }
    }

    #[test]
    fn only_a_boolean_or_nothing_says_that_a_workspace_is_trusted() {
        for (options, expected) in [
            (json!(null), Some(true)),
            (json!({ "engines": 2 }), Some(true)),
            (json!({ "trusted": true, "pxlens": { "engines": 2 } }), Some(true)),
            (json!({ "trusted": false }), Some(false)),
            (json!({ "pxlens": { "trusted": false } }), Some(false)),
            (json!({ "trusted": true, "pxlens": { "trusted": false } }), Some(false)),
            (json!({ "trusted": "false" }), None),
            (json!({ "trusted": null }), None),
            (json!({ "trusted": 0, "pxlens": { "trusted": true } }), None),
            (json!({ "pxlens": { "trusted": {} } }), None),
        ] {
            assert_eq!(trusted(&options), expected, "{options}");
        }
    }

    #[test]
    fn a_section_may_be_wrapped_in_its_name() {
        let (settings, _) = read_section(&json!({ "pxlens": { "engines": 2, "groupBy": "engine" } }));
        assert_eq!((settings.engines, settings.group_by), (2, GroupBy::Engine));
    }

    #[test]
    fn later_settings_override_earlier_ones_key_by_key() {
        let options = json!({ "engines": 2, "groupBy": "engine" });
        let (settings, _) = Settings::read_over(&options, &json!({ "engines": 3, "groupBy": null }));
        assert_eq!((settings.engines, settings.group_by), (3, GroupBy::Engine));
        assert_eq!(Settings::read_over(&options, &json!(null)).0.engines, 2);
    }

    #[test]
    fn an_absent_section_is_not_an_error() {
        for nothing in [json!(null), json!({}), json!([]), json!("?")] {
            assert_eq!(read_section(&nothing), (Settings::default(), vec![]));
        }
    }

    #[test]
    fn a_cluster_is_a_profile_a_file_or_an_object() {
        let read = |value: Value| read_section(&json!({ "cluster": value })).0.cluster.unwrap_or_default();
        assert_eq!(read(json!("/tmp/c.json")).connection_file, Some("/tmp/c.json".into()));
        assert_eq!(read(json!("mpi:a")), read(json!({ "profile": "mpi", "clusterId": "a" })));
        assert_eq!(read(json!({ "profile": "mpi", "clusterId": "a" })).cluster_id, Some("a".into()));
        assert_eq!(read_section(&json!({ "cluster": { "id": "a" } })).1.len(), 1);
    }
}
