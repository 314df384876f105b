//! The settings of section `pxlens`: the same in `initializationOptions` and `workspace/configuration`.
//!
//! A bad value keeps its default and is reported once, with its key.

use std::{path::PathBuf, sync::Arc};

use pxlens_protocol::GroupBy;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    session::Limits,
};

/// How many engines are started where none are, everywhere.
pub(crate) const DEFAULT_ENGINES: u32 = 4;

/// What the user set, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The Python that starts clusters; found in the project if it is absent. Only in a trusted workspace.
    pub python: Option<PathBuf>,
    /// Which cluster; the only one that runs if it is absent. Only in a trusted workspace.
    pub cluster: Option<ClusterChoice>,
    /// How many engines to start where no cluster runs.
    pub engines: u32,
    /// How results are grouped.
    pub group_by: GroupBy,
    /// How much of what engines write is kept in memory.
    pub limits: Limits,
    /// Views that no line of a document makes, or that cannot be read. Only in a trusted workspace.
    pub views: Arc<Views>,
    /// The format that scripts are read in; the one each seems to be in if it is absent.
    pub format: Option<Format>,
}

/// Which cluster the user means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterChoice {
    /// An IPython profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// A cluster id in it.
    #[serde(default)]
    pub cluster_id: Option<String>,
    /// Or a connection file.
    #[serde(default)]
    pub connection_file: Option<PathBuf>,
    /// Or one word that is a profile or a cluster id.
    #[serde(skip)]
    pub name: Option<String>,
}

/// A value that was not understood; its default is in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the setting pxlens.{key} is not understood and keeps its default: {why}")]
pub(crate) struct BadSetting {
    /// Its key in the section.
    pub key: String,
    /// What it should be.
    pub why: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            cluster: None,
            engines: DEFAULT_ENGINES,
            group_by: GroupBy::default(),
            limits: Limits::default(),
            views: Arc::default(),
            format: None,
        }
    }
}

impl Settings {
    /// Reads a section that goes before another one key by key. Keys that are absent or `null` keep their defaults; unknown keys
    /// are skipped, since older servers meet newer editors. A client that has no settings answers `null` or `{}` and
    /// means what it said at the beginning.
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

/// What `limits` says; what it does not say keeps its default.
fn limits(value: &Value) -> Result<Limits, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Said {
        engine_text: Option<usize>,
        run_text: Option<usize>,
        history: Option<usize>,
        folder: Option<PathBuf>,
    }
    let said = Said::deserialize(value).map_err(|error| {
        format!("it should be an object with engineText, runText and history in bytes, and folder: {error}")
    })?;
    let default = Limits::default();
    Ok(Limits {
        engine_text: said.engine_text.unwrap_or(default.engine_text),
        run_text: said.run_text.unwrap_or(default.run_text),
        history: said.history.unwrap_or(default.history),
        folder: said.folder.filter(|folder| !folder.as_os_str().is_empty()),
    })
}

fn text(value: &Value) -> Result<Option<&str>, String> {
    let text = value.as_str().ok_or("it should be a text")?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A view of the setting `views`, where it is more than its targets.
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
        let in_view = |why: String| format!("of the view '{suffix}': {why}");
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

/// A text as the shell's `--cluster` has it, or an object that says which is which.
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
    fn a_bad_value_keeps_its_default_and_is_named() {
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
                "the setting pxlens.engines is not understood and keeps its default: it should be a whole number from 1 to 1024",
                "the setting pxlens.groupBy is not understood and keeps its default: it should be \"fold\", \"type\", \"engine\" or \"order\"",
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
            views: of the view '_e': 'x+1' is no target expression pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7
            views: of the view '_e': its targets should be a text such as "::2"
            views: of the view 'a b': 'a b' is no suffix of a magic: those hold letters, digits and _
            views: of the view '_e': unknown field `target`, expected `targets` or `block`"#]].assert_eq(
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
    fn what_the_page_of_settings_shows_is_understood() {
        let page = include_str!("../../../docs/settings.md");
        let json =
            page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let section: Value = serde_json::from_str(json).expect("it is JSON");
        let (settings, bad) = read_section(&section);
        assert_eq!(bad, []);
        // What it shows is not what is so anyway.
        let default = Settings::default();
        assert!(settings.python.is_some() && settings.cluster.is_some() && !settings.views.0.is_empty());
        assert!(settings.engines != default.engines && settings.group_by != default.group_by);
        assert!(settings.limits.folder.is_some() && settings.format.is_some());
        for key in section.as_object().expect("an object").keys() {
            assert!(page.contains(&format!("\n| `{key}` |")), "{key} stands in the table");
        }
    }

    #[test]
    fn a_section_may_be_wrapped_in_its_name() {
        let (settings, _) = read_section(&json!({ "pxlens": { "engines": 2, "groupBy": "engine" } }));
        assert_eq!((settings.engines, settings.group_by), (2, GroupBy::Engine));
    }

    #[test]
    fn what_is_said_later_goes_before_what_was_said_first_key_by_key() {
        let options = json!({ "engines": 2, "groupBy": "engine" });
        let (settings, _) = Settings::read_over(&options, &json!({ "engines": 3, "groupBy": null }));
        assert_eq!((settings.engines, settings.group_by), (3, GroupBy::Engine));
        assert_eq!(Settings::read_over(&options, &json!(null)).0.engines, 2);
    }

    #[test]
    fn no_section_is_no_mistake() {
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
