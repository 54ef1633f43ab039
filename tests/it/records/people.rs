use std::thread;

use perennial::{
    domain::{Email, Role},
    passwords,
    secrets::{SecretKey, hash_of},
    services::account::{
        invitations::{self as inviting, Acceptance, Delivery, Invitee},
        passwords as resetting,
        people::{self as managing, RoleChange},
    },
    store::{
        PartnerScope, Platform, Scope, VendorScope,
        account::{People, invitations, people, vendor},
        jobs,
        lobby::{self, Session},
    },
};

use super::scene::{Scene, fields, is_conflict, is_forbidden, is_not_found, on_each, read};

fn key() -> SecretKey {
    SecretKey::new("a key for tests that nobody needs to guess").unwrap()
}

fn invitee(email: &str, role: Role) -> Invitee {
    Invitee {
        partner: None,
        email: read(email),
        name: read("Ada"),
        role,
    }
}

fn invite<S: People>(
    scene: &Scene,
    scope: &S,
    invitee: &Invitee,
) -> perennial::Result<inviting::Invited> {
    let by_mail = Delivery::Mail {
        domain: "mail.example",
    };
    scene.write(scope, |tx| inviting::invite(tx, &key(), invitee, by_mail))
}

fn acceptance() -> Acceptance {
    Acceptance {
        name: read("Ada Lovelace"),
        password_hash: Some("$argon2id$stand-in".into()),
    }
}

fn accept(scene: &Scene, token: &str) -> perennial::Result<perennial::id::UserId> {
    scene
        .store
        .lobby_write_now(|lobby| inviting::accept(lobby, token, &acceptance()))
}

#[test]
fn an_invitation_lets_one_person_in_once() {
    on_each(|scene| {
        let invited = invite(
            scene,
            &scene.acme,
            &invitee("ada@acme.example", Role::Owner),
        )
        .unwrap();
        assert!(!scene.read(&scene.acme, |tx| jobs::waits(tx, "mail:none")));
        let offer = scene
            .store
            .lobby_now(|lobby| inviting::look_at(lobby, &invited.token))
            .unwrap();
        assert_eq!(
            (offer.invitation.email.as_str(), offer.has_password),
            ("ada@acme.example", false)
        );
        let outcomes: Vec<bool> = thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| accept(scene, &invited.token).is_ok()))
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|done| **done).count(), 1);
        assert!(is_not_found(&accept(scene, &invited.token)));
        let members = scene.read(&scene.acme, |tx| people::members(tx, None));
        assert_eq!(
            (members.len(), members[0].role, members[0].name.as_str()),
            (1, Role::Owner, "Ada Lovelace")
        );
        assert!(
            scene
                .read(&scene.acme, |tx| invitations::open(tx, None))
                .is_empty()
        );
        assert_eq!(
            fields(invite(
                scene,
                &scene.acme,
                &invitee("ada@acme.example", Role::Owner)
            )),
            ["email"]
        );
    });
}

#[test]
fn a_new_invitation_ends_the_older_one_and_a_withdrawn_one_is_dead() {
    on_each(|scene| {
        let first = invite(
            scene,
            &scene.acme,
            &invitee("bob@acme.example", Role::VendorViewer),
        )
        .unwrap();
        let second = invite(
            scene,
            &scene.acme,
            &invitee("bob@acme.example", Role::VendorViewer),
        )
        .unwrap();
        assert!(is_not_found(&accept(scene, &first.token)));
        assert_eq!(
            inviting::token(&key(), second.id, second.expires_at),
            second.token
        );
        let rivals = scene.write(&scene.rival, |tx| inviting::withdraw(tx, None, second.id));
        assert!(is_not_found(&rivals));
        scene
            .write(&scene.acme, |tx| inviting::withdraw(tx, None, second.id))
            .unwrap();
        assert!(is_not_found(&accept(scene, &second.token)));
        let link = scene.write(&scene.acme, |tx| {
            inviting::invite(
                tx,
                &key(),
                &invitee("bob@acme.example", Role::VendorViewer),
                Delivery::Link,
            )
        });
        let link = link.unwrap();
        scene.store.clock().move_to(link.expires_at.and_utc());
        assert!(is_not_found(&accept(scene, &link.token)));
    });
}

