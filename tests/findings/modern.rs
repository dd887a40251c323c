//! Files as people write them today, in which nothing is wrong: no error and no warning, neither by
//! the file alone nor from its folder; and what flyctl launches with is not frowned at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use cutover::diagnostic::Severity;
use cutover::lint::{self, Input, Settings, Verdict};

#[test]
fn a_correct_file_gets_no_error_and_no_warning() {
    let (mut wrong, mut files) = (String::new(), 0);
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/findings/modern")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let none_there = BTreeMap::new();
        for files in [None, Some(&none_there)] {
            let report = lint::check(&Input { files, ..Input::new("fly.toml", &text) }, &Settings::pedantic());
            assert_eq!(report.flyctl, Verdict::Accepts, "{}", path.display());
            for found in report.diagnostics.iter().filter(|found| found.severity > Severity::Hint) {
                let _ = writeln!(wrong, "{}: {} {}", path.display(), found.rule, found.message);
            }
        }
        files += 1;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(files > 11, "only {files} files were found");
}
