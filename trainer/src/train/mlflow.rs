//! Tells an MLflow server how a run goes, where one is configured. A run never waits for it and never fails by it: a thread
//! of its own does the telling, what it can't take in time is left out, and after the first failure it is silent.
//!
//! MLflow's REST interface, version 2.0: experiments/get-by-name, experiments/create, runs/create, runs/log-batch,
//! runs/update. `MLFLOW_TRACKING_TOKEN` is sent as a bearer token where it is set.

use std::{
    fs,
    path::PathBuf,
    sync::mpsc::{self, Receiver, SyncSender},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{TrainError, config::Config, keys, metrics::EpochMetrics};
use crate::cli::Ui;

/// File of a run folder that holds the run's identity on the server, so that a resumed run goes on there.
const ID_FILE: &str = "mlflow-run-id";
/// Notes that may wait; further ones are left out.
const WAITING: usize = 64;
/// Longest time one request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Parameters the server takes in one request, and characters of one.
const PARAMS: usize = 100;
const PARAM_LENGTH: usize = 500;

/// Where to tell it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlflowConfig {
    /// Address of the server, e.g. `http://127.0.0.1:5000`; left out: `MLFLOW_TRACKING_URI`, and nowhere without that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Name of the experiment there; left out: `ocellus`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Finished,
    Failed,
    Stopped,
}

impl<T> From<&Result<T, TrainError>> for Ended {
    fn from(result: &Result<T, TrainError>) -> Self {
        match result {
            Ok(_) => Ended::Finished,
            Err(TrainError::Interrupted { .. }) => Ended::Stopped,
            Err(_) => Ended::Failed,
        }
    }
}

enum Note {
    Epoch(Vec<(String, f64)>, usize),
    End(Ended),
}

/// The teller; does nothing where no server is configured.
pub(super) struct Mlflow {
    notes: Option<(SyncSender<Note>, Receiver<()>)>,
}