#[test]
fn nobody_hands_out_more_than_they_may() {
    on_each(|scene| {
        let partner = scene.partner(&scene.acme, "Northwind", "DE");
        let admin = scene.staff(Role::ProgrammeAdmin);
        let manager = scene.staff(Role::ChannelManager);
        let viewer = scene.staff(Role::VendorViewer);
        assert_eq!(
            fields(invite(
                scene,
                &admin,
                &invitee("x@acme.example", Role::Owner)
            )),
            ["role"]
        );
        assert!(is_forbidden(&invite(
            scene,
            &manager,
            &invitee("x@acme.example", Role::VendorViewer)
        )));
        let theirs = Invitee {
            partner: Some(partner),
            ..invitee("x@northwind.example", Role::PartnerAdmin)
        };
        assert!(is_forbidden(&invite(scene, &viewer, &theirs)));
        assert!(is_forbidden(&invite(scene, &manager, &theirs)));
        let invited = invite(scene, &admin, &theirs).unwrap();
        accept(scene, &invited.token).unwrap();
        assert_eq!(
            fields(invite(
                scene,
                &admin,
                &invitee("y@acme.example", Role::PartnerAdmin)
            )),
            ["role"]
        );

        let seller = scene.seller(partner, "northwind", Role::PartnerSeller);
        assert!(is_forbidden(&invite(
            scene,
            &seller,
            &invitee("z@northwind.example", Role::PartnerSeller)
        )));
        assert!(scene.read(&seller, |tx| Ok(!inviting::may_invite(tx))));
    });
}

#[test]
fn a_partners_admin_manages_its_own_people_and_no_others() {
    on_each(|scene| {
        let north = scene.partner(&scene.acme, "Northwind", "DE");
        let south = scene.partner(&scene.acme, "Southwind", "DE");
        let admin = scene.seller(north, "northwind", Role::PartnerAdmin);
        scene.seller(south, "southwind", Role::PartnerAdmin);
        // Says another partner's id; the scope's own counts.
        let sly = Invitee {
            partner: Some(south),
            ..invitee("eve@northwind.example", Role::PartnerSeller)
        };
        let invited = invite(scene, &admin, &sly).unwrap();
        assert_eq!(
            scene
                .read(&admin, |tx| PartnerScope::invitations(tx, Some(north)))
                .len(),
            1
        );
        let user = accept(scene, &invited.token).unwrap();
        let members = scene.read(&admin, |tx| people::members(tx, admin.partner_id()));
        assert_eq!(members.len(), 2);
        let eve = members
            .iter()
            .find(|member| member.user == user)
            .unwrap()
            .clone();
        assert_eq!(eve.partner, Some(north));
        assert!(
            scene
                .read(&admin, |tx| people::members(tx, Some(south)))
                .is_empty()
        );
        let of_south = scene.read(&scene.acme, |tx| people::members(tx, Some(south)));
        let reach = scene.write(&admin, |tx| managing::member_of(tx, None, of_south[0].id));
        assert!(is_not_found(&reach));

        let finance = RoleChange {
            was: Role::PartnerSeller,
            becomes: Role::PartnerFinance,
        };
        scene
            .write(&admin, |tx| {
                managing::change_role(tx, (None, eve.id), finance)
            })
            .unwrap();
        assert!(is_conflict(&scene.write(&admin, |tx| {
            managing::change_role(tx, (None, eve.id), finance)
        })));
        let own = members
            .iter()
            .find(|member| member.role == Role::PartnerAdmin)
            .unwrap();
        assert!(is_conflict(
            &scene.write(&admin, |tx| managing::remove(tx, None, own.id))
        ));
        scene
            .write(&admin, |tx| managing::remove(tx, None, eve.id))
            .unwrap();
        assert!(is_not_found(
            &scene
                .store
                .read_now(admin.clone(), move |tx| people::member(tx, eve.id))
        ));
        // The vendor may take away a partner's last admin.
        scene
            .write(&scene.acme, |tx| managing::remove(tx, Some(north), own.id))
            .unwrap();
        let again = invite(
            scene,
            &scene.acme,
            &Invitee {
                partner: Some(north),
                ..invitee("eve@northwind.example", Role::PartnerAdmin)
            },
        );
        accept(scene, &again.unwrap().token).unwrap();
        let back = scene.read(&scene.acme, |tx| people::members(tx, Some(north)));
        assert_eq!(
            back.iter()
                .map(|member| (member.id, member.role))
                .collect::<Vec<_>>(),
            [(eve.id, Role::PartnerAdmin)]
        );
    });
}

