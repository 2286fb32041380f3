//! What stands on one level: its allow policy, deny policies, boundary bindings, and what comes of organization
//! policies there.

use std::sync::PoisonError;

use futures::future::try_join_all;

use super::{ListedDenials, Surveyor, Wanted, side_by_side};
use crate::google::api::{allow_policy_as_read, boundaries, deny_policies, org_policy};
use crate::iam::{AllowPolicy, DenyPolicy, Resource, deny, org_policy as constraints};
use crate::wire::{ApiError, is_plain_name};

impl Surveyor<'_> {
    /// What comes of a constraint's organization policies on a project.
    pub(super) async fn org_policy(&self, project: &str, constraint: &str) -> Result<(), ApiError> {
        let on = Resource::project(project);
        let label = format!("organization policy {constraint} of {project}");
        // That this API gives no answer says nothing of the others: unknown, whatever went wrong.
        let read = async {
            let read = org_policy::effective(self.ask, &on, constraint).await;
            Ok(read.map_err(|error| error.why()))
        };
        let answer = self.watch(&label, read).await?;
        let answer = answer.map_err(|error| error.why()).and_then(|read| read);
        self.known.put(|estate| match answer {
            Ok(policy) => estate.put_effective_org_policy(on, constraint, policy),
            Err(why) => estate.mark_unreadable(&constraints::collection(&on), &why),
        });
        Ok(())
    }

    /// The policies of one level.
    pub(super) async fn level(&self, level: &Resource, wanted: Wanted) -> Result<(), ApiError> {
        futures::try_join!(
            self.policy(level),
            async {
                if wanted.deny {
                    self.deny(level).await
                } else {
                    Ok(())
                }
            },
            async {
                if wanted.boundaries {
                    self.bindings(level).await
                } else {
                    Ok(())
                }
            }
        )?;
        Ok(())
    }

    /// The allow policy of one level.
    pub(super) async fn policy(&self, resource: &Resource) -> Result<(), ApiError> {
        let read = self.asked_policy(resource).await?;
        self.keep_policy(resource, read);
        Ok(())
    }

    /// Asks for an allow policy; `None` where that was done before.
    pub(super) async fn asked_policy(
        &self,
        resource: &Resource,
    ) -> Result<Option<Result<AllowPolicy, ApiError>>, ApiError> {
        if !self.first(&format!("policy {}", resource.full_name())) {
            return Ok(None);
        }
        let label = format!("policy of {}", resource.relative());
        let read = self.watch(&label, allow_policy_as_read(self.ask, resource));
        let read = read.await?.map(|(policy, as_read)| {
            self.keep_as_read(resource, as_read);
            policy
        });
        Ok(Some(read))
    }

    pub(super) fn keep_policy(&self, of: &Resource, read: Option<Result<AllowPolicy, ApiError>>) {
        self.known.put(|estate| match read {
            Some(Ok(policy)) => estate.put_policy(of.clone(), policy),
            Some(Err(error)) => estate.mark_unreadable(&of.full_name(), &error.why()),
            None => {}
        });
    }

    /// The deny policies of one level: the list has no rules (discovery document iam v2,
    /// `listPolicies`: "policy rules are omitted"), so each is read on its own, by [`Self::deny_rules`]:
    /// until then it is not known what is denied here.
    async fn deny(&self, level: &Resource) -> Result<(), ApiError> {
        let collection = deny::collection(level);
        if !self.first(&collection) {
            return Ok(());
        }
        let label = format!("deny policies of {}", level.relative());
        let names = deny_policies::deny_policy_names(self.ask, level);
        let names = match self.watch(&label, names).await? {
            Ok(names) => names,
            Err(error) => {
                self.unreadable(&collection, &error.why());
                return Ok(());
            }
        };
        if names.is_empty() {
            self.known.put(|estate| estate.put_deny_read(level.clone()));
        } else {
            self.denying(|denying| denying.push((level.clone(), names)));
        }
        Ok(())
    }

    /// The rules of the deny policies that were listed since this was done last.
    pub(super) async fn deny_rules(&self) -> Result<(), ApiError> {
        let listed = self.denying(std::mem::take);
        let levels = listed.iter().map(|(level, names)| async move {
            let read = try_join_all(names.iter().map(|name| self.deny_policy(name))).await?;
            let collection = deny::collection(level);
            self.known.put(|estate| {
                for policy in read {
                    match policy {
                        Ok(policy) => {
                            if !estate.put_deny_policy(policy) {
                                let why = "a policy has a name of another form";
                                estate.mark_unreadable(&collection, why);
                            }
                        }
                        Err(why) => estate.mark_unreadable(&collection, &why),
                    }
                }
                estate.put_deny_read(level.clone());
            });
            Ok::<_, ApiError>(())
        });
        side_by_side(levels).await.map(drop)
    }

    async fn deny_policy(&self, name: &str) -> Result<Result<DenyPolicy, String>, ApiError> {
        if !is_plain_name(name) {
            return Ok(Err("a deny policy has a name of another form".into()));
        }
        let label = format!("deny policy {}", name.rsplit('/').next().unwrap_or(name));
        let read = self
            .watch(&label, deny_policies::deny_policy(self.ask, name))
            .await?;
        Ok(read.map_err(|error| error.why()))
    }

    /// The boundary bindings of one level (IAM v3, `policyBindings.list`).
    pub(super) async fn bindings(&self, level: &Resource) -> Result<(), ApiError> {
        let collection = format!("{}/locations/global/policyBindings", level.relative());
        if !self.first(&collection) {
            return Ok(());
        }
        let label = format!("boundaries bound at {}", level.relative());
        let list = boundaries::policy_bindings(self.ask, level);
        let answer = self.watch(&label, list).await?;
        self.known.put(|estate| match answer {
            Ok(list) => {
                estate.put_policy_bindings_read(level);
                for binding in list {
                    estate.put_policy_binding(binding);
                }
            }
            Err(error) => estate.mark_unreadable(&collection, &error.why()),
        });
        Ok(())
    }

    fn denying<T>(&self, look: impl FnOnce(&mut ListedDenials) -> T) -> T {
        look(&mut self.denying.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
