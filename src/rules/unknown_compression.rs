//! A compression of the image that does not exist.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-compression",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Rejects,
    summary: "a `[build]` compression that does not exist",
    why: "Images are compressed with `gzip` or `zstd`, at a level from 0 to 9.",
    bad: "app = \"shop\"\n\n[build]\ncompression = \"brotli\"\n",
    good: "app = \"shop\"\n\n[build]\ncompression = \"zstd\"\n",
    given: Given::NOTHING,
    source: "flyctl internal/flag/validation: ValidateCompressionFlag, ValidateCompressionLevelFlag",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let Some(build) = &facts.config().build else { return };
    if let Some(compression) = &build.compression
        && !compression.value.is_empty()
        && !limits::COMPRESSIONS.contains(&compression.value.as_str())
    {
        sink.report(compression.span, format!("images cannot be compressed with `{}`", compression.value))
            .help("write `gzip` or `zstd`");
    }
    if let Some(level) = &build.compression_level
        && !limits::is_within(limits::COMPRESSION_LEVELS, level.value)
    {
        sink.report(level.span, format!("the compression level {} is not between 0 and 9", level.value))
            .help("write a number from 0 to 9");
    }
}