#[test]
fn a_vendor_keeps_an_owner() {
    on_each(|scene| {
        let owner = scene.staff(Role::Owner);
        let member = scene.read(&owner, |tx| people::members(tx, None))[0].clone();
        let down = RoleChange {
            was: Role::Owner,
            becomes: Role::VendorViewer,
        };
        assert!(is_conflict(
            &scene.write(&owner, |tx| managing::remove(tx, None, member.id))
        ));
        assert!(is_conflict(&scene.write(&owner, |tx| {
            managing::change_role(tx, (None, member.id), down)
        })));
        let across = RoleChange {
            was: Role::Owner,
            becomes: Role::PartnerAdmin,
        };
        assert_eq!(
            fields(scene.write(&owner, |tx| managing::change_role(
                tx,
                (None, member.id),
                across
            ))),
            ["role"]
        );
        let second = invite(scene, &owner, &invitee("second@acme.example", Role::Owner)).unwrap();
        accept(scene, &second.token).unwrap();
        scene
            .write(&owner, |tx| {
                managing::change_role(tx, (None, member.id), down)
            })
            .unwrap();
        let history = scene.read(&owner, |tx| VendorScope::history(tx, member.id.number()));
        assert_eq!(
            (
                history[0].changes[0].old.as_str(),
                history[0].changes[0].new.as_str()
            ),
            ("Owner", "Viewer")
        );
        assert!(is_not_found(&scene.write(&scene.rival, |tx| {
            managing::member_of(tx, None, member.id)
        })));
        assert_eq!(
            scene.read(&owner, vendor::settings).zone.as_str(),
            "Europe/Berlin"
        );
        assert_eq!(scene.read(&owner, vendor::today).to_string(), "2026-11-05");
    });
}

#[test]
fn a_reset_sets_a_password_once_and_ends_sessions() {
    on_each(|scene| {
        let invited = invite(
            scene,
            &scene.acme,
            &invitee("ada@acme.example", Role::Owner),
        )
        .unwrap();
        let user = accept(scene, &invited.token).unwrap();
        let session = Session {
            user: Some(user),
            state: "{}".into(),
            expires_at: invited.expires_at,
        };
        scene
            .store
            .lobby_write_now(|lobby| lobby::add_session(lobby, "hash", &session))
            .unwrap();
        let ask = |email: &str| {
            let email: Email = read(email);
            scene.store.lobby_write_now(|lobby| {
                resetting::request_reset(lobby, &key(), &email, "mail.example")
            })
        };
        ask("nobody@acme.example").unwrap();
        ask("ada@acme.example").unwrap();
        ask("ada@acme.example").unwrap();
        let job = scene.write(&scene.acme, |tx| {
            let mut last = None;
            while let Some(job) = jobs::claim(tx, jobs::LEASE)? {
                last = Some(job);
            }
            Ok(last.unwrap())
        });
        let payload: serde_json::Value = serde_json::from_str(&job.unwrap().payload).unwrap();
        let mail = read(payload["mail"].as_str().unwrap());
        let token = resetting::token(&key(), mail, scene.store.now());
        let hash = passwords::hash("a password nobody guesses").unwrap();
        assert_eq!(
            scene
                .store
                .lobby_now(|lobby| resetting::look_at(lobby, &token))
                .unwrap(),
            user
        );
        let reset = || {
            scene
                .store
                .lobby_write_now(|lobby| resetting::reset(lobby, &token, &hash))
        };
        assert_eq!(reset().unwrap(), user);
        assert!(is_not_found(&reset()));
        let person = scene
            .store
            .lobby_now(|lobby| lobby::person(lobby, user))
            .unwrap()
            .unwrap();
        assert!(passwords::verify(
            "a password nobody guesses",
            &person.password_hash.unwrap()
        ));
        assert!(
            scene
                .store
                .lobby_now(|lobby| lobby::session(lobby, "hash"))
                .unwrap()
                .is_none()
        );
        assert_ne!(hash_of(&token), token);
    });
}
