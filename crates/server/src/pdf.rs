//! Letters and reports as PDF: headings, paragraphs and tables of facts on A4, tagged for screen readers and fit to be
//! archived (PDF/UA-1, ISO 14289-1; PDF/A-2a, ISO 19005-2). Must not know what a letter says.

use std::num::NonZeroU16;

use krilla::{
    Data, Document, SerializeSettings,
    color::rgb,
    configure::{
        ConfigurationBuilder,
        validate::{Accessibility, Archival},
    },
    destination::XyzDestination,
    geom::Point,
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::Fill,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup,
        TagTree,
    },
    text::{Font, TextDirection},
};
use ttf_parser::Face;

/// A4, points.
const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 62.0;
/// Where the second column of facts begins.
const COLUMN: f32 = 170.0;
const BODY: f32 = 10.0;
const SMALL: f32 = 8.5;

/// A piece of a letter.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading; 1 is the highest.
    Heading(u16, String),
    /// A paragraph.
    Text(String),
    /// A paragraph in small print.
    Small(String),
    /// Terms with their values.
    Facts(Vec<(String, String)>),
    /// Terms with a line to write on.
    Sign(Vec<String>),
    /// What follows begins a page.
    NewPage,
}

/// A part in one language.
#[derive(Clone, Debug)]
pub struct Part {
    /// `id` or `en`.
    pub language: &'static str,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The title of the document.
    pub title: String,
    /// Parts, the one that counts first.
    pub parts: Vec<Part>,
    /// Small print at the foot of each page.
    pub foot: String,
    /// Year, month and day it was made.
    pub made_on: (i16, u8, u8),
}

/// Why a letter cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum Unset {
    /// Letters no font here has.
    #[error("the text has letters that cannot be printed here; write the name in Latin letters")]
    Letters,
    /// The library refused.
    #[error("the document could not be made: {0}")]
    Library(String),
}

/// A line in its place.
struct Line {
    page: usize,
    at: (f32, f32),
    size: f32,
    bold: bool,
    text: String,
}

/// What lines mean, for the tag tree.
enum Meaning {
    Heading(u16, String, Vec<usize>),
    Text(Vec<usize>),
    Facts(Vec<(Vec<usize>, Vec<usize>)>),
}

/// A typeface and how wide its letters are.
struct Type {
    face: Face<'static>,
    font: Font,
}

impl Type {
    fn new(bytes: &'static [u8]) -> Result<Self, Unset> {
        let library = || Unset::Library("the typeface cannot be read".into());
        Ok(Type {
            face: Face::parse(bytes, 0).map_err(|_| library())?,
            font: Font::new(Data::from(bytes.to_vec()), 0).ok_or_else(library)?,
        })
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        let advance = |letter| self.face.glyph_hor_advance(self.face.glyph_index(letter)?);
        let units: f32 = text
            .chars()
            .map(|letter| f32::from(advance(letter).unwrap_or(0)))
            .sum();
        units * size / f32::from(self.face.units_per_em())
    }

    fn has(&self, text: &str) -> bool {
        text.chars()
            .all(|letter| self.face.glyph_index(letter).is_some())
    }

