//! Style sheet and icons: part of the binary, named by their hash, cached for ever.
use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header, web::Path};
use rust_embed::RustEmbed;

use super::Failure;
use crate::{Error, secrets};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    href: String,
    media: &'static str,
    content: Vec<u8>,
}

/// The sheets in the order of their names, which begin with numbers.
static CSS: LazyLock<Asset> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter()
        .filter(|name| name.ends_with(".css"))
        .collect();
    names.sort();
    let sheets = names.iter().filter_map(|name| Files::get(name));
    let content = sheets.flat_map(|sheet| sheet.data.into_owned()).collect();
    Asset::named("app", "css", "text/css; charset=utf-8", content)
});
static ICONS: LazyLock<Asset> = LazyLock::new(|| {
    let sprite = Files::get("icons/sprite.svg");
    let content = sprite
        .map(|file| file.data.into_owned())
        .unwrap_or_default();
    Asset::named("icons", "svg", "image/svg+xml", content)
});

impl Asset {
    fn named(name: &str, extension: &str, media: &'static str, content: Vec<u8>) -> Self {
        let hash: String = secrets::sha256_hex(&content).chars().take(16).collect();
        Self {
            href: format!("/static/{name}-{hash}.{extension}"),
            media,
            content,
        }
    }
}

/// The style sheet's address.
pub fn css() -> &'static str {
    &CSS.href
}
/// The icon sprite's address.
pub fn icons() -> &'static str {
    &ICONS.href
}

/// Serves an asset by its hashed name.
///
/// # Errors
/// Not found for any other name.
pub async fn show(name: Path<String>) -> Result<HttpResponse, Failure> {
    let wanted = format!("/static/{name}");
    let asset = [&*CSS, &*ICONS]
        .into_iter()
        .find(|asset| asset.href == wanted);
    let asset = asset.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.media))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.content.clone()))
}
