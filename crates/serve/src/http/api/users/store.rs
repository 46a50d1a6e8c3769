//! Where users are kept: one file, or memory.
//!
//! Both are the same embedded database, so they behave alike. A change and the
//! memory of the key under which it was asked for are one transaction: either
//! both survive a crash or neither does.

use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};

use super::model::User;

/// The most users: a store to learn with, not a directory of a nation.
pub(super) const USERS_MAX: u64 = 100_000;
/// The most idempotency keys that are remembered; the oldest are forgotten first.
pub(super) const KEYS_MAX: u64 = 10_000;

const USERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("users");
const EMAILS: TableDefinition<'_, &str, u64> = TableDefinition::new("emails");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("idempotency_keys");
const KEY_ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("idempotency_order");
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");

/// The store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file.
    #[error("another process has the store open")]
    InUse,
    /// The database said no.
    #[error("the store failed: {0}")]
    Database(Box<redb::Error>),
    /// What is kept cannot be read.
    #[error("the store holds what cannot be read: {0}")]
    Content(#[from] serde_json::Error),
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
            error => StoreError::Database(Box::new(error)),
        }
    }
}

macro_rules! from_database {
    ($($error:ty),*) => { $(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )* };
}
from_database!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such user.
    Missing,
    /// Another user has the address.
    EmailTaken {
        /// That user.
        by: u64,
    },
    /// The user was changed since the caller looked.
    Changed {
        /// Its entity tag now, if it is still there.
        etag: Option<String>,
    },
    /// There are [`USERS_MAX`] already.
    Full,
    /// The idempotency key was used for another request.
    KeyReused,
}

/// What became of a wish to change something.
pub(super) type Outcome<T> = Result<Result<T, Refused>, StoreError>;

/// What a client demands of the present state, RFC 9110 section 13.1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Condition {
    /// `If-Match`: one of these entity tags; `*` is any.
    pub if_match: Option<Vec<String>>,
    /// `If-None-Match`: none of these.
    pub if_none_match: Option<Vec<String>>,
}

impl Condition {
    fn holds(&self, present: Option<&User>) -> bool {
        let etag = present.map(User::etag);
        let listed = |tags: &[String]| {
            etag.as_ref().is_some_and(|etag| tags.iter().any(|tag| tag == "*" || tag == etag))
        };
        self.if_match.as_deref().is_none_or(listed)
            && !self.if_none_match.as_deref().is_some_and(listed)
    }
}

/// The key under which a client may ask again, and what it asked.
#[derive(Debug, Clone)]
pub(super) struct Idempotency {
    /// The value of `Idempotency-Key`.
    pub key: String,
    /// Distinguishes the request from others: a hash of what was asked.
    pub fingerprint: String,
}

/// What was answered under a key.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    fingerprint: String,
    user: User,
}

/// A page of the list.
#[derive(Debug)]
pub(super) struct Page {
    /// Those on the page.
    pub users: Vec<User>,
    /// Those on all pages.
    pub total: u64,
}

