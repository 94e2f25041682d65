//! Where a field is: the same type is written in different forms in different places.

/// The record or page that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)] // The present catalogue writes headers, colorways and data tables.
pub(crate) enum Place {
    Header,
    Colorway,
    Form,
    Grid,
    List,
    Bom,
    BomVariation,
    Sku,
    DataTable,
}
