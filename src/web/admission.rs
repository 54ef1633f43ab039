//! Lets people in, before anything of their request but its head is read.
use std::future::{Ready, ready};

use actix_session::SessionExt;
use actix_web::{
    Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web::Data,
};
use chrono::TimeDelta;

use super::{
    Failure, nav,
    page::{Shell, Site, WorkspaceLink},
    sessions::{FLASH, SINCE, USER},
};
use crate::{
    Error, Result,
    domain::{Zone, date_words},
    id::{Id, UserId},
    store::{
        PartnerScope, Scope, Store, VendorScope,
        lobby::{self, Admission, Workspace},
    },
};

/// Someone on the vendor's side of a workspace.
#[derive(Clone)]
pub struct Staff {
    /// What they may touch.
    pub scope: VendorScope,
    /// Where the workspace begins: `/meridian`.
    pub base: String,
    frame: Frame,
}

/// Someone on a partner's side of a workspace.
#[derive(Clone)]
pub struct Visitor {
    /// What they may touch.
    pub scope: PartnerScope,
    /// Where the workspace begins: `/meridian/p/northwind`.
    pub base: String,
    frame: Frame,
}

/// What the shell around a page needs.
#[derive(Clone)]
struct Frame {
    here: Workspace,
    all: Vec<Workspace>,
    person: String,
    zone: Zone,
    path: String,
    flash: Option<String>,
    demo: bool,
    today: String,
}

impl Frame {
    fn shell(&self, base: &str, nav: Vec<super::page::NavGroup>, mail: Option<String>) -> Shell {
        let link = |workspace: &Workspace| WorkspaceLink {
            label: workspace.label(),
            href: workspace.href(),
            current: workspace.membership == self.here.membership,
        };
        Shell {
            vendor_name: self.here.vendor_name.clone(),
            partner_name: self.here.partner.as_ref().map(|(_, name)| name.clone()),
            home_href: base.to_owned(),
            nav,
            workspaces: self.all.iter().map(link).collect(),
            person: self.person.clone(),
            zone: self.zone,
            account_href: "/account".to_owned(),
            flash: self.flash.clone(),
            css: super::assets::css(),
            icons: super::assets::icons(),
            demo: self.demo,
            today: self.today.clone(),
            mail_href: mail,
        }
    }
}

impl Staff {
    /// The frame around a page on this side.
    pub fn shell(&self) -> Shell {
        let role = self.frame.here.role;
        let mail = role
            .may(crate::domain::Permission::ViewMail)
            .then(|| format!("{}/mail", self.base));
        let nav = nav::staff(&self.base, role, &self.frame.path);
        self.frame.shell(&self.base, nav, mail)
    }
    /// Whether they may do something, for buttons that are shown or not.
    pub fn may(&self, permission: crate::domain::Permission) -> bool {
        self.scope.actor().may(permission)
    }
    /// For what only some may do; asked before a form is read, so that the others are not told
    /// what is wrong with it.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden) for the others.
    pub fn needs(&self, permission: crate::domain::Permission) -> crate::Result<()> {
        match self.may(permission) {
            true => Ok(()),
            false => Err(crate::Error::Forbidden),
        }
    }
    /// The vendor's name.
    pub fn vendor_name(&self) -> &str {
        &self.frame.here.vendor_name
    }
    /// The person's name.
    pub fn person(&self) -> &str {
        &self.frame.person
    }
    /// The zone the person sees times in.
    pub fn zone(&self) -> Zone {
        self.frame.zone
    }
}

impl Visitor {
    /// The frame around a page on this side.
    pub fn shell(&self) -> Shell {
        let nav = nav::portal(&self.base, self.frame.here.role, &self.frame.path);
        self.frame.shell(&self.base, nav, None)
    }
    /// Whether they may do something, for buttons that are shown or not.
    pub fn may(&self, permission: crate::domain::Permission) -> bool {
        self.scope.actor().may(permission)
    }
    /// The vendor's name.
    pub fn vendor_name(&self) -> &str {
        &self.frame.here.vendor_name
    }
    /// The partner's name.
    pub fn partner_name(&self) -> &str {
        let partner = self.frame.here.partner.as_ref();
        partner.map_or("", |(_, name)| name)
    }
    /// The person's name.
    pub fn person(&self) -> &str {
        &self.frame.person
    }
    /// The zone the person sees times in.
    pub fn zone(&self) -> Zone {
        self.frame.zone
    }
}

