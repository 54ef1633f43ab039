//! Whose data a transaction may touch, and who is asking.
//!
//! A scope cannot be put together from parts: it is read from a membership or a job, in
//! [`lobby`](super::lobby), or made by the command line's operator, and nowhere else.
use std::sync::Arc;

use crate::{
    domain::{Permission, Role},
    id::{PartnerId, TenantId, UserId},
};

/// Who does something, as the audit trail names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A person's name, or "system" for a job, or "operator" for the command line.
    pub name: String,
    /// The person, where it is one.
    pub user: Option<UserId>,
    /// What they may do; jobs and the operator may do everything.
    pub role: Option<Role>,
    /// The one thing that a program may do.
    pub only: Option<Permission>,
}

impl Actor {
    pub(super) fn system() -> Arc<Self> {
        Self::nobody("system")
    }
    pub(super) fn operator() -> Arc<Self> {
        Self::nobody("operator")
    }
    fn nobody(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            user: None,
            role: None,
            only: None,
        })
    }
    pub(super) fn program(name: &str, only: Permission) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            user: None,
            role: None,
            only: Some(only),
        })
    }
    /// Whether this actor may do something.
    pub fn may(&self, permission: Permission) -> bool {
        self.only.is_none_or(|only| only == permission)
            && self.role.is_none_or(|role| role.may(permission))
    }
}

/// The vendor's own people: every row of one tenant.
#[derive(Debug, Clone)]
pub struct VendorScope {
    tenant: TenantId,
    actor: Arc<Actor>,
}

/// A partner's people: that partner's rows of one tenant, and no others.
#[derive(Debug, Clone)]
pub struct PartnerScope {
    tenant: TenantId,
    partner: PartnerId,
    actor: Arc<Actor>,
}

/// What the two scopes have in common.
pub trait Scope: Clone + Send + 'static {
    /// The tenant all rows belong to.
    fn tenant(&self) -> TenantId;
    /// The partner all rows belong to, where the scope is a partner's.
    fn partner_id(&self) -> Option<PartnerId>;
    /// Who is asking.
    fn actor(&self) -> &Actor;
}
impl Scope for VendorScope {
    fn tenant(&self) -> TenantId {
        self.tenant
    }
    fn partner_id(&self) -> Option<PartnerId> {
        None
    }
    fn actor(&self) -> &Actor {
        &self.actor
    }
}
impl Scope for PartnerScope {
    fn tenant(&self) -> TenantId {
        self.tenant
    }
    fn partner_id(&self) -> Option<PartnerId> {
        Some(self.partner)
    }
    fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl VendorScope {
    pub(super) fn new(tenant: TenantId, actor: Arc<Actor>) -> Self {
        Self { tenant, actor }
    }
}
impl PartnerScope {
    pub(super) fn new(tenant: TenantId, partner: PartnerId, actor: Arc<Actor>) -> Self {
        Self {
            tenant,
            partner,
            actor,
        }
    }
    pub(super) fn partner(&self) -> PartnerId {
        self.partner
    }
}
