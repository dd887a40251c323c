//! Splitting a command as flyctl does: like a shell, without expansion (`google/shlex`).

/// The words of `command`; quotes, backslashes and `#` comments as in a shell.
///
/// # Errors
/// When a quote is not closed, or nothing follows a backslash.
pub fn split(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => {
                characters.by_ref().find(|character| *character == '\n');
            }
            '\'' => quoted(&mut characters, word.get_or_insert_default(), None)?,
            '"' => quoted(&mut characters, word.get_or_insert_default(), Some('\\'))?,
            '\\' => word.get_or_insert_default().push(characters.next().ok_or(NOTHING_ESCAPED)?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Up to the closing quote: the double one where there is an `escape`, else the single one.
fn quoted(characters: &mut std::str::Chars, word: &mut String, escape: Option<char>) -> Result<(), &'static str> {
    let end = if escape.is_some() { '"' } else { '\'' };
    loop {
        match characters.next() {
            None => return Err(QUOTE_NOT_CLOSED),
            Some(character) if character == end => return Ok(()),
            Some(character) if Some(character) == escape => word.push(characters.next().ok_or(NOTHING_ESCAPED)?),
            Some(character) => word.push(character),
        }
    }
}

const QUOTE_NOT_CLOSED: &str = "a quote is not closed";
const NOTHING_ESCAPED: &str = "nothing follows the backslash";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_as_a_shell_would() {
        for (command, words) in [
            ("bin/rails server -p 80", vec!["bin/rails", "server", "-p", "80"]),
            (r#"sh -c "a 'b' \"c\"" 'd "e\'"#, vec!["sh", "-c", r#"a 'b' "c""#, r#"d "e\"#]),
            (r#"a\ b"c"'d' """#, vec!["a bcd", ""]),
            ("one # two ' \n three#4", vec!["one", "three#4"]),
            (" \t\r\n", vec![]),
            ("a \"$HOME\" | b", vec!["a", "$HOME", "|", "b"]),
        ] {
            assert_eq!(split(command).unwrap(), words, "{command}");
        }
    }

    #[test]
    fn an_open_quote_and_a_last_backslash_are_errors() {
        for command in ["it's", "\"a", "a\\", "\"a\\"] {
            assert!(split(command).is_err(), "{command}");
        }
    }
}
