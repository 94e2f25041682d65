//! The README's example, which has to compile as it stands there. `tests/readme` compares the two.

use beproduct::Result;

#[allow(dead_code)]
#[rustfmt::skip]
async fn example(id: &str, secret: &str, token: &str, folder: &str, numbers: Vec<String>) -> Result<()> {
    use beproduct::{Client, Filter, Plan};
    use futures_util::TryStreamExt as _;
    use std::pin::pin;

    let client = Client::builder("acme").refresh_token(id, secret, token).plan(Plan::business_max(8)).build()?;
    let mut styles = pin!(client.style().list().folder_id(folder).filters([Filter::eq("season", "Fall")]).stream());
    while let Some(style) = styles.try_next().await? {
        println!("{}", style.header_number.unwrap_or_default());
    }
    let found = client.style().get_many_by_number(numbers).await?;
    println!("{} found, {:?} missing", found.found.len(), found.missing);
    println!("{} requests left today", client.quota_status().await?.remaining.unwrap_or_default());
    Ok(())
}
