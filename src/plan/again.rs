//! Commands that a person can copy: they name the config file, where flyctl and cutover would not
//! find it themselves.

/// `cutover plan` with the config file at `path`, and `flags`.
pub fn plan_again(path: &str, flags: &str) -> String {
    let words =
        ["cutover plan".to_owned(), if is_default(path) { String::new() } else { shell_word(path) }, flags.into()];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// ` --config FILE`, as flyctl takes it.
pub(super) fn config_flag(path: &str) -> String {
    if is_default(path) { String::new() } else { format!(" --config {}", shell_word(path)) }
}

/// `text` as one word of a shell.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// It is found first. Without a name it was never there.
fn is_default(path: &str) -> bool {
    matches!(path, "" | "fly.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_where_it_has_to_be() {
        for (path, flags, command) in [
            ("fly.toml", "", "cutover plan"),
            ("", "--cleanup", "cutover plan --cleanup"),
            ("fly.yaml", "", "cutover plan fly.yaml"),
            ("apps/shop/fly.toml", "--first-deploy", "cutover plan apps/shop/fly.toml --first-deploy"),
            ("it's here/fly.toml", "", r"cutover plan 'it'\''s here/fly.toml'"),
        ] {
            assert_eq!(plan_again(path, flags), command);
        }
        assert_eq!(
            (config_flag("fly.toml").as_str(), config_flag("a/fly.toml").as_str()),
            ("", " --config a/fly.toml")
        );
    }
}
