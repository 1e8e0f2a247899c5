//! Training and pruning of a narrow network on drawn photographs, on the processor.

use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::{
    fit::{Job, Teacher, fit, fit_until, look},
    network::{BLOCKS, Network},
    plan::Photographs,
    prune,
    recipe::Recipe,
    views::Renderer,
};
use ocellus_model::preprocess::{ColourVariant, PreprocessSpec};

const SIDE: i64 = 80;
const SIZE: u32 = 64;

/// A network of few channels.
fn narrow(seed: i64) -> Network {
    // libtorch draws from one source for all threads: two tests at a time would draw each other's numbers.
    static DRAWS: Mutex<()> = Mutex::new(());
    let _alone = DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed);
    let mut all = Vec::new();
    let mut inputs = 3;
    for (layers, outputs) in BLOCKS.iter().zip([4_i64, 6, 8, 8, 8]) {
        for layer in *layers {
            let bound = (2.0 / (inputs as f64 * 9.0)).sqrt();
            let weight = Tensor::randn([outputs, inputs, 3, 3], (Kind::Float, Device::Cpu)) * bound;
            all.push((format!("features.{layer}.weight"), weight));
            all.push((format!("features.{layer}.bias"), Tensor::zeros([outputs], (Kind::Float, Device::Cpu)) + 0.01));
            inputs = outputs;
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    Tensor::write_safetensors(&all, file.path()).unwrap();
    Network::read(file.path(), 2, 1, Device::Cpu).unwrap()
}

/// Photographs of one grey each: the first output is told by the light, the second is never known.
fn photographs() -> Photographs {
    let count = 24;
    let bright: Vec<f32> = (0..count).map(|number| (number % 2) as f32).collect();
    let light: Vec<u8> = bright.iter().map(|bright| 60 + (*bright * 120.0) as u8).collect();
    let ones = Tensor::ones([count, SIDE, SIDE, 3], (Kind::Uint8, Device::Cpu));
    let unknown = Tensor::zeros([count], (Kind::Float, Device::Cpu));
    let known = Tensor::ones([count], (Kind::Float, Device::Cpu));
    Photographs {
        pixels: ones * Tensor::from_slice(&light).reshape([count, 1, 1, 1]),
        targets: Tensor::stack(&[Tensor::from_slice(&bright), unknown.shallow_clone()], 1),
        weights: Tensor::stack(&[known, unknown], 1),
        sources: (0..count as usize).map(|number| number % 3).collect(),
    }
}

/// The same with pixels drawn at random, at which every channel answers somewhere.
fn noisy() -> Photographs {
    tch::manual_seed(7);
    let photographs = photographs();
    let pixels = Tensor::randint(256, photographs.pixels.size(), (Kind::Uint8, Device::Cpu));
    Photographs { pixels, ..photographs }
}

fn recipe(epochs: usize, distil: &str) -> Recipe {
    let text = format!(
        "seed = 3\nfirst_block = 1\n[schedule]\nepochs = {epochs}\nbatch = 8\nhead_rate = 5e-2\nfeatures_factor = 0.1\n\
         block_factor = 1.0\nwarmup_steps = 2\nfinal_factor = 0.1\nema = 0.9\nweight_decay = 0.0\nclip_norm = 1.0\n\
         smoothing = 0.0\n[views]\nrotation_deg = 10\nclosest = 0.9\nfarthest = 1.0\nlight = 0.02\ncolour = 0.02\n\
         gamma = 0.02\ntransfer = 0.0\nblur = 0.2\nnoise = 0.0\n{distil}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Recipe::read(file.path()).unwrap()
}

fn job<'a>(side: &'a Renderer<'a>, recipe: &'a Recipe, teachers: &'a [Teacher]) -> Job<'a> {
    Job { side, recipe, size: 64, binary: true, teachers, kept: &[] }
}

fn spec() -> PreprocessSpec {
    PreprocessSpec::new(SIZE, ColourVariant::Torchvision)
}

#[test]
fn a_network_learns_what_can_be_seen_and_only_what_is_known() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let fitted = fit(vec![narrow(1)], &job(&side, &recipe(12, ""), &[])).unwrap().remove(0);
    assert_eq!((fitted.steps, fitted.losses.len()), (36, 12));
    assert!(fitted.losses[11] < 0.5 * fitted.losses[0], "{:?}", fitted.losses);
    let logits = look(&fitted.network, &side, 64).unwrap();
    let told = logits.iter().enumerate().filter(|(number, logits)| (logits[0] > 0.0) == (number % 2 == 1)).count();
    assert_eq!(told, 24, "{logits:?}");
}

#[test]
fn in_bfloat16_it_learns_nearly_the_same() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let [single, half] = [false, true].map(|half| {
        fit(vec![narrow(1).in_bfloat16(half)], &job(&side, &recipe(12, ""), &[])).unwrap().remove(0).losses
    });
    assert_ne!(single, half, "the one is as precise as the other");
    assert!((single[0] - half[0]).abs() < 0.02 * single[0], "{single:?} {half:?}");
    assert!(half[11] < 0.5 * half[0], "{half:?}");
}

