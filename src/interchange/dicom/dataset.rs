//! Data sets under construction.
//!
//! Not here: which elements an object has, and whether values fit their representation ([`text`](super::text)).

use dicom_core::{
    DataElement, PrimitiveValue, Tag, VR,
    smallvec::SmallVec,
    value::{DataSetSequence, PixelFragmentSequence},
};
use dicom_object::InMemDicomObject;

/// A data set that is being put together.
#[derive(Debug, Clone)]
pub(super) struct Dataset(InMemDicomObject);

impl Dataset {
    pub(super) fn new() -> Self {
        Dataset(InMemDicomObject::new_empty())
    }

    /// Of an existing one.
    pub(super) fn from(elements: InMemDicomObject) -> Self {
        Dataset(elements)
    }

    /// Sets an element to one text; an empty text is an element without a value.
    pub(super) fn text(self, tag: Tag, vr: VR, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::Str(text) };
        self.put(DataElement::new(tag, vr, value))
    }

    /// The same, where there is a text.
    pub(super) fn text_if(self, tag: Tag, vr: VR, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { self } else { self.text(tag, vr, text) }
    }

    /// Sets an element to several texts.
    pub(super) fn texts<const N: usize>(self, tag: Tag, vr: VR, texts: [&str; N]) -> Self {
        let texts: SmallVec<[String; 2]> = texts.into_iter().map(str::to_owned).collect();
        self.put(DataElement::new(tag, vr, PrimitiveValue::Strs(texts)))
    }

    /// Sets an element to a number, bytes or a tag.
    pub(super) fn value(self, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) -> Self {
        self.put(DataElement::new(tag, vr, value.into()))
    }

    /// Sets an element without a value.
    pub(super) fn empty(self, tag: Tag, vr: VR) -> Self {
        self.put(DataElement::new(tag, vr, PrimitiveValue::Empty))
    }

    /// Sets a sequence; it may have no items.
    pub(super) fn sequence(self, tag: Tag, items: impl IntoIterator<Item = Dataset>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|Dataset(item)| item).collect();
        self.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)))
    }

    /// Sets a sequence that has to be left out where it has no items.
    pub(super) fn sequence_if(self, tag: Tag, items: impl IntoIterator<Item = Dataset>) -> Self {
        let items: Vec<Dataset> = items.into_iter().collect();
        if items.is_empty() { self } else { self.sequence(tag, items) }
    }

    /// Sets pixels that are compressed, in one fragment.
    pub(super) fn fragment(self, tag: Tag, mut bytes: Vec<u8>) -> Self {
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        self.put(DataElement::new(tag, VR::OB, PixelFragmentSequence::new(vec![0_u32], vec![bytes])))
    }

    /// With all elements of another one, in place of those that are there.
    pub(super) fn and(mut self, other: Dataset) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Applies a change.
    pub(super) fn with(self, change: impl FnOnce(Self) -> Self) -> Self {
        change(self)
    }

    pub(super) fn into_inner(self) -> InMemDicomObject {
        self.0
    }

    fn put(mut self, element: dicom_object::mem::InMemElement) -> Self {
        self.0.put(element);
        self
    }
}
