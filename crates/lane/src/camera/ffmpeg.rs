//! Starting, reading and ending one ffmpeg child. What it complains about becomes a code; its words, which may
//! hold an address with a password, are never passed on.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A decoder that was started.
pub trait Running: Send {
    /// The picture stream; once.
    fn pictures(&mut self) -> Option<Box<dyn Read + Send>>;
    /// What it says on its error stream; once.
    fn complaints(&mut self) -> Option<Box<dyn Read + Send>>;
    /// Ends it and collects it; `by_itself`: its stream ended, so it gets a moment to end by itself. Gives whether
    /// it ended well.
    fn end(&mut self, by_itself: bool) -> bool;
}

/// Something that starts decoders: ffmpeg, or a test's script.
pub trait Launch: Send + Sync {
    /// Starts one.
    fn launch(&self, arguments: &[String]) -> std::io::Result<Box<dyn Running>>;
}

/// The real ffmpeg.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    /// Program name or path.
    pub program: PathBuf,
}

impl Launch for Ffmpeg {
    fn launch(&self, arguments: &[String]) -> std::io::Result<Box<dyn Running>> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own: a Ctrl-C meant for us must not reach it first and look like a dead camera.
        // If we are killed, its next frame meets a closed pipe and it ends by itself.
        command.process_group(0);
        Ok(Box::new(Process(command.spawn()?)))
    }
}

struct Process(Child);

impl Running for Process {
    fn pictures(&mut self) -> Option<Box<dyn Read + Send>> {
        Some(Box::new(self.0.stdout.take()?))
    }

    fn complaints(&mut self) -> Option<Box<dyn Read + Send>> {
        Some(Box::new(self.0.stderr.take()?))
    }

    fn end(&mut self, by_itself: bool) -> bool {
        for _ in 0..if by_itself { 50 } else { 0 } {
            if !matches!(self.0.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let ended_well = matches!(self.0.try_wait(), Ok(Some(status)) if status.success());
        // Killing a child that is gone is an error of no interest.
        let _gone = self.0.kill();
        let _status = self.0.wait();
        ended_well
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// What the error stream amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Complaints {
    /// The most telling code, if any.
    pub reason: Option<&'static str>,
    /// Damaged pictures reported.
    pub bad_frames: u64,
}

/// Reads the error stream to its end; `each` hears of every damaged picture at once.
pub fn listen(stream: impl Read, mut each: impl FnMut()) -> Complaints {
    let mut heard = Complaints::default();
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    // A line without end must not fill the memory.
    while matches!(reader.by_ref().take(4096).read_until(b'\n', &mut line), Ok(n) if n > 0) {
        let text = String::from_utf8_lossy(&line).to_lowercase();
        if let Some(reason) = classify(&text) {
            // Whatever ffmpeg says after refusing a picture's size follows from that.
            if heard.reason != Some("too_large") {
                heard.reason = Some(reason);
            }
        } else if [
            "error while decoding",
            "corrupt",
            "concealing",
            "invalid nal",
        ]
        .iter()
        .any(|s| text.contains(s))
        {
            heard.bad_frames += 1;
            each();
        }
        line.clear();
    }
    heard
}

/// The code of one line in lower case.
fn classify(line: &str) -> Option<&'static str> {
    const CODES: [(&str, &[&str]); 9] = [
        (
            "unauthorised",
            &["401 unauthorized", "403 forbidden", "authorization failed"],
        ),
        (
            "not_found",
            &[
                "404 not found",
                "404 stream not found",
                "server returned 404",
            ],
        ),
        ("file_missing", &["no such file or directory"]),
        (
            "permission",
            &["permission denied", "operation not permitted"],
        ),
        ("refused_connection", &["connection refused"]),
        (
            "unreachable",
            &[
                "no route to host",
                "network is unreachable",
                "name or service not known",
                "failed to resolve",
            ],
        ),
        ("time_out", &["connection timed out", "operation timed out"]),
        ("too_large", &["picture size", "max_pixels"]),
        (
            "bad_source",
            &[
                "invalid data found",
                "moov atom not found",
                "does not contain any stream",
                "matches no streams",
            ],
        ),
    ];
    CODES
        .iter()
        .find(|(_, words)| words.iter().any(|w| line.contains(w)))
        .map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, reason: Option<&'static str>, bad_frames: u64) {
        assert_eq!(
            listen(said.as_bytes(), || ()),
            Complaints { reason, bad_frames },
            "{said}"
        );
    }

    #[test]
    fn complaints_become_codes() {
        check("", None, 0);
        check(
            "[tcp @ 0x1] Connection to tcp://10.0.0.1:554 failed: Connection refused",
            Some("refused_connection"),
            0,
        );
        check(
            "[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized\nrtsp://u:p@cam: x",
            Some("unauthorised"),
            0,
        );
        check(
            "file:gone.mp4: No such file or directory\n",
            Some("file_missing"),
            0,
        );
        check(
            "[mov] moov atom not found\nx: Invalid data found when processing input",
            Some("bad_source"),
            0,
        );
        check(
            "[h264] Picture size 20000x20000 exceeds specified max pixel count 9437184",
            Some("too_large"),
            0,
        );
        check(
            "[mjpeg] Picture size 12000x9000 exceeds specified max pixel count 9437184\nError while decoding stream #0:0: Operation not permitted",
            Some("too_large"),
            0,
        );
        check(
            "[h264 @ 1] error while decoding MB 3 4\n[h264 @ 1] concealing 30 DC errors",
            None,
            2,
        );
        check(&"x".repeat(100_000), None, 0);
    }
}
