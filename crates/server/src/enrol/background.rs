//! The background of the enrolment audit: templates of people who are surely somebody else, without name or
//! photograph. A sealed file in the data folder, installed by the administrator. Must not be searched with a camera's
//! template, nor be read with another model's.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapal_domain::background::Likeness;
use tapal_store::vault::{Vault, hex, write_private};
use tapal_vision::Template;

/// Most people of a background.
pub const MOST_PEOPLE: usize = 20_000;
/// No file may be larger: 20,000 templates of 1,024 values.
const MOST_BYTES: u64 = 96 << 20;
/// At most so many people are compared with one another for the likeness of the background.
const MOST_COMPARED: usize = 1_500;
const SUM_BYTES: usize = 32;

/// Why a background cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackgroundError {
    /// Reading or writing failed.
    #[error("{0}: {1}. Check that the folder exists and may be written")]
    Io(PathBuf, String),
    /// Not what was written, or sealed with another key.
    #[error(
        "{0} is damaged, or was sealed with another data folder's key. Install the background again: `tapal models background DIR --pack NAME`"
    )]
    Damaged(PathBuf),
    /// Templates of another model.
    #[error(
        "the background was made with the model {found}, and the pack in use is {wanted}. Install it again with this pack: `tapal models background DIR --pack NAME`"
    )]
    OtherModel {
        /// Its model.
        found: String,
        /// The model in use.
        wanted: String,
    },
    /// Nobody, too many, or templates that do not fit together.
    #[error("a background needs 1 to {MOST_PEOPLE} people with templates of one model")]
    People,
}

/// What is written in front of the templates.
#[derive(Serialize, Deserialize)]
struct Head {
    model_id: String,
    note: String,
    people: usize,
    dimension: usize,
    likeness: Likeness,
}

/// Templates of people who are surely somebody else, one a person.
pub struct Background {
    head: Head,
    templates: Vec<Template>,
}

/// What became of an installation.
#[derive(Debug, Serialize)]
pub struct Installed {
    /// The file.
    pub path: PathBuf,
    /// People in it.
    pub people: usize,
    /// SHA-256 of the sealed templates.
    pub sha256: String,
}

impl Background {
    /// From one template a person; how alike they are among themselves is measured here.
    pub fn new(model_id: &str, note: &str, people: Vec<Vec<f32>>) -> Result<Self, BackgroundError> {
        let dimension = people.first().map_or(0, Vec::len);
        let fits = people.iter().all(|values| values.len() == dimension);
        if people.is_empty() || people.len() > MOST_PEOPLE || dimension == 0 || !fits {
            return Err(BackgroundError::People);
        }
        let model: Arc<str> = model_id.into();
        let templates: Option<Vec<Template>> = people
            .into_iter()
            .map(|values| Template::new(model.clone(), values))
            .collect();
        let templates = templates.ok_or(BackgroundError::People)?;
        let every = templates.len().div_ceil(MOST_COMPARED);
        let some: Vec<&Template> = templates.iter().step_by(every).collect();
        let pairs = some.iter().enumerate().flat_map(|(n, one)| {
            some[n + 1..]
                .iter()
                .filter_map(move |other| one.cosine(other))
        });
        let head = Head {
            model_id: model_id.into(),
            note: note.into(),
            people: templates.len(),
            dimension,
            likeness: Likeness::of(pairs),
        };
        Ok(Self { head, templates })
    }

    /// Writes it, sealed and readable by its owner only.
    pub fn install(&self, vault: &Vault, data_dir: &Path) -> Result<Installed, BackgroundError> {
        let path = place(data_dir, &self.head.model_id);
        let told = |e: &dyn ToString| BackgroundError::Io(path.clone(), e.to_string());
        let head = serde_json::to_vec(&self.head).map_err(|e| told(&e))?;
        let length = u32::try_from(head.len()).map_err(|e| told(&e))?;
        let mut plain = [&length.to_le_bytes()[..], &head].concat();
        for template in &self.templates {
            plain.extend(tapal_store::entry::template_bytes(&template.values));
        }
        let sealed = vault
            .seal("background", &self.head.model_id, "templates", &plain)
            .map_err(|e| told(&e))?;
        let sum = Sha256::digest(&sealed);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| told(&e))?;
        }
        write_private(&path, &[&sum[..], &sealed].concat()).map_err(|e| told(&e))?;
        Ok(Installed {
            people: self.templates.len(),
            sha256: hex(&sum),
            path,
        })
    }

    /// Reads the one of this model; `None` when there is none.
    pub fn read(
        vault: &Vault,
        data_dir: &Path,
        model_id: &str,
    ) -> Result<Option<Self>, BackgroundError> {
        let path = place(data_dir, model_id);
        let damaged = || BackgroundError::Damaged(path.clone());
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(BackgroundError::Io(path, e.to_string())),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| BackgroundError::Io(path.clone(), e.to_string()))?;
        if bytes.len() as u64 > MOST_BYTES || bytes.len() < SUM_BYTES {
            return Err(damaged());
        }
        let (sum, sealed) = bytes.split_at(SUM_BYTES);
        if Sha256::digest(sealed).as_slice() != sum {
            return Err(damaged());
        }
        let plain = vault
            .open("background", model_id, "templates", sealed)
            .map_err(|_| damaged())?;
        let (length, rest) = plain.split_first_chunk::<4>().ok_or_else(damaged)?;
        let (head, values) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or_else(damaged)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| damaged())?;
        if head.model_id != model_id {
            return Err(BackgroundError::OtherModel {
                found: head.model_id,
                wanted: model_id.into(),
            });
        }
        if head.dimension == 0
            || head.people == 0
            || head.people > MOST_PEOPLE
            || !head.likeness.is_whole()
            || Some(values.len()) != head.people.checked_mul(head.dimension * 4)
        {
            return Err(damaged());
        }
        let model: Arc<str> = model_id.into();
        let template = |bytes: &[u8]| {
            let values = bytes.as_chunks::<4>().0;
            let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Template::new(model.clone(), values.collect())
        };
        let templates: Option<Vec<Template>> = values
            .chunks_exact(head.dimension * 4)
            .map(template)
            .collect();
        let templates = templates.ok_or_else(damaged)?;
        Ok(Some(Self { head, templates }))
    }

    /// People in it.
    pub fn people(&self) -> usize {
        self.templates.len()
    }

    /// Where its people come from, in the words of who installed it.
    pub fn note(&self) -> &str {
        &self.head.note
    }

    /// How alike its people are.
    pub fn likeness(&self) -> &Likeness {
        &self.head.likeness
    }

    /// Cosine similarity of a template to each person.
    pub fn scores(&self, template: &Template) -> Vec<f32> {
        self.templates
            .iter()
            .filter_map(|own| own.cosine(template))
            .collect()
    }
}

