//! The text of HCL as the check of examples reads it: without what names nothing, and cut into tokens.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'a> {
    /// A name, or names with dots between them.
    Word(&'a str),
    /// A string; what is interpolated into it says nothing about names.
    Text(&'a str),
    /// Any other character.
    Mark(char),
    /// The end of a line.
    End,
}

/// The tokens of blanked code, each with the number of its line.
pub(crate) fn tokens(code: &str) -> Vec<(usize, Token<'_>)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let (length, token) = if c == '"' {
                let length = text_length(rest);
                (length, Some(Token::Text(rest[..length].trim_matches('"'))))
            } else if c.is_alphabetic() {
                let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
                (length, Some(Token::Word(&rest[..length])))
            } else {
                (c.len_utf8(), (!c.is_whitespace()).then_some(Token::Mark(c)))
            };
            found.extend(token.map(|token| (number + 1, token)));
            rest = &rest[length..];
        }
        found.push((number + 1, Token::End));
    }
    found
}

/// The length of a string with its quotes; interpolations stand in it in parentheses, with strings of their own.
fn text_length(code: &str) -> usize {
    // For each level whether it is a string.
    let mut levels = Vec::new();
    for (at, c) in code.char_indices() {
        match (c, levels.last()) {
            ('"', Some(true)) => drop(levels.pop()),
            ('"', _) => levels.push(true),
            ('(', _) => levels.push(false),
            (')', Some(false)) => drop(levels.pop()),
            _ => {}
        }
        if levels.is_empty() {
            return at + 1;
        }
    }
    code.len()
}

/// The same text with comments, heredocs and the inside of strings blanked out; interpolations stay.
pub(crate) fn blank_out(hcl: &str) -> String {
    let mut out = String::new();
    let mut heredoc: Option<String> = None;
    let mut comment = false;
    for line in hcl.lines() {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
            out.push('\n');
            continue;
        }
        let mut characters = line.char_indices().peekable();
        // Nesting of strings and interpolations: true is inside a string.
        let mut inside = vec![false];
        while let Some((at, c)) = characters.next() {
            let rest = &line[at..];
            if comment {
                if rest.starts_with("*/") {
                    comment = false;
                    characters.next();
                }
                continue;
            }
            if inside.last() == Some(&true) {
                match c {
                    '\\' => drop(characters.next()),
                    '"' => {
                        inside.pop();
                        out.push('"');
                    }
                    '$' | '%' if rest[1..].starts_with('{') => {
                        characters.next();
                        inside.push(false);
                        out.push('(');
                    }
                    // Labels keep their text; what else a string says does not matter.
                    c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => out.push(c),
                    _ => {}
                }
                continue;
            }
            match c {
                '#' => break,
                '/' if rest.starts_with("//") => break,
                '/' if rest.starts_with("/*") => comment = true,
                '"' => {
                    inside.push(true);
                    out.push('"');
                }
                '{' if inside.len() > 1 => {
                    inside.push(false);
                    out.push('(');
                }
                '}' if inside.len() > 1 => {
                    inside.pop();
                    out.push(')');
                }
                '<' if rest.starts_with("<<") => {
                    heredoc = Some(rest.trim_start_matches(['<', '-']).trim().to_owned());
                    break;
                }
                c => out.push(c),
            }
        }
        out.push('\n');
    }
    out
}
