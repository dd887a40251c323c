//! What an editor shows: findings and fixes at places of a text that changes, what a key is for, and
//! what can be written there. Knows nothing of
//! standard input and output, nor of the editor's windows.

#[cfg(not(target_arch = "wasm32"))]
mod completion;
#[cfg(not(target_arch = "wasm32"))]
mod document;
#[cfg(not(target_arch = "wasm32"))]
mod hover;
#[cfg(not(target_arch = "wasm32"))]
mod server;
#[cfg(not(target_arch = "wasm32"))]
mod wire;

#[cfg(not(target_arch = "wasm32"))]
pub use server::{ReadSettings, Server};
