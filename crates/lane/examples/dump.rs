//! Developer's tool: every face of a clip with quality and template, one JSON line each, for studying decision rules.
use std::io::{BufReader, Write};
use std::sync::Arc;
use tapal_vision::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (models, pack, clip, fps, out) = (&a[1], &a[2], &a[3], a[4].parse::<f32>().unwrap(), &a[5]);
    let pack = Pack::open(models.as_ref(), pack).unwrap();
    let engine: Arc<dyn Engine> = engine(EngineChoice::Auto, None).unwrap();
    eprintln!("{}", engine.name());
    let width: u32 = a.get(6).and_then(|w| w.parse().ok()).unwrap_or(640);
    let mut an = Analyser::new(&pack, &engine, DetectSize::Longest(width)).unwrap();
    let mut out = std::fs::File::create(out).unwrap();
    let mut t = [0u128; 4];
    let mut n = [0u32; 2];
    let dump = |an: &mut Analyser, f: &Frame, k: usize, out: &mut std::fs::File, t: &mut [u128; 4], n: &mut [u32; 2]| {
        let s = std::time::Instant::now();
        let faces = an.detect(f).unwrap();
        t[0] += s.elapsed().as_micros();
        n[0] += 1;
        for face in faces {
            let s = std::time::Instant::now();
            let q = Quality::measure(f, &face);
            t[1] += s.elapsed().as_micros();
            let s = std::time::Instant::now();
            let c = an.align(f, &face);
            t[2] += s.elapsed().as_micros();
            let s = std::time::Instant::now();
            let e = an.embed(&[c]).unwrap();
            t[3] += s.elapsed().as_micros();
            n[1] += 1;
            writeln!(out, "{}", serde_json::json!({"k":k,"face":face,"q":q,"v":q.verdict(&QualityLimits::default()).err(),"e":e[0].values})).unwrap();
        }
    };
    if clip.ends_with("portraits") {
        an.set_detect_size(DetectSize::Longest(640));
        let mut all: Vec<_> = std::fs::read_dir(clip).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        for (k, p) in all.iter().enumerate() {
            let f = decode_image(&std::fs::read(p).unwrap(), &ImageLimits::default()).unwrap();
            dump(&mut an, &f, k + 1, &mut out, &mut t, &mut n);
        }
    } else {
        let src = tapal_lane::camera::source::Source::parse(&format!("file:{clip}"), false).unwrap();
        let args: Vec<String> = src.arguments(fps, 640).into_iter().filter(|x| x != "-re").collect();
        let mut ch = std::process::Command::new("ffmpeg").args(&args).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut r = BufReader::new(ch.stdout.take().unwrap());
        let mut k = 0;
        while let Ok(f) = tapal_lane::camera::pictures::next_frame(&mut r, vec![]) {
            dump(&mut an, &f, k, &mut out, &mut t, &mut n);
            k += 1;
        }
    }
    eprintln!("frames {} faces {} | detect {} quality {} align {} embed {} us", n[0], n[1], t[0] / u128::from(n[0].max(1)), t[1] / u128::from(n[1].max(1)), t[2] / u128::from(n[1].max(1)), t[3] / u128::from(n[1].max(1)));
}
