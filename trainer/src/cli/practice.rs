//! `practice`: writes a labelled set of drawn eyes, to try everything else with.

use std::{fs, path::PathBuf};

use anyhow::Context;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ocellus_model::phantom::{self, PracticeSet};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::ui::{Ui, shell};
use crate::{
    error::{Exit, ExpectedError},
    files::{hex, write_atomically},
    manifest::{Row, write_rows},
};

/// Arguments of `practice`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write to; it must be empty or not there yet.
    #[arg(long)]
    out: PathBuf,
    /// Number of photographs; two in a row are one patient's eyes.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Longer side of a photograph, in pixels.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(128..=4096))]
    size: u32,
    /// Seed: the same seed gives the same set.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage when the folder holds something, failed when it can't be written.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let full = fs::read_dir(&self.out).is_ok_and(|mut entries| entries.next().is_some());
        if full {
            return Err(ExpectedError::Usage(format!(
                "{} is not empty: nothing is overwritten, name another folder",
                self.out.display()
            )));
        }
        if ui.would(format_args!("draw {} eyes of {} pixels into {}", self.count, self.size, self.out.display()))? {
            return Ok(Exit::Ok);
        }
        let images = self.out.join("images");
        fs::create_dir_all(&images).with_context(|| format!("can't make {}", images.display()))?;
        let set = PracticeSet::new(self.seed, self.size);
        let progress = ui.progress("drawing practice eyes", u64::from(self.count));
        let rows = (0..self.count)
            .into_par_iter()
            .map(|number| {
                let row = self.write(&set, number)?;
                progress.inc(1);
                Ok(row)
            })
            .collect::<anyhow::Result<Vec<Row>>>()?;
        drop(progress);
        let manifest = self.out.join("manifest.csv");
        write_rows(&manifest, &rows)?;
        let text = format!("{} practice eyes and {}\n", rows.len(), manifest.display());
        ui.result(&serde_json::json!({ "photographs": rows.len(), "manifest": manifest }), text)?;
        ui.next(format_args!(
            "ocellus-trainer split {} --root {} --out {}",
            shell(&manifest),
            shell(&self.out),
            shell(&self.out.join("split"))
        ));
        Ok(Exit::Ok)
    }

    /// Draws and writes one photograph.
    fn write(&self, set: &PracticeSet, number: u32) -> anyhow::Result<Row> {
        let photograph = set.photograph(number);
        let pixels = phantom::draw(&photograph.eye);
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(
            pixels.as_raw(),
            pixels.width(),
            pixels.height(),
            ExtendedColorType::Rgb8,
        )?;
        let file = format!("images/{}.png", photograph.name);
        let path = self.out.join(&file);
        write_atomically(&path, &bytes).with_context(|| format!("can't write {}", path.display()))?;
        Ok(Row {
            file,
            source: photograph.source.to_owned(),
            patient: Some(photograph.patient),
            eye: Some(photograph.eye.eye),
            labels: photograph.labels,
            dr_grade: photograph.retinopathy_grade,
            quality: Some(photograph.quality),
            group: None,
            note: "drawn, not photographed".to_owned(),
            sha256: Some(hex(&Sha256::digest(&bytes))),
        })
    }
}

#[cfg(test)]
mod tests {
    use ocellus_model::{field, image};

    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_set_is_whole_repeatable_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let args = |name: &str| Args { out: folder.path().join(name), count: 4, size: 256, seed: 7 };
        for name in ["a", "b"] {
            args(name).run(&Ui::silent()).unwrap();
        }
        let read = |name: &str| Manifest::read(&folder.path().join(name).join("manifest.csv")).unwrap().rows;
        let rows = read("a");
        assert_eq!(rows.len(), 4);
        assert_eq!(rows, read("b"), "the same seed drew something else");
        for row in &rows {
            let pixels = image::read(&folder.path().join("a").join(&row.file)).unwrap().pixels;
            field::find_field(&pixels).unwrap();
        }
        assert!(matches!(args("a").run(&Ui::silent()), Err(ExpectedError::Usage(_))));
    }
}