    /// Broken into lines no wider than `most`; a word that is wider is broken too.
    fn broken(&self, text: &str, size: f32, most: f32) -> Vec<String> {
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in text.split_whitespace() {
            let longer = match line.is_empty() {
                true => word.to_owned(),
                false => format!("{line} {word}"),
            };
            if self.width(&longer, size) <= most {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > most {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// Puts lines on pages.
struct Setter {
    types: [Type; 2],
    lines: Vec<Line>,
    page: usize,
    y: f32,
}

impl Setter {
    fn gap(&mut self, points: f32) {
        self.y += points;
    }

    /// A new page when what comes is higher than what is left.
    fn room(&mut self, points: f32) {
        if self.y + points > PAGE.1 - MARGIN {
            self.turn();
        }
    }

    fn turn(&mut self) {
        if self.y > MARGIN {
            (self.page, self.y) = (self.page + 1, MARGIN);
        }
    }

    /// Sets text from the left edge `x` on; gives the numbers of its lines.
    fn set(&mut self, text: &str, (x, size, bold): (f32, f32, bool)) -> Vec<usize> {
        let broken = self.types[usize::from(bold)].broken(text, size, PAGE.0 - MARGIN - x);
        let (mut numbers, last) = (Vec::new(), broken.len() - 1);
        for (at, mut text) in broken.into_iter().enumerate() {
            if at < last {
                // A screen reader joins lines: the space between words is really there.
                text.push(' ');
            }
            self.room(size * 1.4);
            self.y += size * 1.4;
            numbers.push(self.lines.len());
            self.lines.push(Line {
                page: self.page,
                at: (x, self.y),
                size,
                bold,
                text,
            });
        }
        numbers
    }

    fn fact(&mut self, term: &str, value: &str) -> (Vec<usize>, Vec<usize>) {
        let wide = PAGE.0 - MARGIN - MARGIN - COLUMN;
        // The term keeps to its own column.
        let terms = self.types[1].broken(term, BODY, COLUMN - 12.0);
        let values = self.types[0].broken(value, BODY, wide).len();
        self.room(terms.len().max(values).min(20) as f32 * BODY * 1.4);
        let (page, y) = (self.page, self.y);
        let mut first = Vec::new();
        for line in terms {
            first.extend(self.set(&line, (MARGIN, BODY, true)));
        }
        let under = (self.page, self.y);
        (self.page, self.y) = (page, y);
        let second = self.set(value, (MARGIN + COLUMN, BODY, false));
        if (self.page, self.y) < under {
            (self.page, self.y) = under;
        }
        self.gap(2.0);
        (first, second)
    }

    fn block(&mut self, block: &Block) -> Option<Meaning> {
        match block {
            Block::NewPage => {
                self.turn();
                None
            }
            Block::Heading(level, text) => {
                let size = if *level == 1 { 16.0 } else { 11.5 };
                self.gap(if *level == 1 { 4.0 } else { 10.0 });
                // A heading never stands alone at the foot of a page.
                self.room(size * 4.0);
                let lines = self.set(text, (MARGIN, size, true));
                self.gap(4.0);
                Some(Meaning::Heading(*level, text.clone(), lines))
            }
            Block::Text(text) | Block::Small(text) => {
                let size = if matches!(block, Block::Small(_)) {
                    SMALL
                } else {
                    BODY
                };
                let lines = self.set(text, (MARGIN, size, false));
                self.gap(5.0);
                Some(Meaning::Text(lines))
            }
            Block::Sign(terms) => {
                let row = |term: &String| {
                    self.gap(16.0);
                    self.fact(term, &"…".repeat(30))
                };
                Some(Meaning::Facts(terms.iter().map(row).collect()))
            }
            Block::Facts(facts) => {
                let rows = facts.iter().map(|(term, value)| self.fact(term, value));
                let rows = rows.collect();
                self.gap(4.0);
                Some(Meaning::Facts(rows))
            }
        }
    }
}

/// The letter as a PDF.
pub fn set(letter: &Letter) -> Result<Vec<u8>, Unset> {
    let mut setter = Setter {
        types: [
            Type::new(dejavu::sans::regular())?,
            Type::new(dejavu::sans::bold())?,
        ],
        lines: Vec::new(),
        page: 0,
        y: MARGIN,
    };
    let mut parts = Vec::new();
    for part in &letter.parts {
        let meanings: Vec<Meaning> = part
            .blocks
            .iter()
            .filter_map(|block| setter.block(block))
            .collect();
        parts.push((part.language, meanings));
    }
    let has = |line: &Line| setter.types[usize::from(line.bold)].has(&line.text);
    if !setter.lines.iter().all(has) || !setter.types[0].has(&letter.foot) {
        return Err(Unset::Letters);
    }
    let mut document = Document::new_with(settings()?);
    let ids = draw(&mut document, &setter, letter)?;
    document.set_tag_tree(tree(&parts, &ids));
    document.set_outline(outline(&parts, &setter.lines));
    document.set_metadata(metadata(letter));
    document
        .finish()
        .map_err(|error| Unset::Library(format!("{error:?}")))
}

fn settings() -> Result<SerializeSettings, Unset> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| Unset::Library(format!("{error:?}")))?;
    Ok(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    })
}

fn metadata(letter: &Letter) -> Metadata {
    let (year, month, day) = letter.made_on;
    let made = DateTime::new(year.unsigned_abs()).month(month).day(day);
    let language = letter.parts.first().map_or("id", |part| part.language);
    Metadata::new()
        .title(letter.title.clone())
        .language(language.to_owned())
        .creator("Tapal".to_owned())
        .creation_date(made)
}

fn draw(
    document: &mut Document,
    setter: &Setter,
    letter: &Letter,
) -> Result<Vec<Identifier>, Unset> {
    let mut ids = vec![None; setter.lines.len()];
    let pages = setter
        .lines
        .iter()
        .map(|line| line.page + 1)
        .max()
        .unwrap_or(1);
    let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| Unset::Library("A4".into()))?;
    for number in 0..pages {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        surface.set_fill(Some(Fill {
            paint: rgb::Color::new(0, 0, 0).into(),
            ..Fill::default()
        }));
        let here = setter.lines.iter().enumerate();
        for (at, line) in here.filter(|(_, line)| line.page == number) {
            ids[at] = Some(surface.start_tagged(ContentTag::Span(SpanTag::empty())));
            let font = setter.types[usize::from(line.bold)].font.clone();
            let point = Point::from_xy(line.at.0, line.at.1);
            surface.draw_text(
                point,
                font,
                line.size,
                &line.text,
                false,
                TextDirection::Auto,
            );
            surface.end_tagged();
        }
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(
            ArtifactType::Footer,
        )));
        let foot = format!("{} · {} / {pages}", letter.foot, number + 1);
        let point = Point::from_xy(MARGIN, PAGE.1 - MARGIN / 2.0);
        let font = setter.types[0].font.clone();
        surface.draw_text(point, font, 7.5, &foot, false, TextDirection::Auto);
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    let all: Option<Vec<Identifier>> = ids.into_iter().collect();
    all.ok_or_else(|| Unset::Library("a line without a page".into()))
}

