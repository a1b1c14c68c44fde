// Package conversion adds up order rows: what was sold and earned, by creator,
// product, content, collaboration, campaign or shop, in quarters of an hour that
// any time zone's days can be made of.
//
// A day of one asset and perspective is always added up anew from its rows and
// never by differences, so that nothing depends on how or in which order the
// rows were read. Perspectives are views of the same sales and are never added
// up; neither are currencies.
//
// What is kept of a day, and how it is dealt out to items, stands in keep.go; its
// bytes in encode.go. A query adds it up straight from the bytes: a month of
// 100,000 rows is 1 to 2 MB and some tenths of a second of one core.
package conversion
