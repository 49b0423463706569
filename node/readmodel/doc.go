// Package readmodel projects the journal into SQL: lists of members, lots, units, orders,
// certificates, recalls and transactions, EPCIS events by what is in them, and where goods
// came from and went, for questions that the state tree cannot answer because it only knows
// keys.
//
// It is one SQLite file and disposable. There are no migrations: a file of another
// version, of another chain or with broken pages is deleted and built again from the
// journal. It answers questions and proves nothing; evidence comes from the tree.
//
// Events say what happened and not what a record became, so the model takes from the
// journal which records were touched, and from the state what they are now. Applying a
// block twice, or with a state that has moved on, does no harm: it converges. EPCIS events
// are taken from the journal alone; a node that joined by a snapshot knows those from its
// journal's first block on.
package readmodel
