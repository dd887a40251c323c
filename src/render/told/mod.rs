//! What is said of a plan, in few words: its policy, its steps, what serves, what changes. Text and
//! Markdown lay it out; knows nothing of either.

pub(super) mod changes;
pub(super) mod gates;
pub(super) mod machines;
pub(super) mod policy;
pub(super) mod serving;
pub(super) mod steps;
pub(super) mod subject;
pub(super) mod summary;
pub(super) mod words;
