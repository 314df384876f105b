//! Blocks of which IPython runs nothing, or nothing from a line on, by what they hold as a whole.

use std::sync::Arc;

use super::{
    super::{
        broken::{Broken, Why},
        found::{About, BlockText, Note},
        jupytext,
        magic::px_name,
        python::{self, Assigned, Tokens},
        shell::Shell,
        statements::{Act, Statement},
        syntax,
    },
    Scan, words,
};

/// Blanks that no statement is indented by.
const FAR: &str = "                                                                ";

/// The line of a block that Python cannot read, if anything depends on whether it can.
pub(super) fn unread_line(block: BlockText<'_>, scan: &Scan, shell: &Arc<Shell>) -> Option<Broken> {
    let from = scan.begins?;
    let sets = |one: &Statement| one.may_decide() && !matches!(one.act, Act::Bind { .. });
    let matters =
        !scan.found.is_empty() || scan.statements.iter().any(sets) || !Arc::ptr_eq(&scan.shell, shell);
    // IPython takes the prompts of a session off that was pasted.
    let is_pasted = (from..block.lines.len()).any(|line| block.line(line).trim_start().starts_with(">>>"));
    if !matters || is_pasted || scan.broken.as_ref().is_some_and(|broken| broken.why.is_whole()) {
        return None;
    }
    let mut commands = scan.commands.iter().peekable();
    let (mut python, mut tokens) = (String::new(), Tokens::default());
    let mut has_code = false;
    for index in from..block.lines.len() {
        while commands.next_if(|(lines, _)| lines.end <= index).is_some() {}
        let line = block.line(index);
        match commands.peek().filter(|(lines, _)| lines.contains(&index)) {
            Some((lines, column)) if lines.start == index => {
                let begin = block.hidden(index).map_or(0, |hidden| hidden.columns.end.min(*column));
                let blanks = block.hidden(index).map_or("", |hidden| &line[..hidden.columns.start]);
                python.extend([blanks, &line[begin..*column], "0"]);
            }
            Some(_) => {}
            None => {
                // The parser stumbles where a statement in brackets goes on further to the left.
                if !tokens.at_statement() && !tokens.in_text() {
                    python.push_str(FAR);
                }
                let freed = freed_line(block, index).filter(|_| tokens.at_statement());
                let line = freed.as_deref().unwrap_or(line);
                has_code |= !python::is_idle(line);
                let from = tokens.read(line, 0).map_or(0, |assigned| match assigned {
                    Assigned::Magic(column) | Assigned::GetIpython(column) => column,
                });
                if from > 0 {
                    tokens.read(line, from);
                }
                python.push_str(&words::as_python(line));
            }
        }
        python.push('\n');
    }
    if !has_code {
        return None;
    }
    let line = from + syntax::unread(&python)?;
    let is_freed = block.lines.get(line).is_some() && freed_line(block, line).is_some();
    Some(Broken { line, why: if is_freed { Why::Freed } else { Why::Syntax } })
}

/// What jupytext and its like make of a comment, as Python: `cd` for `# cd`, which is a magic only where it is all of its cell.
fn freed_line(block: BlockText<'_>, index: usize) -> Option<String> {
    let line = block.line(index);
    let columns = match block.hidden(index) {
        Some(hidden) => hidden.columns.clone(),
        None if python::is_idle(line) && block.frees.is_magic(line) => jupytext::sign(line),
        None => return None,
    };
    if columns.is_empty() {
        return None;
    }
    let (blanks, freed) = (&line[..columns.start], &line[columns.end..]);
    let is_command =
        freed.trim_start().starts_with(['%', '!', '?']) || Tokens::default().read(freed, 0).is_some();
    Some(if is_command { format!("{blanks}0") } else { format!("{blanks}{freed}") })
}

/// What is to be said of a cell that IPython does not run, or not to its end, if that concerns magics or views in it.
pub(super) fn broken_note(block: BlockText<'_>, scan: &Scan) -> Option<Note> {
    let Broken { line, why } = scan.broken.as_ref()?;
    let begin = if why.is_whole() { 0 } else { block.filled(*line).start };
    let sets = |one: &Statement| one.may_decide() && !matches!(one.act, Act::Bind { .. });
    let concerns = scan.found.iter().any(|found| found.range.start >= begin)
        || scan.statements.iter().any(|one| one.range.start >= begin && sets(one));
    let is_told = matches!(why, Why::CellMagic(name) if px_name(name, false).is_some());
    let is_px = |name: &str| {
        let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
        px_name(&name[..end], false).is_some()
    };
    let was_px = matches!(why, Why::Name(name) if is_px(&name[1..]));
    let note = Note { range: block.filled(*line), about: About::Broken(why.clone()) };
    ((concerns || was_px) && !is_told).then_some(note)
}
