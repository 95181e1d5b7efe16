//! The calls to IAM: roles, their inline policies, and their tags.
//!
//! Source: IAM API reference, query protocol, version 2010-05-08. IAM is one service for a whole partition: where it is
//! and with which region its calls are signed is in [`crate::signed`].

use crate::clients::Aws;
use crate::error::Error;
use crate::removal::Removal;
use crate::settings::Service;
use crate::signed::{element, tag};
use crate::tags::{self, Tags};

/// IAM of the partition that a region is in.
pub(crate) struct Iam<'a> {
    aws: &'a Aws,
    region: &'a str,
}

/// A role that exists.
pub(crate) struct FoundRole {
    pub(crate) arn: String,
    /// ARN of its permissions boundary.
    pub(crate) boundary: Option<String>,
    pub(crate) path: String,
    pub(crate) tags: Tags,
}

/// A role to make.
pub(crate) struct NewRole<'a> {
    pub(crate) name: &'a str,
    /// `/`, or folders with a slash at both ends.
    pub(crate) path: &'a str,
    /// ARN of the policy that bounds its permissions.
    pub(crate) boundary: Option<&'a str>,
    pub(crate) description: &'a str,
    /// Who may take it, as a policy document.
    pub(crate) trust: &'a str,
    pub(crate) tags: Tags,
}

impl<'a> Iam<'a> {
    pub(crate) fn new(aws: &'a Aws, region: &'a str) -> Self {
        Iam { aws, region }
    }

    /// The role of this name, if there is one.
    pub(crate) async fn role(&self, name: &str) -> Result<Option<FoundRole>, Error> {
        let answer = self.call("GetRole", name, &[]).await;
        let Some(answer) = Removal::gone_is_fine(answer)? else {
            return Ok(None);
        };
        Ok(Some(FoundRole {
            arn: element(Service::Iam, "GetRole", &answer, "Arn")?,
            boundary: tag(&answer, "PermissionsBoundaryArn"),
            path: tag(&answer, "Path").unwrap_or_else(|| "/".to_owned()),
            tags: tags::from_xml(&answer),
        }))
    }

    /// Makes a role; its ARN.
    pub(crate) async fn create_role(&self, role: &NewRole<'_>) -> Result<String, Error> {
        let tags = tags::as_query(&role.tags);
        let mut parameters = vec![
            ("Path", role.path),
            ("Description", role.description),
            ("AssumeRolePolicyDocument", role.trust),
        ];
        parameters.extend(role.boundary.map(|arn| ("PermissionsBoundary", arn)));
        parameters.extend(tags::pairs(&tags));
        let answer = self.call("CreateRole", role.name, &parameters).await?;
        element(Service::Iam, "CreateRole", &answer, "Arn")
    }

    /// Says who may take a role.
    pub(crate) async fn trust(&self, role: &str, document: &str) -> Result<(), Error> {
        let parameters = [("PolicyDocument", document)];
        let answer = self.call("UpdateAssumeRolePolicy", role, &parameters);
        answer.await.map(|_| ())
    }

    /// Deletes a role without policies; nothing happens where there is none.
    pub(crate) async fn delete_role(&self, name: &str) -> Result<(), Error> {
        let answer = self.call("DeleteRole", name, &[]).await;
        Removal::gone_is_fine(answer).map(|_| ())
    }

    /// Names of a role's inline policies; none where there is no such role.
    pub(crate) async fn policies(&self, role: &str) -> Result<Vec<String>, Error> {
        let answer = self.call("ListRolePolicies", role, &[]).await;
        let answer = Removal::gone_is_fine(answer)?.unwrap_or_default();
        // All inline policies of a role have 10,240 characters together: they fit into the first page of a hundred names.
        let names = answer.split("<member>").skip(1);
        Ok(names
            .filter_map(|rest| Some(rest.split_once("</member>")?.0.to_owned()))
            .collect())
    }

    /// Puts an inline policy, new or once more.
    pub(crate) async fn put_policy(
        &self,
        role: &str,
        policy: &str,
        document: &str,
    ) -> Result<(), Error> {
        let parameters = [("PolicyName", policy), ("PolicyDocument", document)];
        let answer = self.call("PutRolePolicy", role, &parameters);
        answer.await.map(|_| ())
    }

    /// Deletes an inline policy; nothing happens where there is none.
    pub(crate) async fn delete_policy(&self, role: &str, policy: &str) -> Result<(), Error> {
        let parameters = [("PolicyName", policy)];
        let answer = self.call("DeleteRolePolicy", role, &parameters).await;
        Removal::gone_is_fine(answer).map(|_| ())
    }

    /// Sets tags of a role.
    pub(crate) async fn tag_role(&self, role: &str, tags: &Tags) -> Result<(), Error> {
        let tags = tags::as_query(tags);
        let parameters = tags::pairs(&tags);
        self.call("TagRole", role, &parameters).await.map(|_| ())
    }

    /// Takes tags from a role.
    pub(crate) async fn untag_role(&self, role: &str, keys: &[String]) -> Result<(), Error> {
        let names: Vec<String> = (1..=keys.len())
            .map(|number| format!("TagKeys.member.{number}"))
            .collect();
        let parameters: Vec<(&str, &str)> = names
            .iter()
            .map(String::as_str)
            .zip(keys.iter().map(String::as_str))
            .collect();
        let answer = self.call("UntagRole", role, &parameters);
        answer.await.map(|_| ())
    }

    /// A call about a role.
    async fn call(
        &self,
        operation: &'static str,
        role: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Error> {
        let mut all = vec![("RoleName", role)];
        all.extend(parameters);
        let answer = self
            .aws
            .query(Service::Iam, self.region, operation, &all)
            .await;
        answer.map_err(|error| error.about(format!("role {role}")))
    }
}
