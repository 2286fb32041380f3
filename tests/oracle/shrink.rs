//! Makes a case smaller for as long as it still goes wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::case::{Case, Shared};

/// Longer is not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The parts of an estate that may be missing.
const LISTS: [&str; 6] = [
    "denyPolicies",
    "policyBindings",
    "principalAccessBoundaryPolicies",
    "groups",
    "providers",
    "roles",
];

/// The smallest case found that `ask` still finds something wrong with.
pub fn smallest(case: &Case, ask: &dyn Fn(Shared) -> Vec<String>) -> Case {
    let begun = Instant::now();
    let mut best = case.clone();
    loop {
        let smaller = steps(&best)
            .into_iter()
            .find(|step| begun.elapsed() < PATIENCE && !ask(Arc::new(step.clone())).is_empty());
        match smaller {
            Some(step) => best = step,
            None => return best,
        }
    }
}

/// The case with one thing less, each.
fn steps(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    for at in 0..case.asked.len() {
        if case.asked.len() > 1 {
            let mut less = case.clone();
            less.asked.remove(at);
            all.push(less);
        }
    }
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut less = case.clone();
        change(&mut less.world);
        if less.world != case.world {
            all.push(less);
        }
    };
    for name in ["iamPolicies", "tags", "enabledServices"] {
        let keys: Vec<String> = case.world[name]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.clone())
            .collect();
        for key in keys {
            with(&|world| {
                world[name].as_object_mut().unwrap().remove(&key);
            });
        }
    }
    for name in LISTS {
        for at in 0..case.world[name].as_array().map_or(0, Vec::len) {
            with(&|world| {
                world[name].as_array_mut().unwrap().remove(at);
            });
        }
    }
    let policies = case.world["iamPolicies"].as_object().into_iter().flatten();
    for (key, policy) in policies {
        let bindings = policy["bindings"].as_array().map_or(&[][..], Vec::as_slice);
        for (at, binding) in bindings.iter().enumerate() {
            with(&|world| {
                world["iamPolicies"][key]["bindings"]
                    .as_array_mut()
                    .unwrap()
                    .remove(at);
            });
            let members = binding["members"].as_array().map_or(0, Vec::len);
            for member in 0..if members > 1 { members } else { 0 } {
                with(&|world| {
                    let binding = &mut world["iamPolicies"][key]["bindings"][at];
                    binding["members"].as_array_mut().unwrap().remove(member);
                });
            }
            with(&|world| {
                let binding = &mut world["iamPolicies"][key]["bindings"][at];
                binding.as_object_mut().unwrap().remove("condition");
            });
        }
    }
    all
}
