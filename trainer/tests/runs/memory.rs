//! Memory does not grow with the number of rows.

use super::*;

/// Largest resident memory of a training run with `rows` training rows over the bench's forty photographs, in KiB.
fn peak(bench: &Bench, rows: usize) -> u64 {
    let split = bench.path(&format!("split{rows}"));
    fs::create_dir(&split).unwrap();
    let train = fs::read_to_string(bench.path("train.csv")).unwrap();
    let (header, lines) = train.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let mut csv = format!("{header}\n");
    for row in 0..rows {
        csv.push_str(lines[row % lines.len()]);
        csv.push('\n');
    }
    fs::write(split.join("train.csv"), csv).unwrap();
    fs::copy(bench.path("validation.csv"), split.join("validation.csv")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    command.arg("train").arg("--config").arg(bench.path("run.toml")).arg("--split").arg(&split);
    command.arg("--root").arg(bench.dir.path()).arg("--weights").arg(bench.path("weights.safetensors"));
    command.arg("--cache").arg(bench.path("cache")).arg("--out").arg(bench.path(&format!("run{rows}")));
    // Few steps over many rows: what grows with the rows is asked, not what a step takes.
    command.args(["--workers", "2", "--set", "schedule.epochs=1", "--set", "schedule.batch=500"]);
    command.args(["--set", "schedule.micro_batch=8", "--set", "trainable=head"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // The kernel keeps the highest mark, so reading it now and then misses nothing but the last moment.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(mark.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{ended}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn fifty_thousand_rows_take_hardly_more_memory_than_five_hundred() {
    let bench = Bench::new("");
    let (few, many) = (peak(&bench, 500), peak(&bench, 50_000));
    let grown = many.saturating_sub(few);
    // A row is its names, digests, labels, targets and weights: about a kilobyte at most. A photograph kept in memory
    // would be 120, its features 8.
    assert!(few > 10_000 && grown < 80_000, "{few} KiB for 500 rows, {many} KiB for 50,000");
}
