//! The folder of photographs: `<identity>/<photograph>`, and what may lie beside it. It reads names, never pictures.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::EvalError;

/// One photograph.
#[derive(Clone, PartialEq, Eq)]
pub struct Photograph {
    /// Path below the root.
    pub path: String,
    /// Index of the person it shows.
    pub person: usize,
}

/// One column of `groups.tsv`: a label a person, where known.
#[derive(Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The column's head, such as `age_band`.
    pub name: String,
    /// By person; `None` where the file says nothing.
    pub labels: Vec<Option<String>>,
}

/// Photographs by person. The names of people stay in memory: reports carry none.
pub struct Folder {
    /// Names of the sub-folders, sorted.
    pub people: Vec<String>,
    /// All photographs, sorted by path.
    pub photographs: Vec<Photograph>,
    /// Columns of `groups.tsv`; empty without that file.
    pub groups: Vec<Grouping>,
}

impl Folder {
    /// Reads `root/<identity>/<photograph>.{jpg,jpeg,png}` and, when there, `root/groups.tsv`.
    pub fn read(root: &Path) -> Result<Self, EvalError> {
        let mut paths = Vec::new();
        for person in fs::read_dir(root).map_err(|e| EvalError::io(root, e))? {
            let folder = person.map_err(|e| EvalError::io(root, e))?.path();
            for photograph in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = photograph.path();
                let end = path.extension().and_then(|e| e.to_str());
                let picture = end.is_some_and(|e| ["jpg", "jpeg", "png"].contains(&e));
                if let (true, Some(name)) =
                    (picture, path.strip_prefix(root).ok().and_then(Path::to_str))
                {
                    paths.push(name.to_owned());
                }
            }
        }
        if paths.is_empty() {
            return Err(EvalError::Empty(format!(
                "{} holds no <identity>/<photograph>",
                root.display()
            )));
        }
        let mut folder = Folder::of(paths);
        let groups = root.join("groups.tsv");
        if groups.is_file() {
            folder.groups = folder.read_groups(&groups)?;
        }
        Ok(folder)
    }

    /// From paths; the folder of a photograph is its person.
    pub fn of(mut paths: Vec<String>) -> Self {
        paths.sort();
        let owner = |path: &str| path.rsplit_once('/').map_or(path, |(f, _)| f).to_owned();
        let mut numbers = BTreeMap::new();
        for path in &paths {
            numbers.entry(owner(path)).or_insert(0);
        }
        for (n, number) in numbers.values_mut().enumerate() {
            *number = n;
        }
        let photograph = |path: String| Photograph {
            person: numbers.get(&owner(&path)).copied().unwrap_or(0),
            path,
        };
        let photographs = paths.into_iter().map(photograph).collect();
        Folder {
            photographs,
            people: numbers.into_keys().collect(),
            groups: Vec::new(),
        }
    }

    /// Index of a person by name.
    pub fn person(&self, name: &str) -> Option<usize> {
        self.people.binary_search_by(|p| p.as_str().cmp(name)).ok()
    }

    /// `identity<TAB>column<TAB>column...` below a head line that names the columns; an empty cell is "not known".
    /// People who are not in the folder are skipped: one list may serve several sets.
    fn read_groups(&self, path: &Path) -> Result<Vec<Grouping>, EvalError> {
        const EXPECTED: &str = "identity<TAB>label..., one cell a column of the head line";
        let text = fs::read_to_string(path).map_err(|e| EvalError::io(path, e))?;
        let wrong = |line: usize| EvalError::Line {
            path: path.into(),
            line,
            expected: EXPECTED,
        };
        let mut lines = text.lines().enumerate();
        let head = lines.next().map_or("", |(_, l)| l);
        let columns = head.split('\t').skip(1).map(str::trim).collect::<Vec<_>>();
        if !head.starts_with("identity\t") || columns.iter().any(|c| c.is_empty()) {
            return Err(wrong(1));
        }
        let grouping = |name: &&str| Grouping {
            name: (*name).to_owned(),
            labels: vec![None; self.people.len()],
        };
        let mut groups = columns.iter().map(grouping).collect::<Vec<_>>();
        for (at, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
            let cells = line.split('\t').map(str::trim).collect::<Vec<_>>();
            let [identity, labels @ ..] = &cells[..] else {
                return Err(wrong(at + 1));
            };
            if labels.len() != groups.len() {
                return Err(wrong(at + 1));
            }
            let Some(person) = self.person(identity) else {
                continue;
            };
            for (group, label) in groups.iter_mut().zip(labels) {
                group.labels[person] = (!label.is_empty()).then(|| (*label).to_owned());
            }
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(groups: &str) -> Result<Folder, EvalError> {
        let root = tempfile::tempdir().unwrap();
        for path in ["b/1.jpg", "a/2.png", "a/1.jpg", "a/notes.txt"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(root.path().join("groups.tsv"), groups).unwrap();
        Folder::read(root.path())
    }

    #[test]
    fn photographs_belong_to_their_folder_and_groups_to_people() {
        let read =
            folder("identity\tsex\tage_band\na\tf\t\nb\tm\t30-49\nnobody\tf\t18-29\n").unwrap();
        assert_eq!(read.people, ["a", "b"]);
        let owners = read.photographs.iter().map(|p| p.person);
        assert_eq!(owners.collect::<Vec<_>>(), [0, 0, 1]);
        assert_eq!(read.groups[1].name, "age_band");
        assert_eq!(read.groups[1].labels, [None, Some("30-49".into())]);
    }

    #[test]
    fn a_bad_line_of_groups_is_named() {
        for (text, line) in [
            ("name\tsex\n", 1),
            ("identity\tsex\na\n", 2),
            ("identity\tsex\na\tf\nb\tm\t3\n", 3),
        ] {
            let error = folder(text).err().unwrap().to_string();
            assert!(error.contains(&format!("line {line}")), "{error}");
        }
    }
}
