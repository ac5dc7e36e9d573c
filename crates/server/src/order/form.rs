//! The form of an order: what was typed is kept when it comes back. Must not judge what was typed (the domain does).

use axum::{extract::Multipart, http::StatusCode};
use tapal_domain::{
    day::Day,
    entry::{Agency, Person},
    id::SiteId,
    order::{Handed, Subject},
    rule_pack::{OrderForm, OrderKind},
};

use crate::error::{ApiError, ApiResult};

/// The fields as typed.
#[derive(Clone, Default)]
pub(super) struct Typed {
    pub kind: String,
    pub form: String,
    pub agency: String,
    pub reference: String,
    pub ordered_on: String,
    pub full_name: String,
    pub aliases: String,
    pub sex: String,
    pub birth_date: String,
    pub birth_place: String,
    pub nationality: String,
    pub document_number: String,
    pub nik: String,
    pub address: String,
    pub occupation: String,
    pub reason: String,
    pub reason_text: String,
    pub first_day: String,
    pub last_day: String,
    pub lifetime: bool,
    pub checkpoint: String,
}

impl Typed {
    /// The fields of what is recorded, to be corrected.
    pub fn of(handed: &Handed) -> Self {
        let (subject, person) = (&handed.subject, &handed.subject.person);
        Typed {
            kind: handed.kind.name().into(),
            form: handed.form.name().into(),
            agency: handed.agency.name().into(),
            reference: handed.reference.clone(),
            ordered_on: handed.ordered_on.to_string(),
            full_name: person.full_name.clone(),
            aliases: subject.aliases.join("\n"),
            sex: person.sex.clone(),
            birth_date: person.birth_date.clone(),
            birth_place: subject.birth_place.clone(),
            nationality: person.nationality.clone(),
            document_number: person.document_number.clone(),
            nik: subject.nik.clone(),
            address: subject.address.clone(),
            occupation: subject.occupation.clone(),
            reason: handed.reason.clone(),
            reason_text: handed.reason_text.clone(),
            first_day: handed.first_day.to_string(),
            last_day: handed.last_day.map_or(String::new(), |day| day.to_string()),
            lifetime: handed.last_day.is_none(),
            checkpoint: handed
                .checkpoint
                .map_or(String::new(), |site| site.to_string()),
        }
    }

    fn slot(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "kind" => &mut self.kind,
            "form" => &mut self.form,
            "agency" => &mut self.agency,
            "reference" => &mut self.reference,
            "ordered_on" => &mut self.ordered_on,
            "full_name" => &mut self.full_name,
            "aliases" => &mut self.aliases,
            "sex" => &mut self.sex,
            "birth_date" => &mut self.birth_date,
            "birth_place" => &mut self.birth_place,
            "nationality" => &mut self.nationality,
            "document_number" => &mut self.document_number,
            "nik" => &mut self.nik,
            "address" => &mut self.address,
            "occupation" => &mut self.occupation,
            "reason" => &mut self.reason,
            "reason_text" => &mut self.reason_text,
            "first_day" => &mut self.first_day,
            "last_day" => &mut self.last_day,
            "checkpoint" => &mut self.checkpoint,
            _ => return None,
        })
    }

    /// As the API takes it. Text that is no day or no known word is refused; gaps are not.
    pub fn handed(&self) -> ApiResult<Handed> {
        let bad = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
        let day = |text: &str| {
            text.parse::<Day>()
                .map_err(|wrong| ApiError::invalid("bad_date", wrong.to_string()))
        };
        let checkpoint = match self.checkpoint.as_str() {
            "" => None,
            id => Some(id.parse::<SiteId>().map_err(|_| bad())?),
        };
        Ok(Handed {
            kind: OrderKind::from_name(&self.kind).ok_or_else(bad)?,
            form: OrderForm::from_name(&self.form).ok_or_else(bad)?,
            agency: Agency::from_name(&self.agency).ok_or_else(bad)?,
            reference: self.reference.clone(),
            ordered_on: day(&self.ordered_on)?,
            subject: Subject {
                person: Person {
                    full_name: self.full_name.clone(),
                    sex: self.sex.clone(),
                    birth_date: self.birth_date.clone(),
                    nationality: self.nationality.clone(),
                    document_number: self.document_number.clone(),
                },
                aliases: self.aliases.lines().map(str::to_owned).collect(),
                birth_place: self.birth_place.clone(),
                nik: self.nik.clone(),
                address: self.address.clone(),
                occupation: self.occupation.clone(),
            },
            reason: self.reason.clone(),
            reason_text: self.reason_text.clone(),
            first_day: day(&self.first_day)?,
            last_day: match self.lifetime {
                true => None,
                false => Some(day(&self.last_day)?),
            },
            checkpoint,
        })
    }
}

/// Fields and photographs of a form that arrived whole.
pub(super) async fn read(mut form: Multipart) -> ApiResult<(Typed, Vec<Vec<u8>>)> {
    let broken = || {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_form",
            "the form did not arrive whole, or is larger than 12 MB; try again",
        )
    };
    let (mut typed, mut photos) = (Typed::default(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "photograph" {
            let bytes = field.bytes().await.map_err(|_| broken())?;
            // A browser sends an empty file when none was chosen.
            if !bytes.is_empty() && photos.len() < 4 {
                photos.push(bytes.to_vec());
            }
            continue;
        }
        let text = field.text().await.map_err(|_| broken())?.trim().to_owned();
        if name == "lifetime" {
            typed.lifetime = true;
        } else if let Some(slot) = typed.slot(&name) {
            *slot = text;
        }
    }
    Ok((typed, photos))
}