/// A file a model: its id in the name, as far as file names allow.
fn place(data_dir: &Path, model_id: &str) -> PathBuf {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '-' => c,
        _ => '_',
    };
    let name: String = model_id.chars().map(plain).collect();
    data_dir.join("background").join(format!("{name}.sealed"))
}

type Stamp = (u64, Option<SystemTime>);

/// The background in memory; read again when its file changed, so that a centre that runs takes a new one.
#[derive(Default)]
pub struct Shelf(Mutex<Option<(Stamp, Arc<Background>)>>);

impl Shelf {
    /// The background of this model, if one is installed. Blocking.
    pub fn get(
        &self,
        vault: &Vault,
        data_dir: &Path,
        model_id: &str,
    ) -> Result<Option<Arc<Background>>, BackgroundError> {
        let Ok(file) = std::fs::metadata(place(data_dir, model_id)) else {
            return Ok(None);
        };
        let stamp = (file.len(), file.modified().ok());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, background)) = kept.as_ref()
            && *known == stamp
            && background.head.model_id == model_id
        {
            return Ok(Some(background.clone()));
        }
        let read = Background::read(vault, data_dir, model_id)?.map(Arc::new);
        *kept = read.clone().map(|background| (stamp, background));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(n: usize) -> Vec<Vec<f32>> {
        (0..n)
            .map(|i| {
                let mut values = vec![0.1; 8];
                values[i % 8] = 1.0;
                values
            })
            .collect()
    }

    #[test]
    fn a_background_comes_back_whole_and_is_private() {
        let (dir, vault) = (
            tempfile::tempdir().unwrap(),
            Vault::from_key(&[3; 32]).unwrap(),
        );
        let made = Background::new("m@1", "staff who agreed", people(20)).unwrap();
        assert!(
            Background::read(&vault, dir.path(), "m@1")
                .unwrap()
                .is_none()
        );
        let installed = made.install(&vault, dir.path()).unwrap();
        assert_eq!((installed.people, installed.sha256.len()), (20, 64));
        let back = Background::read(&vault, dir.path(), "m@1")
            .unwrap()
            .unwrap();
        assert_eq!((back.people(), back.note()), (20, "staff who agreed"));
        assert_eq!(back.likeness(), made.likeness());
        let probe = Template::new("m@1".into(), people(1).remove(0)).unwrap();
        // Normalising once more may move the last digit.
        let pairs = back.scores(&probe).into_iter().zip(made.scores(&probe));
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
        let other = Template::new("m@2".into(), people(1).remove(0)).unwrap();
        assert!(back.scores(&other).is_empty(), "never across models");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&installed.path).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
        let text = std::fs::read(&installed.path).unwrap();
        assert!(!text.windows(5).any(|w| w == b"staff"), "it is sealed");
    }

    #[test]
    fn damage_another_key_and_another_model_are_refused() {
        let (dir, vault) = (
            tempfile::tempdir().unwrap(),
            Vault::from_key(&[3; 32]).unwrap(),
        );
        let made = Background::new("m@1", "", people(20)).unwrap();
        let path = made.install(&vault, dir.path()).unwrap().path;
        let whole = std::fs::read(&path).unwrap();
        let read = |vault: &Vault| Background::read(vault, dir.path(), "m@1");
        for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(matches!(read(&vault), Err(BackgroundError::Damaged(_))));
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        assert!(matches!(read(&vault), Err(BackgroundError::Damaged(_))));
        std::fs::write(&path, &whole).unwrap();
        let other = Vault::from_key(&[4; 32]).unwrap();
        assert!(matches!(read(&other), Err(BackgroundError::Damaged(_))));
        // Copied into the place of another model.
        std::fs::copy(&path, place(dir.path(), "m@2")).unwrap();
        assert!(Background::read(&vault, dir.path(), "m@2").is_err());
        assert!(Background::new("m@1", "", Vec::new()).is_err());
        assert!(Background::new("m@1", "", vec![vec![1.0], vec![1.0, 2.0]]).is_err());
    }

    #[test]
    fn a_new_file_is_taken_without_a_restart() {
        let (dir, vault) = (
            tempfile::tempdir().unwrap(),
            Vault::from_key(&[3; 32]).unwrap(),
        );
        let shelf = Shelf::default();
        let count = || {
            let found = shelf.get(&vault, dir.path(), "m@1").unwrap();
            found.map(|background| background.people())
        };
        assert_eq!(count(), None);
        for n in [5, 9] {
            let made = Background::new("m@1", "", people(n)).unwrap();
            made.install(&vault, dir.path()).unwrap();
            assert_eq!(count(), Some(n));
        }
    }
}
