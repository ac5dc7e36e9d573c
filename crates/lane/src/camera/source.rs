//! What a camera's source text means, and the ffmpeg arguments for it.
//! A source may hold credentials: nothing here prints one, and `Debug` is redacted.

/// Most pixels a picture may have, 4096 x 2304: the decoder itself refuses larger ones.
pub const MOST_PIXELS: u64 = 4096 * 2304;
/// No source is handed over wider than this, or than twice the detection width if that is more.
const USUAL_WIDTH: u32 = 1920;

/// What the decoder may leave out. Pictures that no other picture is made from (half of a usual stream with B
/// pictures) are not decoded: the others are more than are looked at. See docs/design/stream-cost.md.
const DECODE: &str = "-skip_frame noref";

/// Where pictures come from.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A network camera: `rtsp://` or `rtsps://`.
    Rtsp(String),
    /// A network camera with MJPEG over `http://` or `https://`.
    Http(String),
    /// A recording, `file:PATH`; played in real time, over and over or once.
    File {
        /// Where it lies.
        path: String,
        /// Whether it starts again at its end.
        looped: bool,
    },
    /// A local capture device, `v4l2:/dev/video0`.
    Device(String),
}

/// The source text names no known kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a source starts with rtsp://, rtsps://, http://, https://, file: or v4l2:; correct it on the camera's page"
)]
pub struct UnknownSource;

impl Source {
    /// Reads a source text.
    pub fn parse(text: &str, loop_files: bool) -> Result<Self, UnknownSource> {
        let text = text.trim();
        let after = |scheme: &str| text.strip_prefix(scheme).filter(|rest| !rest.is_empty());
        if after("rtsp://").is_some() || after("rtsps://").is_some() {
            return Ok(Source::Rtsp(text.into()));
        }
        if after("http://").is_some() || after("https://").is_some() {
            return Ok(Source::Http(text.into()));
        }
        if let Some(path) = after("file:") {
            // `file:///a/b` is `/a/b`; `file:clips/a.mp4` is relative.
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Source::File {
                path: path.into(),
                looped: loop_files,
            });
        }
        after("v4l2:")
            .map(|device| Source::Device(device.into()))
            .ok_or(UnknownSource)
    }

    /// Whether its end is its natural end and not a failure.
    pub fn ends(&self) -> bool {
        matches!(self, Source::File { looped: false, .. })
    }

    /// The arguments after `ffmpeg`: `fps` pictures a second as a stream of `pgmyuv` pictures, no wider than needed.
    /// Without `deblocking` the decoder leaves out the filter that smooths block edges: about a third cheaper, and
    /// faces get a little blocky until the next key picture.
    pub fn arguments(&self, fps: f32, detect_width: u32, deblocking: bool) -> Vec<String> {
        let mut list = words("-nostdin -hide_banner -nostats -loglevel error");
        // One decode thread: with many cameras a node, more threads only add copies and delay.
        list.extend(words("-threads 1 -filter_threads 1 -max_pixels"));
        list.push(MOST_PIXELS.to_string());
        list.extend(words(DECODE));
        if !deblocking {
            list.extend(words("-skip_loop_filter all"));
        }
        list.extend(self.input());
        list.extend(words("-map 0:v:0 -an -sn -dn -vf"));
        list.push(filter(fps, detect_width));
        // It tells its own size, so that a source that changes size in the middle stays readable, and it is the
        // decoder's own form, so that nothing is converted but what is looked at.
        list.extend(words(
            "-fps_mode passthrough -threads 1 -c:v pgmyuv -f image2pipe pipe:1",
        ));
        list
    }

    /// The same, but as fast as the machine can: for measurements on recordings.
    pub fn arguments_unpaced(&self, fps: f32, detect_width: u32, deblocking: bool) -> Vec<String> {
        let mut list = self.arguments(fps, detect_width, deblocking);
        list.retain(|word| word != "-re");
        list
    }

    fn input(&self) -> Vec<String> {
        let (options, name) = match self {
            Source::Rtsp(url) => (
                "-rtsp_transport tcp -timeout 5000000 -fflags nobuffer -flags low_delay -analyzeduration 1000000",
                url.clone(),
            ),
            Source::Http(url) => (
                "-rw_timeout 5000000 -fflags nobuffer -flags low_delay -use_wallclock_as_timestamps 1",
                url.clone(),
            ),
            Source::File { path, looped: true } => ("-stream_loop -1 -re", format!("file:{path}")),
            Source::File {
                path,
                looped: false,
            } => ("-re", format!("file:{path}")),
            Source::Device(path) => ("-fflags nobuffer -f v4l2", path.clone()),
        };
        let mut list = words(options);
        list.extend(["-i".into(), name]);
        list
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::Rtsp(_) => "Source(rtsp, redacted)",
            Source::Http(_) => "Source(http, redacted)",
            Source::File { .. } => "Source(file)",
            Source::Device(_) => "Source(v4l2)",
        })
    }
}