/// The users.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// A store that is gone with the process.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Store, StoreError> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new())?;
        Store::over(database)
    }

    /// The store in this file, which is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or made, is no store, or another process
    /// has it.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Store::over(Database::create(path)?)
    }

    fn over(database: Database) -> Result<Store, StoreError> {
        let transaction = database.begin_write()?;
        transaction.open_table(USERS)?;
        transaction.open_table(EMAILS)?;
        transaction.open_table(KEYS)?;
        transaction.open_table(KEY_ORDER)?;
        transaction.open_table(COUNTERS)?;
        transaction.commit()?;
        Ok(Store { database })
    }

    /// One user.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn get(&self, id: u64) -> Result<Option<User>, StoreError> {
        let table = self.database.begin_read()?.open_table(USERS)?;
        let found = table.get(id)?;
        found.map(|bytes| Ok(serde_json::from_slice(bytes.value())?)).transpose()
    }

    /// Those whose name or address contains `query`, in the order of their
    /// numbers: `limit` of them after the first `skip`.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn list(
        &self,
        query: Option<&str>,
        skip: u64,
        limit: u64,
    ) -> Result<Page, StoreError> {
        let table = self.database.begin_read()?.open_table(USERS)?;
        let mut users = Vec::new();
        let mut total = 0;
        for entry in table.iter()? {
            let (_, bytes) = entry?;
            let on_page = total >= skip && total < skip.saturating_add(limit);
            if query.is_none() && !on_page {
                total += 1;
                continue;
            }
            let user: User = serde_json::from_slice(bytes.value())?;
            if query.is_none_or(|query| user.contains(query)) {
                total += 1;
                if on_page {
                    users.push(user);
                }
            }
        }
        Ok(Page { users, total })
    }

    /// Adds a user; gives it with its number, and whether it was there already
    /// because the same key had asked for it.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn add(
        &self,
        mut user: User,
        idempotency: Option<&Idempotency>,
    ) -> Outcome<(User, bool)> {
        let transaction = self.database.begin_write()?;
        if let Some(idempotency) = idempotency
            && let Some(before) = remembered(&transaction, &idempotency.key)?
        {
            return Ok(match before.fingerprint == idempotency.fingerprint {
                true => Ok((before.user, true)),
                false => Err(Refused::KeyReused),
            });
        }
        user.id = next_id(&transaction)?;
        user.revision = count(&transaction, "revision")?;
        if let Err(refused) = put(&transaction, None, &user)? {
            return Ok(Err(refused));
        }
        if let Some(idempotency) = idempotency {
            remember(&transaction, idempotency, &user)?;
        }
        transaction.commit()?;
        Ok(Ok((user, false)))
    }

    /// Changes the user `id` to what `change` makes of it, which is given what
    /// is there now; gives it, and whether it is new.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn change<E>(
        &self,
        id: u64,
        condition: &Condition,
        change: impl FnOnce(Option<&User>) -> Result<Option<User>, E>,
    ) -> Outcome<Result<(User, bool), E>> {
        let transaction = self.database.begin_write()?;
        let present = read(&transaction, id)?;
        if !condition.holds(present.as_ref()) {
            return Ok(Err(Refused::Changed { etag: present.as_ref().map(User::etag) }));
        }
        let mut user = match change(present.as_ref()) {
            Ok(Some(user)) => user,
            Ok(None) => return Ok(Err(Refused::Missing)),
            Err(why) => return Ok(Ok(Err(why))),
        };
        user.id = id;
        // The same again is no change, so that a repeated PUT leaves the entity tag.
        if let Some(present) = present.as_ref().filter(|present| present.fields == user.fields) {
            return Ok(Ok(Ok((present.clone(), false))));
        }
        user.revision = count(&transaction, "revision")?;
        if let Err(refused) = put(&transaction, present.as_ref(), &user)? {
            return Ok(Err(refused));
        }
        transaction.commit()?;
        Ok(Ok(Ok((user, present.is_none()))))
    }

    /// Removes a user.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn remove(&self, id: u64, condition: &Condition) -> Outcome<()> {
        let transaction = self.database.begin_write()?;
        let Some(present) = read(&transaction, id)? else { return Ok(Err(Refused::Missing)) };
        if !condition.holds(Some(&present)) {
            return Ok(Err(Refused::Changed { etag: Some(present.etag()) }));
        }
        transaction.open_table(USERS)?.remove(id)?;
        if let Some(email) = present.email_key() {
            transaction.open_table(EMAILS)?.remove(email.as_str())?;
        }
        transaction.commit()?;
        Ok(Ok(()))
    }
}

fn read(transaction: &WriteTransaction, id: u64) -> Result<Option<User>, StoreError> {
    let table = transaction.open_table(USERS)?;
    let found = table.get(id)?;
    found.map(|bytes| Ok(serde_json::from_slice(bytes.value())?)).transpose()
}

/// Writes `user` in the place of `before`, unless somebody else has its address.
fn put(
    transaction: &WriteTransaction,
    before: Option<&User>,
    user: &User,
) -> Result<Result<(), Refused>, StoreError> {
    let mut users = transaction.open_table(USERS)?;
    if before.is_none() && users.len()? >= USERS_MAX {
        return Ok(Err(Refused::Full));
    }
    let mut emails = transaction.open_table(EMAILS)?;
    if let Some(email) = user.email_key() {
        let owner = emails.get(email.as_str())?.map(|owner| owner.value());
        if let Some(by) = owner.filter(|&owner| owner != user.id) {
            return Ok(Err(Refused::EmailTaken { by }));
        }
    }
    if let Some(email) = before.and_then(User::email_key) {
        emails.remove(email.as_str())?;
    }
    if let Some(email) = user.email_key() {
        emails.insert(email.as_str(), user.id)?;
    }
    users.insert(user.id, serde_json::to_vec(user)?.as_slice())?;
    Ok(Ok(()))
}

