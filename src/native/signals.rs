//! What asks the process to end, awaited instead of obeyed.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal as Interrupt, Signal as Terminate, Signal as HangUp, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{
    CtrlBreak as Terminate, CtrlC as Interrupt, CtrlClose as HangUp, ctrl_break, ctrl_c, ctrl_close,
};

use super::error::{Error, Kind};

/// Ctrl-C, SIGTERM and SIGHUP; on Windows Ctrl-C, Ctrl-Break and the closing of the console, which
/// leaves a program five seconds. They do nothing by themselves as long as this lives.
pub(super) struct Signals {
    interrupt: Interrupt,
    terminate: Terminate,
    hang_up: HangUp,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        listen().map_err(|error| {
            Error::new(Kind::Usage, format!("cannot listen for signals, so a run could not be aborted: {error}"))
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

#[cfg(unix)]
fn listen() -> io::Result<Signals> {
    Ok(Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
        hang_up: signal(SignalKind::hangup())?,
    })
}

#[cfg(windows)]
fn listen() -> io::Result<Signals> {
    Ok(Signals { interrupt: ctrl_c()?, terminate: ctrl_break()?, hang_up: ctrl_close()? })
}
