//! Photographs in S3-compatible storage: a server of another maker (moto) holds them, its own client put them there.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use ocellus_trainer::train::RunInfo;

use super::{Bench, text};

const ROOT: &str = "s3://eyes/2026/clinic a";

/// Python's environment with tools of others.
fn tool(name: &str) -> PathBuf {
    let tools = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/check-venv/bin");
    let path = tools.join(name);
    assert!(path.exists(), "{}: missing; scripts/setup.sh test", path.display());
    path
}

/// A server with the bucket `eyes`.
struct Storage {
    process: Child,
    port: u16,
}

impl Storage {
    fn new() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let process = Command::new(tool("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let storage = Storage { process, port };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "moto_server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        storage.client("bucket.create()");
        storage
    }

    /// Does something to the bucket with Amazon's own client.
    fn client(&self, statement: &str) {
        let script = format!(
            "import boto3, glob, os\nbucket = boto3.resource('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL']).Bucket('eyes')\n{statement}"
        );
        let mut command = Command::new(tool("python"));
        assert!(self.known_to(command.args(["-c", &script])).status().unwrap().success(), "{statement}");
    }

    fn put_all(&self, bench: &Bench) {
        self.client(&format!(
            "for path in glob.glob({:?} + '/*.png'):\n    bucket.upload_file(path, '2026/clinic a/' + os.path.basename(path))",
            bench.dir.path()
        ));
    }

    /// What a program needs to find it, where the variables name it.
    fn known_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// `ocellus-trainer` with photographs of the bucket.
fn trainer(bench: &Bench, storage: &Storage, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    command.args(arguments).env("OCELLUS_CACHE", bench.path("kept"));
    storage.known_to(&mut command).output().unwrap()
}

fn check(bench: &Bench, storage: &Storage, root: &str) -> Output {
    let manifest = bench.path("train.csv");
    trainer(bench, storage, &["manifest", "check", manifest.to_str().unwrap(), "--root", root])
}

#[test]
fn a_training_from_a_bucket_is_the_training_from_a_folder() {
    let bench = Bench::new("");
    let folder = bench.finish("folder", 1);
    let storage = Storage::new();
    storage.put_all(&bench);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    command.arg("train").arg("--config").arg(bench.path("run.toml")).arg("--split").arg(bench.dir.path());
    command.args(["--root", ROOT]).arg("--weights").arg(bench.path("weights.safetensors"));
    command.arg("--cache").arg(bench.path("cache")).arg("--out").arg(bench.path("bucket"));
    let output = storage.known_to(command.env("OCELLUS_CACHE", bench.path("kept"))).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let bucket = RunInfo::read(&bench.path("bucket")).unwrap();
    assert_eq!((bucket.model, bucket.metrics), (folder.model, folder.metrics));
    let trained_on = |run: &str| fs::read_to_string(bench.path(run).join("trained-on.txt")).unwrap();
    assert_eq!(trained_on("bucket"), trained_on("folder"));
    // The run can go on from there, wherever the photographs were fetched to.
    assert!(fs::read_to_string(bench.path("bucket/config.toml")).unwrap().contains(ROOT));
}

#[test]
fn what_is_there_is_kept_what_changed_is_fetched_again_and_what_is_missing_is_told() {
    let bench = Bench::new("");
    let storage = Storage::new();
    storage.put_all(&bench);
    let first = check(&bench, &storage, ROOT);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    assert!(text(&first).contains("s3://eyes/2026/clinic a"), "the next command names the bucket: {}", text(&first));
    let kept = bench.path(&format!("kept/s3/127.0.0.1_{}/eyes/2026/clinic a", storage.port));
    let here = |name: &str| fs::read(kept.join(name)).unwrap();
    assert_eq!(here("train0.png"), fs::read(bench.path("train0.png")).unwrap());

    // As long and as old as in the bucket: taken for the same, so what is written over it stays.
    let (length, time) = {
        let metadata = fs::metadata(kept.join("train2.png")).unwrap();
        (metadata.len(), metadata.modified().unwrap())
    };
    fs::write(kept.join("train2.png"), vec![7; length as usize]).unwrap();
    fs::File::options().write(true).open(kept.join("train2.png")).unwrap().set_modified(time).unwrap();
    fs::write(kept.join("train3.png"), b"torn").unwrap();
    // The bucket's clock counts seconds.
    std::thread::sleep(Duration::from_millis(1100));
    storage.client("bucket.put_object(Key='2026/clinic a/train0.png', Body=b'another one')");
    storage.client("bucket.Object('2026/clinic a/train1.png').delete()");
    fs::remove_file(kept.join("train1.png")).unwrap();
    let second = check(&bench, &storage, ROOT);
    assert_eq!(second.status.code(), Some(4), "{}", text(&second));
    assert!(
        text(&second).contains("1 photographs are not in the bucket, the first is train1.png"),
        "{}",
        text(&second)
    );
    assert_eq!((here("train0.png"), here("train2.png")), (b"another one".to_vec(), vec![7; length as usize]));
    assert_eq!(here("train3.png"), fs::read(bench.path("train3.png")).unwrap());
}

#[test]
fn a_bucket_that_is_not_there_a_server_that_is_gone_and_a_name_that_leads_out_are_told_for_what_they_are() {
    let bench = Bench::new("");
    let storage = Storage::new();
    storage.put_all(&bench);
    let nameless = check(&bench, &storage, "s3:///eyes");
    assert_eq!(nameless.status.code(), Some(2), "{}", text(&nameless));
    assert!(text(&nameless).contains("expected s3://BUCKET"), "{}", text(&nameless));
    let other = check(&bench, &storage, "s3://ears");
    assert_eq!(other.status.code(), Some(1), "{}", text(&other));
    assert!(text(&other).contains("s3://ears") && text(&other).contains("NoSuchBucket"), "{}", text(&other));

    storage.client("bucket.put_object(Key='2026/clinic a/../../../../../out.png', Body=b'x')");
    let all = bench.path("all.csv");
    let listed = trainer(
        &bench,
        &storage,
        &["manifest", "from-folders", "--root", ROOT, "--out", all.to_str().unwrap(), "--source", "s"],
    );
    assert!(!bench.path("out.png").exists() && !bench.path("kept/out.png").exists(), "{}", text(&listed));

    let port = storage.port;
    drop(storage);
    let gone = Storage { process: Command::new("true").spawn().unwrap(), port };
    let unanswered = check(&bench, &gone, ROOT);
    assert_eq!(unanswered.status.code(), Some(1), "{}", text(&unanswered));
    assert!(text(&unanswered).contains("AWS_ENDPOINT_URL"), "{}", text(&unanswered));
}
