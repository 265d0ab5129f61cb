// SPDX-License-Identifier: MIT OR Apache-2.0
//! What recipes may say, and what a step does by them.

use super::*;

#[test]
fn in_a_run_of_so_much_time_rate_and_stage_follow_the_time() {
    let mut recipe = recipe(IFI, "[optimiser]\nrate = 1.0\nwarm-up = 4\nlast = 0.0\n");
    let at = |step, seconds| schedule::Moment { step, seconds };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
    near(schedule::rate(&recipe, at(6, 0.0)), 0.5);
    recipe.seconds = Some(60.0);
    // The rise is one of steps still: it is there for the optimiser's averages.
    near(schedule::rate(&recipe, at(1, 0.0)), 0.5);
    near(schedule::rate(&recipe, at(6, 0.0)), 1.0);
    near(schedule::rate(&recipe, at(6, 30.0)), 0.5);
    near(schedule::rate(&recipe, at(6, 61.0)), 0.0);
    let frames = |seconds| schedule::stage(&recipe, at(6, seconds)).frames;
    assert_eq!([29.0, 31.0, 61.0].map(frames), [2, 3, 3]);
    let is_last = |step, seconds| at(step, seconds).is_last(&recipe);
    assert!(!is_last(11, 59.0) && is_last(11, 60.0) && is_last(12, 0.0));
}

#[test]
fn so_many_of_the_steps_turn_their_clips_and_draw_the_rest_as_before() {
    let mut recipe = recipe(IFI, "");
    recipe.stages[1].frames = 5;
    let draws = |turned: f64| {
        let mut recipe = recipe.clone();
        recipe.stages[1].turned = turned;
        let at = |step| schedule::Moment { step, seconds: 0.0 };
        let draws = (6..406).map(|step| schedule::Draw::new(&recipe, at(step)));
        draws.collect::<Vec<_>>()
    };
    let some = draws(0.25);
    let turns: Vec<usize> = some.iter().filter_map(|draw| draw.turn).collect();
    assert!((60..140).contains(&turns.len()), "{}", turns.len());
    assert!((2..=3).all(|turn| turns.contains(&turn)));
    assert!(turns.iter().all(|turn| (2..=3).contains(turn)), "{turns:?}");
    let without = some
        .into_iter()
        .map(|draw| schedule::Draw { turn: None, ..draw });
    assert_eq!(draws(0.0), without.collect::<Vec<_>>());
}

#[test]
fn a_recipe_says_what_is_wrong_with_it() {
    let good = "name = \"x\"\nsteps = 5\n[network]\ncell = \"gru\"\n[data]\n[[stage]]\nuntil = 1\nframes = 2\ncrop = 32\n";
    let parse = |text: &str, changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|c| (*c).to_owned()).collect();
        Recipe::parse(text, &changes)
    };
    let recipe = parse(
        good,
        &[
            "optimiser.rate=3e-4",
            "network.hidden=irm",
            "stage-free.x=1",
        ],
    );
    assert!(recipe.expect_err("an unknown table").contains("stage-free"));
    let recipe = parse(good, &["optimiser.rate=3e-4", "network.hidden=irm"]).expect("a recipe");
    assert_eq!(recipe.optimiser.rate, 3e-4);
    assert_eq!(
        recipe.spec().expect("a network").to_string(),
        "gru-irm-none"
    );
    for (change, part) in [
        ("steps=0", "1 or more"),
        ("seconds=0.0", "above 0"),
        ("network.cell=lsmt", "unknown cell \"lsmt\""),
        ("network.feature=atp", "unknown module \"atp\""),
        ("clips.batch=0", "1 or more"),
        ("clips.renew=2000", "at most all"),
        ("clips.ring=1000000000000", "TB; make it of fewer"),
        ("run.precison=auto", "precison"),
        ("network.start=nowhere.safetensors", "nowhere.safetensors"),
        (
            "network.teacher=nowhere.safetensors",
            "teacher = \"nowhere.safetensors\"",
        ),
        ("network.teacher=lite", "can teach an rdbn"),
        ("optimiser.kind=sgd", "sgd"),
        ("rate", "key=value"),
        ("name.x=1", "is no table"),
    ] {
        let message = match parse(good, &[change]) {
            Err(message) => message,
            Ok(recipe) => Trainer::new(&recipe)
                .map(|_| ())
                .expect_err(change)
                .to_string(),
        };
        assert!(message.contains(part), "{change}: {message}");
    }
}

