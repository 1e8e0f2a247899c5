//! What an MLflow server is told, and that a run does not depend on one. The server here is a socket that speaks as much
//! HTTP as is needed; what a real one makes of it is looked at by hand, see `docs/trainer.md`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::*;

/// Requests as path and body.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

/// A server that answers as MLflow does.
fn server() -> (String, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let told = Told::default();
    let all = told.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let all = all.clone();
            std::thread::spawn(move || while answer(&stream, &all).is_some() {});
        }
    });
    (uri, told)
}

fn answer(stream: &TcpStream, told: &Told) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, text) = match path.split('?').next()?.trim_start_matches("/api/2.0/mlflow/") {
        "experiments/get-by-name" => ("404 Not Found", r#"{"error_code":"RESOURCE_DOES_NOT_EXIST"}"#),
        "experiments/create" => ("200 OK", r#"{"experiment_id":"7"}"#),
        "runs/create" => ("200 OK", r#"{"run":{"info":{"run_id":"abc"}}}"#),
        _ => ("200 OK", "{}"),
    };
    told.lock().unwrap().push((path, body));
    let length = text.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = stream;
    stream.write_all(format!("{head}{text}").as_bytes()).ok()
}

#[test]
fn a_server_is_told_parameters_epochs_and_the_end() {
    let bench = Bench::new("");
    let (uri, told) = server();
    let settings =
        ["--set".to_owned(), format!("mlflow.uri={uri}"), "--set".to_owned(), "schedule.epochs=3".to_owned()];
    let output = bench.train("run", 2).args(&settings).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let told = told.lock().unwrap();
    let of = |what: &str| told.iter().filter(|(path, _)| path.contains(what)).map(|(_, body)| body).collect::<Vec<_>>();
    assert_eq!(of("experiments/create")[0]["name"], "ocellus");
    let made = of("runs/create")[0];
    assert!(made["experiment_id"] == "7" && made["run_name"] == "run", "{made}");
    let batches = of("runs/log-batch");
    let params: Vec<&Value> = batches.iter().filter_map(|body| body["params"].as_array()).flatten().collect();
    assert!(params.iter().any(|param| param["key"] == "schedule.epochs" && param["value"] == "3"), "{params:?}");
    let info = RunInfo::read(&bench.path("run")).unwrap();
    for line in &info.metrics {
        let of_epoch = |metric: &&&Value| metric["step"] == line.epoch && metric["key"] == "train_loss";
        let metrics: Vec<&Value> = batches.iter().filter_map(|body| body["metrics"].as_array()).flatten().collect();
        let metric = metrics.iter().find(of_epoch).unwrap();
        assert!((metric["value"].as_f64().unwrap() - line.train_loss).abs() < 1e-12);
    }
    assert_eq!(of("runs/update").last().unwrap()["status"], "FINISHED");
    assert_eq!(fs::read_to_string(bench.path("run/mlflow-run-id")).unwrap(), "abc");
}

#[test]
fn a_server_that_is_not_there_or_never_answers_changes_nothing() {
    let bench = Bench::new("");
    let whole = bench.finish("whole", 2);
    // Bound and never accepted from: a request waits for an answer that does not come.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    for (name, port) in [("gone", 1), ("deaf", deaf.local_addr().unwrap().port())] {
        let uri = format!("mlflow.uri=http://127.0.0.1:{port}");
        let output = bench.train(name, 2).args(["--set", &uri]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains("the run goes on without it") || name == "deaf", "{}", text(&output));
        assert_eq!(RunInfo::read(&bench.path(name)).unwrap(), whole);
        same_bits(&bench.path("whole"), &bench.path(name));
    }
}
