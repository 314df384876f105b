//! `docs/magics.md`: its tables of magics and options are those of `magic.rs` and `options.rs`.

use expect_test::expect_file;

use super::{MAGICS, OPTIONS, OptionEntry, options::DefaultValue};

const BEGIN: &str = "<!-- From server/src/cells/magic.rs; UPDATE_EXPECT=1 renews it. -->\n";
const END: &str = "<!-- To here. -->\n";

#[test]
fn the_page_of_magics_is_up_to_date() {
    let page = include_str!("../../../../docs/magics.md");
    let (before, rest) = page.split_once(BEGIN).expect("the section begins");
    let (_, after) = rest.split_once(END).expect("the section ends");
    let page = format!("{before}{BEGIN}\n{}\n{END}{after}", options());
    expect_file!["../../../../docs/magics.md"].assert_eq(&page);
}

fn options() -> String {
    let mut rows = vec![
        "| option | of | default | what it does | IPython Parallel 9.2 |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    rows.extend(OPTIONS.iter().map(row));
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn row(option: &OptionEntry) -> String {
    let magics: Vec<String> = MAGICS
        .iter()
        .filter(|magic| magic.takes(option))
        .map(|magic| format!("`{}`", magic.written()))
        .collect();
    let default = match option.sets.default() {
        DefaultValue::Code(text) => format!("`{text}`"),
        DefaultValue::Words(text) => text.to_owned(),
    };
    let upstream = if option.upstream.is_empty() { "the same" } else { option.upstream };
    let cells =
        [format!("`{}`", option.usage()), magics.join(", "), default, option.meaning.into(), upstream.into()];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}
