//! The chromedriver process, and where to find it.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A chromedriver of our own on a free port.
pub struct Driver {
    child: Child,
    pub port: u16,
}

impl Driver {
    pub fn start(program: &Path) -> Self {
        let mut child = Command::new(program)
            .arg("--port=0")
            .env("LANGUAGE", "en_US")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line));
        // Read on, or the driver would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            port: port.expect("chromedriver says its port"),
            child,
        }
    }

    /// Without the async client: a runtime may be going down around us.
    pub fn delete(&self, path: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )?;
        stream.read(&mut [0; 512]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `ChromeDriver was started successfully on port 40123.`
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("started successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
}

/// chromedriver and Chromium, if both are here.
pub fn programs() -> Option<(PathBuf, PathBuf)> {
    let driver = program("CHROMEDRIVER", &["chromedriver"])?;
    let browser = program(
        "CHROMIUM",
        &["chromium", "chromium-browser", "google-chrome"],
    )?;
    Some((driver, browser))
}

fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let folders = std::env::var_os("PATH")?;
    let at = |name: &&str| {
        std::env::split_paths(&folders)
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    };
    names.iter().find_map(at)
}
