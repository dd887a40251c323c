//! `cutover lsp`: the language server on standard input and output.

use std::io::{self, Write};

use lsp_server::Message;
use url::Url;

use crate::language::Server;
use crate::native::error::{Error, Kind, Status};
use crate::native::files;
use crate::native::terminal::Terminal;

/// Run the language server on standard input and output, for editors
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// Accepted because many editors pass it; there is no other way to talk
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(in crate::native) fn run(_args: &Args, _terminal: Terminal) -> Result<Status, Error> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut server = Server::new(read_settings);
    while let Some(message) = Message::read(&mut input).map_err(|error| broken("read from", &error))? {
        for answer in server.handle(message) {
            answer.write(&mut output).and_then(|()| output.flush()).map_err(|error| broken("write to", &error))?;
        }
        if let Some(status) = server.exit_status() {
            return Ok(if status == 0 { Status::Done } else { Status::No });
        }
    }
    // The editor went away without a goodbye.
    Ok(Status::No)
}

/// What cannot be read is as good as not there: an editor has no place for such an error.
fn read_settings(address: &str) -> Option<String> {
    let path = Url::parse(address).ok()?.to_file_path().ok()?;
    path.is_file().then(|| files::read_config(&path).ok())?
}

fn broken(verb: &str, error: &io::Error) -> Error {
    Error::new(Kind::Input, format!("cannot {verb} the editor: {error}"))
}
