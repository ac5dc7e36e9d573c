//! The reader of characters: tesseract as a child process, with bounded time, memory and number. Must not write the picture
//! to a disk, nor believe what it reads (the check digits judge).

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use tapal_documents::mrz::photo::Seen;
use tapal_vision::zone::Zone;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{ApiError, ApiResult};

/// Longest a reading takes.
const LIMIT: Duration = Duration::from_secs(10);
/// Most memory of the child, KiB.
const MEMORY_KIB: u32 = 768 * 1024;
/// Most bytes read of its answer.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Readers at a time.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The program is not there.
    #[error(
        "this centre cannot read characters: install the package tesseract-ocr on its machine, or type the lines"
    )]
    Missing,
    /// It took too long and was stopped.
    #[error("reading the photograph took too long; take one of the page alone, or type the lines")]
    Slow,
    /// It failed.
    #[error("the reader of characters failed; try another photograph, or type the lines")]
    Broken,
}

/// One sign and its box, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sign {
    sign: char,
    left: usize,
    right: usize,
    /// First row.
    pub top: usize,
    /// Last row.
    pub bottom: usize,
    sure: f32,
}

impl Sign {
    /// As a line of a zone takes it.
    pub fn seen(&self) -> Seen {
        Seen {
            sign: self.sign,
            middle: (self.left + self.right) as f32 / 2.0,
            sure: self.sure,
        }
    }
}

/// Waits for a turn: only a few readers run at a time.
pub async fn turn() -> ApiResult<SemaphorePermit<'static>> {
    TURNS.acquire().await.map_err(ApiError::internal)
}

/// Whether the program is there.
pub fn is_there() -> bool {
    let asked = Command::new("tesseract")
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// Everything the reader sees in a zone. Blocking.
pub fn signs(zone: &Zone) -> Result<Vec<Sign>, Failed> {
    if !is_there() {
        return Err(Failed::Missing);
    }
    let mut child = start().map_err(|_| Failed::Broken)?;
    let answer = exchange(&mut child, zone.pgm());
    // Stopped or done: nothing of it stays.
    let _ = child.kill();
    let ended = child.wait();
    let text = answer?;
    match ended {
        Ok(status) if status.success() => Ok(parse(&text)),
        _ => Err(Failed::Broken),
    }
}

fn start() -> std::io::Result<Child> {
    let limit = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/sh");
    command.args([
        "-c",
        &limit,
        "tesseract",
        "stdin",
        "stdout",
        "--psm",
        "6",
        "--dpi",
        "300",
    ]);
    for set in [
        "tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "load_system_dawg=0",
        "load_freq_dawg=0",
        "hocr_char_boxes=1",
    ] {
        command.args(["-c", set]);
    }
    command.arg("hocr").env("OMP_THREAD_LIMIT", "1");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Hands the picture in and takes the answer, each on a thread of its own, until both are done or the time is over.
fn exchange(child: &mut Child, picture: Vec<u8>) -> Result<String, Failed> {
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Failed::Broken);
    };
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // A child that ends early takes no more; its status says why.
        let _ = to.write_all(&picture);
    });
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = from.take(MOST_BYTES).read_to_string(&mut text);
        let _ = tell.send(read.map(|_| text));
    });
    match told.recv_timeout(LIMIT) {
        Ok(Ok(text)) => {
            // All was said: it ends by itself.
            let _ = child.wait();
            Ok(text)
        }
        Ok(Err(_)) => Err(Failed::Broken),
        Err(_) => Err(Failed::Slow),
    }
}

/// The signs of an hOCR answer with boxes: `title='x_bboxes 36 42 58 73; x_conf 98.7'>P<`.
fn parse(hocr: &str) -> Vec<Sign> {
    hocr.split("x_bboxes ").skip(1).filter_map(sign).collect()
}

fn sign(text: &str) -> Option<Sign> {
    let (boxed, rest) = text.split_once("; x_conf ")?;
    let (sure, rest) = rest.split_once(['\'', '"'])?;
    let sign = rest.strip_prefix('>')?.chars().next()?;
    let mut sides = boxed.split_whitespace().map(str::parse::<usize>);
    let mut side = || sides.next()?.ok();
    let (left, top, right, bottom) = (side()?, side()?, side()?, side()?);
    let fits = sign.is_ascii_uppercase() || sign.is_ascii_digit();
    fits.then_some(Sign {
        sign,
        left,
        right,
        top,
        bottom,
        sure: sure.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_sign_by_sign() {
        let hocr = "<span class='ocrx_cinfo' title='x_bboxes 36 42 58 73; x_conf 98.759529'>P</span>\n\
                    <span class='ocrx_cinfo' title='x_bboxes 60 42 80 73; x_conf 12'>&amp;</span> x_bboxes 1 2 3; x_conf 1'>A";
        let found = parse(hocr);
        assert_eq!(
            found,
            [Sign {
                sign: 'P',
                left: 36,
                right: 58,
                top: 42,
                bottom: 73,
                sure: 98.759_53
            }]
        );
        assert_eq!(
            found[0].seen(),
            Seen {
                sign: 'P',
                middle: 47.0,
                sure: 98.759_53
            }
        );
    }
}
