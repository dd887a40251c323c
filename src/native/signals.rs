//! What asks the process to end, awaited instead of obeyed.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::{Error, Kind};

/// Ctrl-C, SIGTERM and SIGHUP. They do nothing by themselves as long as this lives.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind).map_err(|error: io::Error| {
                Error::new(Kind::Usage, format!("cannot listen for signals, so a run could not be aborted: {error}"))
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