/// The first picture of every 1/fps of a second. Unlike the `fps` filter it never waits for the next picture, so
/// it adds no delay; a clock that jumps back starts afresh.
fn filter(fps: f32, detect_width: u32) -> String {
    let fps = if fps.is_finite() {
        fps.clamp(0.2, 60.0)
    } else {
        8.0
    };
    let width = USUAL_WIDTH.max(detect_width.saturating_mul(2)).min(4096);
    format!(
        "select='isnan(prev_selected_t)+gt(floor(t*{fps}),floor(prev_selected_t*{fps}))+lt(t,prev_selected_t)',\
         scale=w='2*trunc(min({width},iw)/2)':h=-2:flags=bilinear,format=yuv420p"
    )
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read() {
        let file = |path: &str| {
            Ok(Source::File {
                path: path.into(),
                looped: true,
            })
        };
        let check = |text: &str, expect: Result<Source, UnknownSource>| {
            assert_eq!(Source::parse(text, true), expect, "{text}");
        };
        check(
            "rtsp://u:p@cam/1",
            Ok(Source::Rtsp("rtsp://u:p@cam/1".into())),
        );
        check("rtsps://cam/1", Ok(Source::Rtsp("rtsps://cam/1".into())));
        check(
            "http://cam/mjpg",
            Ok(Source::Http("http://cam/mjpg".into())),
        );
        check("file:clips/a.mp4", file("clips/a.mp4"));
        check("file:///srv/a.mp4", file("/srv/a.mp4"));
        check(
            " v4l2:/dev/video0 ",
            Ok(Source::Device("/dev/video0".into())),
        );
        for bad in [
            "",
            "rtsp://",
            "file:",
            "ftp://x",
            "-i evil",
            "concat:a|b",
            "/dev/video0",
        ] {
            check(bad, Err(UnknownSource));
        }
    }

    #[test]
    fn a_source_text_cannot_become_an_option() {
        let arguments = Source::parse("file:-f", true)
            .unwrap()
            .arguments(8.0, 640, true);
        assert!(arguments.contains(&"file:-f".to_owned()));
    }

    #[test]
    fn only_thrifty_decoding_leaves_the_deblocking_filter_out() {
        let source = Source::parse("rtsp://cam/1", true).unwrap();
        let skips = |deblocking| {
            let arguments = source.arguments(8.0, 640, deblocking);
            arguments.iter().any(|word| word == "-skip_loop_filter")
        };
        assert!(skips(false) && !skips(true));
    }

    #[test]
    fn recordings_play_in_real_time_unless_they_are_measured() {
        let source = Source::parse("file:a.mp4", false).unwrap();
        let paced = source.arguments(8.0, 640, true);
        let mut unpaced = source.arguments_unpaced(8.0, 640, true);
        assert!(paced.contains(&"-re".to_owned()) && !unpaced.contains(&"-re".to_owned()));
        let at = paced.iter().position(|word| word == "-re").unwrap();
        unpaced.insert(at, "-re".into());
        assert_eq!(paced, unpaced);
    }

    #[test]
    fn nothing_prints_credentials() {
        let source = Source::parse("rtsp://user:secret@cam", true).unwrap();
        assert!(!format!("{source:?}").contains("secret"));
    }
}
