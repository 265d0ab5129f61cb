// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program `ablation` as a user calls it.

use super::*;

/// A grid of two rows that are trained for two steps.
fn grid(folder: &Path) -> PathBuf {
    let grid = format!(
        "{}[ablation]\ntitle = \"small\"\nscale = 0.1\nsequences = [\"pairs\"]\n\
         rows = [\"gru-none-none\", \"gru-irm-atb\"]\n",
        PARTS.replace("steps = 30", "steps = 2")
    );
    let path = folder.join("grid.toml");
    fs::write(&path, grid).expect("a grid");
    path
}

fn ablation(folder: &Path, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(program("ablation"));
    command.arg(grid(folder)).arg("--data").arg(folder);
    called(command.arg("--out").arg(folder.join("rows")).args(more))
}

#[test]
fn rows_of_a_grid_are_made_one_by_one_or_together_and_collected() {
    let folder = folder();
    let (status, output, errors) = ablation(folder.path(), &["--list"]);
    assert_eq!(
        (status, output.as_str()),
        (0, "gru-none-none\ngru-irm-atb\n"),
        "{errors}"
    );
    let (status, output, errors) = ablation(folder.path(), &["--row", "gru-irm-atb"]);
    assert_eq!((status, output.as_str()), (0, ""), "{errors}");
    let (status, output, errors) = ablation(folder.path(), &["--collect"]);
    assert_eq!(status, 0, "{errors}");
    assert!(output.contains("Not done: 1 of 2 rows"), "{output}");
    assert!(
        output.contains("| GRU + IRM + ATB |") && output.contains("26.36 / 0.8217"),
        "{output}"
    );
    let weights = folder.path().join("rows/gru-irm-atb/weights.safetensors");
    let before = fs::read(&weights).expect("weights");
    let (status, output, errors) = ablation(folder.path(), &[]);
    assert_eq!(status, 0, "{errors}");
    assert!(!output.contains("Not done"), "{output}");
    assert_eq!(fs::read(&weights).expect("weights"), before);
    assert_eq!(
        fs::read_to_string(folder.path().join("rows/tables.md")).expect("tables"),
        output
    );
    let (status, _, errors) = ablation(folder.path(), &["--steps", "3"]);
    assert_eq!(status, 1);
    assert!(errors.contains("holds a row of another grid"), "{errors}");
    let scores = folder.path().join("rows/gru-irm-atb/scores.json");
    let text = fs::read_to_string(&scores).expect("scores");
    let mut other: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    other["entries"][0]["sequences"][0]["name"] = "another".into();
    fs::write(&scores, other.to_string()).expect("written");
    for more in [&[][..], &["--collect"]] {
        let (status, _, errors) = ablation(folder.path(), more);
        assert_eq!(status, 1);
        assert!(errors.contains("was scored on other sequences"), "{errors}");
    }
    let (status, _, errors) = ablation(folder.path(), &["--row", "gru"]);
    assert_eq!(status, 1);
    assert!(errors.contains("no row \"gru\""), "{errors}");
}

#[cfg(unix)]
#[test]
fn the_slurm_array_takes_the_row_of_its_number() {
    let folder = folder();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/slurm-ablation.sh");
    let task = |number: &str| {
        let mut command = Command::new("bash");
        command.arg(&script).env("ABLATION", program("ablation"));
        command
            .env("GRID", grid(folder.path()))
            .env("DATA", folder.path());
        command.env("OUT", folder.path().join("rows"));
        called(command.env("SLURM_ARRAY_TASK_ID", number))
    };
    let (status, _, errors) = task("2");
    assert_eq!(status, 0, "{errors}");
    assert!(folder.path().join("rows/gru-irm-atb/scores.json").is_file());
    assert!(!folder.path().join("rows/gru-none-none").exists());
    let (status, _, errors) = task("3");
    assert_eq!(status, 1);
    assert!(errors.contains("no row number 3"), "{errors}");
}
