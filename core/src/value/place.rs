//! Where a field is: the same type is written in different forms in different places.

/// The record or page that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // The present catalogue writes headers, their parts, pages, and data tables.
pub(crate) enum Place {
    Header,
    Colorway,
    /// A size of a record, or a colour of a palette.
    Part,
    Form,
    Grid,
    List,
    Bom,
    BomVariation,
    Sku,
    DataTable,
}
