//! Content items: the tree that a structured report is (PS3.3, C.17.3).
//!
//! Not here: which items a report has.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{code::Code, dataset::Dataset, text};

/// How an item belongs to the one above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is a part of it.
    Contains,
    /// It says more exactly what the item above means.
    Modifies,
    /// It says who or what the item above is about.
    Context,
}

impl Relation {
    fn term(self) -> &'static str {
        match self {
            Relation::Contains => "CONTAINS",
            Relation::Modifies => "HAS CONCEPT MOD",
            Relation::Context => "HAS OBS CONTEXT",
        }
    }
}

/// An item with all below it.
#[derive(Debug, Clone)]
pub(super) struct Item(Dataset);

impl Item {
    /// A heading, and what stands below.
    pub(super) fn container(name: &Code, below: Vec<Item>) -> Self {
        Item::of(Relation::Contains, "CONTAINER", name).put(|item| {
            item.text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE").sequence(tags::CONTENT_SEQUENCE, inner(below))
        })
    }

    /// A code.
    pub(super) fn code(relation: Relation, name: &Code, value: &Code) -> Self {
        Item::of(relation, "CODE", name).put(|item| item.sequence(tags::CONCEPT_CODE_SEQUENCE, [value.item()]))
    }

    /// A text.
    pub(super) fn text(relation: Relation, name: &Code, value: &str) -> Self {
        Item::of(relation, "TEXT", name).put(|item| item.text(tags::TEXT_VALUE, VR::UT, text::paragraph(value)))
    }

    /// A UID.
    pub(super) fn uid(relation: Relation, name: &Code, value: String) -> Self {
        Item::of(relation, "UIDREF", name).put(|item| item.text(tags::UID, VR::UI, value))
    }

    /// A number with its unit.
    pub(super) fn number(name: &Code, value: f64, unit: &Code) -> Self {
        let measured = Dataset::new()
            .sequence(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, [unit.item()])
            .value(tags::FLOATING_POINT_VALUE, VR::FD, value)
            .text(tags::NUMERIC_VALUE, VR::DS, format!("{value:.6}"));
        Item::of(Relation::Contains, "NUM", name).put(|item| item.sequence(tags::MEASURED_VALUE_SEQUENCE, [measured]))
    }

    /// An image, by reference.
    pub(super) fn image(name: &Code, reference: Dataset) -> Self {
        Item::of(Relation::Contains, "IMAGE", name)
            .put(|item| item.sequence(tags::REFERENCED_SOP_SEQUENCE, [reference]))
    }

    /// With items below it.
    pub(super) fn above(self, below: Vec<Item>) -> Self {
        self.put(|item| item.sequence(tags::CONTENT_SEQUENCE, inner(below)))
    }

    /// Made by a template of the standard.
    pub(super) fn by_template(self, number: &str) -> Self {
        self.put(|item| item.sequence(tags::CONTENT_TEMPLATE_SEQUENCE, [template(number)]))
    }

    fn of(relation: Relation, kind: &str, name: &Code) -> Self {
        let item = Dataset::new()
            .text(tags::RELATIONSHIP_TYPE, VR::CS, relation.term())
            .text(tags::VALUE_TYPE, VR::CS, kind)
            .sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, [name.item()]);
        Item(item)
    }

    fn put(self, change: impl FnOnce(Dataset) -> Dataset) -> Self {
        Item(change(self.0))
    }
}

/// The tree's root, in the document itself.
pub(super) fn root(document: Dataset, name: &Code, number: &str, below: Vec<Item>) -> Dataset {
    document
        .text(tags::VALUE_TYPE, VR::CS, "CONTAINER")
        .sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, [name.item()])
        .text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE")
        .sequence(tags::CONTENT_TEMPLATE_SEQUENCE, [template(number)])
        .sequence(tags::CONTENT_SEQUENCE, inner(below))
}

fn template(number: &str) -> Dataset {
    Dataset::new().text(tags::MAPPING_RESOURCE, VR::CS, "DCMR").text(tags::TEMPLATE_IDENTIFIER, VR::CS, number)
}

fn inner(items: Vec<Item>) -> impl Iterator<Item = Dataset> {
    items.into_iter().map(|Item(item)| item)
}