#[test]
fn a_plan_of_which_nothing_is_known_is_refused() {
    let photographs = photographs();
    let none = Photographs {
        pixels: photographs.pixels.narrow(0, 0, 0),
        targets: photographs.targets.narrow(0, 0, 0),
        weights: photographs.weights.narrow(0, 0, 0),
        sources: Vec::new(),
    };
    let spec = spec();
    let side = Renderer::new(&none, &spec, Device::Cpu).unwrap();
    let error = fit(vec![narrow(1)], &job(&side, &recipe(1, ""), &[])).err().unwrap().to_string();
    assert!(error.contains("no photograph of which anything is known"), "{error}");
}

#[test]
fn the_same_recipe_gives_the_same_network() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let run = || fit(vec![narrow(1)], &job(&side, &recipe(1, ""), &[])).unwrap().remove(0);
    assert_eq!(run().losses, run().losses);
}

#[test]
fn a_pupil_learns_its_teachers_logits_also_where_no_label_is_known() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let teacher = fit(vec![narrow(1)], &job(&side, &recipe(8, ""), &[])).unwrap().remove(0).network;
    let told = look(&teacher, &side, 64).unwrap();
    let apart = |network: &Network| {
        let logits = look(network, &side, 64).unwrap();
        let sum: f32 = logits.iter().flatten().zip(told.iter().flatten()).map(|(a, b)| (a - b).abs()).sum();
        sum / 48.0
    };
    let before = apart(&narrow(2));
    let recipe = recipe(12, "[distil]\nweight = 1.0\nlimit = 8.0\nmirrored = true\n");
    let teachers = [Teacher { network: teacher, size: 64 }];
    let two = fit(vec![narrow(2), narrow(4)], &job(&side, &recipe, &teachers)).unwrap();
    assert!(apart(&two[0].network) < 0.5 * before, "{} of {before}", apart(&two[0].network));
    // Pupils of one run don't meddle with each other.
    let alone = fit(vec![narrow(2)], &job(&side, &recipe, &teachers)).unwrap();
    for (a, b) in two[0].losses.iter().zip(&alone[0].losses) {
        assert!((a - b).abs() < 1e-3 * b.abs().max(1e-3), "{a} {b}");
    }
}

#[test]
fn teachers_are_asked_once_where_views_come_again() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let losses = |epochs, views: &str, teacher: Network| {
        let recipe = recipe(epochs, &format!("[distil]\nweight = 1.0\nlimit = 8.0\nmirrored = false\n{views}"));
        let teachers = [Teacher { network: teacher, size: 64 }];
        fit(vec![narrow(2)], &job(&side, &recipe, &teachers)).unwrap().remove(0).losses
    };
    // As many sets of views as epochs: what is kept is never used, and nothing changes.
    assert_eq!(losses(3, "views = 3", narrow(1)), losses(3, "", narrow(1)));
    // Two sets in four epochs: other views than with four sets from the third epoch on, and learnt as well.
    let (two, four) = (losses(4, "views = 2", narrow(1)), losses(4, "views = 4", narrow(1)));
    assert_eq!(two[..2], four[..2]);
    assert_ne!(two[2..], four[2..]);
    assert!(two[3] < two[0], "{two:?}");
    // Views that are kept are the same ones, but for their rounding.
    let kept = losses(4, "views = 2\nkeep = true", narrow(1));
    assert_eq!(two[..2], kept[..2]);
    for (made, kept) in two.iter().zip(&kept) {
        assert!((made - kept).abs() < 0.02 * made, "{made} {kept}");
    }
    for refused in ["views = 0", "keep = true", "turns = true"] {
        let text = format!("[distil]\nweight = 1.0\nlimit = 8.0\nmirrored = false\n{refused}");
        assert!(std::panic::catch_unwind(|| recipe(1, &text)).is_err(), "{refused}");
    }
}

