//! What the text of a statement tells before it is parsed.

/// The name or keyword a text begins with.
pub(super) fn first_word(text: &str) -> &str {
    &text[..text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len())]
}

/// The names in a text.
pub(super) fn words(text: &str) -> Vec<Box<str>> {
    let is_name = |word: &&str| word.starts_with(|c: char| c == '_' || c.is_alphabetic());
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).filter(is_name).map(Box::from).collect()
}

/// The names that a statement assigns to, and what stands behind the first `=`; `None` if it assigns to no names.
pub(super) fn assigned(text: &str) -> Option<(Vec<Box<str>>, &str)> {
    let (left, right) = text.split_once('=')?;
    let left = left
        .split(':')
        .next()
        .unwrap_or(left)
        .trim_end_matches(['+', '-', '*', '/', '|', '&', '^', '@', '%', '<', '>']);
    let is_plain = |c: char| c == '_' || c.is_alphanumeric() || " \t,()*[]".contains(c);
    // `x[0] = 1` assigns to no name, `[a, b] = f()` does.
    let subscript =
        left.trim_start().starts_with(|c: char| c == '_' || c.is_alphanumeric()) && left.contains(['[', '(']);
    if right.starts_with('=') || subscript || !left.chars().all(is_plain) {
        return None;
    }
    let names = words(left);
    (!names.is_empty()).then(|| (names, right.trim_start()))
}

/// The names that get a value inside an expression: `(name := value)`.
pub(super) fn walrus(text: &str) -> Vec<Box<str>> {
    let is_of_name = |c: char| c == '_' || c.is_alphanumeric();
    let before = text.match_indices(":=").map(|(at, _)| text[..at].trim_end());
    let names = before.map(|before| &before[before.trim_end_matches(is_of_name).len()..]);
    names.filter(|name| !name.is_empty()).map(Box::from).collect()
}

/// Whether a loop gives the targets of a view their values: `for view.targets in …`.
pub(super) fn is_target_of_loop(text: &str) -> bool {
    text.match_indices(".targets").any(|(at, name)| {
        let behind = text[at + name.len()..].trim_start_matches([' ', '\t', ')', ']', ',']);
        behind.starts_with("in ") && text[..at].contains("for ")
    })
}

/// The Python that IPython fills in on the line of a command or of a magic: what stands between braces, or behind a `$`.
pub(super) fn filled_in(text: &str) -> Option<&str> {
    let open = text.find('{')?;
    let close = text.rfind('}').filter(|close| *close > open)?;
    Some(&text[open + 1..close])
}

/// Whether a value that does something to views may be called later: `lambda: view.activate()`, `view.activate`.
pub(super) fn is_callable(value: &str) -> bool {
    let mut named = value.match_indices("activate");
    value.contains("lambda")
        || named.any(|(at, name)| !value[at + name.len()..].trim_start().starts_with('('))
}

/// The call that IPython makes of `/view.activate` and `,view.activate _a`.
pub(super) fn called_without_brackets(text: &str) -> Option<String> {
    let mut words = text.strip_prefix(['/', ',', ';'])?.split_whitespace();
    let function = words.next()?;
    let arguments: Vec<&str> = words.map(|_| "*_").collect();
    Some(format!("{function}({})", arguments.join(", ")))
}

/// Whether a value may be a view, or what a view is made of, by its look: a literal, a name, a subscript, a `range()`.
pub(super) fn may_be_of_use(value: &str) -> bool {
    if value.starts_with(|c: char| c.is_ascii_digit() || "-'\"[(".contains(c)) {
        return true;
    }
    let word = first_word(value);
    let rest = value[word.len()..].trim_start();
    let calls = ["range", "slice", "list", "tuple", "sorted"];
    // `frame["column"]` is no view.
    let is_column = rest.starts_with("[\"") || rest.starts_with("['");
    (!word.is_empty() && !is_column)
        && (rest.is_empty()
            || rest.starts_with(['[', '#', '=', ',', ';'])
            || rest.starts_with(".ids")
            || (rest.starts_with('(') && (calls.contains(&word) || may_be_client(word, rest))))
}

/// Whether a call may make a client whose class has another name here, and says which cluster it is of: `C(profile="gpu")`.
fn may_be_client(name: &str, arguments: &str) -> bool {
    const ARGUMENTS: [&str; 8] =
        ["profile", "cluster_id", "url_file", "_dir", "sshserver", ".json", "**", "argv"];
    name.starts_with(char::is_uppercase) && ARGUMENTS.iter().any(|argument| arguments.contains(argument))
}

/// `if __name__ == "__main__":`
pub(super) fn is_main(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !"()".contains(*c)).collect();
    ["if__name__=='__main__':", "if__name__==\"__main__\":"].iter().any(|main| bare.starts_with(main))
}
