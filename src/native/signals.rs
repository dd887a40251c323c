//! What asks the process to end, awaited instead of obeyed.

use std::future;
use std::io;
#[cfg(unix)]
use std::process::{Command, Stdio};

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
    /// Absent: whoever started the process, as `nohup` does, had it ignored.
    hang_up: Option<HangUp>,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        listen().map_err(|error| {
            Error::new(Kind::Usage, format!("cannot listen for signals, so a run could not be aborted: {error}"))
        })
    }

    pub(super) async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

#[cfg(unix)]
fn listen() -> io::Result<Signals> {
    let is_heard = !is_hang_up_ignored();
    Ok(Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
        hang_up: is_heard.then(|| signal(SignalKind::hangup())).transpose()?,
    })
}

/// What is ignored here is ignored by the processes started from here, and can be asked of them
/// without unsafe code: one that lives on after a SIGHUP ignores it.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill -HUP $$"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

#[cfg(windows)]
fn listen() -> io::Result<Signals> {
    Ok(Signals { interrupt: ctrl_c()?, terminate: ctrl_break()?, hang_up: Some(ctrl_close()?) })
}