/// Counts one on, from 1.
fn count(transaction: &WriteTransaction, name: &str) -> Result<u64, StoreError> {
    let mut counters = transaction.open_table(COUNTERS)?;
    let next = counters.get(name)?.map_or(0, |last| last.value()) + 1;
    counters.insert(name, next)?;
    Ok(next)
}

/// A number that no user has or had, unless a client chose it by PUT.
fn next_id(transaction: &WriteTransaction) -> Result<u64, StoreError> {
    loop {
        let id = count(transaction, "id")?;
        if transaction.open_table(USERS)?.get(id)?.is_none() {
            return Ok(id);
        }
    }
}

fn remembered(transaction: &WriteTransaction, key: &str) -> Result<Option<Remembered>, StoreError> {
    let table = transaction.open_table(KEYS)?;
    let found = table.get(key)?;
    found.map(|bytes| Ok(serde_json::from_slice(bytes.value())?)).transpose()
}

fn remember(
    transaction: &WriteTransaction,
    idempotency: &Idempotency,
    user: &User,
) -> Result<(), StoreError> {
    let mut keys = transaction.open_table(KEYS)?;
    let mut order = transaction.open_table(KEY_ORDER)?;
    if keys.len()? >= KEYS_MAX
        && let Some((_, oldest)) = order.pop_first()?
    {
        keys.remove(oldest.value())?;
    }
    let fingerprint = idempotency.fingerprint.clone();
    let remembered = Remembered { fingerprint, user: user.clone() };
    keys.insert(idempotency.key.as_str(), serde_json::to_vec(&remembered)?.as_slice())?;
    order.insert(count(transaction, "keys")?, idempotency.key.as_str())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(value: serde_json::Value) -> User {
        User::from_json(&value).unwrap()
    }

    #[test]
    fn a_key_prevents_the_double() {
        let store = Store::in_memory().unwrap();
        let key = |key: &str, fingerprint: &str| {
            Some(Idempotency { key: key.to_owned(), fingerprint: fingerprint.to_owned() })
        };
        let ada = user(json!({ "name": "Ada" }));
        let (first, again) = store.add(ada.clone(), key("k", "f").as_ref()).unwrap().unwrap();
        assert!(!again);
        let (second, again) = store.add(ada.clone(), key("k", "f").as_ref()).unwrap().unwrap();
        assert!(again && first == second);
        let refused = store.add(ada.clone(), key("k", "g").as_ref()).unwrap().unwrap_err();
        assert_eq!(refused, Refused::KeyReused);
        assert_eq!(store.add(ada, None).unwrap().unwrap().0.id, first.id + 1);
    }

    #[test]
    fn an_address_belongs_to_one() {
        let store = Store::in_memory().unwrap();
        let ada = store.add(user(json!({"name": "Ada", "email": "a@example.com"})), None);
        let ada = ada.unwrap().unwrap().0;
        let other = user(json!({"name": "Eve", "email": "A@Example.com"}));
        let refused = store.add(other.clone(), None).unwrap().unwrap_err();
        assert_eq!(refused, Refused::EmailTaken { by: ada.id });
        store.remove(ada.id, &Condition::default()).unwrap().unwrap();
        assert!(store.add(other, None).unwrap().is_ok());
        let gone = store.remove(ada.id, &Condition::default()).unwrap();
        assert_eq!(gone, Err(Refused::Missing));
    }

    #[test]
    fn who_looked_too_long_ago_is_refused() {
        let store = Store::in_memory().unwrap();
        let ada = store.add(user(json!({"name": "Ada"})), None).unwrap().unwrap().0;
        let on = |etag: String| Condition { if_match: Some(vec![etag]), ..Condition::default() };
        let to = |name: &str| {
            let next = user(json!({ "name": name }));
            move |_: Option<&User>| Ok::<_, ()>(Some(next))
        };
        let (next, new) =
            store.change(ada.id, &on(ada.etag()), to("Ada L.")).unwrap().unwrap().unwrap();
        assert!(!new && next.etag() != ada.etag());
        let refused = store.change(ada.id, &on(ada.etag()), to("Eve")).unwrap().unwrap_err();
        assert_eq!(refused, Refused::Changed { etag: Some(next.etag()) });
        // The same again changes nothing.
        let any = Condition::default();
        let (same, _) = store.change(ada.id, &any, to("Ada L.")).unwrap().unwrap().unwrap();
        assert_eq!(same.etag(), next.etag());
    }
}
