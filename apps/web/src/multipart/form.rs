use super::{Multipart, MultipartError, Upload};
use crate::Problem;
use crate::extract::members;
use crate::problem::Part;
use serde::de::DeserializeOwned;

/// A form, collected; see the [module](super).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FormData {
    /// The fields that are no files.
    pub fields: Fields,
    /// The files. A field in which none was chosen has none.
    pub files: Files,
}

/// The fields of a form that are no files, in order; there may be several of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// The files of a form, in order; there may be several of a name.
#[derive(Debug, Default)]
pub struct Files(Vec<(String, Upload)>);

impl FormData {
    pub(super) async fn collect(mut multipart: Multipart) -> Result<Self, MultipartError> {
        let mut form = Self::default();
        let limit = multipart.limits.field;
        while let Some(part) = multipart.next().await? {
            let name = part.name().to_owned();
            if part.file_name().is_none() {
                form.fields.0.push((name, part.text(limit).await?));
                continue;
            }
            let upload = part.upload().await?;
            // So browsers send a field in which no file was chosen.
            if !(upload.is_empty() && upload.file_name().is_empty()) {
                form.files.0.push((name, upload));
            }
        }
        Ok(form)
    }
}

impl Fields {
    /// The first value of the field `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|field| field.0 == name).map(|field| field.1)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What a struct or map makes of them, as of a [`Form`](crate::Form): each member is a field, and a sequence may be
    /// several.
    ///
    /// # Errors
    /// A 422 that says which field is not what it should be.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        members(self.iter().map(|(name, value)| (name.into(), value.into())), Part::Body)
    }
}

impl Files {
    /// The first file of the field `name`.
    pub fn get(&self, name: &str) -> Option<&Upload> {
        self.iter().find(|file| file.0 == name).map(|file| file.1)
    }

    /// The same, taken out.
    pub fn take(&mut self, name: &str) -> Option<Upload> {
        let at = self.0.iter().position(|file| file.0 == name)?;
        Some(self.0.remove(at).1)
    }

    /// Names of fields and their files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Upload)> {
        self.0.iter().map(|(name, upload)| (&**name, upload))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Files {
    type Item = (String, Upload);
    type IntoIter = std::vec::IntoIter<(String, Upload)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
