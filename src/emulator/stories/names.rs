//! The names of the built-in estates that stand in files, in one place: `assets/estates/NAME.json`, with an
//! entry of that name in `index.json`.

/// Hands the names to a macro, each with the name of its tests: `each_story!(tests)` is
/// `tests! { cross_project "cross-project", … }`. What is made from it has every story.
#[macro_export]
macro_rules! each_story {
    ($then:ident) => {
        $then! {
            cross_project "cross-project",
            inherited "inherited",
            conditional "conditional",
            tagged "tagged",
            denied "denied",
            owner "owner",
            typo "typo",
            group "group",
            boundary "boundary",
            boundary_v1 "boundary-v1",
            disabled "disabled",
            project_shut_down "project-shut-down",
            api_off "api-off",
            unreadable "unreadable",
            unreadable_yes "unreadable-yes",
            role_lacks "role-lacks",
            custom_role_disabled "custom-role-disabled",
            wrong_kind "wrong-kind",
            self_grant "self-grant",
            github "github",
            delegation "delegation",
            wrong_target "wrong-target",
            no_grant "no-grant",
            role_deleted "role-deleted",
            role_unknown "role-unknown",
            role_unreadable "role-unreadable",
            not_in_group "not-in-group",
            group_unreadable "group-unreadable",
            condition_broken "condition-broken",
            condition_attribute "condition-attribute",
            condition_open "condition-open",
            target_missing "target-missing",
            caller_missing "caller-missing",
            caller_disabled "caller-disabled",
            boundary_deny_only "boundary-deny-only",
            github_self "github-self",
            target_deleted "target-deleted",
            caller_deleted "caller-deleted",
            quota_denied "quota-denied",
            lifetime "lifetime",
            expired "expired",
            scopes "scopes",
            young "young",
            domain_restricted "domain-restricted",
            person_target "person-target",
            default_account "default-account",
            third_project "third-project",
            pool_deleted "pool-deleted",
            provider_refuses "provider-refuses",
            subject_too_long "subject-too-long",
            attribute_not_mapped "attribute-not-mapped",
        }
    };
}
