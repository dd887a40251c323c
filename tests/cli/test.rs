//! One run of the program: files in, arguments, and what is expected.

use std::fs;
#[cfg(unix)]
use std::io::Read;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What to run. Nothing of the environment of the tests reaches the program.
pub(crate) struct Test {
    folder: Folder,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Vec<u8>,
    status: i32,
    stdout: Option<String>,
    stderr: Option<String>,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: Folder,
}

/// A folder of this test's own, removed with it.
struct Folder(PathBuf);

impl Test {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("cli-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder: Folder(folder),
            args: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            status: 0,
            stdout: None,
            stderr: None,
        }
    }

    /// With the example app's files in the folder.
    pub(crate) fn shop() -> Self {
        Self::new().app("examples/shop")
    }

    /// With the files of an app of three groups: one that the proxy stops, one in two regions, one
    /// with a standby; and a release command.
    pub(crate) fn bazaar() -> Self {
        Self::new().app("tests/fixtures/bazaar")
    }

    fn app(self, folder: &str) -> Self {
        let read = |name| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name)).unwrap();
        self.file("fly.toml", read("fly.toml")).file("machines.json", read("machines.json"))
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// Another command in the same folder and environment.
    #[cfg(unix)]
    pub(crate) fn again<'a>(self, args: impl IntoIterator<Item = &'a str>) -> Self {
        Self { args: args.into_iter().map(Into::into).collect(), ..self }
    }

    pub(crate) fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// Exactly this.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.stdout = Some(text.into());
        self
    }

    /// Exactly this.
    pub(crate) fn stderr(mut self, text: &str) -> Self {
        self.stderr = Some(text.into());
        self
    }

    /// Runs it and checks the exit status, and the output where it was given.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let mut process = self.command().spawn().unwrap();
        // A program that reads nothing may be gone before all of it is written.
        let _ = process.stdin.take().unwrap().write_all(&self.stdin);
        let output = process.wait_with_output().unwrap();
        self.ran(output)
    }

    #[track_caller]
    fn ran(self, output: Output) -> Ran {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(self.status), "\n{:?}\nstdout: {stdout}\nstderr: {stderr}", self.args);
        for (expected, got) in [(&self.stdout, &stdout), (&self.stderr, &stderr)] {
            if let Some(expected) = expected {
                assert_eq!(got, expected);
            }
        }
        Ran { stdout, stderr, folder: self.folder }
    }

    /// Runs it where its question is read on a terminal; after `meanwhile`, that is answered.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn run_asked(self, meanwhile: impl FnOnce(), answer: &str) -> Ran {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let mut person = fs::File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
        grantpt(&person).and_then(|()| unlockpt(&person)).unwrap();
        let terminal = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let terminal = fs::File::options().read(true).write(true).open(terminal).unwrap();
        let mut process = self.command().stdin(terminal).spawn().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"[y/N] ") {
            let mut byte = [0];
            process.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
            asked.extend(byte);
        }
        meanwhile();
        person.write_all(format!("{answer}\n").as_bytes()).unwrap();
        let mut output = process.wait_with_output().unwrap();
        output.stderr.splice(0..0, asked);
        self.ran(output)
    }

    /// A file as it stands before the run.
    pub(crate) fn folder_text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.0.join(path)).unwrap()
    }

    /// Where it keeps its state.
    pub(crate) fn state(&self) -> String {
        self.folder.0.join("state").to_string_lossy().into_owned()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
        command.args(&self.args).current_dir(&self.folder.0).env_clear();
        // Not where the runs of whoever tests are noted.
        command.env("XDG_STATE_HOME", self.state()).envs(self.env.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Ran {
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.0.join(path)
    }

    /// The files of the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Another run in the same folder, with all that the first one left there.
    pub(crate) fn then<'a>(self, args: impl IntoIterator<Item = &'a str>) -> Test {
        let test = Test::new();
        Test { folder: self.folder, ..test }.args(args)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