impl Mlflow {
    /// Begins to tell of the run in `folder`.
    pub(super) fn begin(config: &Config, folder: PathBuf, ui: &Ui) -> Self {
        let uri = config.mlflow.uri.clone().or_else(|| std::env::var("MLFLOW_TRACKING_URI").ok());
        // A folder or database as a tracking store is for programs on MLflow's own library.
        let Some(uri) = uri.filter(|uri| uri.starts_with("http")) else { return Self { notes: None } };
        let experiment = config.mlflow.experiment.clone().unwrap_or_else(|| "ocellus".to_owned());
        let table = toml::Table::try_from(config).unwrap_or_default();
        let value = |value: toml::Value| match value {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        let params = keys::leaves(&table).into_iter().map(|(key, of)| (key, value(of))).collect();
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let (done, ended) = mpsc::sync_channel(1);
        let ui = *ui;
        let spawned = std::thread::Builder::new().name("mlflow".to_owned()).spawn(move || {
            if let Err(error) = tell(&uri, &experiment, folder, params, &receiver) {
                ui.warn(format_args!("MLflow at {uri}: {error}; the run goes on without it"));
            }
            // The run may have ended without waiting any longer.
            let _ = done.send(());
        });
        Self { notes: spawned.ok().map(|_| (sender, ended)) }
    }

    /// Tells how an epoch went; `names` go with its AUROCs.
    pub(super) fn epoch(&self, names: &[&str], line: &EpochMetrics) {
        let Some((notes, _)) = &self.notes else { return };
        let mut numbers = vec![
            ("train_loss".to_owned(), line.train_loss),
            ("validation_loss".to_owned(), line.validation_loss),
            ("head_rate".to_owned(), line.head_rate),
        ];
        numbers.extend(line.mean_auroc.map(|value| ("mean_auroc".to_owned(), value)));
        let each = names.iter().zip(&line.auroc);
        numbers.extend(each.filter_map(|(name, value)| Some((format!("auroc.{name}"), (*value)?))));
        // Full or gone: the server is slow or has failed, and the run does not wait for it.
        drop(notes.try_send(Note::Epoch(numbers, line.epoch)));
    }

    /// Tells how the run ended, and waits a little for it to be told.
    pub(super) fn end(self, ended: Ended) {
        if let Some((notes, done)) = self.notes {
            drop(notes.try_send(Note::End(ended)));
            drop(notes);
            let _ = done.recv_timeout(PATIENCE);
        }
    }
}

/// Milliseconds since 1970, as the server wants them.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

fn tell(
    uri: &str,
    experiment: &str,
    folder: PathBuf,
    params: Vec<(String, String)>,
    notes: &Receiver<Note>,
) -> Result<(), String> {
    let server = Server::new(uri);
    let id_file = folder.join(ID_FILE);
    let id = match fs::read_to_string(&id_file) {
        Ok(id) => {
            server.post("runs/update", &json!({ "run_id": id.trim(), "status": "RUNNING" }))?;
            id.trim().to_owned()
        }
        Err(_) => {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let tags = json!([{ "key": "ocellus.trainer", "value": env!("CARGO_PKG_VERSION") }]);
            let experiment = server.experiment(experiment)?;
            let run = json!({ "experiment_id": experiment, "run_name": name, "start_time": now(), "tags": tags });
            let made = server.post("runs/create", &run)?;
            let id = text(&made["run"]["info"]["run_id"])?;
            fs::write(&id_file, &id).map_err(|error| format!("{}: {error}", id_file.display()))?;
            for params in params.chunks(PARAMS) {
                let short = |value: &str| value.chars().take(PARAM_LENGTH).collect::<String>();
                let params: Vec<Value> =
                    params.iter().map(|(key, value)| json!({ "key": key, "value": short(value) })).collect();
                server.post("runs/log-batch", &json!({ "run_id": id, "params": params }))?;
            }
            id
        }
    };
    for note in notes {
        match note {
            Note::Epoch(numbers, epoch) => {
                let time = now();
                let metrics: Vec<Value> = numbers
                    .into_iter()
                    .map(|(key, value)| json!({ "key": key, "value": value, "timestamp": time, "step": epoch }))
                    .collect();
                server.post("runs/log-batch", &json!({ "run_id": id, "metrics": metrics }))?;
            }
            Note::End(ended) => {
                let status = match ended {
                    Ended::Finished => "FINISHED",
                    Ended::Failed => "FAILED",
                    Ended::Stopped => "KILLED",
                };
                server.post("runs/update", &json!({ "run_id": id, "status": status, "end_time": now() }))?;
                return Ok(());
            }
        }
    }
    Ok(())
}

struct Server {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Server {
    fn new(uri: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // The body of a refusal says why.
            .http_status_as_error(false)
            .build();
        Self {
            agent: config.into(),
            base: format!("{}/api/2.0/mlflow", uri.trim_end_matches('/')),
            token: std::env::var("MLFLOW_TRACKING_TOKEN").ok(),
        }
    }

    /// The identity of the experiment of this name, which is made where there is none.
    fn experiment(&self, name: &str) -> Result<String, String> {
        let mut request =
            self.agent.get(format!("{}/experiments/get-by-name", self.base)).query("experiment_name", name);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|error| error.to_string())?;
        if response.status() == 404 {
            return text(&self.post("experiments/create", &json!({ "name": name }))?["experiment_id"]);
        }
        text(&answer(&mut response)?["experiment"]["experiment_id"])
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut request = self.agent.post(format!("{}/{path}", self.base)).header("Content-Type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body.to_string()).map_err(|error| error.to_string())?;
        answer(&mut response).map_err(|error| format!("{path}: {error}"))
    }
}

fn answer(response: &mut ureq::http::Response<ureq::Body>) -> Result<Value, String> {
    let status = response.status();
    let body = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(format!("{status}: {}", body.chars().take(200).collect::<String>()));
    }
    serde_json::from_str(if body.trim().is_empty() { "{}" } else { &body }).map_err(|error| error.to_string())
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("an identity was expected, found {value}"))
}