/// Guards the vendor's side: a sign-in is good for 12 hours.
///
/// # Errors
/// To sign-in for nobody, 404 for anybody else's workspace.
pub async fn staff_only<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, ActixError> {
    let (admission, frame) = admit(&request, None, TimeDelta::hours(12)).await?;
    let Admission::Staff(scope) = admission else {
        return Err(Failure::from(Error::NotFound).into());
    };
    let base = frame.here.href();
    request
        .extensions_mut()
        .insert(Staff { scope, base, frame });
    next.call(request).await
}

/// Guards a partner's side: a sign-in is good for 7 days.
///
/// # Errors
/// As [`staff_only`].
pub async fn partner_only<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, ActixError> {
    let partner = segment(&request, "partner");
    let (admission, frame) = admit(&request, Some(partner), TimeDelta::days(7)).await?;
    let Admission::Partner(scope) = admission else {
        return Err(Failure::from(Error::NotFound).into());
    };
    let base = frame.here.href();
    request
        .extensions_mut()
        .insert(Visitor { scope, base, frame });
    next.call(request).await
}

fn segment(request: &ServiceRequest, name: &str) -> String {
    request.match_info().query(name).to_owned()
}

async fn admit(
    request: &ServiceRequest,
    partner: Option<String>,
    lasts: TimeDelta,
) -> Result<(Admission, Frame), Failure> {
    let session = request.get_session();
    let (Some(store), Some(site)) = (
        request.app_data::<Data<Store>>().cloned(),
        request.app_data::<Data<Site>>(),
    ) else {
        return Err(Error::fault("no store").into());
    };
    let user = signed_in(&session, &store, lasts).ok_or_else(|| signed_out(request.request()))?;
    let (vendor, flash) = (segment(request, "vendor"), take_flash(&session));
    let (path, demo) = (request.path().to_owned(), site.demo);
    let found = store
        .lobby(move |lobby| {
            let Some(admission) = lobby::admit(lobby, user, &vendor, partner.as_deref())? else {
                return Ok(None);
            };
            let all = lobby::workspaces(lobby, user)?;
            let here = all.iter().find(|w| {
                let at = w.partner.as_ref().map(|(slug, _)| slug.as_str());
                w.vendor_slug == vendor && at == partner.as_deref()
            });
            let person = lobby::person(lobby, user)?;
            Ok(here
                .cloned()
                .zip(person)
                .map(|(h, p)| (admission, h, all, p)))
        })
        .await?;
    let (admission, here, all, person) = found.ok_or(Error::NotFound)?;
    let zone = person.zone(here.zone);
    let frame = Frame {
        today: date_words(zone.local_date(store.now())),
        zone,
        here,
        all,
        person: person.name,
        path,
        flash,
        demo,
    };
    Ok((admission, frame))
}

/// The person of a session, if they signed in recently enough.
pub fn signed_in(
    session: &actix_session::Session,
    store: &Store,
    lasts: TimeDelta,
) -> Option<UserId> {
    let user: i64 = session.get(USER).ok().flatten()?;
    let since: i64 = session.get(SINCE).ok().flatten()?;
    let age = store.now().and_utc().timestamp() - since;
    (age <= lasts.num_seconds()).then(|| Id::of(user))
}

/// Sends a visitor who is nobody to sign-in, if they were only looking.
pub fn signed_out(request: &HttpRequest) -> Failure {
    let wanted = request.uri().path_and_query().map(ToString::to_string);
    Failure::SignedOut {
        wanted: wanted.unwrap_or_default(),
        redirect: *request.method() == Method::GET,
    }
}

fn take_flash(session: &actix_session::Session) -> Option<String> {
    let flash = session.get(FLASH).ok().flatten();
    if flash.is_some() {
        session.remove(FLASH);
    }
    flash
}

macro_rules! picked_up {
    ($visitor:ty) => {
        impl FromRequest for $visitor {
            type Error = ActixError;
            type Future = Ready<Result<Self, ActixError>>;
            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let left = request.extensions().get::<Self>().cloned();
                ready(left.ok_or_else(|| Failure::from(Error::NotFound).into()))
            }
        }
    };
}
picked_up!(Staff);
picked_up!(Visitor);

/// What no page is at.
///
/// # Errors
/// Always: not found.
pub async fn nothing_here() -> Result<HttpResponse, Failure> {
    Err(Error::NotFound.into())
}
