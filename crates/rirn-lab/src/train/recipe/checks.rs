// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a recipe must not say, though it can be read.

use super::Recipe;
use toml::{Table, Value};

impl Recipe {
    /// Refuses what `table` says of a network whose description is that of the weights it begins with.
    pub(super) fn check_start(&self, table: &Table) -> Result<(), String> {
        let said = table.get("network").and_then(Value::as_table);
        let (None, Some(start), Some(said)) = (&self.network.cell, &self.network.start, said)
        else {
            return Ok(());
        };
        let spec = self.spec()?;
        let own: [(&str, Value); 5] = [
            ("blocks", i64::from(spec.blocks).into()),
            ("hidden", spec.hidden.word().into()),
            ("feature", spec.feature.word().into()),
            ("skip", spec.skip.into()),
            ("irm-relu", spec.irm_relu.into()),
        ];
        let other = own
            .iter()
            .find(|(key, own)| said.get(*key).is_some_and(|said| said != own));
        match other {
            Some((key, own)) => Err(format!(
                "network.{key} is {own} in the weights of network.start, \"{start}\"; leave it out"
            )),
            None => Ok(()),
        }
    }

    pub(in crate::train) fn check(&self) -> Result<(), String> {
        let rising = self.stages.windows(2).all(|p| p[0].until < p[1].until);
        let last = self.stages.last().map(|stage| stage.until);
        if !rising || last != Some(1.0) {
            return Err("the \"until\" of the [[stage]] tables must rise and end with 1".into());
        }
        for stage in &self.stages {
            if stage.frames == 0 || stage.crop < 16 || stage.crop % 4 != 0 {
                return Err("a stage needs frames, and a crop of 16 or more that 4 divides".into());
            }
            for (name, share) in [("disturbed", stage.disturbed), ("turned", stage.turned)] {
                if !(0.0..=1.0).contains(&share) {
                    return Err(format!("\"{name}\" is a share from 0 to 1"));
                }
            }
            let has_teacher = self.network.teacher.is_some();
            if has_teacher && (stage.old > 0 || stage.disturbed > 0.0) {
                return Err("with a teacher leave out \"old\" and \"disturbed\"".into());
            }
            if stage.apart && !has_teacher {
                return Err("\"apart\" needs network.teacher".into());
            }
            if stage.turned > 0.0 && stage.frames < 4 {
                return Err("with \"turned\" a stage needs 4 frames or more".into());
            }
        }
        if self
            .seconds
            .is_some_and(|all| !(all > 0.0 && all.is_finite()))
        {
            return Err("seconds must be above 0".into());
        }
        let clips = &self.clips;
        let least = [
            self.steps,
            clips.every,
            self.run.log_every,
            self.run.save_every,
        ];
        if least.contains(&0) || clips.batch == 0 || self.run.watch_every == 0 {
            return Err("steps, batch and all \"every\" must be 1 or more".into());
        }
        if clips.ring < clips.batch || clips.renew > clips.ring {
            return Err("a ring holds at least a batch, and at most all of it is renewed".into());
        }
        self.check_ring()?;
        self.check_numbers()?;
        self.spec().map(drop)
    }

    /// A ring that no machine has room for.
    fn check_ring(&self) -> Result<(), String> {
        let (frames, crop) = self.largest();
        // Blurred and sharp, three channels of a byte.
        let all = [self.clips.ring, frames, crop, crop, 6].map(|number| number as f64);
        let terabytes = all.iter().product::<f64>() / 1e12;
        match terabytes <= 1.0 {
            true => Ok(()),
            false => Err(format!(
                "the ring would take {terabytes:.0} TB; make it of fewer, shorter or smaller clips"
            )),
        }
    }

    /// Numbers without which no step can be made, or none that makes the loss smaller.
    fn check_numbers(&self) -> Result<(), String> {
        let (o, loss) = (&self.optimiser, &self.loss);
        let above = [
            ("optimiser.rate", o.rate),
            ("optimiser.clip", o.clip),
            ("loss.floor", loss.floor),
        ];
        if let Some((name, value)) = above.iter().find(|(_, x)| !(*x > 0.0 && x.is_finite())) {
            return Err(format!("{name} is {value}, expected a number above 0"));
        }
        let shares = [
            ("optimiser.recurrent", o.recurrent),
            ("optimiser.last", o.last),
            ("optimiser.average", o.average),
        ];
        if let Some((name, value)) = shares.iter().find(|(_, x)| !(0.0..=1.0).contains(x)) {
            return Err(format!("{name} is {value}, expected a share from 0 to 1"));
        }
        let weights = [
            ("optimiser.decay", o.decay),
            ("loss.fourier", loss.fourier),
            ("loss.state", loss.state),
            ("loss.state-limit", loss.state_limit),
        ];
        if let Some((name, value)) = weights.iter().find(|(_, x)| !(*x >= 0.0 && x.is_finite())) {
            return Err(format!("{name} is {value}, expected 0 or more"));
        }
        Ok(())
    }
}
