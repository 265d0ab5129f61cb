// SPDX-License-Identifier: MIT OR Apache-2.0
//! The committed recipes are ones that `train` and `ablation` take.

use rirn_lab::ablation::Grid;
use rirn_lab::train::Recipe;
use std::path::Path;

#[test]
fn every_recipe_is_taken_and_says_in_its_head_how_it_is_called() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes"));
    let mut count = 0;
    for entry in folder.read_dir().expect("the recipes") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(text.contains(&format!("recipes/{name} --data")), "{name}");
        if text.contains("[ablation]") {
            let grid = Grid::open(&path, &[]).expect(&name);
            assert!(!grid.rows.is_empty(), "{name}");
        } else {
            let recipe = Recipe::open(&path, &[]).expect(&name);
            recipe.network_spec().expect(&name);
            recipe.data.check().expect(&name);
        }
        count += 1;
    }
    assert!(count >= 15, "{count} recipes");
}

#[test]
fn what_every_row_has_for_itself_is_refused_in_a_grid() {
    let grid = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../recipes/tables.toml"
    ));
    for key in ["cell", "base", "start", "teacher"] {
        let change = format!("network.{key}=lite");
        let error = Grid::open(grid, &[change]).expect_err(key).to_string();
        assert!(
            error.contains(&format!("network.{key} is the rows' own")),
            "{error}"
        );
    }
}