#[test]
fn what_a_recipe_says_of_a_network_must_be_that_of_the_weights_it_begins_with() {
    let text = "name = \"x\"\nsteps = 5\n[network]\nstart = \"lite\"\n[data]\n[[stage]]\nuntil = 1\nframes = 2\ncrop = 32\n";
    let parse = |change: &str| Recipe::parse(text, &[change.to_owned()]);
    for (change, part) in [
        ("network.blocks=10", "network.blocks is 6 in the weights"),
        ("network.hidden=none", "network.hidden is \"irm\""),
        ("network.skip=false", "network.skip is true"),
    ] {
        let message = parse(change).expect_err(change);
        assert!(message.starts_with(part), "{message}");
    }
    for same in ["network.blocks=6", "network.hidden=irm", "network.base=12"] {
        parse(same).expect(same);
    }
}

#[test]
fn a_fault_is_one_sentence_with_its_place() {
    let good = "# A comment.\nname = \"x\"\nsteps = 5\n[network]\ncell = \"gru\"\n[data]\n[[stage]]\nuntil = 1\nframes = 2\ncrop = 32\n";
    let refusal = |text: &str| Recipe::parse(text, &[]).expect_err("a refusal");
    for (wrong, expected) in [
        ("steps = ", "line 3, steps =: "),
        ("stepps = 5", "at stepps = 5: unknown field `stepps`"),
        ("steps = \"many\"", "at steps = \"many\": invalid type"),
    ] {
        let message = refusal(&good.replace("steps = 5", wrong));
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    let message = refusal(&good.replace("steps = 5\n", ""));
    assert_eq!(message, "missing field `steps`");
}

#[test]
fn a_stage_says_what_is_wrong_with_it() {
    let good = "name = \"x\"\nsteps = 5\n[network]\ncell = \"gru\"\n[data]\n[[stage]]\nuntil = 1\nframes = 2\ncrop = 32\n";
    let refusal = |text: &str, changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|c| (*c).to_owned()).collect();
        Recipe::parse(text, &changes).expect_err("a refusal")
    };
    let with = |line: &str| good.replace("crop = 32", &format!("crop = 32\n{line}"));
    for (turned, part) in [("1.5", "share from 0 to 1"), ("0.5", "4 frames or more")] {
        let message = refusal(&with(&format!("turned = {turned}")), &[]);
        assert!(
            message.contains("\"turned\"") && message.contains(part),
            "{message}"
        );
    }
    let message = refusal(&with("apart = true"), &[]);
    assert!(message.contains("needs network.teacher"), "{message}");
    for past in ["old = 2", "disturbed = 0.1"] {
        let message = refusal(&with(past), &["network.teacher=lite"]);
        assert!(message.contains("with a teacher leave out"), "{message}");
    }
    let falling = good.replace("until = 1", "until = 0.5");
    assert!(refusal(&falling, &[]).contains("end with 1"));
}

#[test]
fn a_number_out_of_its_range_is_refused_by_its_key() {
    let text = "name = \"x\"\nsteps = 5\n[network]\ncell = \"gru\"\n[data]\n[[stage]]\nuntil = 1\nframes = 2\ncrop = 32\n";
    for (change, said) in [
        ("optimiser.rate=-1", "is -1, expected a number above 0"),
        ("optimiser.clip=inf", "is inf, expected a number above 0"),
        ("loss.floor=0.0", "is 0, expected a number above 0"),
        ("optimiser.average=1.5", "is 1.5, expected a share"),
        ("optimiser.last=nan", "is NaN, expected a share"),
        ("optimiser.decay=-0.1", "is -0.1, expected 0 or more"),
        ("loss.state=nan", "is NaN, expected 0 or more"),
        ("loss.state-limit=-4.0", "is -4, expected 0 or more"),
        ("loss.fourier=-1.0", "is -1, expected 0 or more"),
    ] {
        let message = Recipe::parse(text, &[change.to_owned()]).expect_err(change);
        let (key, _) = change.split_once('=').expect("key=value");
        assert!(message.starts_with(&format!("{key} {said}")), "{message}");
    }
}