#[test]
fn views_that_turn_come_again_as_mirror_images() {
    let (photographs, spec) = (noisy(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let losses = |extra: &str| {
        let distil = "[distil]\nweight = 1.0\nlimit = 8.0\nmirrored = false\nviews = 2\nkeep = true\n";
        let recipe = recipe(4, &format!("{distil}{extra}"));
        let teachers = [Teacher { network: narrow(1), size: 64 }];
        fit(vec![narrow(2)], &job(&side, &recipe, &teachers)).unwrap().remove(0).losses
    };
    let (again, turned) = (losses(""), losses("turns = true"));
    // Other images from the third epoch on, and what was said of them holds for these as well.
    assert_eq!(turned[..2], again[..2]);
    assert_ne!(turned[2..], again[2..]);
    assert!(turned[3] < turned[0], "{turned:?}");
}

#[test]
fn of_mixed_photographs_a_pupil_hears_its_teacher_alone() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let mixed = |extra: &str| {
        let mut recipe = recipe(2, extra);
        recipe.views.mix = 1.0;
        recipe
    };
    let error = fit(vec![narrow(2)], &job(&side, &mixed(""), &[])).err().unwrap().to_string();
    assert!(error.contains("only a teacher knows"), "{error}");
    // With the whole weight on the labels, of which mixed views have none, nothing is left to learn.
    let recipe = mixed("[distil]\nweight = 0.0\nlimit = 8.0\nmirrored = false\n");
    let teachers = [Teacher { network: narrow(1), size: 64 }];
    let fitted = fit(vec![narrow(2)], &job(&side, &recipe, &teachers)).unwrap().remove(0);
    assert_eq!(fitted.losses, [0.0, 0.0]);
}

#[test]
fn channels_that_say_nothing_are_pruned_first_and_the_rest_answer_as_before() {
    let (photographs, spec) = (noisy(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let network = narrow(1);
    // Two channels of each convolution answer nothing at all.
    for convolution in &network.convolutions {
        for silent in [1_i64, 2] {
            let _ = convolution.weight.get(silent).fill_(0.0);
            let _ = convolution.bias.get(silent).fill_(0.0);
        }
    }
    let kept = prune::choose(&network, &side, 64, 16, &[2, 4, 6, 6, 6]).unwrap();
    let pruned = prune::prune(&network, &kept, &prune::sample(&side, 64, 8));
    assert!(pruned.reached.iter().all(|part| *part > 0.999), "{:?}", pruned.reached);
    let widths: Vec<i64> = pruned.network.convolutions.iter().map(|conv| conv.weight.size()[0]).collect();
    assert_eq!(widths, [2, 2, 4, 4, 6, 6, 6, 6, 6, 6, 6, 6, 6]);
    let (before, after) = (look(&network, &side, 64).unwrap(), look(&pruned.network, &side, 64).unwrap());
    for (a, b) in before.iter().flatten().zip(after.iter().flatten()) {
        assert!((a - b).abs() < 0.02 * a.abs().max(1.0), "{a} {b}");
    }
    assert!(prune::choose(&network, &side, 64, 16, &[5, 4, 6, 6, 6]).is_err());
    assert!(prune::choose(&network, &side, 64, 16, &[2, 4, 0, 6, 6]).is_err());
}

#[test]
fn of_channels_that_say_the_same_one_is_kept_and_speaks_for_the_other() {
    let (photographs, spec) = (noisy(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let network = narrow(1);
    // The last two channels of each convolution of blocks 3 to 5 say twice what the two before them say.
    for convolution in network.convolutions.iter().filter(|convolution| convolution.block >= 3) {
        for (of, twin) in [(4_i64, 6_i64), (5, 7)] {
            convolution.weight.get(twin).copy_(&(convolution.weight.get(of) * 2.0));
            convolution.bias.get(twin).copy_(&(convolution.bias.get(of) * 2.0));
        }
    }
    let kept = prune::choose(&network, &side, 64, 16, &[4, 6, 6, 6, 6]).unwrap();
    for layer in &kept[4..] {
        let layer = Vec::<i64>::try_from(layer).unwrap();
        for both in [[4, 6], [5, 7]] {
            assert!(!both.iter().all(|channel| layer.contains(channel)), "{layer:?}");
        }
    }
    let pruned = prune::prune(&network, &kept, &prune::sample(&side, 64, 8)).network;
    let (before, after) = (look(&network, &side, 64).unwrap(), look(&pruned, &side, 64).unwrap());
    for (a, b) in before.iter().flatten().zip(after.iter().flatten()) {
        assert!((a - b).abs() < 0.02 * a.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn what_made_the_networks_it_comes_from_goes_with_a_result() {
    let home = tempfile::tempdir().unwrap();
    let [weights, teacher, bare, out] = ["weights", "teacher", "bare", "out"].map(|name| home.path().join(name));
    for folder in [&weights, &teacher, &bare, &out] {
        std::fs::create_dir(folder).unwrap();
    }
    crate::inherit([bare.as_path()], &out).unwrap();
    assert!(!out.join("trained-on.txt").exists(), "nothing is known, and nothing is said");
    std::fs::write(weights.join("trained-on.txt"), "trained 0123456789abcdef\nchose 1123456789abcdef\n").unwrap();
    std::fs::write(teacher.join("trained-on.txt"), "trained 2123456789abcdef\ntrained 0123456789abcdef\n").unwrap();
    crate::inherit([&weights, &teacher, &bare].map(|folder| folder.as_path()), &out).unwrap();
    let text = std::fs::read_to_string(out.join("trained-on.txt")).unwrap();
    assert_eq!(text, "chose 1123456789abcdef\ntrained 0123456789abcdef\ntrained 2123456789abcdef\n");
}

#[test]
fn a_broken_run_goes_on_after_its_last_epoch_and_ends_with_the_same_bits() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let recipe = recipe(3, "");
    let whole = fit(vec![narrow(1)], &job(&side, &recipe, &[])).unwrap().remove(0);

    let folder = tempfile::tempdir().unwrap();
    let kept = [folder.path().to_owned()];
    let broken = Job { kept: &kept, ..job(&side, &recipe, &[]) };
    fit_until(vec![narrow(1)], &broken, 2).unwrap();
    let resumed = fit(vec![narrow(1)], &broken).unwrap().remove(0);
    assert_eq!((resumed.steps, resumed.losses), (whole.steps, whole.losses));
    for ((name, _, resumed), (_, _, whole)) in resumed.network.parameters().into_iter().zip(whole.network.parameters())
    {
        assert_eq!(resumed, whole, "{name}");
    }

    let other = self::recipe(4, "");
    let error = fit(vec![narrow(1)], &Job { recipe: &other, ..broken }).err().unwrap().to_string();
    assert!(error.contains("another recipe"), "{error}");
}

#[test]
fn a_head_that_was_exported_as_a_convolution_is_the_same_head() {
    let (photographs, spec) = (photographs(), spec());
    let side = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
    let network = narrow(1);
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.safetensors");
    let exported: Vec<(String, Tensor)> = network
        .parameters()
        .into_iter()
        .map(|(name, _, tensor)| match name.as_str() {
            "head.weight" => (name, tensor.detach().reshape([2, 8, 1, 1])),
            _ => (name, tensor.detach().copy()),
        })
        .collect();
    Tensor::write_safetensors(&exported, &path).unwrap();
    // Another seed would draw another head.
    let read = Network::read(&path, 2, 99, Device::Cpu).unwrap();
    assert_eq!(look(&read, &side, 64).unwrap(), look(&network, &side, 64).unwrap());
}
