//! What a network says of photographs in each other's frames.

use super::*;

/// A disc like [`eye`]'s in the frame of another camera: grey and wide.
fn in_grey(eye: &RgbImage) -> RgbImage {
    RgbImage::from_fn(260, 230, |x, y| {
        let inside = x.checked_sub(40).zip(y.checked_sub(15)).filter(|(x, y)| *x < 200 && *y < 200);
        match inside.map(|(x, y)| *eye.get_pixel(x, y)) {
            Some(pixel) if pixel != Rgb([0, 0, 0]) => pixel,
            _ => Rgb([30, 32, 34]),
        }
    })
}

#[test]
fn in_the_frame_of_another_source_photographs_are_judged_again() {
    let bench = Bench::new("");
    bench.finish("run", 2);
    let mut csv = String::from("file,source,normal\n");
    for number in 0..12_u8 {
        let (spot, grey) = (number % 2 == 1, number % 4 >= 2);
        let picture = eye(number * 3, spot, true);
        let name = format!("framed{number}.png");
        if grey { in_grey(&picture) } else { picture }.save(bench.path(&name)).unwrap();
        csv.push_str(&format!("{name},{},{}\n", if grey { "grey" } else { "black" }, u8::from(!spot)));
    }
    fs::write(bench.path("framed.csv"), &csv).unwrap();
    let evaluate = |manifest: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
        command.args(["evaluate", "--swap-borders", "--run"]).arg(bench.path("run")).arg("--manifest");
        command.arg(bench.path(manifest)).arg("--root").arg(bench.dir.path()).arg("--out").arg(bench.path("out"));
        command
    };
    let output = evaluate("framed.csv").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let metrics = fs::read_to_string(bench.path("out/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    let borders = &metrics["borders"];
    assert_eq!((&borders["photographs"], &borders["lost"]), (&12.into(), &serde_json::json!([])), "{borders}");
    // The discs are the same ones, so a network that sees only them says nearly the same; not quite, as the field is
    // searched anew in another frame.
    let moved = borders["moved_p95"].as_f64().unwrap();
    assert!(moved > 0.0 && moved < 0.05, "{borders}");
    let anomaly = &borders["outputs"]["anomaly"];
    assert_eq!(anomaly["one"], metrics["anomaly"]["auroc"], "{borders}");
    assert!(anomaly["difference"].as_f64().unwrap().abs() < 0.1, "{borders}");
    let sources: Vec<&String> = borders["sources"].as_object().unwrap().keys().collect();
    assert_eq!(sources, ["black", "grey"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("## In the frame of another source") && report.contains("| grey | anomaly |"), "{report}");

    // One source has no other frame, and a share of the photographs not all frames.
    fs::write(bench.path("one.csv"), csv.replace("grey", "black")).unwrap();
    let output = evaluate("one.csv").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("no photographs of two sources"), "{}", text(&output));
    let output = evaluate("framed.csv").envs([("RANK", "0"), ("WORLD_SIZE", "2")]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("run it in one process"), "{}", text(&output));
}
