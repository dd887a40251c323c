//! TBD
pub mod http;
pub mod listen;
