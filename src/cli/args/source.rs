//! The global options, said again on lines that are printed.

use super::Global;
use crate::repair::SourceOptions;

impl Global {
    /// Where facts come from, as options of a line that is printed. What is said of writing is not
    /// among them, but for the word that allows it where the configuration does not.
    pub fn source(&self) -> SourceOptions {
        let mut source = SourceOptions::default();
        match &self.demo {
            Some(Some(name)) => source = source.flag(&format!("--demo={name}")),
            Some(None) => source = source.flag("--demo"),
            None => {}
        }
        for file in &self.estate {
            source = source.option("--estate", file);
        }
        if let Some(viewer) = &self.viewer {
            source = source.option("--as", viewer.to_string());
        }
        if let Some(endpoint) = &self.endpoint {
            source = source.option("--endpoint", endpoint);
        }
        if let Some(file) = &self.access_token_file {
            source = source.option("--access-token-file", file);
        }
        if let Some(act_as) = &self.impersonate {
            source = source.option("--impersonate", act_as.to_string());
        }
        for (name, value) in [
            ("--billing-project", &self.billing_project),
            ("--project", &self.project),
            ("--folder", &self.folder),
            ("--organization", &self.organization),
        ] {
            if let Some(value) = value {
                source = source.option(name, value);
            }
        }
        if self.write {
            source = source.flag("--write");
        }
        if self.demo.is_some() || !self.estate.is_empty() {
            source = source.passing();
        }
        source
    }
}