/// The headings, as bookmarks.
fn outline(parts: &[(&'static str, Vec<Meaning>)], lines: &[Line]) -> Outline {
    let mut outline = Outline::new();
    for meaning in parts.iter().flat_map(|(_, meanings)| meanings) {
        if let Meaning::Heading(_, text, numbers) = meaning
            && let Some(line) = numbers.first().and_then(|number| lines.get(*number))
        {
            let top = Point::from_xy(line.at.0, line.at.1 - line.size);
            let place = XyzDestination::new(line.page, top);
            outline.push_child(OutlineNode::new(text.clone(), place));
        }
    }
    outline
}

fn tree(parts: &[(&'static str, Vec<Meaning>)], ids: &[Identifier]) -> TagTree {
    let fill = |group: &mut TagGroup, lines: &[usize]| {
        lines.iter().for_each(|line| group.push(ids[*line]));
    };
    let mut tree = TagTree::new().with_lang(parts.first().map(|part| part.0.to_owned()));
    for (language, meanings) in parts {
        let mut section = TagGroup::new(Tag::Section.with_lang(Some((*language).to_owned())));
        for meaning in meanings {
            section.push(match meaning {
                Meaning::Heading(level, text, lines) => {
                    let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
                    let mut group = TagGroup::new(Tag::Hn(level, Some(text.clone())));
                    fill(&mut group, lines);
                    group
                }
                Meaning::Text(lines) => {
                    let mut group = TagGroup::new(Tag::P);
                    fill(&mut group, lines);
                    group
                }
                Meaning::Facts(rows) => {
                    let mut table = TagGroup::new(Tag::Table);
                    for (term, value) in rows {
                        let mut row = TagGroup::new(Tag::TR);
                        let mut head = TagGroup::new(Tag::TH(TableHeaderScope::Row));
                        fill(&mut head, term);
                        let mut cell = TagGroup::new(Tag::TD);
                        fill(&mut cell, value);
                        row.push(head);
                        row.push(cell);
                        table.push(row);
                    }
                    table
                }
            });
        }
        tree.push(section);
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(text: &str) -> Letter {
        Letter {
            title: "A title".into(),
            parts: vec![Part {
                language: "en",
                blocks: vec![
                    Block::Heading(1, "A heading".into()),
                    Block::Text(text.into()),
                    Block::Facts(vec![("A term".into(), "A value".into())]),
                ],
            }],
            foot: "foot".into(),
            made_on: (2026, 11, 28),
        }
    }

    #[test]
    fn a_letter_is_a_tagged_archive_file() {
        let bytes = set(&letter("Some words. Ünïcödé Жук.")).unwrap();
        assert!(bytes.starts_with(b"%PDF-1.7"));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for part in ["pdfuaid", "pdfaid", "/StructTreeRoot", "/Lang"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn a_long_letter_takes_pages_and_no_line_leaves_them() {
        let bytes = set(&letter(&"many words and averyverylongword ".repeat(800))).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.matches("/Type /Page\n").count() + text.matches("/Type/Page").count() > 2);
        let face = Type::new(dejavu::sans::regular()).unwrap();
        let most = PAGE.0 - 2.0 * MARGIN;
        for text in ["word ".repeat(90), "w".repeat(400)] {
            for line in face.broken(&text, BODY, most) {
                assert!(face.width(&line, BODY) <= most, "{line}");
            }
        }
    }

    #[test]
    fn letters_that_cannot_be_printed_are_said_and_not_left_out() {
        assert!(matches!(set(&letter("漢字")), Err(Unset::Letters)));
    }
}
