//! The one table of severities: how each is called, coloured and numbered.

use anstyle::{AnsiColor, Style};

use crate::diagnostic::Severity;

/// How one severity is shown.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    pub severity: Severity,
    pub name: &'static str,
    pub style: Style,
    /// `DiagnosticSeverity` of the Language Server Protocol.
    pub lsp: u32,
    /// `level` of SARIF.
    pub sarif: &'static str,
    /// The workflow command of GitHub Actions.
    pub github: &'static str,
    /// `severity` of a GitLab code quality report.
    pub gitlab: &'static str,
}

pub fn level(severity: Severity) -> Level {
    LEVELS[match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Hint => 2,
    }]
}

/// The gravest first.
pub(super) const LEVELS: [Level; 3] = [
    Level {
        severity: Severity::Error,
        name: "error",
        style: AnsiColor::BrightRed.on_default().bold(),
        lsp: 1,
        sarif: "error",
        github: "error",
        gitlab: "critical",
    },
    Level {
        severity: Severity::Warning,
        name: "warning",
        style: AnsiColor::Yellow.on_default().bold(),
        lsp: 2,
        sarif: "warning",
        github: "warning",
        gitlab: "minor",
    },
    Level {
        severity: Severity::Hint,
        name: "hint",
        style: AnsiColor::BrightCyan.on_default().bold(),
        lsp: 4,
        sarif: "note",
        github: "notice",
        gitlab: "info",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_finds_its_own_row() {
        for row in LEVELS {
            assert_eq!(level(row.severity).name, row.name);
            assert_eq!(serde_json::to_value(row.severity).unwrap(), row.name);
        }
    }
}
